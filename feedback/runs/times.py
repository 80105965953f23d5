"""Times that people type, in their own time zone, and what a clock change makes of them. Knows nothing of schedules.

The grammar is small and closed on purpose. A lenient parser fills in what it cannot read, and a wrong guess here
writes to everybody at the wrong hour; so what is not one of the forms below is refused with examples.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from feedback.errors import TimePast, TimeTooFar, TimeUnclear, ZoneUnknown, quote

YEAR = timedelta(days=366)
CLOCK = r"[0-9]{1,2}(?::[0-9]{2})? ?(?:am|pm)?"
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
SPAN = r"[0-9]{1,4} (?:minute|hour|day|week)s?"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAY = "|".join(f"{day}|{day[:3]}" for day in WEEKDAYS)
_CLOCK = re.compile(r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2}))? ?(?P<half>am|pm)?")
_ON_DATE = re.compile(rf"(?P<day>{DATE})(?: at |t| )(?P<clock>{CLOCK})")
_ON_DAY = re.compile(rf"(?P<day>today|tomorrow|{WEEKDAY}) (?:at )?(?P<clock>{CLOCK})")
_LATER = re.compile(rf"in (?P<span>{SPAN})")
_TWELVE = 12
FORMS = "**{date} 09:30**, **tomorrow 9:00**, **today 17:00**, **friday 9am**, **in 2 hours** or **in 3 days**"


class Moment(msgspec.Struct, frozen=True):
    """A point in time as the clock on the wall in a place shows it. `wall` has no time zone of its own.

    A wall time that a clock change skips counts as the time shown when it would have come, one hour later; of one
    that comes twice, the first counts. RFC 5545 says the same.
    """

    wall: datetime
    zone: str
    about: str = ""  # what else the person should know

    @property
    def at(self) -> datetime:
        """The instant, in UTC."""
        return self.wall.replace(tzinfo=ZoneInfo(self.zone), fold=0).astimezone(UTC)

    @property
    def remark(self) -> str:
        """What is unusual about it, for the confirmation; mostly empty."""
        local = self.wall.replace(tzinfo=ZoneInfo(self.zone))
        first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
        if first is None or second is None or first == second:
            return self.about
        if first > second:
            return f"The clock goes back then and {self.wall:%H:%M} comes twice; the first one counts."
        return f"The clock goes forward then and skips {self.wall:%H:%M}; {_shown(self):%H:%M} counts."

    def __str__(self) -> str:
        return f"{_shown(self):%A, %-d %B %Y, %H:%M} ({self.zone})"


def check_zone(name: str) -> ZoneInfo:
    """Return an IANA time zone. Raises `ZoneUnknown`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of the database, or a path out of it
        raise ZoneUnknown(zone=quote(name)) from None


def local_time(now: datetime, zone: str) -> datetime:
    """Return what the clock on the wall shows, to the second. Raises `ZoneUnknown`."""
    return now.astimezone(check_zone(zone)).replace(tzinfo=None, microsecond=0, fold=0)


def later(at: datetime, span: timedelta, zone: str) -> datetime:
    """Return the instant a while after another: days, of 24 hours each, keep the time of day; the rest is counted."""
    if not span.days:
        return at + span
    days = timedelta(days=span.days)
    return Moment(local_time(at, zone) + days, zone).at + (span - days)


def read_time(text: str, *, now: datetime, zone: str) -> Moment:
    """Return the moment that somebody in a time zone means.

    A weekday is the next one, today included while the time is to come. Raises `TimeUnclear`, `TimePast`,
    `TimeTooFar` or `ZoneUnknown`.
    """
    local = local_time(now, zone)
    plain = " ".join(text.lower().split())
    if found := _LATER.fullmatch(plain):
        return _checked(_in(read_span(found["span"]), now, zone), text, now)
    wall = _wall(plain, local)
    if wall is None:
        raise TimeUnclear(time=quote(text), forms=FORMS.format(date=tomorrow(local)))
    return _checked(Moment(_within_reach(wall, local), zone), text, now)


def read_span(text: str) -> timedelta | None:
    """Return a length of time such as “3 days”, or None."""
    plain = " ".join(text.lower().split())
    if not re.fullmatch(SPAN, plain):
        return None
    count, unit = plain.split()
    return timedelta(**{f"{unit.removesuffix('s')}s": int(count)})


def read_clock(text: str) -> time | None:
    """Return a time of day such as “9:30”, “17:00” or “9am”, or None. A bare “9” is none: it could be either half."""
    found = _CLOCK.fullmatch(text.strip().lower())
    if found is None or not (found["minute"] or found["half"]):
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= _TWELVE:
            return None
        hour = hour % _TWELVE + (_TWELVE if found["half"] == "pm" else 0)
    try:
        return time(hour, minute)
    except ValueError:  # 25:00
        return None


def read_date(text: str) -> date | None:
    """Return a date such as “2026-12-01”, or None."""
    try:
        return date.fromisoformat(text) if re.fullmatch(DATE, text) else None
    except ValueError:  # the 30th of February
        return None


def weekday_of(name: str) -> int:
    """Return the number of a weekday, Monday being 0."""
    return next(number for number, day in enumerate(WEEKDAYS) if day.startswith(name.lower()))


def _wall(plain: str, local: datetime) -> datetime | None:
    if found := _ON_DATE.fullmatch(plain):
        day, clock = read_date(found["day"]), read_clock(found["clock"])
        return datetime.combine(day, clock) if day and clock is not None else None
    found = _ON_DAY.fullmatch(plain)
    clock = read_clock(found["clock"]) if found else None
    if found is None or clock is None:
        return None
    if found["day"] in {"today", "tomorrow"}:
        return datetime.combine(local.date() + timedelta(days=found["day"] == "tomorrow"), clock)
    ahead = timedelta(days=(weekday_of(found["day"]) - local.weekday()) % 7)
    wall = datetime.combine(local.date() + ahead, clock)
    return wall if wall > local else wall + timedelta(weeks=1)


def _in(span: timedelta | None, now: datetime, zone: str) -> Moment:
    at = later(now.replace(microsecond=0), span or timedelta(), zone)
    moment = Moment(local_time(at, zone), zone)
    if moment.at == at:
        return moment
    about = f"The clock goes back then in {zone} and that hour comes twice, so I give it in UTC."
    return Moment(at.astimezone(UTC).replace(tzinfo=None), "UTC", about)


def _within_reach(wall: datetime, local: datetime) -> datetime:
    """Keep years that no calendar calculation can carry out of it; they stay past or too far."""
    return min(max(wall, local - YEAR), local + 2 * YEAR)


def _checked(moment: Moment, text: str, now: datetime) -> Moment:
    if moment.at <= now:
        shown = Moment(local_time(now, moment.zone), moment.zone)
        raise TimePast(time=quote(text), now=shown)
    if moment.at > now + YEAR:
        raise TimeTooFar(time=quote(text), date=tomorrow(local_time(now, moment.zone)))
    return moment


def tomorrow(local: datetime) -> date:
    """Return the day after."""
    return local.date() + timedelta(days=1)


def _shown(moment: Moment) -> datetime:
    return moment.at.astimezone(ZoneInfo(moment.zone))
