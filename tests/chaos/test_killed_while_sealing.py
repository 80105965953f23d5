"""`kill -9` while people answer an anonymous survey, and again while its answers are sealed.

Ballots are as many as those who took part, the tallies say what a recount says, nobody's answer is there twice, and the
key is gone from the disk.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from feedback.answers.anonymous import BALLOT, Ballot, Key, ballot_id, find_key
from feedback.results.sealing import SEALED, rebuild_sealed
from feedback.runs.deliveries import SLICE, write_planned
from feedback.runs.progress import count_states
from feedback.runs.runs import Delivery, DeliveryState, find_run
from simulator import Person, Teams
from store.contract import MAX_BATCH, Create, Op, Store, Where
from store.opening import open_store
from tests.chaos.processes import RUN_S, Process, check_tallies, settings_for
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME
from tests.e2e.test_curious_admin import HUSH

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

RUN = "hush-1"
PRESENT = 40  # who answer in the chat
OTHERS = 3000  # who have answered before, so that sealing takes long enough to be killed in the middle


@pytest.fixture
async def teams() -> AsyncIterator[Teams]:
    async with Teams(tenant=HOME) as teams:
        yield teams


@pytest.fixture
async def process(teams: Teams, tmp_path: Path) -> AsyncIterator[Process]:
    process = Process(teams, tmp_path, **settings_for(tmp_path / "hearback.db"))
    teams.bot_url = f"{process.url}/api/messages"
    await process.start()
    yield process
    await process.stop()


def is_on_the_disk(words: str, folder: Path) -> bool:
    return any(words.encode() in path.read_bytes() for path in folder.glob("hearback.db*"))


async def count(store: Store, kind: str) -> int:
    return (await store.tally("runs", RUN, "kind", where=[Where("kind", Op.EQ, kind)])).get(kind, 0)


async def answer(person: Person, number: int) -> bool:
    """Answer the survey in the card; say whether there were thanks."""
    reply = await person.press("answer", {"q_score": str(number % 11), "q_why": f"because of {number}"})
    return "Thank you" in str(reply.card)


async def others_have_answered(store: Store) -> str:
    """Write the ballots of many people beside those who answer in the chat; return the key."""
    run = await find_run(store, RUN)
    key = await find_key(store, run)
    assert isinstance(key, Key)
    for start in range(0, OTHERS, MAX_BATCH):
        numbers = range(PRESENT + start, PRESENT + start + MAX_BATCH)
        names = {number: f"{ELSEWHERE}:other-{number}" for number in numbers}
        some = [Delivery(RUN, name, DeliveryState.ANSWERED, 10 + start // SLICE) for name in names.values()]
        await write_planned(store, RUN, some)
        ballots = [
            Ballot(ballot_id(key, run, name), RUN, answers={"score": 5, "why": f"because of {number}"}, revision=1)
            for number, name in names.items()
        ]
        await store.batch("runs", RUN, [Create({**msgspec.to_builtins(one), "kind": BALLOT}) for one in ballots])
    return key.key


async def test_killed_while_people_answer_and_while_their_answers_are_sealed(
    teams: Teams, process: Process, tmp_path: Path
) -> None:
    admin = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
    people = [teams.person(f"Sample Customer {number}", tenant=ELSEWHERE) for number in range(PRESENT)]
    await asyncio.gather(admin.install(), *(person.install() for person in people))
    await admin.say(f"survey import\n```\n{HUSH}```")
    await admin.say("send hush to customers")
    await asyncio.gather(*(person.received(lambda message: RUN in str(message), RUN_S) for person in people))
    await _killed_while_answering(process, people, tmp_path)

    store = await open_store(tmp_path / "hearback.db")
    try:
        secret = await others_have_answered(store)
        await admin.say("survey close hush")
        assert "being sealed" in admin.texts[-1]
        async with asyncio.timeout(RUN_S):
            while not await count(store, SEALED):
                pass
        await process.kill()
        assert await count(store, BALLOT), "the kill came too late"
        await process.start()
        run = await find_run(store, RUN)
        async with asyncio.timeout(RUN_S):
            while await find_key(store, run) is not None:
                await asyncio.sleep(0.05)
        await _check_ballots(store)
    finally:
        await store.close()
    await check_tallies(tmp_path / "hearback.db", RUN)
    await process.stop()
    assert not is_on_the_disk(secret, tmp_path)


async def _killed_while_answering(process: Process, people: list[Person], folder: Path) -> None:
    """Let people answer, kill in the middle, and let those answer again who got no thanks."""
    answering = [asyncio.create_task(answer(person, number)) for number, person in enumerate(people)]
    await asyncio.wait(answering, return_when=asyncio.FIRST_COMPLETED)
    await process.kill()
    ends = await asyncio.gather(*answering, return_exceptions=True)
    thanked = {number for number, end in enumerate(ends) if end is True}
    assert 0 < len(thanked) < PRESENT
    store = await open_store(folder / "hearback.db")
    try:
        ballots, states = await count(store, BALLOT), await count_states(store, await find_run(store, RUN))
        assert len(thanked) <= ballots == states[DeliveryState.ANSWERED]
    finally:
        await store.close()
    await process.start()
    rest = [number for number in range(PRESENT) if number not in thanked]
    assert all(await asyncio.gather(*(answer(people[number], number) for number in rest)))


async def _check_ballots(store: Store) -> None:
    run = await find_run(store, RUN)
    where = [Where("kind", Op.EQ, SEALED)]
    texts, continuation = Counter[str](), None
    while True:
        page = await store.query("runs", partition=RUN, where=where, limit=1000, continuation=continuation)
        texts.update(str(doc["answers"]["why"]) for doc in page.docs)  # type: ignore[index]
        continuation = page.continuation
        if continuation is None:
            break
    assert texts == {f"because of {number}": 1 for number in range(PRESENT + OTHERS)}
    assert await count(store, BALLOT) == 0
    kept, counted = await rebuild_sealed(store, run)
    assert kept == counted
    assert counted.everybody.answered == PRESENT + OTHERS
    assert (await count_states(store, run))[DeliveryState.ANSWERED] == PRESENT + OTHERS
