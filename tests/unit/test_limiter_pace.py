"""The limiter after a 429, and with a part of the budget: how long it stops, and how fast it goes on."""

import asyncio

import pytest

from broadcast.pace import CATCH_UP_S, GENTLE, Pace
from tests.unit.crowd import Crowd, limiter_of, now, virtual, waited


@virtual
async def test_after_a_429_nothing_goes_out_before_the_wait_asked_for_has_passed() -> None:
    limiter = limiter_of()
    crowd = Crowd(limiter)
    await asyncio.sleep(5)
    limiter.throttled("t", 7)
    reply = asyncio.create_task(waited(limiter.acquire("t", "chat", live=True)))
    assert await waited(limiter.acquire("another tenant", "a")) == 0
    await asyncio.sleep(6.999)
    assert crowd.since(5.0001) == 0
    assert not reply.done()
    await asyncio.sleep(0.1)
    assert await reply == pytest.approx(7, abs=0.03)
    assert crowd.since(5.0001) > 0
    await crowd.stop()


@virtual
async def test_after_one_429_the_pace_is_a_hundredth_lower_for_ten_minutes() -> None:
    limiter = limiter_of()
    full = limiter.rate("t")
    crowd = Crowd(limiter)
    await asyncio.sleep(5)
    limiter.throttled("t", 1)
    await asyncio.sleep(590)
    assert limiter.rate("t") == pytest.approx(full * 0.99)
    await asyncio.sleep(20)
    assert limiter.rate("t") == pytest.approx(full)
    await crowd.stop()


@virtual
async def test_after_429s_in_a_row_the_pace_is_much_lower_and_rises_again_up_to_the_setting() -> None:
    limiter = limiter_of()
    full = limiter.rate("t")
    crowd = Crowd(limiter)
    for _ in range(GENTLE):
        await asyncio.sleep(5)
        limiter.throttled("t", 1)
    tried = limiter.rate("t")
    assert tried >= 0.98 * full
    await asyncio.sleep(5)
    limiter.throttled("t", 1)
    cut_at = now()
    assert limiter.rate("t") == pytest.approx(tried * 0.8)
    rates = []
    for _ in range(200):
        await asyncio.sleep(1)
        rates.append(limiter.rate("t"))
    assert rates == sorted(rates)
    assert rates[30] == pytest.approx(tried * 0.97)  # of what was too fast
    assert max(rates) == rates[-1] == full <= 50
    assert crowd.since(cut_at + 1) - crowd.since(cut_at + 2) <= 0.85 * 50
    assert crowd.since(now() - 10) >= 0.98 * 50 * 10
    await crowd.stop()


def test_a_slower_pace_is_kept_after_a_timer_that_was_late_too() -> None:
    pace = Pace()
    for number in range(GENTLE + 1):
        pace.slow_down(10.0 * number, 0)
    first = at = 100.0
    pace.begin(first - CATCH_UP_S)
    for _ in range(50):
        pace.take(at, 50)
        at = pace.ready_at(at, 50)
    part = pace.rate(50) / 50
    assert part < 0.85
    assert at - first >= 0.99 / part


@virtual
async def test_429s_that_are_far_apart_do_not_add_up_to_a_cut() -> None:
    limiter = limiter_of()
    full = limiter.rate("t")
    crowd = Crowd(limiter)
    for _ in range(5):
        limiter.throttled("t", 1)
        await asyncio.sleep(30)
    assert limiter.rate("t") >= 0.95 * full
    await crowd.stop()


@virtual
async def test_the_pace_does_not_rise_while_nothing_is_sent() -> None:
    limiter = limiter_of()
    await limiter.acquire("t", "a")
    limiter.throttled("t", 1)
    slow = limiter.rate("t")
    await asyncio.sleep(100)
    await limiter.acquire("t", "b")
    assert limiter.rate("t") == pytest.approx(slow, rel=0.02)


@virtual
async def test_many_429s_of_one_stop_slow_the_tenant_down_once() -> None:
    limiter = limiter_of()
    for _ in range(25):
        limiter.throttled("t", 2)
    once = limiter.rate("t")
    await asyncio.sleep(2.5)
    limiter.throttled("t", 2)  # the answer to a call made before the stop
    assert limiter.rate("t") == once
    await asyncio.sleep(4)
    limiter.throttled("t", 2)
    assert limiter.rate("t") < once


@virtual
async def test_however_many_429s_come_the_pace_stays_above_nothing() -> None:
    limiter = limiter_of()
    for _ in range(100):
        limiter.throttled("t", None)
        await asyncio.sleep(61)
    assert limiter.rate("t") >= 0.9
    assert await waited(limiter.acquire("t", "a")) == 0


@virtual
async def test_a_wait_of_an_hour_that_one_conversation_was_asked_for_stops_the_tenant_for_a_minute_at_most() -> None:
    limiter = limiter_of()
    limiter.throttled("t", 3600)
    assert await waited(limiter.acquire("t", "a")) == pytest.approx(60)


@virtual
async def test_without_a_wait_asked_for_each_stop_is_longer_than_the_last() -> None:
    limiter, stops = limiter_of(), list[float]()
    for number in range(4):
        limiter.throttled("t", None)
        stops.append(await waited(limiter.acquire("t", f"a:{number}")))
        await asyncio.sleep(2)
    assert stops == sorted(set(stops))
    assert 1 < stops[0] < 2


@virtual
async def test_the_rate_of_a_tenant_nobody_has_called_is_the_full_one() -> None:
    limiter = limiter_of()
    assert 49 <= limiter.rate("unknown") <= 50
    assert limiter.remembered() == (0, 0)


@virtual
async def test_without_a_share_only_live_replies_go_one_a_second() -> None:
    limiter = limiter_of(share=lambda: 0)
    crowd = Crowd(limiter)
    replies = [asyncio.create_task(limiter.acquire("t", f"chat-{number}", live=True)) for number in range(20)]
    await asyncio.sleep(14.5)
    assert sum(reply.done() for reply in replies) == 15
    assert not crowd.times
    await crowd.stop()
    await asyncio.wait(replies)


@virtual
async def test_a_broadcast_goes_on_within_a_second_of_getting_a_share() -> None:
    share = [0]
    crowd = Crowd(limiter_of(share=lambda: share[0]))
    await asyncio.sleep(4.5)
    assert not crowd.times
    share[0] = 50
    await asyncio.sleep(1.1)
    assert crowd.times
    await crowd.stop()


@virtual
async def test_a_share_that_shrinks_counts_at_once_and_one_that_grows_within_a_second() -> None:
    share = [50]
    limiter = limiter_of(share=lambda: share[0])
    crowd = Crowd(limiter)
    await asyncio.sleep(3)
    share[0] = 10
    await asyncio.sleep(5)
    assert crowd.since(3) <= 51
    share[0] = 50
    await asyncio.sleep(5)
    assert crowd.since(9) >= 0.98 * 50 * 4
    await crowd.stop()
