"""The limiter: who goes when, and that cancelled or silent callers cost nothing."""

import asyncio
import contextlib
import math
import random
from itertools import count

import pytest

from broadcast.limiter import LIVE_RUN, Limiter
from broadcast.windows import Call
from tests.unit.crowd import Crowd, cancel, limiter_of, now, virtual, waited

HEADROOM = 40  # live replies a second that never wait for long


@virtual
async def test_nobody_waits_where_nobody_calls() -> None:
    limiter = limiter_of()
    assert await waited(limiter.acquire("t", "a")) == 0
    assert await waited(limiter.acquire("another tenant", "b")) == 0
    await asyncio.sleep(5)
    assert await waited(limiter.acquire("t", "c", live=True)) == 0


@virtual
async def test_the_calls_of_a_tenant_are_spread_over_the_second() -> None:
    limiter = limiter_of()
    waits = [await waited(limiter.acquire("t", f"a:{number}")) for number in range(101)]
    assert now() == pytest.approx(100 / 50, rel=0.02)
    assert waits[1:] == pytest.approx([waits[1]] * 100)


@virtual
async def test_a_pause_is_not_made_up_for_by_a_burst() -> None:
    limiter = limiter_of()
    await limiter.acquire("t", "a")
    await asyncio.sleep(60)
    crowd = Crowd(limiter)
    await asyncio.sleep(0.1)
    await crowd.stop()
    assert len(crowd.times) <= 6


@virtual
async def test_twenty_tenants_do_not_slow_each_other_down() -> None:
    limiter = limiter_of()
    crowds = [Crowd(limiter, f"tenant-{number}") for number in range(20)]
    await asyncio.sleep(10)
    assert all(len(crowd.times) >= 0.98 * 500 for crowd in crowds)
    await asyncio.gather(*(crowd.stop() for crowd in crowds))


@virtual
async def test_who_came_first_goes_first() -> None:
    limiter, order = limiter_of(), list[int]()

    async def call(number: int) -> None:
        await limiter.acquire("t", f"a:{number}")
        order.append(number)

    await asyncio.gather(*(call(number) for number in range(200)))
    assert order == list(range(200))


@virtual
async def test_a_burst_of_twenty_live_replies_goes_before_a_broadcast() -> None:
    limiter = limiter_of()
    crowd = Crowd(limiter, at_once=500)
    await asyncio.sleep(3)
    replies = (waited(limiter.acquire("t", f"chat-{number}", live=True)) for number in range(20))
    assert max(await asyncio.gather(*replies)) < 0.5
    await crowd.stop()


@virtual
async def test_live_replies_under_the_headroom_never_wait_for_a_second() -> None:
    limiter, chance = limiter_of(), random.Random(5)
    crowd = Crowd(limiter, at_once=100)
    replies: list[asyncio.Task[float]] = []
    for second in range(120):
        for number in range(HEADROOM):
            call = waited(limiter.acquire("t", f"chat-{second}-{number}", live=True))
            replies.append(asyncio.create_task(call))
            if chance.random() < 0.5:
                await asyncio.sleep(chance.uniform(0, 1 / HEADROOM))
        await asyncio.sleep(max(second + 1 - now(), 0))
    assert max(await asyncio.gather(*replies)) <= 1
    await crowd.stop()


@virtual
async def test_more_live_replies_than_the_budget_leave_the_broadcast_its_tenth() -> None:
    limiter = limiter_of()

    async def talk(name: str) -> None:
        for number in count():
            await limiter.acquire("t", f"{name}-{number}", live=True)

    talking = [asyncio.create_task(talk(f"chat-{number}")) for number in range(60)]
    crowd = Crowd(limiter)
    await asyncio.sleep(20)
    assert len(crowd.times) >= 20 * 49 // (LIVE_RUN + 1)
    await cancel(*talking)
    await crowd.stop()


@virtual
async def test_a_conversation_at_its_limit_holds_nobody_else_up() -> None:
    limiter = limiter_of()
    busy = [asyncio.create_task(limiter.acquire("t", "busy", live=True)) for _ in range(40)]
    crowd = Crowd(limiter)
    await asyncio.sleep(10)
    assert sum(task.done() for task in busy) == pytest.approx(16, abs=1)
    assert len(crowd.times) + 16 >= 0.98 * 500
    assert await waited(limiter.acquire("t", "calm", live=True)) < 0.1
    await cancel(*busy)
    await crowd.stop()


@virtual
async def test_while_all_who_wait_write_to_one_conversation_others_need_not_wait_for_it() -> None:
    limiter = limiter_of()
    busy = [asyncio.create_task(limiter.acquire("t", "busy")) for _ in range(10)]
    await asyncio.sleep(0.3)
    for name in "abcdef":
        assert await waited(limiter.acquire("t", name)) < 0.03
    await cancel(*busy)


