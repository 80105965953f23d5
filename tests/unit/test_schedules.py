"""Schedules as they are kept: names, what comes next across clock changes, what is recorded, who is first."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from feedback.errors import ScheduleIsOver, ScheduleUnknown
from feedback.runs.deliveries import write_planned
from feedback.runs.recurrence import read_recurrence
from feedback.runs.reminders import awaited, claim_reminder
from feedback.runs.runs import Delivery, DeliveryState
from feedback.runs.schedules import (
    Occurrence,
    OccurrenceState,
    Schedule,
    advance,
    due,
    find_occurrence,
    find_schedule,
    hold,
    latest_occurrences,
    list_schedules,
    make_schedule,
    pause_schedule,
    settle,
    stop_schedule,
    upcoming,
)
from feedback.runs.timing import Timing, read_send
from store.contract import Store
from tests.conftest import Clock

ZONE = "Europe/Berlin"
BY = "home:boss"


async def _every(store: Store, clock: Clock, rule: str, *, zone: str = ZONE, survey: str = "pulse") -> Schedule:
    timing = Timing(read_recurrence(rule, now=clock.now(), zone=zone), zone)
    return await make_schedule(store, survey, "customers", timing, owner=BY, now=clock.now())


async def _recorded(store: Store, schedule: Schedule) -> list[tuple[str, str]]:
    found = await latest_occurrences(store, schedule, limit=100)
    return [(one.id.partition("@")[2], one.state.value) for one in reversed(found)]


async def _due(store: Store, clock: Clock) -> list[str]:
    return [one.id async for group in due(store, clock.now()) for one in group]


async def test_schedules_are_named_after_their_survey(embedded: Store, clock: Clock) -> None:
    made = [await _every(embedded, clock, "daily", survey=survey) for survey in ("pulse", "pulse-s", "pulse")]
    assert [one.id for one in made] == ["pulse-s1", "pulse-s-s1", "pulse-s2"]
    assert [one.id for one in await list_schedules(embedded)] == ["pulse-s-s1", "pulse-s1", "pulse-s2"]
    assert await find_schedule(embedded, " Pulse-S2 ") == made[2]


async def test_two_admins_at_the_same_moment_get_two_schedules(embedded: Store, clock: Clock) -> None:
    made = await asyncio.gather(*(_every(embedded, clock, "daily") for _ in range(5)))
    assert sorted(one.id for one in made) == [f"pulse-s{number}" for number in range(1, 6)]


@pytest.mark.parametrize("name", ["", "pulse-s9", "pulse", "../pulse-s1", "pulse-s1@2026-11-25T09:00:00", "x" * 300])
async def test_a_name_that_no_schedule_has_is_refused(name: str, embedded: Store, clock: Clock) -> None:
    schedule = await _every(embedded, clock, "daily")
    clock.pass_s(86_400)
    await advance(embedded, schedule, clock.now())
    with pytest.raises(ScheduleUnknown, match="schedule list"):
        await find_schedule(embedded, name)


async def test_nine_stays_nine_across_a_clock_change(embedded: Store, clock: Clock) -> None:
    clock.moment = datetime(2027, 3, 26, 12, 0, tzinfo=UTC)
    schedule = await _every(embedded, clock, "daily at 9:00")
    assert [f"{one.at:%d %H}" for one in upcoming(schedule)] == ["27 08", "28 07", "29 07"]


async def test_what_is_skipped_moves_forward_on_that_day_only(embedded: Store, clock: Clock) -> None:
    clock.moment = datetime(2027, 3, 26, 12, 0, tzinfo=UTC)
    schedule = await _every(embedded, clock, "daily at 2:30")
    assert [str(one)[-23:-16] for one in upcoming(schedule)] == [", 02:30", ", 03:30", ", 02:30"]


async def test_a_day_that_a_place_leaves_out_starts_nothing_twice(embedded: Store, clock: Clock) -> None:
    clock.moment = datetime(2011, 12, 28, 12, 0, tzinfo=UTC)  # Samoa had no 30th
    schedule = await _every(embedded, clock, "daily", zone="Pacific/Apia")
    assert [one.at.day for one in upcoming(schedule, 4)] == [28, 29, 30, 31]
    assert len({one.at for one in upcoming(schedule, 9)}) == 9


async def test_only_what_is_due_is_looked_at(embedded: Store, clock: Clock) -> None:
    await _every(embedded, clock, "daily at 12:00")
    await _every(embedded, clock, "daily at 13:00")
    assert await _due(embedded, clock) == []
    clock.pass_s(2 * 3600)
    assert await _due(embedded, clock) == ["pulse-s1"]
    clock.pass_s(3600)
    assert await _due(embedded, clock) == ["pulse-s1", "pulse-s2"]


async def test_an_occurrence_is_recorded_as_due_while_its_schedule_moves_on(embedded: Store, clock: Clock) -> None:
    schedule = await _every(embedded, clock, "daily at 11:00")
    clock.pass_s(3600)
    started = await advance(embedded, schedule, clock.now())
    assert started is not None
    assert (started.id, started.run) == ("pulse-s1@2026-11-24T11:00:00", "pulse-s1.2026-11-24")
    assert (await find_schedule(embedded, "pulse-s1")).at == datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    assert await find_occurrence(embedded, started.id) == started
    assert await _due(embedded, clock) == []  # held by who is starting it
    clock.pass_s(120)
    assert await _due(embedded, clock) == [started.id]


async def test_of_many_who_see_a_schedule_due_one_starts_it(embedded: Store, clock: Clock) -> None:
    schedule = await _every(embedded, clock, "daily at 11:00")
    clock.pass_s(3600)
    started = await asyncio.gather(*(advance(embedded, schedule, clock.now()) for _ in range(8)))
    assert sum(one is not None for one in started) == 1


@pytest.mark.parametrize(("late_s", "state"), [(0, "due"), (6 * 3600, "due"), (6 * 3600 + 1, "missed")])
async def test_an_occurrence_may_be_six_hours_late(late_s: int, state: str, embedded: Store, clock: Clock) -> None:
    schedule = await _every(embedded, clock, "daily at 11:00")
    clock.pass_s(3600 + late_s)
    await advance(embedded, schedule, clock.now())
    assert await _recorded(embedded, schedule) == [("2026-11-24T11:00:00", state)]


async def test_of_several_missed_ones_the_latest_may_start(embedded: Store, clock: Clock) -> None:
    schedule = await _every(embedded, clock, "daily at 11:00")
    clock.pass_s(3600 + 2 * 86_400)
    started = await advance(embedded, schedule, clock.now())
    assert started is not None
    states = await _recorded(embedded, schedule)
    assert [state for _, state in states] == ["missed", "missed", "due"]
    assert started.id.endswith(states[-1][0])


async def test_a_year_of_missed_ones_is_recorded_to_the_last(embedded: Store, clock: Clock) -> None:
    schedule = await _every(embedded, clock, "daily at 11:00")
    clock.pass_s(3600 + 364 * 86_400)
    started = []
    while await _due(embedded, clock):
        started.append(await advance(embedded, await find_schedule(embedded, schedule.id), clock.now()))
    found = await latest_occurrences(embedded, schedule, limit=1000)
    assert len(found) == 365
    assert [one.state for one in found if one.state is not OccurrenceState.MISSED] == [OccurrenceState.DUE]
    assert [one.id for one in started if one] == [found[0].id]


async def test_a_single_time_is_over_after_it(embedded: Store, clock: Clock) -> None:
    asked = read_send("me at in 2 hours", now=clock.now(), zone=ZONE)
    assert asked.timing is not None
    schedule = await make_schedule(embedded, "pulse", "me", asked.timing, owner=BY, now=clock.now())
    assert not schedule.is_over
    clock.pass_s(7200)
    assert await advance(embedded, schedule, clock.now()) is not None
    after = await find_schedule(embedded, schedule.id)
    assert after.is_over
    assert upcoming(after) == []


async def test_a_paused_schedule_records_what_it_skips(embedded: Store, clock: Clock) -> None:
    schedule = await _every(embedded, clock, "daily at 11:00")
    paused = await pause_schedule(embedded, schedule.id, is_paused=True)
    clock.pass_s(3600)
    assert await advance(embedded, paused, clock.now()) is None
    assert await _recorded(embedded, schedule) == [("2026-11-24T11:00:00", "skipped")]
    resumed = await pause_schedule(embedded, schedule.id, is_paused=False)
    clock.pass_s(86_400)
    assert await advance(embedded, resumed, clock.now()) is not None


async def test_a_stopped_schedule_starts_nothing_even_when_it_was_just_due(embedded: Store, clock: Clock) -> None:
    schedule = await _every(embedded, clock, "daily at 11:00")
    clock.pass_s(3600)
    stopped = await stop_schedule(embedded, schedule.id)
    assert (stopped.is_stopped, stopped.is_over) == (True, True)
    assert await advance(embedded, schedule, clock.now()) is None  # as it was seen before the stop
    assert await _due(embedded, clock) == []
    assert await stop_schedule(embedded, schedule.id) == stopped
    with pytest.raises(ScheduleIsOver):
        await pause_schedule(embedded, schedule.id, is_paused=True)


async def test_a_single_time_that_was_stopped_does_not_start_either(embedded: Store, clock: Clock) -> None:
    asked = read_send("me at in 2 hours", now=clock.now(), zone=ZONE)
    assert asked.timing is not None
    schedule = await make_schedule(embedded, "pulse", "me", asked.timing, owner=BY, now=clock.now())
    await stop_schedule(embedded, schedule.id)
    clock.pass_s(7200)
    assert await advance(embedded, schedule, clock.now()) is None
    assert await _recorded(embedded, schedule) == []


async def _started(store: Store, clock: Clock) -> Occurrence:
    schedule = await _every(store, clock, "daily at 11:00")
    clock.pass_s(3600)
    started = await advance(store, schedule, clock.now())
    assert started is not None
    return started


async def test_who_lost_an_occurrence_to_somebody_else_cannot_settle_it(embedded: Store, clock: Clock) -> None:
    first = await _started(embedded, clock)
    clock.pass_s(120)
    holds = await asyncio.gather(*(hold(embedded, first, clock.now()) for _ in range(4)))
    (second,) = [one for one in holds if one is not None]
    assert not await settle(embedded, first, first)
    assert await settle(embedded, second, second)


async def test_the_record_of_a_moment_does_not_depend_on_parts_of_a_second(embedded: Store, clock: Clock) -> None:
    clock.moment += timedelta(milliseconds=7)
    first = await _started(embedded, clock)
    clock.moment += timedelta(minutes=2, milliseconds=-5)
    assert await _due(embedded, clock) == [first.id]
    held = await hold(embedded, first, clock.now())
    assert held is not None
    clock.pass_s(120)
    assert await _due(embedded, clock) == [first.id]
    assert await settle(embedded, held, held)


async def _delivered(store: Store, **states: DeliveryState) -> None:
    found = [Delivery(run="pulse-1", id=person, state=state, slice=0) for person, state in states.items()]
    await write_planned(store, "pulse-1", found)


async def test_a_reminder_is_for_those_who_have_not_answered(embedded: Store) -> None:
    await _delivered(embedded, **{state.value: state for state in DeliveryState})
    assert [one async for one in awaited(embedded, "pulse-1", slice_=0)] == ["sent", "unconfirmed"]
    assert await claim_reminder(embedded, "pulse-1", [state.value for state in DeliveryState], 1) == [
        "sent",
        "unconfirmed",
    ]


async def test_a_reminder_is_claimed_once_and_never_after_a_later_one(embedded: Store) -> None:
    await _delivered(embedded, ann=DeliveryState.SENT, bob=DeliveryState.SENT)
    assert await claim_reminder(embedded, "pulse-1", ["ann"], 1) == ["ann"]
    assert await claim_reminder(embedded, "pulse-1", ["ann", "bob"], 1) == ["bob"]
    assert await claim_reminder(embedded, "pulse-1", ["ann", "bob"], 3) == ["ann", "bob"]
    assert await claim_reminder(embedded, "pulse-1", ["ann", "bob"], 2) == []
    assert await claim_reminder(embedded, "pulse-1", [], 1) == []
