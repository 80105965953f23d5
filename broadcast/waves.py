"""Lets the waves of runs leave: looks at what each segment has answered when a wave's time is over, and decides.

What is decided is written into the book first, over the version that was read; whatever follows for slices and people
follows from the book. So a crash repeats work and loses none, and of several that look at once one decides.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from broadcast.objections import STOPPED, why_stopped
from broadcast.plan import in_turns
from broadcast.queue import Queue
from broadcast.slices import (
    DONE,
    OPEN,
    WAITING,
    Grip,
    LeaseLost,
    Slice,
    advance,
    call_sent,
    grip_waiting,
    open_slices,
    waiting_slices,
)
from feedback.errors import RunUnknown
from feedback.results.results import CatchesUp
from feedback.results.tallies import Cell
from feedback.results.tally_tree import tally_of_slices
from feedback.runs.contacts import OVER_BUDGET, PERIOD, ContactRules, contacts
from feedback.runs.deliveries import Outcome
from feedback.runs.runs import DeliveryState, Run, RunState, find_run
from feedback.runs.wave_words import Waves
from feedback.standing import Asking, SegmentStanding, Standing, WavesStanding
from feedback.waves import (
    ALL_ASKED,
    OVER,
    Book,
    Segment,
    deciding,
    find_book,
    looked,
    margin_now,
    open_books,
    replace_book,
    segment_name,
    why_sure,
)
from store.contract import MAX_BATCH, Store

OUT = frozenset({RunState.SENDING, RunState.SENT})

log = logging.getLogger(__name__)


class WaveMaster:
    """Looks at the runs in waves. Several may, in one process or in many; `wake` is for the workers."""

    def __init__(
        self,
        store: Store,
        queue: Queue,
        tallier: CatchesUp,
        rules: ContactRules,
        *,
        now: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._queue = queue
        self._tallier = tallier
        self._rules = rules
        self._now = now
        self._wake = wake

    async def tick(self) -> None:
        """Do for every run in waves what is to be done now."""
        async for book, version in open_books(self._store):
            try:
                run = await find_run(self._store, book.run)
            except RunUnknown:
                log.warning("the run %s is gone, and with it its waves", book.run)
                await self._end(book, version)
                continue
            await self._attend(run, book, version)

    async def _attend(self, run: Run, book: Book, version: str) -> None:
        if run.state in STOPPED:
            for one in await waiting_slices(self._store, run.run):
                await self._cancel(one, why_stopped(run))
            await self._end(book, version)
        elif run.state in OUT and not book.is_done:
            await self._carry_out(run, book, version)
        elif run.state in OUT and not await open_slices(self._store, run.run):  # else a wave is leaving
            await self._go_on(run, book, version)

    async def _go_on(self, run: Run, book: Book, version: str) -> None:
        """Give a wave that has left its time; when that is over, decide."""
        if run.waves is None or not book.has_more:
            await call_sent(self._store, run.run)
            await self._end(book, version)
        elif book.look_at is None:
            timed = msgspec.structs.replace(book, look_at=self._now() + run.waves.every)
            await replace_book(self._store, timed, version)
        elif book.look_at <= self._now() and await self._tallier.catch_up(run.run):
            decided = looked(run, book, await cells_of(self._store, run, book))
            if newer := await replace_book(self._store, decided, version):
                log.info("run %s: %s", run.run, [(one.released, one.is_sure, one.n) for one in decided.segments])
                await self._carry_out(run, decided, newer)

    async def _carry_out(self, run: Run, book: Book, version: str) -> None:
        """Do to the waiting slices what the book says. Again after a crash, it does what is missing."""
        for one in await waiting_slices(self._store, run.run):
            segment, may_leave = book.fate(one.number) or (None, True)
            if may_leave:
                await self._release(run, one)
            elif segment is not None and segment.is_sure and run.waves is not None:
                await self._cancel(one, why_sure(run.waves, segment))
        await self._queue.put(in_turns(await open_slices(self._store, run.run)))
        self._wake()
        await replace_book(self._store, msgspec.structs.replace(book, is_done=True), version)

    async def _release(self, run: Run, slice_: Slice) -> None:
        """Let the people of a slice be written to, but those who were written to too often since the run was planned.

        That they are planned here counts as a contact already. Whoever started the run asked for it.
        """
        if (grip := await grip_waiting(self._store, slice_)) is None:
            return
        asked = [one for one in grip.waiting if one != run.created_by]
        counts = await contacts(self._store, asked, since=self._now() - PERIOD)
        over = [one for one in asked if counts.get(one, 0) > self._rules.contacts_per_30_days]
        await self._settle(grip, self._all(over, DeliveryState.EXCLUDED, OVER_BUDGET), OPEN)

    async def _cancel(self, slice_: Slice, reason: str) -> None:
        """Ask nobody of a slice any more, unless it waits no longer."""
        if (grip := await grip_waiting(self._store, slice_)) is not None:
            await self._settle(grip, self._all(grip.waiting, DeliveryState.CANCELLED, reason), DONE)

    async def _settle(self, grip: Grip, ended: Sequence[Outcome], state: str) -> None:
        """Let a slice wait no longer, and record what became of some of its people; unless somebody else was first."""
        most = MAX_BATCH - 1  # beside the slice's own document
        try:
            while len(ended) > most:
                grip = await advance(self._store, grip, ended[:most], (), until=0.0, state=WAITING)
                ended = ended[most:]
            await advance(self._store, grip, ended, (), until=0.0, state=state)
        except LeaseLost:
            log.info("slice %s is seen to elsewhere", grip.slice)

    def _all(self, people: Sequence[str], state: DeliveryState, reason: str) -> list[Outcome]:
        return [Outcome(person=one, state=state, at=self._now(), reason=reason) for one in people]

    async def _end(self, book: Book, version: str) -> None:
        await replace_book(self._store, msgspec.structs.replace(book, state=OVER), version)


async def cells_of(store: Store, run: Run, book: Book) -> list[Cell]:
    """Return what is counted of the people of each segment who were asked, or are being asked."""
    return [(await tally_of_slices(store, run, book.asked_slices(one))).everybody for one in book.segments]


async def with_waves(store: Store, standing: Standing) -> Standing:
    """Return where a run stands with its waves, where it has any; nobody knows the end before the last has left."""
    run, found = standing.run, await find_book(store, standing.run.run) if standing.run.waves is not None else None
    if run.waves is None or found is None:
        return standing
    book = found[0]
    if (question := deciding(run.survey)) is None:
        return standing
    cells = await cells_of(store, run, book)
    segments = tuple(
        _segment_standing(run, run.waves, book, one, margin_now(question, cell), cell)
        for one, cell in zip(book.segments, cells, strict=True)
    )
    waves = WavesStanding(run.waves, question, segments, book.look_at if book.is_open else None)
    now = msgspec.structs.replace(standing, waves=waves)
    return msgspec.structs.replace(now, finishes_at=None) if book.has_more else now


def _segment_standing(
    run: Run, waves: Waves, book: Book, one: Segment, now: tuple[int, float | None], cell: Cell
) -> SegmentStanding:
    asking, why = _asking(run, waves, book, one, cell)
    return SegmentStanding(
        name=segment_name(waves, one),
        people=one.people,
        asked=sum(cell.states.values()),
        answered=cell.answered,
        n=now[0],
        margin=now[1],
        left=min(one.released, book.waves_of(one)),
        waves=book.waves_of(one),
        asking=asking,
        why_ended=why,
    )


def _asking(run: Run, waves: Waves, book: Book, one: Segment, cell: Cell) -> tuple[Asking, str]:
    """Return whether more people of a segment are asked, and why not."""
    if one.is_sure:
        return Asking.SURE, why_sure(waves, one)
    is_cut = one.released < book.waves_of(one) or cell.states.get(DeliveryState.CANCELLED, 0)
    if run.state in STOPPED and is_cut:
        return Asking.STOPPED, why_stopped(run)
    if one.released < book.waves_of(one):
        return Asking.GOES_ON, ""
    return Asking.ALL_ASKED, ALL_ASKED
