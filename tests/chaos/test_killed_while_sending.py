"""`kill -9` in the middle of a run: everybody is accounted for, and nobody is written to twice without being asked."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feedback.runs import DeliveryState
from simulator import Call, Person, Teams
from tests.chaos.processes import RUN_S, Process, check_tallies, settings_for, states_of, when_over
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, PULSE, is_survey

pytestmark = pytest.mark.chaos

PEOPLE = 500


@pytest.fixture
async def teams() -> AsyncIterator[Teams]:
    async with Teams(tenant=HOME) as teams:
        yield teams


@pytest.fixture
async def process(teams: Teams, tmp_path: Path) -> AsyncIterator[Process]:
    process = Process(
        teams,
        tmp_path,
        **settings_for(tmp_path / "hearback.db"),
    )
    teams.bot_url = f"{process.url}/api/messages"
    await process.start()
    yield process
    await process.stop()


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
    states = await when_over(database, "pulse-1", PEOPLE)
    counts = Counter(states.values())
    assert sum(counts.values()) == PEOPLE
    assert set(counts) <= {DeliveryState.SENT, DeliveryState.UNCONFIRMED}
    assert max(map(_surveys, people)) == 1, "somebody got two cards"
    for person in people:
        state = states[f"{ELSEWHERE}:{person.who.object_id}"]
        assert _surveys(person) == 1 or state is DeliveryState.UNCONFIRMED

    doubtful = {who for who, state in states.items() if state is DeliveryState.UNCONFIRMED}
    await admin.say("resend pulse-1")
    states = await when_over(database, "pulse-1", PEOPLE)
    assert Counter(states.values()) == {DeliveryState.SENT: PEOPLE}
    for person in people:
        assert 1 <= _surveys(person) <= (2 if f"{ELSEWHERE}:{person.who.object_id}" in doubtful else 1)
    await check_tallies(tmp_path / "hearback.db", "pulse-1")


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
    states = await states_of(tmp_path / "hearback.db", "pulse-1")
    assert thanked
    assert {who for who in thanked if states[who] is not DeliveryState.ANSWERED} == set()

    await process.start()
    rest = [(number, one) for number, one in enumerate(people) if f"{ELSEWHERE}:{one.who.object_id}" not in thanked]
    await asyncio.gather(*(answer(person, number % 11) for number, person in rest))
    states = await states_of(tmp_path / "hearback.db", "pulse-1")
    assert Counter(states.values()) == {DeliveryState.ANSWERED: len(people)}
    await check_tallies(tmp_path / "hearback.db", "pulse-1")
