"""A slice is with one worker at a time, and is never lost."""

import asyncio

from broadcast.queue import Lease, Queue
from broadcast.slices import Slice
from tests.contract.queue.engines import LEASE_S, Engine

ONE, TWO = Slice("pulse-1", 0), Slice("pulse-1", 1)
PATIENCE_S = 60


async def _next(engine: Engine) -> Lease:
    """Take the next message, as soon as there is one."""
    async with asyncio.timeout(PATIENCE_S):
        while (lease := await engine.queue.take()) is None:
            engine.pass_s(LEASE_S / 10)
    return lease


async def _leased(queue: Queue) -> Lease:
    lease = await queue.take()
    assert lease is not None
    return lease


async def test_an_empty_queue_gives_nothing(queue: Queue) -> None:
    assert await queue.take() is None


async def test_slices_come_in_the_order_they_were_added(engine: Engine) -> None:
    await engine.queue.put([TWO])
    engine.pass_s(1)
    await engine.queue.put([ONE])
    assert [(await _leased(engine.queue)).slice for _ in range(2)] == [TWO, ONE]
    assert await engine.queue.take() is None


async def test_many_slices_added_at_once_are_each_there_once(queue: Queue) -> None:
    slices = [Slice("pulse-1", number) for number in range(70)]
    await queue.put(slices)
    found = []
    while (lease := await queue.take()) is not None:
        found.append(lease.slice)
        assert await queue.finish(lease)
    assert sorted(found, key=lambda one: one.number) == slices


async def test_adding_nothing_is_fine(queue: Queue) -> None:
    await queue.put([])
    assert await queue.take() is None


async def test_of_ten_takers_one_gets_the_slice(queue: Queue) -> None:
    await queue.put([ONE])
    leases = await asyncio.gather(*(queue.take() for _ in range(10)))
    assert [lease.slice for lease in leases if lease is not None] == [ONE]


async def test_many_takers_of_many_slices_never_share_one(queue: Queue) -> None:
    await queue.put([Slice("pulse-1", number) for number in range(30)])
    leases = await asyncio.gather(*(queue.take() for _ in range(30)))
    assert sorted(lease.slice.number for lease in leases if lease is not None) == list(range(30))


async def test_a_lease_that_runs_out_is_taken_over_and_counted(engine: Engine) -> None:
    await engine.queue.put([ONE])
    first = await _leased(engine.queue)
    assert await engine.queue.take() is None
    second = await _next(engine)
    assert (first.tries, second.tries) == (1, 2)
    assert second.slice == ONE


async def test_whoever_lost_a_lease_can_do_nothing_with_it(engine: Engine) -> None:
    queue = engine.queue
    await queue.put([ONE])
    lost = await _leased(queue)
    kept = await _next(engine)
    assert await queue.renew(lost) is None
    assert not await queue.finish(lost)
    await queue.hand_back(lost)
    await queue.fail(lost, "lost")
    await queue.set_aside(lost, "lost")
    assert await queue.take() is None
    assert await queue.aside() == []
    assert await queue.finish(kept)


async def test_a_renewed_lease_is_kept(engine: Engine) -> None:
    await engine.queue.put([ONE])
    lease: Lease | None = await _leased(engine.queue)
    end = engine.now() + 2.5 * LEASE_S
    while engine.now() < end:
        assert lease is not None
        lease = await engine.queue.renew(lease)
        assert await engine.queue.take() is None
        engine.pass_s(LEASE_S / 3)
    assert lease is not None
    assert await engine.queue.finish(lease)


async def test_a_renewed_lease_replaces_the_one_before(engine: Engine) -> None:
    await engine.queue.put([ONE])
    before = await _leased(engine.queue)
    engine.pass_s(LEASE_S / 3)
    after = await engine.queue.renew(before)
    assert after is not None
    assert not await engine.queue.finish(before)
    assert await engine.queue.finish(after)


async def test_what_is_finished_is_gone(engine: Engine) -> None:
    await engine.queue.put([ONE])
    lease = await _leased(engine.queue)
    assert await engine.queue.finish(lease)
    assert not await engine.queue.finish(lease)
    assert await engine.queue.renew(lease) is None
    engine.pass_s(LEASE_S)
    assert await engine.queue.take() is None


async def test_a_slice_handed_back_is_there_at_once(engine: Engine) -> None:
    await engine.queue.put([ONE])
    lease = await _leased(engine.queue)
    engine.pass_s(LEASE_S / 10)
    await engine.queue.hand_back(lease)
    again = await _leased(engine.queue)
    assert again.slice == ONE
    assert await engine.queue.renew(lease) is None


async def test_a_slice_handed_back_for_later_comes_later(engine: Engine) -> None:
    await engine.queue.put([ONE])
    await engine.queue.hand_back(await _leased(engine.queue), after_s=1)
    assert await engine.queue.take() is None
    assert (await _next(engine)).slice == ONE


async def test_a_slice_added_while_it_is_worked_on_is_taken_once_more(engine: Engine) -> None:
    await engine.queue.put([ONE])
    lease = await _leased(engine.queue)
    await engine.queue.put([ONE])
    assert await engine.queue.finish(lease)
    again = await _leased(engine.queue)
    assert (again.slice, again.tries) == (ONE, 1)
    assert await engine.queue.finish(again)
    assert await engine.queue.take() is None


async def test_a_queue_that_works_answers(queue: Queue) -> None:
    await queue.ping()
