"""How often and when people may be written to: the contact budget, and quiet hours in their own time zone.

Contacts are counted from the deliveries, which record every one of them anyway, so a contact costs no write of its
own, and is forgotten with its delivery. What is planned and still to come counts too, so that two runs that are planned
one after the other do not both go out. A count costs two queries for five hundred people, in plans alone; a log on each
person would cost one write for each message sent.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from feedback.people.people import Person, zone_of
from feedback.runs.deliveries import why_excluded
from feedback.runs.runs import DeliveryState
from store.contract import Op, Store, Where
from store.pages import documents

PERIOD = timedelta(days=30)
REMINDED = timedelta(days=60)  # how long after it was sent a message may still be followed by reminders
OVER_BUDGET = "contact budget"
PAGE = 1000
TOGETHER = 500  # people asked about in one query
_QUARTER = timedelta(minutes=15)  # every time zone of today is a whole number of quarter hours from UTC
_SATURDAY = 5
_CONTACTED = frozenset(  # states in which the person has, or may have, a message
    {
        DeliveryState.SENDING,
        DeliveryState.SENT,
        DeliveryState.ANSWERED,
        DeliveryState.UNCONFIRMED,
        DeliveryState.RECALLED,
    }
)


class QuietHours(msgspec.Struct, frozen=True):
    """When nobody is written to, by the clock on their wall. The same time twice means at no hour of the day.

    Times are whole quarter hours. `is_weekend_quiet` keeps Saturdays and Sundays quiet all day.
    """

    start: time = time(20)
    end: time = time(8)
    is_weekend_quiet: bool = False
    zone: str = "UTC"  # of people who have told none

    def __post_init__(self) -> None:
        if any(one.minute % 15 or one.second or one.microsecond for one in (self.start, self.end)):
            msg = f"quiet hours begin and end at a quarter hour, not at {self.start} and {self.end}"
            raise ValueError(msg)
        if zone_of(self.zone) is None:
            msg = f"not a time zone: {self.zone!r}"
            raise ValueError(msg)

    def include(self, local: datetime) -> bool:
        """Say whether a moment is quiet where the clock shows it."""
        if self.is_weekend_quiet and local.weekday() >= _SATURDAY:
            return True
        hour = local.time()
        if self.start <= self.end:
            return self.start <= hour < self.end
        return hour >= self.start or hour < self.end


AT_NO_HOUR = QuietHours(time(0), time(0))


class ContactRules(msgspec.Struct, frozen=True):
    """What an organisation asks of whoever writes to people."""

    contacts_per_30_days: int = 4
    quiet: QuietHours = QuietHours()


class _Contacted(msgspec.Struct, frozen=True):
    """What a delivery says about contacts; its answers are nobody's business here."""

    id: str
    state: DeliveryState
    sent_at: datetime | None = None
    reminded_at: tuple[datetime, ...] = ()


class Verdict(msgspec.Struct, frozen=True):
    """What a run may do with a person: nothing, for a reason, or write to them from a moment on."""

    person: Person
    reason: str  # empty when they may be written to
    not_before: datetime


async def verdicts(
    store: Store, people: Sequence[Person], *, now: datetime, rules: ContactRules, by: str
) -> list[Verdict]:
    """Say of each person whether and when a new run may write to them, at two queries for five hundred people.

    Whoever starts the run (`by`) asked for it, so neither their budget nor their quiet hours hold it back.
    """
    reasons = {one.id: why_excluded(one) for one in people}
    asked = [one.id for one in people if not reasons[one.id] and one.id != by]
    over = await over_budget(store, asked, now, limit=rules.contacts_per_30_days)
    reasons |= dict.fromkeys(over, OVER_BUDGET)
    return [
        Verdict(one, reasons[one.id], now if one.id == by else next_allowed(one, now, rules.quiet)) for one in people
    ]


async def over_budget(store: Store, people: Sequence[str], now: datetime, *, limit: int = 4) -> set[str]:
    """Return those whom one more contact would take over the limit for 30 days."""
    counts = await contacts(store, people, since=now - PERIOD)
    return {one for one in people if counts.get(one, 0) >= limit}


async def contacts(store: Store, people: Sequence[str], *, since: datetime) -> Mapping[str, int]:
    """Return how often people were written to since a moment, or will be, reminders included, over all runs."""
    counts: Counter[str] = Counter()
    for start in range(0, len(people), TOGETHER):
        counts += await _contacts(store, people[start : start + TOGETHER], since)
    return counts


def next_allowed(person: Person, now: datetime, quiet: QuietHours) -> datetime:
    """Return `now` in UTC, or the first moment after the quiet hours that it falls into where the person is."""
    name = person.time_zone if zone_of(person.time_zone) is not None else quiet.zone
    at = now.astimezone(UTC)
    quarter = at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
    return max(at, _allowed_from(quarter, name, quiet))


@lru_cache(maxsize=4096)
def _allowed_from(quarter: datetime, zone: str, quiet: QuietHours) -> datetime:
    """Return the first quarter hour from one on that is not quiet. Looking at each makes clock changes no matter."""
    local = ZoneInfo(zone)
    while quiet.include(quarter.astimezone(local)):
        quarter += _QUARTER
    return quarter


async def _contacts(store: Store, people: Sequence[str], since: datetime) -> Counter[str]:
    theirs = [Where("kind", Op.EQ, "delivery"), Where("id", Op.IN, list(people))]
    lately = Where("sent_at", Op.GE, msgspec.to_builtins(since - REMINDED))
    to_come = Where("state", Op.EQ, DeliveryState.PLANNED.value)
    had = await _counted(store, [*theirs, lately], lambda one: _count(one, since))
    return had + await _counted(store, [*theirs, to_come], lambda _one: 1)


async def _counted(store: Store, where: Sequence[Where], count: Callable[[_Contacted], int]) -> Counter[str]:
    counts: Counter[str] = Counter()
    async for doc in documents(store, "runs", where=where, limit=PAGE):
        one = msgspec.convert(doc, _Contacted)
        counts[one.id] += count(one)
    return counts


def _count(one: _Contacted, since: datetime) -> int:
    at_times = [at for at in (one.sent_at, *one.reminded_at) if at is not None]
    return sum(at >= since for at in at_times) if one.state in _CONTACTED else 0
