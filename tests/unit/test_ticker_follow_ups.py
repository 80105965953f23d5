"""What follows a start: reminders, counted and never repeated, and the closing date."""

import asyncio
from datetime import UTC, datetime

import pytest

from feedback.runs.runs import RunState, close_run, find_run
from feedback.runs.schedules import (
    find_occurrence,
    latest_occurrences,
    stop_schedule,
)
from store.contract import Store
from tests.conftest import Clock
from tests.unit.schedule_house import DAY, House, Killed


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


async def test_reminders_are_counted_from_when_everybody_had_been_written_to(house: House) -> None:
    await house.plan("customers at today 11:00, remind after 3 days twice")
    await house.tick_after(3600)
    await house.tick_after(4 * DAY)
    assert house.jobs == []  # still sending
    await house.run_sent("pulse-s1.2026-11-24")
    await house.tick_after(60)
    await house.tick_after(3 * DAY - 1)
    assert house.jobs == []
    await house.tick_after(1)
    assert house.jobs == ["remind pulse-s1.2026-11-24 1"]
    await house.tick_after(2 * DAY)
    await house.tick_after(DAY)
    await house.tick_after(30 * DAY)
    assert house.jobs == ["remind pulse-s1.2026-11-24 1", "remind pulse-s1.2026-11-24 2"]


async def _with_reminders(house: House, words: str) -> str:
    schedule = await house.plan(words)
    await house.tick_after(3600)
    (one,) = await latest_occurrences(house.store, schedule)
    await house.run_sent(one.run)
    await house.tick_after(60)
    return one.id


async def test_after_a_long_stop_only_the_last_reminder_is_given(house: House) -> None:
    key = await _with_reminders(house, "customers at today 11:00, remind after 3 days 3 times")
    await house.tick_after(7 * DAY)
    assert house.jobs == ["remind pulse-s1.2026-11-24 2"]
    kept = await find_occurrence(house.store, key)
    assert kept is not None
    assert kept.reminded == 2


async def test_a_reminder_is_given_by_one_of_several_instances(house: House) -> None:
    await _with_reminders(house, "customers at today 11:00, remind after 3 days")
    house.clock.pass_s(3 * DAY)
    await asyncio.gather(*(house.ticker().tick() for _ in range(5)))
    await house.tick_after(DAY)
    assert house.jobs == ["remind pulse-s1.2026-11-24 1"]


async def test_a_reminder_that_a_crash_cut_short_is_asked_for_again_under_the_same_number(house: House) -> None:
    await _with_reminders(house, "customers at today 11:00, remind after 3 days twice")
    house.faults = [None, Killed()]
    with pytest.raises(ExceptionGroup):
        await house.tick_after(3 * DAY)
    await house.tick_after(120)
    assert house.jobs == ["remind pulse-s1.2026-11-24 1"] * 2


async def test_nobody_is_reminded_of_a_run_that_was_closed(house: House) -> None:
    await _with_reminders(house, "customers at today 11:00, remind after 3 days, close after 7 days")
    run = await find_run(house.store, "pulse-s1.2026-11-24")
    await close_run(house.store, run)
    await house.tick_after(3 * DAY)
    await house.tick_after(3 * DAY)
    assert house.jobs == []
    await house.tick_after(DAY)
    assert house.jobs == ["close pulse-s1.2026-11-24"]


async def test_a_run_closes_with_its_cards_on_its_date(house: House) -> None:
    schedule = await house.plan("customers at today 11:00, close at 2026-12-01 18:00")
    await house.tick_after(3600)
    await house.tick_after(7 * DAY + 7 * 3600 - 1)
    assert (await find_run(house.store, "pulse-s1.2026-11-24")).state is RunState.SENDING
    await house.tick_after(1)
    assert (await find_run(house.store, "pulse-s1.2026-11-24")).state is RunState.CLOSED
    await house.tick_after(DAY)
    assert house.jobs == ["close pulse-s1.2026-11-24"]
    (one,) = await latest_occurrences(house.store, schedule)
    assert one.closed_at == datetime(2026, 12, 1, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize("faults", [[Killed()], [None, Killed()]], ids=["before", "after"])
async def test_closing_that_a_crash_cut_short_is_completed(faults: list[Exception | None], house: House) -> None:
    await house.plan("customers at today 11:00, close after 7 days")
    await house.tick_after(3600)
    house.faults = faults
    with pytest.raises(ExceptionGroup):
        await house.tick_after(7 * DAY)
    assert (await find_run(house.store, "pulse-s1.2026-11-24")).state is RunState.CLOSED
    await house.tick_after(120)
    assert set(house.jobs) == {"close pulse-s1.2026-11-24"}
    done = len(house.jobs)
    await house.tick_after(DAY)
    assert len(house.jobs) == done


async def test_a_run_closes_at_the_same_time_of_day_across_a_clock_change(house: House) -> None:
    house.clock.moment = datetime(2027, 3, 22, 7, 0, tzinfo=UTC)
    schedule = await house.plan("customers at today 9:00, close after 7 days")
    await house.tick_after(3600)
    (one,) = await latest_occurrences(house.store, schedule)
    assert one.closes_at == datetime(2027, 3, 29, 7, 0, tzinfo=UTC)


async def test_a_stopped_schedule_still_closes_what_it_started(house: House) -> None:
    schedule = await house.plan("customers every day at 11:00, close after 2 days")
    await house.tick_after(3600)
    await stop_schedule(house.store, schedule.id)
    await house.tick_after(2 * DAY)
    assert house.jobs == ["close pulse-s1.2026-11-24"]


async def test_what_should_follow_a_run_that_is_gone_is_given_up(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.plan("customers at today 11:00, close after 7 days")
    await house.tick_after(3600)
    await house.store.delete("runs", "pulse-s1.2026-11-24", "run")
    await house.tick_after(7 * DAY)
    assert "is gone" in caplog.text
    caplog.clear()
    await house.tick_after(DAY)
    assert (house.jobs, caplog.text) == ([], "")
