"""Sealing beside the turn that closes a run: nobody waits for it, it may die anywhere, and the key goes once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import cast

import pytest

from broadcast.sealer import Sealer
from feedback.answers.anonymous import BALLOT, KEY_DOC, find_key
from feedback.answers.answers import record_answer
from feedback.errors import RunIsClosed
from feedback.results.results import results_of
from feedback.results.sealing import SEALED, rebuild_sealed
from feedback.results.shown_results import BEING_SEALED
from feedback.results.tally_tree import rebuild
from feedback.runs.progress import count_states
from feedback.runs.runs import DeliveryState, Run, RunState, find_run
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Arm, Survey
from store import paging
from store.contract import Change, Create, Doc, Op, Page, Patch, Store, Unavailable, Where
from tests.conftest import Clock
from tests.unit.test_closing import House
from tests.unit.test_store_schema import plan_of

PEOPLE = 120  # so that sealing takes three batches
QUESTIONS = (Question("score", Kind.NPS, "How likely?", required=True), Question("why", Kind.TEXT, "Why?"))
SURVEY = Survey("hush", "Sample", QUESTIONS, is_anonymous=True, threshold=3, arms=(Arm("a", "A"), Arm("b", "B")))
WRITES = 7  # that seal such a run: the key marked, the arms settled, three batches, the tally, the key destroyed


class Watched:
    """A store that notes every write to a run, and dies instead of making the one after `left` of them."""

    def __init__(self, store: Store, left: int = 1_000_000) -> None:
        self._store = store
        self._left = left
        self.keys_destroyed = 0
        self.batches = 0
        self.asked: list[paging.Question] = []
        self.sealing = asyncio.Event()
        self.may_seal = asyncio.Event()
        self.may_seal.set()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def _one_less(self) -> None:
        if not self._left:
            raise Unavailable
        self._left -= 1

    async def query(
        self,
        container: str,
        *,
        partition: str | None = None,
        where: Sequence[Where] = (),
        order: str = "id",
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        self.asked.append(paging.Question(container, partition, where, order, descending=False))
        return await self._store.query(
            container, partition=partition, where=where, order=order, limit=limit, continuation=continuation
        )

    async def create(self, container: str, doc: Doc) -> Doc:
        self._one_less()
        return await self._store.create(container, doc)

    async def patch(self, container: str, partition: str, patch: Patch) -> Doc:
        self._one_less()
        return await self._store.patch(container, partition, patch)

    async def batch(self, container: str, partition: str, changes: Sequence[Change]) -> list[Doc]:
        if any(isinstance(one, Create) and one.doc["kind"] == SEALED for one in changes):
            self.sealing.set()
            await self.may_seal.wait()
        self._one_less()
        self.batches += 1
        return await self._store.batch(container, partition, changes)

    async def delete(self, container: str, partition: str, doc_id: str) -> None:
        self._one_less()
        await self._store.delete(container, partition, doc_id)
        self.keys_destroyed += doc_id == KEY_DOC


class CaughtUp:
    async def catch_up(self, _run: str) -> bool:
        return True


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


async def answered(house: House, people: int = PEOPLE) -> Run:
    """Return a run that everybody was sent, and that each has answered with a text of their own."""
    await house.populate(people)
    run = await house.broadcaster.start(SURVEY, "everyone", by="home:boss")
    await house.worker.drain()
    for number in range(people):
        raw = {"score": number % 11, "why": f"because of {number}"}
        await record_answer(house.store, run, f"away:{number:04d}", raw, revision=0, now=house.clock.now())
    return await find_run(house.store, run.run)


async def left(house: House, run: Run, kind: str) -> list[Doc]:
    where = [Where("kind", Op.EQ, kind)]
    return (await house.store.query("runs", partition=run.run, where=where, limit=1000)).docs


async def check_sealed(house: House, run: Run, people: int = PEOPLE) -> None:
    """Count everything again: each answer is there once, nobody's, and the tallies say what a recount says."""
    assert await find_key(house.store, run) is None
    assert await left(house, run, BALLOT) == []
    texts = Counter(str(doc["answers"]["why"]) for doc in await left(house, run, SEALED))  # type: ignore[index]
    assert texts == {f"because of {number}": 1 for number in range(people)}
    kept, counted = await rebuild_sealed(house.store, run)
    assert kept == counted
    assert counted.everybody.answered == people == (await count_states(house.store, run))[DeliveryState.ANSWERED]
    await rebuild(house.store, run)
    assert (await results_of(house.store, run.run, CaughtUp())).questions[0].n == people


