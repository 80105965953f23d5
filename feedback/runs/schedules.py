"""Schedules: a survey sent to an audience at a time to come, once or again and again; and each of its occurrences.

Both live in one book of the ledger. `at` is when the ticker has to look at one next, and absent when it need not, so
that a tick costs what is due and not what is kept. An occurrence is written in the same batch that moves its schedule
on, under its wall time: whoever is second finds the schedule moved, and a crash leaves an occurrence that says `due`.
"""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import chain, islice

import msgspec

from feedback.errors import ApprovalNeedsAnother, ScheduleIsOver, ScheduleUnknown, quote
from feedback.runs.times import Moment
from feedback.runs.timing import Timing
from store.contract import Change, Conflict, Create, Doc, Missing, Op, Patch, Store, Where
from store.pages import documents, pages

BOOK = "schedules"
GRACE = timedelta(hours=6)  # an occurrence that is later than this is missed, not started
LEASE = timedelta(minutes=2)  # an instance that is at work on something has it for this long
MOST_AT_ONCE = 90  # occurrences written with one move, as a batch takes 100; when there are more, all are long missed
FIXED = {"id", "schedule", "starts_at", "run", "timing"}
NAME_FORM = re.compile(r"[a-z][a-z0-9_-]{0,39}-s[1-9][0-9]{0,8}")
GROUP = 10  # documents that are given together
PAUSED = "the schedule was paused"
STOPPED = "the schedule was stopped"
MISSED = "the service was not running"
SUPERSEDED = "the service was not running, and the next one was due already"


class OccurrenceState(StrEnum):
    """What became of an occurrence."""

    DUE = "due"  # about to start
    STARTED = "started"  # its run exists
    MISSED = "missed"  # too late to start; the reason says why
    SKIPPED = "skipped"  # paused or stopped; the reason says which
    REFUSED = "refused"  # nothing could be sent; the reason says why


class Schedule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A survey, an audience, and when. `next` is the wall time of the occurrence that comes next, `at` its instant."""

    id: str
    survey: str  # sent as it is at each start
    audience: str
    owner: str  # person id
    timing: Timing
    created_at: datetime
    approved_by: str = ""  # person id of a second admin
    approved_people: int = 0  # how many it would have reached when it was approved
    is_paused: bool = False
    is_stopped: bool = False
    next: datetime | None = None
    at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will start."""
        return self.next is None


