"""The queue on the store: a slice is with one worker at a time, and is never lost."""

import asyncio

from broadcast.queue import StoreQueue
from broadcast.slices import Slice
from store.contract import Store
from tests.conftest import Clock

ONE, TWO = Slice("pulse-1", 0), Slice("pulse-1", 1)


def _queue(store: Store, clock: Clock) -> StoreQueue:
    return StoreQueue(store, clock=clock.time, lease_s=15)


async def test_the_slice_that_waits_longest_comes_first(embedded: Store, clock: Clock) -> None:
    queue = _queue(embedded, clock)
    await queue.put([TWO])
    clock.pass_s(1)
    await queue.put([ONE])
    leases = [await queue.take(), await queue.take(), await queue.take()]
    assert [lease.slice if lease else None for lease in leases] == [TWO, ONE, None]


async def test_a_slice_is_leased_to_one_of_many(embedded: Store, clock: Clock) -> None:
    queue = _queue(embedded, clock)
    await queue.put([ONE])
    leases = await asyncio.gather(*(queue.take() for _ in range(10)))
    assert sum(lease is not None for lease in leases) == 1


async def test_a_lease_that_runs_out_is_taken_over(embedded: Store, clock: Clock) -> None:
    queue = _queue(embedded, clock)
    await queue.put([ONE])
    first = await queue.take()
    assert first is not None
    clock.pass_s(16)
    second = await queue.take()
    assert second is not None
    assert await queue.renew(first) is None
    assert not await queue.finish(first)
    assert await queue.finish(second)


async def test_a_renewed_lease_is_kept(embedded: Store, clock: Clock) -> None:
    queue = _queue(embedded, clock)
    await queue.put([ONE])
    lease = await queue.take()
    for _ in range(5):
        clock.pass_s(10)
        assert lease is not None
        lease = await queue.renew(lease)
        assert await queue.take() is None
    assert lease is not None
    assert await queue.finish(lease)


async def test_a_slice_handed_back_is_due_at_once(embedded: Store, clock: Clock) -> None:
    queue = _queue(embedded, clock)
    await queue.put([ONE])
    lease = await queue.take()
    assert lease is not None
    await queue.hand_back(lease)
    again = await queue.take()
    assert again is not None
    assert again.slice == ONE


async def test_a_slice_added_again_while_worked_on_is_not_finished(embedded: Store, clock: Clock) -> None:
    queue = _queue(embedded, clock)
    await queue.put([ONE])
    lease = await queue.take()
    assert lease is not None
    await queue.put([ONE])
    assert not await queue.finish(lease)
    await queue.hand_back(lease)
    assert await queue.take() is not None


async def test_adding_a_slice_twice_makes_one(embedded: Store, clock: Clock) -> None:
    queue = _queue(embedded, clock)
    await queue.put([ONE, ONE])
    assert await queue.take() is not None
    assert await queue.take() is None
