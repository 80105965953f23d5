"""Plans at work: begun by a turn, finished beside it, and carried on with when whoever wrote one is gone.

Two that write one plan do no harm; that nobody does is what this prevents.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from broadcast.plan import Planner
from broadcast.slices import next_number
from broadcast.steady import Steady
from feedback.runs.runs import Run, RunState, find_run, runs_in
from store.contract import Store, StoreError

LOOK_S = 5.0
ABANDONED = timedelta(seconds=20)  # a plan that has not grown for so long is written by nobody

log = logging.getLogger(__name__)


class Planning(Steady):
    """Writes plans. `patience_s` is for how long somebody who asks for one waits until it is whole; None: for ever."""

    def __init__(
        self,
        store: Store,
        planner: Planner,
        *,
        now: Callable[[], datetime],
        wake: Callable[[], None],
        patience_s: float | None = None,
    ) -> None:
        super().__init__(idle_s=LOOK_S, pauses="plans wait")
        self._store = store
        self._planner = planner
        self._now = now
        self._wake = wake
        self._patience_s = patience_s
        self._writing: dict[str, asyncio.Task[Run]] = {}
        self._interrupted: set[str] = set()  # runs whose planning the store let down in this process
        self._seen: dict[str, tuple[int, datetime]] = {}  # how many slices the plan of a run had, and since when

    async def plan(self, run: Run) -> Run:
        """Write the plan of a run, and return the run: as it was before, where writing takes longer than patience.

        A store that does not answer only delays the plan (`carry_on`).
        """
        writing = self._begin(run)
        done, _ = await asyncio.wait({writing}, timeout=self._patience_s)
        return writing.result() if done else run

    async def carry_on(self) -> None:
        """Go on with the plans that the store interrupted, and with those that nobody writes any more.

        Raises `StoreError`.
        """
        for name in sorted(self._interrupted):
            run = await find_run(self._store, name)
            self._interrupted.discard(name)
            await self._resume(run)
        for run in await self._abandoned():
            log.warning("nobody goes on with the plan of run %s: it is carried on with here", run.run)
            await self._resume(run)

    async def run(self) -> None:
        """Carry on, and look again, until cancelled; then stop writing: what is missing is written by others."""
        try:
            await super().run()
        finally:
            for writing in self._writing.values():
                writing.cancel()

    async def _work_off(self) -> None:
        await self.carry_on()

    async def _resume(self, run: Run) -> None:
        if run.state is RunState.PLANNING:
            await self.plan(run)
        elif run.state is RunState.SENDING:  # the plan is whole, and may not be in the queue
            await self._planner.queue_open(run)
        self._wake()

    def _begin(self, run: Run) -> asyncio.Task[Run]:
        writing = self._writing.get(run.run)
        if writing is None:
            writing = self._writing[run.run] = asyncio.create_task(self._write(run))
            writing.add_done_callback(lambda _done: self._writing.pop(run.run, None))
        return writing

    async def _write(self, run: Run) -> Run:
        try:
            run = await self._planner.write(run)
        except StoreError:
            self._interrupted.add(run.run)
            log.warning("run %s is planned as soon as the store answers", run.run, exc_info=True)
        self._wake()
        return run

    async def _abandoned(self) -> list[Run]:
        """Return the runs whose plans do not grow or are not put into the queue, and are not written here."""
        found: list[Run] = []
        seen: dict[str, tuple[int, datetime]] = {}
        for run in await runs_in(self._store, {RunState.PLANNING, RunState.SENDING}):
            if run.state is RunState.SENDING and not run.is_unqueued:
                continue
            slices, now = await next_number(self._store, run.run), self._now()
            was, since = self._seen.get(run.run, (-1, now))
            is_left = was == slices and now - since >= ABANDONED
            seen[run.run] = (slices, since if was == slices and not is_left else now)
            if is_left and run.run not in self._writing:
                found.append(run)
        self._seen = seen
        return found
