"""What sending asks of the store: few requests for many people, and still nobody gets two cards."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import cast

import pytest

from broadcast.objections import FRESH_S, GoingOut
from broadcast.slices import LeaseLost, Slice, advance, take_hold, take_up
from broadcast.store_queue import LOOK_AT, StoreQueue
from feedback.errors import RunUnknown
from feedback.runs.runs import DeliveryState, RunState, find_run
from store.contract import Store
from tests.conftest import Clock
from tests.unit.test_worker import BY, SURVEY, House

PEOPLE = 1000
SLICES = 10
MOST = 0.1  # requests for each delivery


class Counted:
    """A store that counts what it is asked, by verb and container."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: Counter[tuple[str, str]] = Counter()

    def __getattr__(self, verb: str) -> Callable[..., object]:
        ask: Callable[..., object] = getattr(self._store, verb)

        def counted(container: str, *args: object, **named: object) -> object:
            self.asked[verb, container] += 1
            return ask(container, *args, **named)

        return counted


@pytest.fixture
def counted(embedded: Store) -> Counted:
    return Counted(embedded)


async def test_sending_to_a_thousand_costs_the_store_a_tenth_of_a_request_each(counted: Counted, clock: Clock) -> None:
    house = House(cast("Store", counted), clock)
    await house.populate(PEOPLE)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    counted.asked.clear()
    await house.worker.drain()
    spent = Counter(counted.asked)
    assert await house.states(run.run) == {DeliveryState.SENT: PEOPLE}
    assert set(house.sent.values()) == {1}
    assert (await find_run(house.store, run.run)).state is RunState.SENT
    assert spent.total() <= MOST * PEOPLE, spent
    assert spent["query", "people"] == SLICES, "the people of a slice are read together"
    assert spent["query", "state"] <= SLICES / LOOK_AT + 3, "the queue is not asked for each slice"


async def test_of_two_who_take_up_a_slice_one_gets_it_and_the_other_sends_nothing(
    embedded: Store, clock: Clock
) -> None:
    house = House(embedded, clock)
    await house.populate(3)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    slice_ = Slice(run.run, 0, "away")
    first = await take_up(embedded, slice_, now=clock.time())
    second = await take_up(embedded, slice_, now=clock.time())
    assert first is not None
    assert second is not None
    assert first.waiting == second.waiting == ("away:0000", "away:0001", "away:0002")
    await advance(embedded, first, (), first.waiting[:1], until=clock.time() + 15)
    with pytest.raises(LeaseLost):
        await advance(embedded, second, (), second.waiting[:1], until=clock.time() + 15)
    assert await take_up(embedded, slice_, now=clock.time()) is None, "it is held"
    clock.pass_s(15)
    later = await take_up(embedded, slice_, now=clock.time())
    assert later is not None
    assert (later.flying, later.waiting) == (("away:0000",), ("away:0001", "away:0002"))


async def test_nobody_takes_up_a_slice_that_is_done_or_unknown(embedded: Store, clock: Clock) -> None:
    house = House(embedded, clock)
    await house.populate(1)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    assert await take_up(embedded, Slice(run.run, 0, "away"), now=clock.time()) is None
    assert await take_up(embedded, Slice(run.run, 7, "away"), now=clock.time()) is None
    assert await take_up(embedded, Slice("pulse-9", 0, "away"), now=clock.time()) is None


async def test_a_slice_written_before_it_said_whether_chats_come_first_is_looked_at(
    embedded: Store, clock: Clock
) -> None:
    house = House(embedded, clock)
    await house.populate(2)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    slice_ = Slice(run.run, 0, "away")
    doc = await embedded.get("runs", run.run, slice_.id)
    assert doc is not None
    assert doc.pop("has_ahead") is False
    etag = str(doc.pop("_etag"))
    await embedded.replace("runs", doc, etag=etag)
    grip = await take_up(embedded, slice_, now=clock.time())
    assert grip is not None
    assert grip.has_ahead
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: 2}


async def test_a_worker_that_lost_a_slice_before_its_first_step_leaves_it_to_the_other(
    embedded: Store, clock: Clock
) -> None:
    house = House(embedded, clock)
    await house.populate(2)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    assert await take_hold(embedded, Slice(run.run, 0, "away"), now=clock.time(), lease_s=15) is not None
    await house.worker.drain()
    assert not house.sent
    assert await house.states(run.run) == {DeliveryState.PLANNED: 2}


async def test_what_another_process_has_leased_meanwhile_is_passed_over(embedded: Store, clock: Clock) -> None:
    one, other = (StoreQueue(embedded, clock=clock.time) for _ in range(2))
    await one.put([Slice("pulse-1", number) for number in range(4)])
    taken = [await queue.take() for queue in (one, other, one, other, one, other)]
    assert sorted(lease.slice.number for lease in taken if lease is not None) == [0, 1, 2, 3]


async def test_a_run_is_asked_about_once_while_it_goes_out_and_each_time_when_it_does_not(
    counted: Counted, clock: Clock
) -> None:
    house = House(cast("Store", counted), clock)
    await house.populate(1)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    runs = GoingOut(house.store, clock.now)
    counted.asked.clear()
    await asyncio.gather(*(runs.find(run.run) for _ in range(9)))
    assert counted.asked == {("get", "runs"): 1}
    await house.broadcaster.hold(run)
    assert (await runs.find(run.run)).state is RunState.SENDING
    clock.pass_s(FRESH_S + 0.1)
    assert (await runs.find(run.run)).state is RunState.HELD
    await house.broadcaster.go_on(run)
    assert (await runs.find(run.run)).state is RunState.SENDING, "a run on hold is not remembered"
    with pytest.raises(RunUnknown):
        await runs.find("pulse-9")
