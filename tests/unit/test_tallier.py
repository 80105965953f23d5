"""The tallier: what a page costs, whose turn it is, that it comes to rest, and what it does with a false mark."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from feedback.answers.answers import record_answer
from feedback.errors import RunUnknown
from feedback.results import tallier as module
from feedback.results.results import results_of
from feedback.results.tallier import MARK, PAGES, TURN_S, Tallier
from feedback.results.tally_tree import find_tally, recount
from feedback.runs.contacts import contacts
from feedback.runs.progress import progress
from feedback.runs.runs import Run, deliveries
from store.contract import Changes, Store, Unavailable
from tests.conftest import Clock
from tests.unit.tally_house import PEOPLE, planned_run


class Counted:
    """A store that counts the requests to it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.requests = Counter[str]()

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        async def ask(*given: object, **named: object) -> object:
            self.requests[name] += 1
            return await getattr(self._store, name)(*given, **named)

        return ask


def tallier(store: Store, clock: Clock, name: str = "sample") -> Tallier:
    return Tallier(store, clock.now, name=name)


async def answer(store: Store, run: Run, person: str, minute: int = 0, **given: object) -> None:
    now = Clock().now() + timedelta(minutes=minute)
    found = await store.get("runs", run.run, person)
    assert found is not None
    await record_answer(store, run, person, given, revision=int(str(found.get("revision", 0))), now=now)


async def nps_of(store: Store, run: Run) -> dict[str, int]:
    tally = await find_tally(store, run.run)
    return dict(tally.everybody.questions["nps"].counts.by_value)


async def test_whoever_answered_sees_it_at_once(embedded: Store, clock: Clock) -> None:
    run = await planned_run(embedded)
    counting = tallier(embedded, clock)
    for number, person in enumerate(sorted(PEOPLE), start=1):
        await answer(embedded, run, person, number, nps=9, why=f"Because {number}")
        found = await results_of(embedded, run.run, counting)
        assert (found.n, found.questions[0].n, found.is_behind) == (number, number, False)
        assert found.questions[-1].latest == tuple(f"Because {one}" for one in range(number, 0, -1)[:5])


async def test_a_text_is_shown_as_it_is_now(embedded: Store, clock: Clock) -> None:
    run = await planned_run(embedded)
    await answer(embedded, run, "t:0", why="First")
    await answer(embedded, run, "t:0", why="Second")
    found = await results_of(embedded, run.run, tallier(embedded, clock))
    assert found.questions[-1].latest == ("Second",)


async def test_a_page_takes_three_requests_however_many_answered(embedded: Store, clock: Clock) -> None:
    run = await planned_run(embedded)
    for person in PEOPLE:
        await answer(embedded, run, person, nps=9, why="Because")
    store = Counted(embedded)
    counting = tallier(store, clock)  # type: ignore[arg-type]  # forwards whatever it is asked
    await settled(counting, clock)
    store.requests.clear()
    found = await results_of(store, run.run, counting)  # type: ignore[arg-type]
    assert found.n == len(PEOPLE)
    assert store.requests == {"changes": 1, "query": 2}


async def settled(counting: Tallier, clock: Clock) -> None:
    """Look until there is nothing new, a few times."""
    for _ in range(4):
        clock.pass_s(1)
        await counting.look()


async def test_a_tallier_is_not_kept_busy_by_what_it_writes(embedded: Store, clock: Clock) -> None:
    await planned_run(embedded)
    counting = tallier(embedded, clock)
    await settled(counting, clock)
    mark = (await embedded.changes("runs", since=None)).mark
    kept = await embedded.get("state", MARK, MARK)
    await settled(counting, clock)
    assert (await embedded.changes("runs", since=mark)).docs == []
    assert await embedded.get("state", MARK, MARK) == kept


async def test_what_is_there_already_is_not_written_again(embedded: Store, clock: Clock) -> None:
    await planned_run(embedded)
    await settled(tallier(embedded, clock), clock)
    await embedded.delete("state", MARK, MARK)
    mark = (await embedded.changes("runs", since=None)).mark
    await tallier(embedded, clock).look()
    assert (await embedded.changes("runs", since=mark)).docs == []


