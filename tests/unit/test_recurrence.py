"""How often: words and rules that are read, what follows from them, and all that is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.errors import (
    Refusal,
    RuleUnclear,
    TimeTooFar,
)
from feedback.runs.recurrence import read_recurrence
from feedback.runs.times import Moment

ZONE = "Europe/Berlin"  # two o'clock comes twice on 2026-10-25 and never on 2027-03-28
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  # a Tuesday, nine o'clock in Berlin
FALL = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # two o'clock in Berlin, the first time
SPRING = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)


def _walls(text: str, count: int = 4) -> list[str]:
    found = read_recurrence(text, now=NOW, zone=ZONE)
    later_ones = found.after(found.start)
    walls = [found.start, *(wall for wall, _ in zip(later_ones, range(count - 1), strict=False))]
    return [f"{wall:%a %Y-%m-%d %H:%M}" for wall in walls]


@pytest.mark.parametrize(
    ("text", "walls"),
    [
        ("daily", ["Wed 2026-11-25 09:00", "Thu 2026-11-26 09:00"]),
        ("every day at 9:01", ["Tue 2026-11-24 09:01", "Wed 2026-11-25 09:01"]),
        ("every 3 days", ["Fri 2026-11-27 09:00", "Mon 2026-11-30 09:00"]),
        ("every weekday at 17:00", ["Tue 2026-11-24 17:00", "Wed 2026-11-25 17:00"]),
        ("every weekday from 2026-11-28", ["Mon 2026-11-30 09:00", "Tue 2026-12-01 09:00"]),
        ("every monday at 9:00", ["Mon 2026-11-30 09:00", "Mon 2026-12-07 09:00"]),
        ("Every Mon, Thu and Sat", ["Thu 2026-11-26 09:00", "Sat 2026-11-28 09:00", "Mon 2026-11-30 09:00"]),
        ("weekly", ["Tue 2026-12-01 09:00", "Tue 2026-12-08 09:00"]),
        ("every other friday", ["Fri 2026-11-27 09:00", "Fri 2026-12-11 09:00"]),
        ("every 2 weeks on tuesday at 8pm", ["Tue 2026-11-24 20:00", "Tue 2026-12-08 20:00"]),
        ("monthly", ["Thu 2026-12-24 09:00", "Sun 2027-01-24 09:00"]),
        ("monthly on the 15th", ["Tue 2026-12-15 09:00", "Fri 2027-01-15 09:00"]),
        (
            "monthly on the 31st from 2027-01-01",
            ["Sun 2027-01-31 09:00", "Sun 2027-02-28 09:00", "Wed 2027-03-31 09:00"],
        ),
        (
            "monthly on the 30th from 2027-01-01",
            ["Sat 2027-01-30 09:00", "Sun 2027-02-28 09:00", "Tue 2027-03-30 09:00"],
        ),
        ("monthly on the last day", ["Mon 2026-11-30 09:00", "Thu 2026-12-31 09:00"]),
        ("every first monday", ["Mon 2026-12-07 09:00", "Mon 2027-01-04 09:00"]),
        ("every month on the last friday at 17:00", ["Fri 2026-11-27 17:00", "Fri 2026-12-25 17:00"]),
        ("quarterly from 2026-12-01", ["Tue 2026-12-01 09:00", "Mon 2027-03-01 09:00"]),
        ("yearly from 2026-12-01", ["Tue 2026-12-01 09:00", "Wed 2027-12-01 09:00"]),
        ("FREQ=WEEKLY;BYDAY=MO,WE at 7:30", ["Wed 2026-11-25 07:30", "Mon 2026-11-30 07:30"]),
        ("rrule:freq=monthly;byday=-1FR", ["Fri 2026-11-27 09:00", "Fri 2026-12-25 09:00"]),
    ],
)
def test_how_often_is_read_in_words_or_as_a_rule(text: str, walls: list[str]) -> None:
    assert _walls(text, len(walls)) == walls


@pytest.mark.parametrize(
    ("text", "walls"),
    [
        ("daily 2 times", ["Wed 2026-11-25 09:00", "Thu 2026-11-26 09:00"]),
        ("daily until 2026-11-26", ["Wed 2026-11-25 09:00", "Thu 2026-11-26 09:00"]),
        ("every monday until 2026-12-07 at 9:00 from 2026-12-01", ["Mon 2026-12-07 09:00"]),
        ("every day at 8:00 1 times", ["Wed 2026-11-25 08:00"]),  # today's has passed and does not count
    ],
)
def test_a_recurrence_ends_by_date_or_number(text: str, walls: list[str]) -> None:
    assert _walls(text, 9) == walls


@pytest.mark.parametrize(
    "text",
    [
        "",
        "every",
        "every moonday",
        "every 0 days",
        "every -1 days",
        "every hour",
        "hourly",
        "every day at 25:00",
        "every day at 9",
        "every day at 9:00 at 10:00",
        "every day from 2026-02-30",
        "every day until 2026-11-23",
        "every day 3 times until 2026-12-31",
        "every day 0 times",
        "monthly on the 32nd",
        "monthly on the 0th",
        "every fifth monday",
        "FREQ=HOURLY",
        "FREQ=SECONDLY",
        "FREQ=DAILY;",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=100",
        "FREQ=DAILY;BYHOUR=9,17",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYSETPOS=5",
        "FREQ=",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;UNTIL=20270101",
        "FREQ=DAILY;COUNT=3",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31 from 2027-02-01",
        "monday",
    ],
)
def test_what_is_not_clearly_a_recurrence_is_refused_with_examples(text: str) -> None:
    with pytest.raises(RuleUnclear, match=r"every day at 9:00.*until 2026-11-25"):
        read_recurrence(text.strip(), now=NOW, zone=ZONE)


def test_a_recurrence_that_begins_in_more_than_a_year_is_refused() -> None:
    with pytest.raises(TimeTooFar):
        read_recurrence("daily from 2028-01-01", now=NOW, zone=ZONE)


def test_a_recurrence_asked_for_in_the_second_of_two_equal_hours_begins_later() -> None:
    second = FALL + timedelta(minutes=75)  # a quarter past two, for the second time
    found = read_recurrence("daily at 2:30", now=second, zone=ZONE)
    assert Moment(found.start, ZONE).at > second
    assert found.start == datetime(2026, 10, 26, 2, 30)  # noqa: DTZ001 - what the clock on the wall shows


@given(text=st.text(alphabet=st.sampled_from(list("FREQ=DAILYWKMONTHBSP;0123456789,+- evrydaunil"))))
def test_any_text_is_read_as_a_recurrence_to_come_or_refused(text: str) -> None:
    try:
        found = read_recurrence(text, now=NOW, zone=ZONE)
    except Refusal:
        return
    assert Moment(found.start, ZONE).at > NOW
