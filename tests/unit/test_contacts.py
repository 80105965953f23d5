"""Contacts: the budget is counted over all runs, and quiet hours follow the person's own clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.people.people import Conversation, Person, zone_of
from feedback.runs.contacts import (
    OVER_BUDGET,
    ContactRules,
    QuietHours,
    contacts,
    next_allowed,
    over_budget,
    verdicts,
)
from feedback.runs.runs import Delivery, DeliveryState
from store.contract import Page, Store, Where
from tests.conftest import Clock

CHAT = Conversation("a:1", "https://smba.example/", "29:1", "28:b")
RULES = ContactRules()
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"]


def _person(key: str = "t:a", zone: str = "", **facts: object) -> Person:
    given = {"id": key, "tenant": "t", "object_id": key, "conversation": CHAT, "time_zone": zone, **facts}
    return msgspec.convert(msgspec.to_builtins(given), Person)


async def _write(
    store: Store,
    run: str,
    person: str,
    sent_at: datetime | None,
    *reminded_at: datetime,
    state: DeliveryState = DeliveryState.SENT,
) -> None:
    one = Delivery(run=run, id=person, state=state, slice=0, sent_at=sent_at, reminded_at=reminded_at)
    await store.create("runs", {**msgspec.to_builtins(one), "kind": "delivery"})


async def test_contacts_are_counted_over_all_runs_and_for_30_days(embedded: Store, clock: Clock) -> None:
    now = clock.now()
    for number, days in enumerate([0, 1, 29, 30]):
        await _write(embedded, f"r{number}", "t:a", now - timedelta(days=days))
    for number, days in enumerate([0, 1, 29, 31]):
        await _write(embedded, f"r{number}", "t:b", now - timedelta(days=days))
    assert await over_budget(embedded, ["t:a", "t:b", "t:new"], now) == {"t:a"}
    assert await over_budget(embedded, ["t:a", "t:b", "t:new"], now, limit=3) == {"t:a", "t:b"}
    assert await over_budget(embedded, ["t:new"], now, limit=0) == {"t:new"}


async def test_reminders_are_contacts_also_when_the_message_itself_is_long_ago(embedded: Store, clock: Clock) -> None:
    now = clock.now()
    reminders = [now - timedelta(days=days) for days in (40, 20, 10)]
    await _write(embedded, "r1", "t:a", now - timedelta(days=60), *reminders)
    await _write(embedded, "r2", "t:a", now - timedelta(days=2), now)
    assert await contacts(embedded, ["t:a"], since=now - timedelta(days=30)) == {"t:a": 4}


async def test_what_arrived_or_may_have_counts_and_nothing_else(embedded: Store, clock: Clock) -> None:
    for state in DeliveryState:
        await _write(embedded, f"r-{state.value}", f"t:{state.value}", clock.now(), state=state)
    await _write(embedded, "r-never", "t:never", None)
    everybody = [f"t:{state.value}" for state in DeliveryState]
    counted = {"t:planned", "t:sending", "t:sent", "t:answered", "t:unconfirmed", "t:recalled"}
    assert await over_budget(embedded, [*everybody, "t:never"], clock.now(), limit=1) == counted


async def test_counting_asks_twice_for_hundreds_of_people(
    embedded: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [f"t:{number:04d}" for number in range(300)]
    for one in people:
        await _write(embedded, "r", one, clock.now())
    asked: list[str] = []
    query = embedded.query

    async def counting(container: str, *, where: list[Where], limit: int, continuation: str | None) -> Page:
        asked.append(container)
        return await query(container, where=where, limit=limit, continuation=continuation)

    monkeypatch.setattr(embedded, "query", counting)
    assert await over_budget(embedded, people, clock.now(), limit=1) == set(people)
    assert asked == ["runs"] * 2  # what was sent, and what is to come


async def test_more_deliveries_than_a_page_holds_are_all_counted(
    embedded: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedback.runs.contacts.PAGE", 2)
    for number in range(5):
        await _write(embedded, f"r{number}", "t:a", clock.now())
    assert await contacts(embedded, ["t:a"], since=clock.now()) == {"t:a": 5}


async def test_a_verdict_gives_the_reason_or_the_time(embedded: Store, clock: Clock) -> None:
    clock.moment = datetime(2026, 11, 24, 21, 30, tzinfo=UTC)
    for number in range(4):
        await _write(embedded, f"r{number}", "t:over", clock.now())
        await _write(embedded, f"r{number}", "t:boss", clock.now())
    people = [
        _person("t:out", has_opted_out=True),
        _person("t:new", conversation=None),
        _person("t:gone", unreachable="403"),
        _person("t:over"),
        _person("t:there", "America/New_York"),
        _person("t:here", "Europe/Berlin"),
        _person("t:boss", "Europe/Berlin"),
    ]
    found = await verdicts(embedded, people, now=clock.now(), rules=RULES, by="t:boss")
    assert [one.person.id for one in found] == [one.id for one in people]
    assert {one.person.id: one.reason for one in found if one.reason} == {
        "t:out": "opted out",
        "t:gone": "unreachable: 403",
        "t:over": OVER_BUDGET,
    }
    times = {one.person.id: one.not_before for one in found if not one.reason}
    morning = datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
    assert times == {
        "t:new": morning + timedelta(hours=1),
        "t:there": clock.now(),
        "t:here": morning,
        "t:boss": clock.now(),
    }


async def test_whoever_starts_the_run_is_left_out_when_nothing_can_be_sent_to_them(
    embedded: Store, clock: Clock
) -> None:
    (found,) = await verdicts(
        embedded, [_person("t:boss", has_opted_out=True)], now=clock.now(), rules=RULES, by="t:boss"
    )
    assert found.reason == "opted out"


def _local(text: str, zone: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        ("Europe/Berlin", "2026-11-24T12:00", "2026-11-24T12:00"),
        ("Europe/Berlin", "2026-11-24T19:59", "2026-11-24T19:59"),
        ("Europe/Berlin", "2026-11-24T20:00", "2026-11-25T08:00"),
        ("Europe/Berlin", "2026-11-24T07:59:59", "2026-11-24T08:00"),
        ("Europe/Berlin", "2026-11-24T08:00", "2026-11-24T08:00"),
        ("Asia/Kathmandu", "2026-11-24T23:10", "2026-11-25T08:00"),
        ("Europe/Berlin", "2026-03-28T22:00", "2026-03-29T08:00"),  # the night is an hour shorter
        ("Europe/Berlin", "2026-10-24T22:00", "2026-10-25T08:00"),  # the night is an hour longer
        ("America/New_York", "2026-03-07T22:00", "2026-03-08T08:00"),
        ("Australia/Lord_Howe", "2026-04-04T22:00", "2026-04-05T08:00"),  # clocks go back by half an hour
        ("Pacific/Apia", "2011-12-29T22:00", "2011-12-31T08:00"),  # a day that never was
        ("Europe/Berlin", "2026-11-28T12:00", "2026-11-28T12:00"),  # Saturday
    ],
)
def test_nobody_is_written_to_in_the_evening_or_the_night_of_their_own_clock(
    zone: str, now: str, expected: str
) -> None:
    found = next_allowed(_person(zone=zone), _local(now, zone).astimezone(UTC), QuietHours())
    assert found == _local(expected, zone)


def test_the_hour_that_comes_twice_is_quiet_as_often_as_the_clock_says_so() -> None:
    quiet = QuietHours(time(22), time(2, 30))
    first, again = (_local("2026-10-25T02:10", "Europe/Berlin", fold=fold).astimezone(UTC) for fold in (0, 1))
    berlin = _person(zone="Europe/Berlin")
    assert next_allowed(berlin, first, quiet) == first + timedelta(minutes=20)
    assert next_allowed(berlin, again, quiet) == again + timedelta(minutes=20)
    assert again - first == timedelta(hours=1)


def test_an_end_that_the_clock_jumps_over_is_reached_with_the_jump() -> None:
    quiet = QuietHours(time(22), time(2, 30))
    found = next_allowed(_person(zone="Europe/Berlin"), _local("2026-03-29T01:00", "Europe/Berlin"), quiet)
    assert found == _local("2026-03-29T03:00", "Europe/Berlin")


def test_weekends_are_quiet_only_when_asked() -> None:
    friday = _local("2026-11-27T20:30", "Europe/Berlin")
    assert next_allowed(_person(zone="Europe/Berlin"), friday, QuietHours(is_weekend_quiet=True)) == _local(
        "2026-11-30T08:00", "Europe/Berlin"
    )
    only = QuietHours(time(0), time(0), is_weekend_quiet=True)
    assert next_allowed(_person(), datetime(2026, 11, 28, 3, tzinfo=UTC), only) == datetime(2026, 11, 30, tzinfo=UTC)
    assert next_allowed(_person(), datetime(2026, 11, 27, 3, tzinfo=UTC), only).day == 27


def test_the_same_time_twice_means_no_quiet_hours() -> None:
    night = datetime(2026, 11, 24, 3, 7, tzinfo=UTC)
    assert next_allowed(_person(), night, QuietHours(time(0), time(0))) == night


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "Europe", "../etc/passwd", "/etc/localtime", "a\x00b"])
def test_a_person_without_a_known_zone_has_the_organisations(zone: str) -> None:
    assert zone_of(zone) is None
    quiet = QuietHours(zone="Asia/Tokyo")
    noon_in_berlin = datetime(2026, 11, 24, 11, tzinfo=UTC)
    assert next_allowed(_person(zone=zone), noon_in_berlin, quiet) == datetime(2026, 11, 24, 23, tzinfo=UTC)


@pytest.mark.parametrize(("start", "end"), [(time(20, 10), time(8)), (time(20), time(8, 0, 1))])
def test_quiet_hours_off_the_quarter_hour_are_refused(start: time, end: time) -> None:
    with pytest.raises(ValueError, match="quarter hour"):
        QuietHours(start, end)


def test_quiet_hours_in_no_time_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="Mars"):
        QuietHours(zone="Mars/Olympus")


quarters = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
moments = st.integers(0, 366 * 86_400).map(lambda second: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second))
hours = st.builds(QuietHours, quarters, quarters, is_weekend_quiet=st.booleans())


@given(moments, st.sampled_from(ZONES), hours)
def test_the_first_moment_that_is_not_quiet_is_found(now: datetime, zone: str, quiet: QuietHours) -> None:
    found = next_allowed(_person(zone=zone), now, quiet)
    local = ZoneInfo(zone)
    assert found >= now
    assert not quiet.include(found.astimezone(local))
    if found != now:
        assert quiet.include(now.astimezone(local))
        assert quiet.include((found - timedelta(seconds=1)).astimezone(local))
    assert found - now < timedelta(days=4)