class Occurrence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One start of a schedule, and what follows it. The id is "<schedule>@<wall time>"."""

    id: str
    schedule: str
    starts_at: datetime  # in UTC
    run: str  # the name of its run, whether that exists or not
    state: OccurrenceState
    timing: Timing  # as it was then
    reason: str = ""
    sent_at: datetime | None = None  # when everybody had been written to; known only where reminders follow
    reminded: int = 0  # reminders that have been asked for
    closes_at: datetime | None = None
    closed_at: datetime | None = None
    at: datetime | None = None


class Slot(msgspec.Struct, frozen=True):
    """Where in time an occurrence belongs."""

    wall: datetime
    at: datetime


async def make_schedule(
    store: Store, survey: str, audience: str, timing: Timing, *, owner: str, now: datetime
) -> Schedule:
    """Keep a new schedule under the next free name, "<survey>-s<number>", and return it."""
    number = sum(one.survey == survey for one in await list_schedules(store)) + 1
    while True:
        schedule = Schedule(
            id=f"{survey}-s{number}",
            survey=survey,
            audience=audience,
            owner=owner,
            timing=timing,
            created_at=now,
            next=timing.recurrence.start,
            at=timing.start.at,
        )
        try:
            await store.create("ledger", _doc(schedule, "schedule"))
        except Conflict:
            number += 1
        else:
            return schedule


async def find_schedule(store: Store, name: str) -> Schedule:
    """Return a schedule by its name, in any case. Raises `ScheduleUnknown`."""
    known = name.strip().lower()
    doc = await store.get("ledger", BOOK, known) if NAME_FORM.fullmatch(known) else None
    if doc is None:
        raise ScheduleUnknown(schedule=quote(name))
    return msgspec.convert(doc, Schedule)


async def list_schedules(store: Store) -> list[Schedule]:
    """Return every schedule by name, those that are over included."""
    where = [Where("kind", Op.EQ, "schedule")]
    found = documents(store, "ledger", partition=BOOK, where=where, limit=500)
    return [msgspec.convert(doc, Schedule) async for doc in found]


async def pause_schedule(store: Store, name: str, *, is_paused: bool) -> Schedule:
    """Let what comes be skipped, or start again. Raises `ScheduleUnknown` or `ScheduleIsOver`."""
    if (known := await find_schedule(store, name)).is_over:
        raise ScheduleIsOver(schedule=known.id)
    return await _change(store, Patch(id=known.id, set={"is_paused": is_paused}))


async def approve_schedule(store: Store, name: str, *, by: str, people: int) -> Schedule:
    """Let what a schedule starts go to so many people.

    Raises `ScheduleUnknown`, `ScheduleIsOver` or `ApprovalNeedsAnother`.
    """
    known = await find_schedule(store, name)
    if known.is_over:
        raise ScheduleIsOver(schedule=known.id)
    if known.owner == by:
        raise ApprovalNeedsAnother(run=known.id)
    return await _change(store, Patch(id=known.id, set={"approved_by": by, "approved_people": people}))


async def stop_schedule(store: Store, name: str) -> Schedule:
    """Start nothing more; runs that have started keep their reminders and their closing date."""
    known = await find_schedule(store, name)
    if known.is_over:
        return known
    return await _change(store, Patch(id=known.id, set={"is_stopped": True}, unset=["at", "next"]))


async def find_occurrence(store: Store, key: str) -> Occurrence | None:
    """Return an occurrence by its id, or None."""
    doc = await store.get("ledger", BOOK, key)
    return None if doc is None else msgspec.convert(doc, Occurrence)


async def latest_occurrences(store: Store, schedule: Schedule, limit: int = 10) -> list[Occurrence]:
    """Return what became of the latest occurrences, latest first."""
    where = [Where("id", Op.GE, f"{schedule.id}@"), Where("id", Op.LT, f"{schedule.id}A")]
    page = await store.query("ledger", partition=BOOK, where=where, descending=True, limit=limit)
    return [msgspec.convert(doc, Occurrence) for doc in page.docs]


def upcoming(schedule: Schedule, limit: int = 3) -> list[Moment]:
    """Return the next moments, for the person to see what they asked for."""
    return [Moment(slot.wall, schedule.timing.zone) for slot in islice(_slots(schedule), limit)]


async def due(store: Store, now: datetime) -> AsyncIterator[list[Schedule | Occurrence]]:
    """Give what has to be looked at by now, longest due first, a few at a time."""
    where = [Where("at", Op.LE, _stamp(now))]
    async for page in pages(store, "ledger", partition=BOOK, where=where, order="at", limit=GROUP):
        yield [_read(doc) for doc in page]


async def advance(store: Store, schedule: Schedule, now: datetime) -> Occurrence | None:
    """Record every occurrence that has come, move the schedule on, and return the one to start, held for the caller.

    Only the latest one may start, and only within the grace time. None also when somebody else was first. More than
    90 at a time take several calls.
    """
    passed, following = _passed(schedule, now)
    found = [_occurrence(schedule, slot, now, is_latest=slot is passed[-1]) for slot in passed]
    creates: list[Change] = [Create(_doc(one, "occurrence")) for one in found]
    try:
        await store.batch("ledger", BOOK, [*creates, _moved(schedule, following)])
    except Conflict:
        return None
    return found[-1] if found and found[-1].state is OccurrenceState.DUE else None


async def hold(store: Store, occurrence: Occurrence, now: datetime) -> Occurrence | None:
    """Keep others off an occurrence for a while; None when they were first."""
    held = msgspec.structs.replace(occurrence, at=_whole(now + LEASE))
    return held if await settle(store, occurrence, held) else None


async def settle(store: Store, held: Occurrence, news: Occurrence) -> bool:
    """Write what became of an occurrence, unless somebody else has taken it over meanwhile; say which."""
    fields: Doc = msgspec.to_builtins(news)
    changes = {name: value for name, value in fields.items() if name not in FIXED}
    if news.at is not None:
        changes["at"] = _stamp(news.at)
    patch = Patch(id=held.id, set=changes, unset=["at"] if news.at is None else [], when=[_untouched(held.at)])
    try:
        await store.patch("ledger", BOOK, patch)
    except (Conflict, Missing):
        return False
    return True


def _passed(schedule: Schedule, now: datetime) -> tuple[list[Slot], Slot | None]:
    """Return the slots that have come, oldest first, at most 90, and the one after them."""
    passed: list[Slot] = []
    for slot in _slots(schedule):
        if slot.at > now or len(passed) == MOST_AT_ONCE:
            return passed, slot
        passed.append(slot)
    return passed, None


def _slots(schedule: Schedule) -> Iterator[Slot]:
    """Give the slots from the next one on. Two that a clock change brings to the same instant are one."""
    last: datetime | None = None
    walls = chain([schedule.next], schedule.timing.recurrence.after(schedule.next)) if schedule.next else iter(())
    for wall in walls:
        at = Moment(wall, schedule.timing.zone).at
        if last is None or at > last:
            yield Slot(wall, at)
        last = at


def _occurrence(schedule: Schedule, slot: Slot, now: datetime, *, is_latest: bool) -> Occurrence:
    state, reason = OccurrenceState.DUE, ""
    if schedule.is_paused:
        state, reason = OccurrenceState.SKIPPED, PAUSED
    elif not is_latest:
        state, reason = OccurrenceState.MISSED, SUPERSEDED
    elif now - slot.at > GRACE:
        state, reason = OccurrenceState.MISSED, MISSED
    return Occurrence(
        id=f"{schedule.id}@{slot.wall:%Y-%m-%dT%H:%M:%S}",
        schedule=schedule.id,
        starts_at=slot.at,
        run=f"{schedule.id}.{slot.wall:%Y-%m-%d}",  # no other run has a dot
        state=state,
        timing=schedule.timing,
        reason=reason,
        at=_whole(now + LEASE) if state is OccurrenceState.DUE else None,
    )


def _moved(schedule: Schedule, following: Slot | None) -> Patch:
    seen = _untouched(schedule.at)
    if following is None:
        return Patch(id=schedule.id, unset=["next", "at"], when=[seen])
    news = {"next": msgspec.to_builtins(following.wall), "at": _stamp(following.at)}
    return Patch(id=schedule.id, set=news, when=[seen])


async def _change(store: Store, patch: Patch) -> Schedule:
    return msgspec.convert(await store.patch("ledger", BOOK, patch), Schedule)


def _read(doc: Doc) -> Schedule | Occurrence:
    if doc["kind"] == "schedule":
        return msgspec.convert(doc, Schedule)
    return msgspec.convert(doc, Occurrence)


def _doc(one: Schedule | Occurrence, kind: str) -> Doc:
    doc: Doc = msgspec.to_builtins(one)
    return {**doc, "book": BOOK, "kind": kind}


def _untouched(at: datetime | None) -> Where:
    return Where("at", Op.MISSING) if at is None else Where("at", Op.EQ, _stamp(at))


def _stamp(at: datetime) -> str:
    """Return an instant as it is kept: to the second, so that the order of the texts is the order of the instants."""
    return str(msgspec.to_builtins(_whole(at)))


def _whole(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)
