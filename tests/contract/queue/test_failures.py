"""Work that fails is tried again, then set aside with its reason; it never holds up the rest."""

import asyncio
from datetime import UTC, datetime

import pytest

from broadcast.queue import MAX_TRIES, Lease, Queue
from broadcast.slices import Slice
from tests.contract.queue.engines import LEASE_S, Engine

BAD, GOOD = Slice("pulse-1", 0), Slice("pulse-1", 1)
PATIENCE_S = 60


async def _leased(queue: Queue) -> Lease:
    lease = await queue.take()
    assert lease is not None
    return lease


async def _fail(engine: Engine, times: int) -> None:
    for _ in range(times):
        await engine.queue.fail(await _leased(engine.queue), "a sample reason")
        engine.pass_s(LEASE_S / 10)


async def test_failed_work_is_tried_again_and_counted(engine: Engine) -> None:
    await engine.queue.put([BAD])
    await _fail(engine, MAX_TRIES - 1)
    assert (await _leased(engine.queue)).tries == MAX_TRIES
    assert await engine.queue.aside() == []


async def test_what_fails_again_and_again_is_set_aside_with_its_reason(engine: Engine) -> None:
    await engine.queue.put([BAD])
    await _fail(engine, MAX_TRIES)
    assert await engine.queue.take() is None
    [aside] = await engine.queue.aside()
    assert (aside.slice, aside.reason, aside.text) == (BAD, "a sample reason", "")
    assert aside.at.tzinfo == UTC


async def test_a_bad_slice_does_not_hold_up_the_others(engine: Engine) -> None:
    queue, done = engine.queue, []
    await queue.put([BAD, GOOD])
    while (lease := await queue.take()) is not None:
        if lease.slice == BAD:
            await queue.fail(lease, "a sample reason")
        else:
            done.append((lease.slice, await queue.finish(lease)))
        engine.pass_s(LEASE_S / 10)
    assert done == [(GOOD, True)]
    assert [one.slice for one in await queue.aside()] == [BAD]


async def test_work_that_takes_its_worker_with_it_is_set_aside(engine: Engine) -> None:
    await engine.queue.put([BAD])
    seen = []
    async with asyncio.timeout(PATIENCE_S):
        while not await engine.queue.aside():
            lease = await engine.queue.take()
            if lease is not None:
                seen.append(lease.tries)
            engine.pass_s(LEASE_S / 3)
    assert seen == list(range(1, MAX_TRIES + 1))
    [aside] = await engine.queue.aside()
    assert (aside.slice, "stopped without a word" in aside.reason) == (BAD, True)


async def test_handing_back_in_good_order_is_no_failure(engine: Engine) -> None:
    await engine.queue.put([GOOD])
    for _ in range(2 * MAX_TRIES):
        lease = await _leased(engine.queue)
        assert lease.tries == 1
        await engine.queue.hand_back(lease)
        engine.pass_s(LEASE_S / 10)
    assert await engine.queue.aside() == []


async def test_after_good_order_failures_count_from_the_start(engine: Engine) -> None:
    await engine.queue.put([GOOD])
    await _fail(engine, MAX_TRIES - 1)
    await engine.queue.hand_back(await _leased(engine.queue))
    await _fail(engine, MAX_TRIES - 1)
    assert (await _leased(engine.queue)).tries == MAX_TRIES


async def test_renewing_forgives_nothing(engine: Engine) -> None:
    await engine.queue.put([BAD])
    await _fail(engine, 2)
    lease = await engine.queue.renew(await _leased(engine.queue))
    assert lease is not None
    assert lease.tries == 3
    await engine.queue.fail(lease, "a sample reason")
    assert (await _leased(engine.queue)).tries == 4


async def test_a_slice_can_be_set_aside_at_once(engine: Engine) -> None:
    await engine.queue.put([BAD])
    await engine.queue.set_aside(await _leased(engine.queue), "it belongs to no run")
    engine.pass_s(2 * LEASE_S)
    assert await engine.queue.take() is None
    assert [(one.slice, one.reason) for one in await engine.queue.aside()] == [(BAD, "it belongs to no run")]


async def test_a_slice_set_aside_comes_back_when_it_is_added(engine: Engine) -> None:
    await engine.queue.put([BAD, GOOD])
    for _ in range(2):
        await engine.queue.set_aside(await _leased(engine.queue), "a sample reason")
    await engine.queue.put([BAD])
    assert [one.slice for one in await engine.queue.aside()] == [GOOD]
    lease = await _leased(engine.queue)
    assert (lease.slice, lease.tries) == (BAD, 1)


async def test_a_second_message_does_not_bring_back_what_was_set_aside(engine: Engine) -> None:
    await engine.queue.put([BAD])
    lease = await _leased(engine.queue)
    await engine.queue.put([BAD])
    await engine.queue.set_aside(lease, "a sample reason")
    assert await engine.queue.take() is None
    assert [one.slice for one in await engine.queue.aside()] == [BAD]


async def test_a_slice_set_aside_twice_is_kept_once_with_the_latest_reason(engine: Engine) -> None:
    for reason in ("first", "second"):
        await engine.queue.put([BAD])
        await engine.queue.set_aside(await _leased(engine.queue), reason)
    assert [one.reason for one in await engine.queue.aside()] == ["second"]


@pytest.mark.parametrize(
    "text", ["", "hello", "{}", '{"slice":{"run":1}}', "eyJydW4iOiAxfQ==", "<a>&amp;</a>", "x" * 5000]
)
async def test_a_message_that_cannot_be_read_is_set_aside(engine: Engine, text: str) -> None:
    await engine.put_text(text)
    engine.pass_s(LEASE_S)
    await engine.queue.put([GOOD])
    assert (await _leased(engine.queue)).slice == GOOD
    [aside] = await engine.queue.aside()
    assert aside.slice is None
    assert aside.reason
    assert len(aside.text) <= 1000
    assert aside.at.date() >= datetime(2025, 1, 1, tzinfo=UTC).date()
