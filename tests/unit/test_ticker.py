"""The ticker: each occurrence starts once, whatever stops, fails or repeats."""

import asyncio
from collections import Counter

import pytest

from feedback.errors import AudienceEmpty
from feedback.runs.schedules import (
    GRACE,
    OccurrenceState,
    latest_occurrences,
    pause_schedule,
    stop_schedule,
)
from store.contract import Page, Store, Unavailable
from tests.conftest import Clock
from tests.unit.schedule_house import DAY, House, Killed


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


async def test_a_run_starts_at_its_time_and_not_before(house: House) -> None:
    schedule = await house.plan("customers at in 2 hours")
    await house.tick_after(7199)
    assert house.asked == []
    await house.tick_after(1)
    assert house.asked == ["pulse-s1.2026-11-24"]
    await house.tick_after(DAY)
    assert house.asked == ["pulse-s1.2026-11-24"]
    assert await house.states(schedule) == ["started"]


async def test_several_instances_start_a_run_once(house: House) -> None:
    await house.plan("customers every day at 11:00")
    house.clock.pass_s(3600)
    await asyncio.gather(*(house.ticker().tick() for _ in range(5)))
    assert house.asked == ["pulse-s1.2026-11-24"]


async def test_an_instance_that_starts_a_run_slowly_is_left_to_it(house: House) -> None:
    await house.plan("customers every day at 11:00")
    house.clock.pass_s(3600)
    house.gate = asyncio.Event()
    slow = asyncio.create_task(house.ticker().tick())
    await house.entered.wait()
    await house.tick_after(60)
    assert len(house.asked) == 1
    house.gate.set()
    await slow


@pytest.mark.parametrize("faults", [[Killed()], [None, Killed()]], ids=["before", "after"])
async def test_a_start_that_a_crash_cut_short_is_completed(faults: list[Exception | None], house: House) -> None:
    schedule = await house.plan("customers every day at 11:00")
    house.faults = faults
    with pytest.raises(ExceptionGroup):
        await house.tick_after(3600)
    assert await house.states(schedule) == ["due"]
    await house.tick_after(120)
    assert house.created == {"pulse-s1.2026-11-24": 1}
    assert await house.states(schedule) == ["started"]


@pytest.mark.parametrize(
    ("faults", "state"), [([Killed()], "missed"), ([None, Killed()], "started")], ids=["before", "after"]
)
async def test_a_start_found_too_late_is_missed_unless_its_run_exists(
    faults: list[Exception | None], state: str, house: House
) -> None:
    schedule = await house.plan("customers every day at 11:00")
    house.faults = faults
    with pytest.raises(ExceptionGroup):
        await house.tick_after(3600)
    await house.tick_after(GRACE.total_seconds() + 1)
    assert await house.states(schedule) == [state]
    assert sum(house.created.values()) == (state == "started")


async def test_a_store_that_fails_is_asked_again(house: House, caplog: pytest.LogCaptureFixture) -> None:
    schedule = await house.plan("customers every day at 11:00")
    house.faults = [Unavailable("the sample store is away")]
    await house.tick_after(3600)
    assert "tried again soon" in caplog.text
    await house.tick_after(120)
    assert await house.states(schedule) == ["started"]


async def test_a_fault_of_one_schedule_holds_up_no_other(house: House) -> None:
    schedules = [await house.plan("customers every day at 11:00") for _ in range(25)]
    house.faults = [ValueError("sample")]
    with pytest.raises(ExceptionGroup):
        await house.tick_after(3600)
    states = [state for schedule in schedules for state in await house.states(schedule)]
    assert Counter(states) == {"started": 24, "due": 1}


async def test_what_cannot_be_sent_is_recorded_with_the_reason_and_the_next_one_comes(house: House) -> None:
    schedule = await house.plan("customers every day at 11:00")
    house.faults = [AudienceEmpty(audience="customers")]
    await house.tick_after(3600)
    (refused,) = await latest_occurrences(house.store, schedule)
    assert refused.state is OccurrenceState.REFUSED
    assert "Nobody is in the audience" in refused.reason
    await house.tick_after(DAY)
    assert await house.states(schedule) == ["refused", "started"]


async def test_after_a_stop_only_the_latest_one_starts_and_the_others_are_shown_as_missed(house: House) -> None:
    schedule = await house.plan("customers every day at 11:00")
    await house.tick_after(3600 + 3 * DAY + 5 * 3600)
    assert await house.states(schedule) == ["missed", "missed", "missed", "started"]
    assert house.asked == ["pulse-s1.2026-11-27"]
    reasons = {one.reason for one in await latest_occurrences(house.store, schedule)}
    assert "the service was not running, and the next one was due already" in reasons


async def test_a_single_send_that_is_too_late_is_missed(house: House) -> None:
    schedule = await house.plan("customers at today 17:00")
    await house.tick_after(DAY)
    assert await house.states(schedule) == ["missed"]
    assert house.asked == []


async def test_paused_and_stopped_schedules_start_nothing(house: House) -> None:
    paused, stopped = await house.plan("customers every day at 11:00"), await house.plan("customers every day at 11:00")
    await pause_schedule(house.store, paused.id, is_paused=True)
    await stop_schedule(house.store, stopped.id)
    await house.tick_after(3600)
    assert house.asked == []
    assert (await house.states(paused), await house.states(stopped)) == (["skipped"], [])


@pytest.mark.parametrize("is_stopped", [True, False])
async def test_a_start_left_behind_is_skipped_when_its_schedule_ended_meanwhile(
    house: House, *, is_stopped: bool
) -> None:
    schedule = await house.plan("customers every day at 11:00")
    house.faults = [Killed()]
    with pytest.raises(ExceptionGroup):
        await house.tick_after(3600)
    if is_stopped:
        await stop_schedule(house.store, schedule.id)
    else:
        await pause_schedule(house.store, schedule.id, is_paused=True)
    await house.tick_after(120)
    (one,) = await latest_occurrences(house.store, schedule)
    assert one.state is OccurrenceState.SKIPPED
    assert ("stopped" in one.reason) == is_stopped
    assert house.created == {}


async def test_a_clock_that_goes_back_starts_nothing_again(house: House) -> None:
    schedule = await house.plan("customers every day at 11:00")
    await house.tick_after(3600)
    house.clock.pass_s(-7200)
    for _ in range(8):
        await house.tick_after(1800)
    assert house.asked == ["pulse-s1.2026-11-24"]
    assert await house.states(schedule) == ["started"]


async def test_waking_the_ticker_makes_it_look_at_once(house: House) -> None:
    ticker = house.ticker()
    working = asyncio.create_task(ticker.run())
    await house.plan("customers, close after 7 days")
    ticker.wake()
    await asyncio.wait_for(house.entered.wait(), 60)
    working.cancel()
    await asyncio.wait({working})
    assert house.asked == ["pulse-s1.2026-11-24"]


async def test_a_store_that_does_not_answer_is_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ticker, failed = house.ticker(), asyncio.Event()
    query = house.store.query

    async def away(*_args: object, **_options: object) -> Page:
        failed.set()
        raise Unavailable

    monkeypatch.setattr(house.store, "query", away)
    working = asyncio.create_task(ticker.run())
    await asyncio.wait_for(failed.wait(), 60)
    monkeypatch.setattr(house.store, "query", query)
    await house.plan("customers, close after 7 days")
    ticker.wake()
    await asyncio.wait_for(house.entered.wait(), 60)
    working.cancel()
    await asyncio.wait({working})
    assert "does not answer" in caplog.text