@virtual
async def test_a_live_reply_goes_before_a_broadcast_to_the_same_conversation() -> None:
    limiter, order = limiter_of(), list[str]()

    async def call(name: str, *, live: bool) -> None:
        await limiter.acquire("t", "busy", live=live)
        order.append(name)

    async with asyncio.TaskGroup() as calls:
        for _ in range(10):
            calls.create_task(call("broadcast", live=False))
        await asyncio.sleep(0.5)
        calls.create_task(call("reply", live=True))
    assert order.index("reply") == 7  # what a conversation takes at once


@virtual
async def test_updates_count_as_sends_and_other_calls_do_not() -> None:
    limiter = limiter_of(1000)
    for kind in [Call.SEND, Call.UPDATE] * 3 + [Call.SEND]:
        assert await waited(limiter.acquire("t", "a", kind)) < 0.1
    for kind in (Call.CREATE, Call.MEMBERS, Call.CONVERSATIONS):
        assert await waited(limiter.acquire("t", "a", kind)) < 0.1
    assert await waited(limiter.acquire("t", "a", Call.UPDATE)) > 0.9


@virtual
async def test_every_kind_of_call_takes_from_the_tenants_budget() -> None:
    limiter = limiter_of()
    for number in range(10):
        for kind in Call:
            await limiter.acquire("t", f"a:{number}", kind)
    assert now() == pytest.approx(len(Call) * 10 / 50, abs=0.03)


@virtual
async def test_without_a_conversation_only_the_tenants_budget_counts() -> None:
    limiter = limiter_of()
    for _ in range(101):
        await limiter.acquire("t", "")
    assert now() == pytest.approx(2, rel=0.02)
    assert limiter.remembered() == (1, 0)


@virtual
async def test_whoever_is_cancelled_while_waiting_costs_nothing_and_blocks_nobody() -> None:
    limiter, chance = limiter_of(), random.Random(3)
    crowd = Crowd(limiter)
    for number in range(300):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(chance.uniform(0, 0.2)):
                await limiter.acquire("t", f"impatient-{number}", live=number % 2 == 0)
                crowd.times.append(now())
    assert len(crowd.times) >= 0.98 * 50 * now()
    await crowd.stop()


@virtual
async def test_whoever_is_cancelled_when_just_let_through_gives_the_tenants_budget_back() -> None:
    limiter = await _one_cancelled_in_turn(per_second=2)
    assert now() == pytest.approx(1.01 / 2)  # the next went in their place
    assert await waited(limiter.acquire("t", "d")) == pytest.approx(1.01 / 2)


@virtual
async def test_whoever_is_cancelled_when_just_let_through_gives_the_conversations_budget_back() -> None:
    limiter = await _one_cancelled_in_turn(per_second=100)
    for _ in range(7):  # what a conversation takes at once
        assert await waited(limiter.acquire("t", "b")) < 0.02


@virtual
async def test_whoever_is_cancelled_at_the_moment_of_their_turn_takes_no_budget() -> None:
    await _one_cancelled_in_turn(per_second=2, is_let_through=False)
    assert now() == pytest.approx(1.01 / 2)


async def _one_cancelled_in_turn(per_second: float, *, is_let_through: bool = True) -> Limiter:
    waiting: list[asyncio.Task[None]] = []

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds)
        cancel_it = waiting.pop(0).cancel
        if is_let_through:
            asyncio.get_running_loop().call_soon(cancel_it)  # after it was let through, before it wakes
        else:
            cancel_it()

    limiter = Limiter(per_second, clock=now, sleep=sleep)
    await limiter.acquire("t", "a")
    first, second = (asyncio.create_task(limiter.acquire("t", name)) for name in "bc")
    never = asyncio.create_task(asyncio.sleep(0))
    waiting += [first, *[never] * 20]
    await second
    assert first.cancelled()
    return limiter


@virtual
async def test_when_all_who_waited_are_cancelled_the_next_is_served() -> None:
    limiter = limiter_of(1)
    await limiter.acquire("t", "a")
    waiting = [asyncio.create_task(limiter.acquire("t", f"b:{number}")) for number in range(5)]
    await asyncio.sleep(0.5)
    await cancel(*waiting)
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1  # no timer is left behind
    await limiter.acquire("t", "c")
    assert now() == pytest.approx(1.01)


@virtual
async def test_conversations_that_are_silent_are_forgotten() -> None:
    limiter = limiter_of()
    for number in range(10_000):
        await limiter.acquire("t", f"a:{number}", live=number % 2 == 0)
    assert limiter.remembered()[1] < 250  # of five seconds


@virtual
async def test_tenants_that_are_silent_are_forgotten() -> None:
    limiter = limiter_of()
    for number in range(10_000):
        await limiter.acquire(f"tenant-{number}", "")
        await asyncio.sleep(1)
    assert limiter.remembered()[0] < 1300  # of twenty minutes
    limiter.throttled("tenant-9999", 1)
    await asyncio.sleep(300)
    await limiter.acquire("newcomer", "")
    assert limiter.rate("tenant-9999") < limiter.rate("newcomer")


def test_a_limiter_is_made_outside_of_a_loop() -> None:
    assert Limiter(50, clock=lambda: math.inf, sleep=asyncio.sleep).remembered() == (0, 0)