async def test_closing_does_not_wait_for_sealing_and_takes_no_more_answers_at_once(house: House) -> None:
    run = await answered(house)
    closed = await house.broadcaster.close(run)
    assert closed.state is RunState.CLOSED
    key = await find_key(house.store, run)
    assert key is not None
    assert not key.is_open
    assert (len(await left(house, run, BALLOT)), len(await left(house, run, SEALED))) == (PEOPLE, 0)
    with pytest.raises(RunIsClosed):  # somebody who still holds the run as it was when it was open
        await record_answer(house.store, run, "away:0000", {"score": 1}, revision=1, now=house.clock.now())


async def test_until_all_is_sealed_results_say_that_they_are_on_their_way_and_show_nothing(house: House) -> None:
    run = await answered(house)
    await house.broadcaster.close(run)
    watched = Watched(house.store)
    watched.may_seal.clear()
    sealing = asyncio.create_task(Sealer(cast("Store", watched)).seal_all())
    await asyncio.wait_for(watched.sealing.wait(), 60)
    await rebuild(house.store, run)
    found = await results_of(house.store, run.run, CaughtUp())
    assert (found.n, found.questions, found.withheld) == (PEOPLE, (), BEING_SEALED)
    watched.may_seal.set()
    await asyncio.wait_for(sealing, 60)
    await check_sealed(house, run)
    assert watched.keys_destroyed == 1


@pytest.mark.parametrize("writes", range(WRITES + 1))
async def test_whoever_comes_next_goes_on_where_sealing_was_cut_short(house: House, writes: int) -> None:
    run = await answered(house)
    await house.broadcaster.close(run)
    dying = Watched(house.store, writes)
    if writes < WRITES:
        with pytest.raises(Unavailable):
            await Sealer(cast("Store", dying)).seal_all()
    else:
        await Sealer(cast("Store", dying)).seal_all()
    next_ = Watched(house.store)
    await Sealer(cast("Store", next_)).seal_all()
    await check_sealed(house, run)
    assert dying.keys_destroyed + next_.keys_destroyed == 1


async def test_two_at_work_on_one_run_seal_each_answer_once_and_destroy_the_key_once(house: House) -> None:
    run = await answered(house)
    await house.broadcaster.close(run)
    one, other = Watched(house.store), Watched(house.store)
    await asyncio.gather(Sealer(cast("Store", one)).seal_all(), Sealer(cast("Store", other)).seal_all())
    await check_sealed(house, run)
    assert one.keys_destroyed + other.keys_destroyed == 1


async def test_answers_are_sealed_fifty_at_a_time_and_no_page_reads_what_lies_before_them(house: House) -> None:
    run = await answered(house)
    await house.broadcaster.close(run)
    watched = Watched(house.store)
    await Sealer(cast("Store", watched)).seal_all()
    pages = [one for one in watched.asked if one.partition == run.run]
    assert watched.batches == -(-PEOPLE // 50)
    assert len(pages) == 4, "the arms, all ballots at once, that none is left, and all that is sealed"
    for page in pages:
        assert "partition=? AND id>? AND id<?" in plan_of(page), "a search by kind would begin with the deliveries"


@pytest.mark.parametrize("state", [RunState.CLOSED, RunState.RECALLED])
async def test_a_run_whose_end_was_cut_short_before_its_ballots_were_stopped_is_sealed_too(
    house: House, state: RunState
) -> None:
    run = await answered(house, 5)
    await house.store.patch("runs", run.run, Patch(id="run", set={"state": state.value}))
    await Sealer(house.store).seal_all()
    await check_sealed(house, run, 5)
