"""What follows the audience in `send` and `schedule`: when, how often, reminders and the closing date.

An audience may be any words, so the time is what can be read as one, and what cannot be read is refused: a survey is
never sent at once because its time was misspelt. Quoted words always belong to the audience.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from feedback.errors import CloseTooEarly, FollowUpUnclear, ReminderTooLate, RuleUnclear, TimeTooFar, TimeUnclear, quote
from feedback.runs.recurrence import FORMS as RULE_FORMS
from feedback.runs.recurrence import Recurrence, read_recurrence
from feedback.runs.times import SPAN, YEAR, Moment, local_time, read_span, read_time, tomorrow
from feedback.runs.wave_words import Waves, WavesAlone, read_waves

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MOST_REMINDERS = 5
FORMS = "**remind after 3 days**, **remind after 3 days twice**, **close after 14 days** or **close at {date} 18:00**"
_QUOTED = '["“„][^"“”„]*["”]'
_FOLLOW_UP = re.compile(rf"{_QUOTED}|,\s*(?P<word>remind|close)\b", re.IGNORECASE)
_AT = re.compile(rf"{_QUOTED}|\s(?P<word>at)(?=\s|$)", re.IGNORECASE)
_RULE = re.compile(
    rf"{_QUOTED}|\s(?P<word>every|daily|weekdays|weekly|monthly|quarterly|yearly|(?:RRULE:)?FREQ=)", re.IGNORECASE
)
_REMIND = re.compile(rf"remind after (?P<span>{SPAN})(?: (?P<times>once|twice|[1-9] times))?")
_CLOSE = re.compile(rf"close (?:after (?P<span>{SPAN})|(?:at|on) (?P<time>.+))")


class Reminders(msgspec.Struct, frozen=True):
    """Ask again those who have not answered: how long after sending and after each other, and how many times."""

    after: timedelta
    times: int = 1


class Timing(msgspec.Struct, frozen=True, omit_defaults=True):
    """When something starts, in whose time zone, whether it recurs, and what follows each start."""

    recurrence: Recurrence
    zone: str
    reminders: Reminders | None = None
    closes_after: timedelta | None = None  # counted from the start

    @property
    def start(self) -> Moment:
        """The first start."""
        return Moment(self.recurrence.start, self.zone)


class Asked(msgspec.Struct, frozen=True):
    """What somebody asked for. Without a timing: now, and nothing follows. `remark` is for the confirmation.

    With `waves` it goes to a part of the audience now, and there is no timing.
    """

    audience: str
    timing: Timing | None
    remark: str = ""
    waves: Waves | None = None


def read_send(text: str, *, now: datetime, zone: str) -> Asked:
    """Read “<audience> [at <time>][, remind after …][, close after …]” or “<audience> until ±…”. Raises a `Refusal`."""
    audience, waves = read_waves(text)
    if waves is not None:
        _check_alone(audience, now, zone)
        return Asked(audience, None, waves=waves)
    first, follow_ups = _without_follow_ups(text)
    audience, moment = _read_at(first, now, zone)
    if moment is None and not follow_ups:
        return Asked(audience, None)
    start = moment or Moment(local_time(now, zone), zone)
    timing = _followed(Timing(Recurrence(start.wall), start.zone), follow_ups, now)
    return Asked(audience, timing, start.remark if moment else "")


def _check_alone(audience: str, now: datetime, zone: str) -> None:
    """Raise where a time or what follows stands before the waves."""
    first, follow_ups = _without_follow_ups(audience)
    if follow_ups:
        raise WavesAlone(words=quote(follow_ups[0]))
    if _read_at(first, now, zone)[1] is not None:
        raise WavesAlone(words=quote("at …"))


def read_schedule(text: str, *, now: datetime, zone: str) -> Asked:
    """Read “<audience> every … [, remind after …][, close after …]”. Raises a `Refusal`."""
    first, follow_ups = _without_follow_ups(text)
    audience, recurrence = _read_rule(first, now, zone)
    timing = _followed(Timing(recurrence, zone), follow_ups, now)
    return Asked(audience, timing, timing.start.remark)


def _read_at(text: str, now: datetime, zone: str) -> tuple[str, Moment | None]:
    refused: TimeUnclear | None = None
    for word in _words(_AT, text):
        try:
            return text[: word.start()].strip(), read_time(text[word.end() :].strip(), now=now, zone=zone)
        except TimeUnclear as unclear:
            refused = unclear
    if refused is not None:
        raise refused
    return text, None


def _read_rule(text: str, now: datetime, zone: str) -> tuple[str, Recurrence]:
    forms = RULE_FORMS.format(date=tomorrow(local_time(now, zone)))
    refused = RuleUnclear(rule=quote(text), forms=forms)
    for word in _words(_RULE, text):
        try:
            rule = read_recurrence(text[word.start("word") :].strip(), now=now, zone=zone)
            return text[: word.start()].strip(), rule
        except RuleUnclear as unclear:
            refused = unclear
    raise refused


def _words(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Give where a word stands that is not part of a quoted name."""
    return (found for found in pattern.finditer(text) if found["word"])


def _without_follow_ups(text: str) -> tuple[str, list[str]]:
    starts = [found.start() for found in _words(_FOLLOW_UP, text)]
    follow_ups = [text[start + 1 : end].strip(" ,") for start, end in pairwise([*starts, len(text)])]
    return text[: starts[0]].strip() if starts else text.strip(), follow_ups


def _followed(timing: Timing, follow_ups: list[str], now: datetime) -> Timing:
    for text in follow_ups:
        plain = " ".join(text.lower().split())
        reminders, closes_after = _read_reminders(plain), _read_close(plain, timing, now)
        is_second = timing.closes_after if closes_after else timing.reminders
        if (reminders is None and closes_after is None) or is_second is not None:
            raise FollowUpUnclear(text=quote(text), forms=FORMS.format(date=tomorrow(local_time(now, timing.zone))))
        timing = msgspec.structs.replace(
            timing, reminders=reminders or timing.reminders, closes_after=closes_after or timing.closes_after
        )
    return _checked(timing, now)


def _read_reminders(text: str) -> Reminders | None:
    found = _REMIND.fullmatch(text)
    after = read_span(found["span"]) if found else None
    if found is None or after is None or after < HOUR:
        return None
    words = found["times"] or "once"
    times = {"once": 1, "twice": 2}.get(words) or int(words.split()[0])
    return Reminders(after, times) if times <= MOST_REMINDERS else None


def _read_close(text: str, timing: Timing, now: datetime) -> timedelta | None:
    found = _CLOSE.fullmatch(text)
    if found is None:
        return None
    if found["span"]:
        return read_span(found["span"])
    if timing.recurrence.rule:
        return None  # a date would close the first run only
    return read_time(found["time"], now=now, zone=timing.zone).wall - timing.recurrence.start


def _checked(timing: Timing, now: datetime) -> Timing:
    reminders, closes_after = timing.reminders, timing.closes_after
    longest = max(closes_after or DAY, reminders.after if reminders else DAY)
    if longest > YEAR:
        raise TimeTooFar(time=quote(f"{longest.days} days"), date=tomorrow(local_time(now, timing.zone)))
    if closes_after is not None and closes_after < DAY:
        raise CloseTooEarly
    if closes_after and reminders and reminders.after * reminders.times >= closes_after:
        raise ReminderTooLate
    return timing
