"""What follows the audience: where it ends, what is read after it, and all that is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from feedback.errors import (
    CloseTooEarly,
    FollowUpUnclear,
    Refusal,
    ReminderTooLate,
    RuleUnclear,
    TimePast,
    TimeTooFar,
    TimeUnclear,
)
from feedback.runs.recurrence import Recurrence
from feedback.runs.timing import Asked, Reminders, read_schedule, read_send

ZONE = "Europe/Berlin"  # two o'clock comes twice on 2026-10-25 and never on 2027-03-28
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  # a Tuesday, nine o'clock in Berlin
FALL = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # two o'clock in Berlin, the first time
SPRING = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)


def _sent(text: str) -> Asked:
    return read_send(text, now=NOW, zone=ZONE)


@pytest.mark.parametrize(
    "audience",
    [
        "customers",
        "size=small and region=emea",
        'panel "look at this"',
        "panel “at remind, close”",
        "non-responders of x-1",
    ],
)
def test_an_audience_without_a_time_is_sent_to_now(audience: str) -> None:
    assert _sent(audience) == Asked(audience, None)


@pytest.mark.parametrize(
    ("text", "audience"),
    [
        ("customers at tomorrow 9:00", "customers"),
        ("customers AT 2026-11-25 at 9:00", "customers"),
        ("panel at work at tomorrow at 9:00", "panel at work"),
        ('panel "at tomorrow 9:00" at tomorrow 9am', 'panel "at tomorrow 9:00"'),
    ],
)
def test_the_audience_ends_where_a_time_begins(text: str, audience: str) -> None:
    asked = _sent(text)
    assert asked.audience == audience
    assert asked.timing is not None
    assert asked.timing.start.at == datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["customers at tomorow 9:00", "customers at", "panel at work", "at work at home"])
def test_a_misspelt_time_is_refused_and_never_sent_at_once(text: str) -> None:
    with pytest.raises(TimeUnclear):
        _sent(text)


def test_the_remark_about_a_clock_change_is_given_along() -> None:
    assert "03:30 counts" in read_send("me at tomorrow 2:30", now=SPRING, zone=ZONE).remark
    assert "03:30 counts" in read_schedule("me daily at 2:30", now=SPRING, zone=ZONE).remark


def test_reminders_and_a_closing_date_follow_in_any_order() -> None:
    asked = _sent("customers at tomorrow 9:00, remind after 3 days twice, close after 14 days")
    assert asked == _sent("customers at tomorrow 9:00,Close  after 2 weeks , Remind after 3 days 2 times")
    assert asked.timing is not None
    assert asked.timing.reminders == Reminders(timedelta(days=3), 2)
    assert asked.timing.closes_after == timedelta(days=14)


def test_a_survey_sent_now_may_close_on_a_date() -> None:
    asked = _sent("customers, close at 2026-12-04 18:00")
    assert asked.timing is not None
    assert asked.timing.start.at == NOW
    assert asked.timing.closes_after == timedelta(days=10, hours=9)
    assert asked.timing.reminders is None
    assert asked.remark == ""


@pytest.mark.parametrize(
    ("tail", "refusal"),
    [
        (", remind", FollowUpUnclear),
        (", remind after 3", FollowUpUnclear),
        (", remind after 30 minutes", FollowUpUnclear),
        (", remind after 3 days 6 times", FollowUpUnclear),
        (", remind after 3 days, remind after 5 days", FollowUpUnclear),
        (", close", FollowUpUnclear),
        (", close soon", FollowUpUnclear),
        (", close after 3 days, close after 5 days", FollowUpUnclear),
        (", close at someday", TimeUnclear),
        (", close at 2026-01-01 9:00", TimePast),
        (", close after 23 hours", CloseTooEarly),
        (", close at today 17:00", CloseTooEarly),
        (", close after 400 days", TimeTooFar),
        (", remind after 60 weeks", TimeTooFar),
        (", remind after 3 days twice, close after 6 days", ReminderTooLate),
    ],
)
def test_what_follows_is_refused_where_it_is_unclear_or_makes_no_sense(tail: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        _sent("customers" + tail)


def test_the_audience_of_a_schedule_ends_where_a_rule_begins() -> None:
    asked = read_schedule("panel every day heroes every monday at 9:00, close after 5 days", now=NOW, zone=ZONE)
    assert asked.audience == "panel every day heroes"
    assert asked.timing is not None
    assert asked.timing.recurrence == Recurrence(datetime(2026, 11, 30, 9), "FREQ=WEEKLY;BYDAY=MO")  # noqa: DTZ001 - wall


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("everyone", RuleUnclear),
        ("everyone every moonday", RuleUnclear),
        ('"every monday"', RuleUnclear),
        ("customers monthly, close at 2026-12-24 9:00", FollowUpUnclear),
    ],
)
def test_a_schedule_needs_a_rule_and_no_single_closing_date(text: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        read_schedule(text, now=NOW, zone=ZONE)
