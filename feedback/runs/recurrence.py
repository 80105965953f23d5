"""How often something recurs: what people type as an RFC 5545 rule, and the wall times that follow from it.

Rules count days, weeks, months and years, never less: nobody wants to be asked twice a day. Everything here is wall
time, so that nine o'clock stays nine o'clock; instants are times.py's business.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta

import msgspec
from dateutil.rrule import rrule, rrulestr

from feedback.errors import RuleUnclear, TimeTooFar, quote
from feedback.runs.times import (
    CLOCK,
    DATE,
    WEEKDAY,
    YEAR,
    Moment,
    local_time,
    read_clock,
    read_date,
    tomorrow,
    weekday_of,
)

NINE = time(9)  # when no time of day is given
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_SHORT_MONTH = 28
_DAYS = rf"(?:{WEEKDAY})(?:(?: and |, ?)(?:{WEEKDAY}))*"
_COUNT = r"(?P<count>[2-9]|[1-9][0-9]|other)"
_MONTHS = rf"(?:monthly|every month|every {_COUNT} months|(?P<named>quarterly|every quarter|yearly|every year))"
_BY_DAY = rf"(?P<nth>{'|'.join(_NTH)}) (?P<day>{WEEKDAY})"
_BY_DATE = r"(?P<date>[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)"
_TAILS = (  # after the rule, in any order
    ("clock", re.compile(rf"(.+) at ({CLOCK})")),
    ("from", re.compile(rf"(.+) from ({DATE})")),
    ("until", re.compile(rf"(.+) until ({DATE})")),
    ("times", re.compile(r"(.+?),? ([1-9][0-9]{0,2}) times")),
)
_NUMBER = r"[+-]?(?:[1-9]|[12][0-9]|3[01])"
_PARTS = {
    "INTERVAL": r"[1-9][0-9]?",
    "BYDAY": r"(?:[+-]?[1-5])?(?:MO|TU|WE|TH|FR|SA|SU)",
    "BYMONTHDAY": _NUMBER,
}
_ALLOWED = {  # what a written rule may combine: what could never occur would be sought for until the year 9999
    "DAILY": {"INTERVAL"},
    "WEEKLY": {"INTERVAL", "BYDAY"},
    "MONTHLY": {"INTERVAL", "BYDAY", "BYMONTHDAY"},
    "YEARLY": {"INTERVAL"},
}
FORMS = (
    "**every day at 9:00**, **every weekday**, **every monday and thursday at 9:00**, **every 2 weeks**, "
    "**every first monday**, **monthly on the 15th**, **quarterly** or **yearly**; "
    "after it **from {date}**, **until {date}** or **10 times**"
)


class Recurrence(msgspec.Struct, frozen=True, omit_defaults=True):
    """Wall times from a first one on. `rule` is an RFC 5545 rule without its end; an empty one occurs once."""

    start: datetime  # the first occurrence
    rule: str = ""
    until: date | None = None  # the last day
    count: int | None = None

    def after(self, wall: datetime) -> Iterator[datetime]:
        """Give the wall times after one, in order."""
        if not self.rule:
            return iter([self.start] if self.start > wall else [])
        end = None if self.until is None else datetime.combine(self.until, time.max)
        rule = rrulestr(self.rule, dtstart=self.start)
        if not isinstance(rule, rrule):
            raise TypeError(self.rule)
        return rule.replace(until=end, count=self.count).xafter(wall)


class _Asked(msgspec.Struct, frozen=True):
    """What somebody typed: the rule's words, and what stood after them."""

    words: str
    clock: time
    start: date
    until: date | None
    count: int | None


def read_recurrence(text: str, *, now: datetime, zone: str) -> Recurrence:
    """Return what somebody in a time zone means by a text such as “every monday at 9:00 until 2027-06-30”.

    The first occurrence is to come. Raises `RuleUnclear` for what cannot be read or never happens, and `TimeTooFar`.
    """
    local = local_time(now, zone)
    asked = _take_apart(text, local)
    found = None if asked is None else _with_first(asked, now, zone)
    if found is None:
        raise RuleUnclear(rule=quote(text), forms=FORMS.format(date=tomorrow(local)))
    if found.start > local + YEAR:
        raise TimeTooFar(time=quote(text), date=tomorrow(local))
    return found


def _take_apart(text: str, local: datetime) -> _Asked | None:
    words, given = " ".join(text.split()), dict[str, str]()
    while found := _tail(words):
        name, words, value = found
        if name in given:
            return None
        given[name] = value
    clock = read_clock(given["clock"]) if "clock" in given else NINE
    dates = {name: read_date(given[name]) for name in ("from", "until") if name in given}
    if clock is None or None in dates.values():
        return None
    count = int(given["times"]) if "times" in given else None
    return _Asked(words, clock, dates.get("from") or local.date(), dates.get("until"), count)


