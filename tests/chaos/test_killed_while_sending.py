"""`kill -9` in the middle of a run: everybody is accounted for, and nobody is written to twice without being asked."""

import asyncio
import os
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from feedback.runs import FINAL, DeliveryState, deliveries
from simulator import Call, Person, Teams
from store.sqlite import open_sqlite
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, PULSE, is_survey

pytestmark = pytest.mark.chaos

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 500
START_S = 30.0
RUN_S = 90.0


class Process:
    """The real service in a process of its own, so that it can be killed."""

    def __init__(self, teams: Teams, folder: Path, **settings: str) -> None:
        self._environment = {**os.environ, **teams.environment(), **settings}
        self._log = folder / "bot.log"
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"http://127.0.0.1:{settings['PORT']}"

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "app.py", cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )
        async with asyncio.timeout(START_S), aiohttp.ClientSession() as session:
            while not await _is_alive(session, f"{self.url}/readyz"):
                assert self._process.returncode is None, self._log.read_text()
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


async def _is_alive(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def teams() -> AsyncIterator[Teams]:
    async with Teams(tenant=HOME) as teams:
        yield teams


@pytest.fixture
async def process(teams: Teams, tmp_path: Path) -> AsyncIterator[Process]:
    process = Process(
        teams,
        tmp_path,
        PORT=str(_free_port()),
        HOST="127.0.0.1",
        HEARBACK_STORE=f"sqlite:///{tmp_path}/hearback.db",
        HEARBACK_ADMINS=ADMIN,
        HEARBACK_HOME_TENANTS=HOME,
        HEARBACK_ALLOWED_TENANTS=ELSEWHERE,
        HEARBACK_RATE_PER_TENANT="400",
        HEARBACK_QUIET_HOURS="off",
        HEARBACK_APPROVAL_ABOVE="100000",
    )
    teams.bot_url = f"{process.url}/api/messages"
    await process.start()
    yield process
    await process.stop()


async def _states(path: Path, run: str) -> dict[str, DeliveryState]:
    store = await open_sqlite(path)
    try:
        return {one.id: one.state async for one in deliveries(store, run)}
    finally:
        await store.close()


def _surveys(person: Person) -> int:
    return sum(map(is_survey, person.inbox))


def _when_sent(teams: Teams, count: int) -> asyncio.Event:
    """Return an event that is set when so many surveys have arrived."""
    reached, seen = asyncio.Event(), 0

    def look(call: Call) -> None:
        nonlocal seen
        seen += call.operation == "send" and is_survey(call.body)
        if seen >= count:
            reached.set()

    teams.respond = look
    return reached


async def _is_over(path: Path, run: str) -> dict[str, DeliveryState]:
    """Return the states when every one of them is final."""
    async with asyncio.timeout(RUN_S):
        while True:
            states = await _states(path, run)
            if states and set(states.values()) <= FINAL:
                return states
            await asyncio.sleep(0.2)


async def test_killed_in_the_middle_of_a_run(teams: Teams, process: Process, tmp_path: Path) -> None:
    database = tmp_path / "hearback.db"
    admin = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
    people = [teams.person(f"Sample Customer {number}", tenant=ELSEWHERE) for number in range(PEOPLE)]
    await asyncio.gather(admin.install(), *(person.install() for person in people))
    await admin.say(f"survey import {PULSE}")
    reached = _when_sent(teams, PEOPLE // 3)
    await admin.say("send pulse to customers")
    await asyncio.wait_for(reached.wait(), RUN_S)
    await process.kill()
    cut = sum(map(_surveys, people))
    assert cut < PEOPLE, "the kill came too late"

    await process.start()
    states = await _is_over(database, "pulse-1")
    counts = Counter(states.values())
    assert sum(counts.values()) == PEOPLE
    assert set(counts) <= {DeliveryState.SENT, DeliveryState.UNCONFIRMED}
    assert max(map(_surveys, people)) == 1, "somebody got two cards"
    for person in people:
        state = states[f"{ELSEWHERE}:{person.who.object_id}"]
        assert _surveys(person) == 1 or state is DeliveryState.UNCONFIRMED

    doubtful = {who for who, state in states.items() if state is DeliveryState.UNCONFIRMED}
    await admin.say("resend pulse-1")
    states = await _is_over(database, "pulse-1")
    assert Counter(states.values()) == {DeliveryState.SENT: PEOPLE}
    for person in people:
        assert 1 <= _surveys(person) <= (2 if f"{ELSEWHERE}:{person.who.object_id}" in doubtful else 1)


async def test_killed_while_people_answer(teams: Teams, process: Process, tmp_path: Path) -> None:
    """Whoever was thanked is in the store; whoever was not can answer again."""
    admin = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
    people = [teams.person(f"Sample Customer {number}", tenant=ELSEWHERE) for number in range(40)]
    await asyncio.gather(admin.install(), *(person.install() for person in people))
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to customers")
    await asyncio.gather(*(person.received(is_survey, RUN_S) for person in people))
    thanked: set[str] = set()

    async def answer(person: Person, score: int) -> None:
        reply = await person.press("answer", {"q_nps": str(score)})
        if "Thank you" in str(reply.card):
            thanked.add(f"{ELSEWHERE}:{person.who.object_id}")

    answering = [asyncio.create_task(answer(person, number % 11)) for number, person in enumerate(people)]
    await asyncio.wait(answering, return_when=asyncio.FIRST_COMPLETED)
    await process.kill()
    await asyncio.gather(*answering, return_exceptions=True)
    states = await _states(tmp_path / "hearback.db", "pulse-1")
    assert thanked
    assert {who for who in thanked if states[who] is not DeliveryState.ANSWERED} == set()

    await process.start()
    rest = [(number, one) for number, one in enumerate(people) if f"{ELSEWHERE}:{one.who.object_id}" not in thanked]
    await asyncio.gather(*(answer(person, number % 11) for number, person in rest))
    states = await _states(tmp_path / "hearback.db", "pulse-1")
    assert Counter(states.values()) == {DeliveryState.ANSWERED: len(people)}