async def test_talliers_take_turns_and_another_takes_over_when_one_is_gone(embedded: Store, clock: Clock) -> None:
    run = await planned_run(embedded)
    one, other = tallier(embedded, clock, "one"), tallier(embedded, clock, "other")
    await one.look()
    await answer(embedded, run, "t:0", nps=3)
    await other.look()
    assert "nps" not in (await find_tally(embedded, run.run)).everybody.questions
    clock.pass_s(TURN_S + 1)
    await other.look()
    assert await nps_of(embedded, run) == {"3": 1}
    await answer(embedded, run, "t:1", nps=4)
    await one.look()
    assert await nps_of(embedded, run) == {"3": 1}, "it is the other's turn now"


async def test_a_page_does_not_wait_for_whose_turn_it_is(embedded: Store, clock: Clock) -> None:
    run = await planned_run(embedded)
    await tallier(embedded, clock, "one").look()
    await answer(embedded, run, "t:0", nps=3)
    other = tallier(embedded, clock, "other")
    await other.look()
    assert (await results_of(embedded, run.run, other)).n == 1


@pytest.mark.parametrize("mark", ["not a mark", "-1"])
async def test_with_the_mark_of_another_store_everything_is_counted_again(
    embedded: Store, clock: Clock, mark: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = await planned_run(embedded)
    await answer(embedded, run, "t:0", nps=3)
    await embedded.create("state", {"id": MARK, "kind": "mark", "mark": mark, "holder": "x", "until": 0.0})
    await tallier(embedded, clock).look()
    assert await nps_of(embedded, run) == {"3": 1}
    assert "counted again" in caplog.text


async def test_more_changes_than_one_look_takes_are_counted_by_the_next_ones(
    embedded: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await planned_run(embedded)
    monkeypatch.setattr(module, "PAGE", 2)
    counting = tallier(embedded, clock)
    found = await results_of(embedded, run.run, counting)
    assert found.is_behind
    looks = 0
    while not await counting.look():
        looks += 1
    assert looks >= len(PEOPLE) // (2 * PAGES)
    assert await find_tally(embedded, run.run) == await recount(embedded, run)


async def test_a_run_that_is_gone_holds_up_no_other(embedded: Store, clock: Clock) -> None:
    run = await planned_run(embedded)
    await embedded.create("runs", {"id": "t:x", "run": "gone-1", "kind": "delivery", "state": "sent", "slice": 0})
    await tallier(embedded, clock).look()
    assert await find_tally(embedded, run.run) == await recount(embedded, run)
    with pytest.raises(RunUnknown):
        await results_of(embedded, "gone-1", tallier(embedded, clock))


async def test_tallies_disturb_nothing_that_is_counted_or_listed(embedded: Store, clock: Clock) -> None:
    run = await planned_run(embedded)
    await answer(embedded, run, "t:0", nps=3)
    people = {one.id async for one in deliveries(embedded, run.run)}
    before = await progress(embedded, run)
    told = await contacts(embedded, sorted(PEOPLE), since=clock.now() - timedelta(days=30))
    await settled(tallier(embedded, clock), clock)
    assert {one.id async for one in deliveries(embedded, run.run)} == people
    assert await progress(embedded, run) == before
    assert await contacts(embedded, sorted(PEOPLE), since=clock.now() - timedelta(days=30)) == told


async def test_an_answer_wakes_it_and_a_store_that_is_away_is_waited_for(
    embedded: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = await planned_run(embedded)
    counting, failed = tallier(embedded, clock), asyncio.Event()
    changes = embedded.changes

    async def away(*_given: object, **_named: object) -> Changes:
        failed.set()
        raise Unavailable

    monkeypatch.setattr(module, "LINGER_S", 0.0)
    monkeypatch.setattr(embedded, "changes", away)
    working = asyncio.create_task(counting.run())
    await asyncio.wait_for(failed.wait(), 60)
    monkeypatch.setattr(embedded, "changes", changes)
    await answer(embedded, run, "t:0", nps=3)
    counting.wake()
    async with asyncio.timeout(60):
        while not counting.is_well:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0)
    working.cancel()
    await asyncio.wait({working})
    assert "does not answer" in caplog.text
    assert await nps_of(embedded, run) == {"3": 1}