def _tail(words: str) -> tuple[str, str, str] | None:
    for name, pattern in _TAILS:
        if found := re.fullmatch(pattern, words.lower()):
            return name, words[: found.end(1)], found[2]
    return None


def _with_first(asked: _Asked, now: datetime, zone: str) -> Recurrence | None:
    """Begin at the first occurrence, so that a number of times counts only those that come."""
    start = datetime.combine(asked.start, asked.clock)
    rule = _rule(asked.words.lower(), asked.start) or _given(asked.words)
    if not rule or (asked.until and asked.count):
        return None
    passed = max(start, local_time(now, zone) - timedelta(days=1)) - timedelta(seconds=1)
    first = next((wall for wall in Recurrence(start, rule).after(passed) if Moment(wall, zone).at > now), None)
    if first is None or (asked.until and first.date() > asked.until):
        return None
    return Recurrence(first, rule, asked.until, asked.count)


def _rule(words: str, start: date) -> str:
    """Return the rule that friendly words stand for, or an empty text."""
    for pattern, build in _FORMS:
        if found := pattern.fullmatch(words):
            return build(found, start)
    return ""


def _daily(found: re.Match[str], _start: date) -> str:
    return f"FREQ=DAILY{_interval(found)}"


def _weekdays(_found: re.Match[str], _start: date) -> str:
    return "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"


def _weekly(found: re.Match[str], start: date) -> str:
    named = re.findall(WEEKDAY, found["days"] or "")
    numbers = sorted({weekday_of(name) for name in named}) or [start.weekday()]
    return f"FREQ=WEEKLY{_interval(found)};BYDAY={','.join(_CODES[number] for number in numbers)}"


def _monthly(found: re.Match[str], start: date) -> str:
    """Mean the same day of each month; the last one where a month is too short."""
    day = int(found["date"] or start.day)
    if day <= _SHORT_MONTH:
        return f"FREQ=MONTHLY{_interval(found)};BYMONTHDAY={day}"
    days = ",".join(str(one) for one in range(_SHORT_MONTH, day + 1))
    return f"FREQ=MONTHLY{_interval(found)};BYMONTHDAY={days};BYSETPOS=-1"


def _last_day(found: re.Match[str], _start: date) -> str:
    return f"FREQ=MONTHLY{_interval(found)};BYMONTHDAY=-1"


def _nth_weekday(found: re.Match[str], _start: date) -> str:
    return f"FREQ=MONTHLY{_interval(found)};BYDAY={_NTH[found['nth']]:+d}{_CODES[weekday_of(found['day'])]}"


def _interval(found: re.Match[str]) -> str:
    groups = found.groupdict()
    if groups.get("named"):
        return ";INTERVAL=3" if "quarter" in groups["named"] else ";INTERVAL=12"
    count = groups.get("count")
    return f";INTERVAL={2 if count == 'other' else count}" if count else ""


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], str]], ...] = tuple(
    (re.compile(pattern), build)
    for pattern, build in (
        (rf"daily|every day|every {_COUNT} days|every (?P<quarter>$)day", _daily),
        (r"weekdays|every weekday", _weekdays),
        (rf"(?:weekly|every week|every {_COUNT} weeks)(?: on (?P<days>{_DAYS}))?", _weekly),
        (rf"every (?:(?P<count>other) )?(?P<days>{_DAYS})", _weekly),
        (rf"{_MONTHS}(?: on the {_BY_DATE})?", _monthly),
        (rf"{_MONTHS} on the last day", _last_day),
        (rf"{_MONTHS} on the {_BY_DAY}", _nth_weekday),
        (rf"every {_BY_DAY}(?: of the month)?", _nth_weekday),
    )
)


def _given(words: str) -> str:
    """Return a rule that is written in RFC 5545's own words, where it may be used here; else an empty text."""
    written = words.upper().removeprefix("RRULE:").split(";")
    parts = dict(part.partition("=")[::2] for part in written)
    allowed = _ALLOWED.get(parts.pop("FREQ", ""))
    if allowed is None or len(parts) + 1 < len(written) or {"BYDAY", "BYMONTHDAY"} <= set(parts):
        return ""
    if not all(name in allowed and _is_sound(name, value) for name, value in parts.items()):
        return ""
    if "BYMONTHDAY" not in allowed and re.search("[0-9]", parts.get("BYDAY", "")):
        return ""  # the second Monday of a week
    return ";".join(written)


def _is_sound(name: str, value: str) -> bool:
    return all(re.fullmatch(_PARTS[name], one) for one in value.split(","))
