"""Times that people type: what is read, what a clock change makes of it, and all that is refused."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.errors import (
    Refusal,
    TimePast,
    TimeTooFar,
    TimeUnclear,
    ZoneUnknown,
)
from feedback.runs.times import later, local_time, read_clock, read_time

ZONE = "Europe/Berlin"  # two o'clock comes twice on 2026-10-25 and never on 2027-03-28
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  # a Tuesday, nine o'clock in Berlin
FALL = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # two o'clock in Berlin, the first time
SPRING = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)


def _at(text: str, now: datetime = NOW, zone: str = ZONE) -> str:
    return f"{read_time(text, now=now, zone=zone).at:%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-12-01 09:30", "2026-12-01 08:30:00"),
        ("2026-12-01T09:30", "2026-12-01 08:30:00"),
        ("2026-12-01 at 9:30 pm", "2026-12-01 20:30:00"),
        ("2027-07-01 09:30", "2027-07-01 07:30:00"),
        ("tomorrow 9:00", "2026-11-25 08:00:00"),
        ("  Tomorrow   AT 9am ", "2026-11-25 08:00:00"),
        ("today 17:00", "2026-11-24 16:00:00"),
        ("friday 9am", "2026-11-27 08:00:00"),
        ("fri 12am", "2026-11-26 23:00:00"),
        ("friday 12pm", "2026-11-27 11:00:00"),
        ("tuesday 9:01", "2026-11-24 08:01:00"),  # still to come today
        ("tuesday 9:00", "2026-12-01 08:00:00"),
        ("monday at 23:59", "2026-11-30 22:59:00"),
        ("in 45 minutes", "2026-11-24 08:45:00"),
        ("in 2 hours", "2026-11-24 10:00:00"),
        ("in 1 day", "2026-11-25 08:00:00"),
        ("in 3 days", "2026-11-27 08:00:00"),
        ("in 2 weeks", "2026-12-08 08:00:00"),
        ("2027-11-24 09:00", "2027-11-24 08:00:00"),  # a year ahead, just
    ],
)
def test_a_time_is_read_in_the_time_zone_of_who_types_it(text: str, at: str) -> None:
    assert _at(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "tomorrow",
        "9:00",
        "friday",
        "friday 9",
        "friday 25:00",
        "friday 9:60",
        "friday 13pm",
        "friday 0am",
        "next friday 9:00",
        "noon",
        "1.12.2026 9:00",
        "12/01/2026 9:00",
        "2026-12-1 9:00",
        "2026-02-30 09:00",
        "2026-13-01 09:00",
        "2026-12-01",
        "2026-12-01 9",
        "2026-12-01 09:30 and more",
        "in two hours",
        "in 1.5 hours",
        "in -1 hours",
        "in 2 months",
        "in hours",
        "in 99999 days",
        "tomorow 9:00",
        "2026-12-01 09:30:15",
        "tomorrow 9.00",
        "yesterday 9:00",
        "２０２６-12-01 09:30",
        "tomorrow ٩:٠٠",
        "in 2 hours or so",
    ],
)
def test_what_is_not_clearly_a_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(TimeUnclear, match=r"2026-11-25 09:30\*\*, \*\*tomorrow 9:00"):
        read_time(text.strip(), now=NOW, zone=ZONE)


@pytest.mark.parametrize("text", ["today 9:00", "today 8:59", "2026-11-24 09:00", "0001-01-01 00:00", "in 0 minutes"])
def test_a_time_that_has_passed_is_refused_with_the_time_it_is(text: str) -> None:
    with pytest.raises(TimePast, match=r"it is Tuesday, 24 November 2026, 09:00 \(Europe/Berlin\)"):
        read_time(text, now=NOW, zone=ZONE)


@pytest.mark.parametrize("text", ["2027-11-26 09:00", "9999-12-31 23:59", "in 9999 weeks", "in 367 days"])
def test_a_time_more_than_a_year_ahead_is_refused(text: str) -> None:
    with pytest.raises(TimeTooFar, match="within a year"):
        read_time(text, now=NOW, zone=ZONE)


@pytest.mark.parametrize(
    "zone", ["Europe/Atlantis", "", "../etc/passwd", "Europe", "/etc/localtime", "Europe/Berlin\x00"]
)
def test_a_time_zone_that_does_not_exist_is_refused(zone: str) -> None:
    with pytest.raises(ZoneUnknown, match="Europe/Berlin"):
        read_time("tomorrow 9:00", now=NOW, zone=zone)


@given(text=st.text(alphabet="0123456789:- taodywmrinhuspefk"), hours=st.integers(0, 24 * 800))
def test_any_text_is_read_as_a_time_to_come_or_refused(text: str, hours: int) -> None:
    now = NOW + timedelta(hours=hours)
    try:
        moment = read_time(text, now=now, zone="Pacific/Kiritimati")
    except Refusal:
        return
    assert now < moment.at <= now + timedelta(days=366)


def test_of_a_time_that_comes_twice_the_first_counts_and_it_is_said() -> None:
    moment = read_time("2026-10-25 02:30", now=FALL - timedelta(days=1), zone=ZONE)
    assert moment.at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert moment.remark == "The clock goes back then and 02:30 comes twice; the first one counts."


def test_a_time_that_is_skipped_moves_forward_and_it_is_said() -> None:
    moment = read_time("tomorrow 2:30", now=SPRING, zone=ZONE)
    assert moment.at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert str(moment) == "Sunday, 28 March 2027, 03:30 (Europe/Berlin)"
    assert moment.remark == "The clock goes forward then and skips 02:30; 03:30 counts."


def test_an_ordinary_time_needs_no_remark() -> None:
    moment = read_time("tomorrow 9:00", now=NOW, zone=ZONE)
    assert (str(moment), moment.remark) == ("Wednesday, 25 November 2026, 09:00 (Europe/Berlin)", "")


def test_hours_are_counted_across_a_clock_change_and_days_keep_the_time_of_day() -> None:
    assert _at("in 23 hours", SPRING) == "2027-03-28 11:00:00"
    assert _at("in 24 hours", SPRING) == "2027-03-28 11:00:00"  # a day
    assert _at("in 1 day", SPRING) == "2027-03-28 11:00:00"
    assert later(SPRING, timedelta(days=1, hours=2), ZONE) == datetime(2027, 3, 28, 13, 0, tzinfo=UTC)


def test_hours_that_lead_into_the_second_of_two_equal_hours_are_kept_to_the_minute() -> None:
    moment = read_time("in 2 hours", now=FALL - timedelta(minutes=30), zone=ZONE)
    assert moment.at == FALL + timedelta(minutes=90)
    assert "comes twice" in moment.remark
    assert str(moment).endswith("01:30 (UTC)")


@pytest.mark.parametrize(
    ("text", "read"), [("9am", time(9)), ("12am", time(0)), ("12:30pm", time(12, 30)), ("9", None)]
)
def test_a_time_of_day_needs_its_minutes_or_its_half(text: str, read: time | None) -> None:
    assert read_clock(text) == read


def test_the_clock_on_the_wall_is_shown_to_the_second() -> None:
    shown = local_time(NOW + timedelta(microseconds=5), ZONE)
    assert (shown.date(), shown.time()) == (date(2026, 11, 24), time(9))
