"""From an audience to deliveries of a run in waves: all planned at once, in slices of which only the first wave leaves.

Who is asked in which wave is a matter of chance alone: each segment is put in the random order of the run's seed and
cut. The book with the numbers of everybody's slices is written first, so that planning that begins again after a crash
comes to the same slices. Memory holds a hash and an id for each person.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from broadcast.slices import OPEN, WAITING, Slice, ahead_of, next_number, write_slices
from feedback.errors import quote
from feedback.people.people import Person, Policy, find_people
from feedback.runs.audiences import people_in
from feedback.runs.contacts import ContactRules, verdicts
from feedback.runs.deliveries import SLICE, planned, without_delivery, write_planned
from feedback.runs.dry_run import in_groups
from feedback.runs.runs import DeliveryState, Run, deliveries
from feedback.runs.wave_words import Waves
from feedback.waves import (
    MOST_SEGMENTS,
    Book,
    Segment,
    TooManySegments,
    find_book,
    keep_new_book,
    new_book,
    place_of,
    segment_of,
    unknown_segment,
)
from store.contract import Store

_EXCLUDED = frozenset({DeliveryState.EXCLUDED})


async def check_segments(store: Store, audience: str, waves: Waves, *, policy: Policy, by: str) -> None:
    """Raise where an audience has no segments by an attribute, or too many to be sure of each."""
    if not waves.by:
        return
    values = set()
    async for one in people_in(store, audience, policy=policy, by=by):
        values.add(segment_of(waves, one.attributes))
        if len(values) > MOST_SEGMENTS:
            raise TooManySegments(attribute=quote(waves.by), most=MOST_SEGMENTS)
    if not values - {""}:
        raise unknown_segment(waves)


class WavePlan:
    """The people of one run in waves, by segment in their random order, and those who may not be written to."""

    def __init__(self, store: Store, run: Run, waves: Waves) -> None:
        self._store = store
        self._run = run
        self._waves = waves
        self._drawn: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        self._excluded: dict[str, str] = {}  # person -> reason

    async def write(self, policy: Policy, rules: ContactRules, now: datetime) -> None:
        """Write what is missing of the run's deliveries and slices.

        Who joins the audience after the book was written, in a segment that is not in it, is not in the run.
        """
        run, known = self._run, await find_book(self._store, self._run.run)
        out = {one.id async for one in deliveries(self._store, run.run, states=_EXCLUDED)} if known else set()
        async for group in in_groups(people_in(self._store, run.audience, policy=policy, by=run.created_by)):
            new = await without_delivery(self._store, run.run, group) if known else group
            self._draw([one for one in group if one not in new and one.id not in out])  # those keep their places
            for one in await verdicts(self._store, new, now=now, rules=rules, by=run.created_by):
                if one.reason:
                    self._excluded[one.person.id] = one.reason
                else:
                    self._draw([one.person])
        counts = {value: len(people) for value, people in self._drawn.items()}
        book = await keep_new_book(self._store, new_book(run, self._waves, counts))
        for segment in book.segments:
            await self._write_segment(book, segment)
        await self._write_excluded(book)

    def _draw(self, people: Sequence[Person]) -> None:
        for one in people:
            value = segment_of(self._waves, one.attributes)
            self._drawn[value].append((place_of(self._run.seed, one.id), one.id))

    async def _write_segment(self, book: Book, segment: Segment) -> None:
        """Write the slices of a segment in their order: within a wave people come by tenant, as their ids do."""
        people = [person for _, person in sorted(self._drawn[segment.value])]
        last = book.waves_of(segment) - 1
        for wave in range(last + 1):
            start = wave * book.size
            some = sorted(people[start:] if wave == last else people[start : start + book.size])
            numbers = book.slices_of(segment, wave)
            for place, number in enumerate(numbers):
                part = some[place * SLICE :] if number == numbers[-1] else some[place * SLICE : (place + 1) * SLICE]
                await self._write_slice(number, part, state=OPEN if wave < segment.released else WAITING)

    async def _write_excluded(self, book: Book) -> None:
        number = max(book.end, await next_number(self._store, self._run.run))
        for start in range(0, len(self._excluded), SLICE):
            await self._write_slice(number, [*self._excluded][start : start + SLICE], state=OPEN)
            number += 1

    async def _write_slice(self, number: int, ids: Sequence[str], *, state: str) -> None:
        run = self._run
        for start in range(0, max(len(ids), 1), SLICE):
            people = await find_people(self._store, ids[start : start + SLICE])
            tenant = people[0].tenant if people else ""
            slice_ = Slice(run.run, number, tenant)
            has_first_contacts = any(one.conversation is None and one.id not in self._excluded for one in people)
            await write_slices(self._store, [slice_, ahead_of(slice_)] if has_first_contacts else [slice_], state=state)
            new = [planned(run, one, number, self._excluded.get(one.id, "")) for one in people]
            await write_planned(self._store, run.run, new)
