"""The ticker: starts what is due, reminds, and closes. What is due is in feedback/runs/schedules.py.

Several may tick, in one process or in many. Each step is recorded after it is done and may be done again after a
crash, so what the ticker calls must be harmless to repeat; it knows nothing of how cards are sent.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from broadcast.steady import Steady
from feedback.errors import Refusal, RunUnknown
from feedback.runs.runs import Run, RunState, close_run, find_run
from feedback.runs.schedules import (
    GRACE,
    MISSED,
    PAUSED,
    STOPPED,
    Occurrence,
    OccurrenceState,
    Schedule,
    advance,
    due,
    find_schedule,
    hold,
    settle,
)
from feedback.runs.times import later
from store.contract import Store, StoreError

IDLE_S = 15.0
LOOK_AGAIN = timedelta(minutes=1)  # at a run that reminders wait for, until everybody has been written to

StartRun = Callable[[Schedule, Occurrence], Awaitable[None]]  # write the run named `occurrence.run` and begin to send
Remind = Callable[[str, int], Awaitable[None]]  # queue reminder number n of a run, under a name of its own
Chore = Callable[[], Awaitable[None]]  # something else that has its times, such as those who said “later”
CloseRun = Callable[[str], Awaitable[None]]  # queue the closing of a run's cards, under a name of its own

log = logging.getLogger(__name__)


class Ticker(Steady):
    """Looks at what is due. `start_run` may refuse with a `Refusal`; all three must be harmless to repeat."""

    def __init__(
        self,
        store: Store,
        start_run: StartRun,
        remind: Remind,
        close_run: CloseRun,
        now: Callable[[], datetime],
        *,
        also: Sequence[Chore] = (),
    ) -> None:
        self._store = store
        self._start_run = start_run
        self._remind = remind
        self._close_run = close_run
        super().__init__(idle_s=IDLE_S, pauses="schedules wait")
        self._now = now
        self._also = also

    async def tick(self) -> None:
        """Do everything that is due now. What one schedule meets with holds up no other; faults of ours come last."""
        faults: list[BaseException] = []
        async for group in due(self._store, self._now()):
            ended = await asyncio.gather(*(self._attend(one) for one in group), return_exceptions=True)
            faults += [fault for fault in ended if fault is not None]
        ended = await asyncio.gather(*(chore() for chore in self._also), return_exceptions=True)
        faults += [fault for fault in ended if fault is not None]
        for fault in faults:
            if isinstance(fault, StoreError):
                log.error("a step of a schedule is tried again soon", exc_info=fault)
        if grave := [fault for fault in faults if not isinstance(fault, StoreError)]:
            msg = "some schedules met with faults"
            raise BaseExceptionGroup(msg, grave)

    async def _work_off(self) -> None:
        await self.tick()

    async def _attend(self, one: Schedule | Occurrence) -> None:
        if isinstance(one, Schedule):
            started = await advance(self._store, one, self._now())
            if started is not None:
                await self._start(one, started)
            return
        held = await hold(self._store, one, self._now())
        if held is None:
            return
        if held.state is OccurrenceState.DUE:
            await self._resume(held)
        else:
            await self._follow_up(held)

    async def _resume(self, held: Occurrence) -> None:
        """Start what somebody else left behind, unless it has not begun and should not any more."""
        schedule = await find_schedule(self._store, held.schedule)
        ended = None if await self._find_run(held) else self._too_late(schedule, held)
        if ended is None:
            await self._start(schedule, held)
        else:
            await settle(self._store, held, ended)

    def _too_late(self, schedule: Schedule, held: Occurrence) -> Occurrence | None:
        if schedule.is_stopped or schedule.is_paused:
            reason = STOPPED if schedule.is_stopped else PAUSED
            return replace(held, state=OccurrenceState.SKIPPED, reason=reason, at=None)
        if self._now() - held.starts_at > GRACE:
            return replace(held, state=OccurrenceState.MISSED, reason=MISSED, at=None)
        return None

    async def _start(self, schedule: Schedule, held: Occurrence) -> None:
        try:
            await self._start_run(schedule, held)
        except Refusal as refused:
            news = replace(held, state=OccurrenceState.REFUSED, reason=str(refused), at=None)
        else:
            timing, closes_at = held.timing, None
            if timing.closes_after is not None:
                closes_at = later(held.starts_at, timing.closes_after, timing.zone)
            started = replace(held, state=OccurrenceState.STARTED, closes_at=closes_at)
            news = replace(started, at=self._next_look(started))
        await settle(self._store, held, news)

    async def _follow_up(self, held: Occurrence) -> None:
        run = await self._find_run(held)
        if run is None:
            log.warning("the run %s is gone, and with it what should have followed", held.run)
            await settle(self._store, held, replace(held, at=None))
        elif held.closes_at is not None and held.closes_at <= self._now():
            await close_run(self._store, run)
            await self._close_run(held.run)
            await settle(self._store, held, replace(held, closed_at=self._now(), at=None))
        else:
            await self._remind_if_due(held, run)

    async def _remind_if_due(self, held: Occurrence, run: Run) -> None:
        news = held
        if run.state in {RunState.CLOSED, RunState.CANCELLED, RunState.RECALLED, RunState.FAILED}:
            news = replace(held, timing=replace(held.timing, reminders=None))
        elif held.sent_at is None and run.state is RunState.SENT:
            news = replace(held, sent_at=self._now())
        number = _reminders_due(news, self._now())
        if number > news.reminded:
            await self._remind(held.run, number)
            news = replace(news, reminded=number)
        await settle(self._store, held, replace(news, at=self._next_look(news)))

    def _next_look(self, one: Occurrence) -> datetime | None:
        looks = [one.closes_at] if one.closes_at is not None else []
        reminders = one.timing.reminders
        if reminders is not None and one.reminded < reminders.times:
            if one.sent_at is None:
                looks.append(self._now() + LOOK_AGAIN)
            else:
                looks.append(_reminder_at(one, one.sent_at, one.reminded + 1))
        return min(looks, default=None)

    async def _find_run(self, one: Occurrence) -> Run | None:
        try:
            return await find_run(self._store, one.run)
        except RunUnknown:
            return None


def _reminders_due(one: Occurrence, now: datetime) -> int:
    """Return how many reminders should have been given by now. After a long stop, only the last of them is."""
    reminders = one.timing.reminders
    if reminders is None or one.sent_at is None:
        return 0
    numbers = range(1, reminders.times + 1)
    return max((number for number in numbers if _reminder_at(one, one.sent_at, number) <= now), default=0)


def _reminder_at(one: Occurrence, sent_at: datetime, number: int) -> datetime:
    after = one.timing.reminders.after if one.timing.reminders else timedelta()
    return later(sent_at, number * after, one.timing.zone)
