"""Takes slices from the queue and works on them, many at a time, until there is no more to do.

Who may work on a slice is settled in its document. What is done with it is a job: sending, or what follows it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from broadcast.lease import HeldMessage, HeldSlice
from broadcast.queue import Lease, Queue
from broadcast.rendering import Render
from broadcast.sender import Sender
from broadcast.sending import Sending
from broadcast.slices import SEND, LeaseLost, Slice, call_sent, is_being_sent, is_held, take_hold
from broadcast.steady import Steady
from feedback.errors import RunUnknown
from store.contract import Store, StoreError

AT_ONCE = 32  # slices in one process
PER_TENANT = 3  # of them for one tenant, so that few are in doubt at a time
IDLE_S = 2.0

Job = Callable[[HeldSlice], Awaitable[None]]  # what is done with a slice; all but sending is harmless to repeat

log = logging.getLogger(__name__)


class Worker(Steady):
    """Works. Several may run, in one process or in many; the slices' documents keep them apart.

    Told to stop, it records what is under way and hands it back.
    """

    def __init__(
        self,
        store: Store,
        queue: Queue,
        sender: Sender,
        *,
        render: Render,
        now: Callable[[], datetime],
        jobs: Mapping[str, Job] | None = None,
    ) -> None:
        super().__init__(idle_s=IDLE_S, pauses="broadcast pauses")
        self._store = store
        self._queue = queue
        self._now = now
        sending = Sending(store, sender, render=render, now=now)
        self._jobs: dict[str, Job] = {SEND: sending.work, **(jobs or {})}
        self._tenants: dict[str, asyncio.Semaphore] = {}

    async def drain(self) -> None:
        """Work until the queue has nothing that is due. Raises the first `StoreError`, once all else has stopped."""
        working: set[asyncio.Task[None]] = set()
        try:
            while (lease := await self._queue.take()) is not None or working:
                if lease is not None:
                    working.add(asyncio.create_task(self._work(lease)))
                if lease is None or len(working) >= AT_ONCE:
                    done, working = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        _check(task)
        finally:
            for task in working:
                task.cancel()
            if working:
                await asyncio.wait(working)

    async def _work_off(self) -> None:
        await self.drain()

    async def _work(self, lease: Lease) -> None:
        """Work on a slice. What fails by a fault in it, of its data or of ours, is counted by the queue."""
        slice_ = lease.slice
        async with (
            HeldMessage(self._queue, lease) as message,
            self._tenants.setdefault(slice_.tenant, asyncio.Semaphore(PER_TENANT)),
        ):
            if slice_.job != SEND and await is_being_sent(self._store, slice_):
                await message.leave(after_s=IDLE_S)  # what follows sending waits for it
                return
            lease_s = self._queue.lease_s
            grip = await take_hold(self._store, slice_, now=self._clock(), lease_s=lease_s)
            if grip is None:
                await self._leave(message, slice_)
                return
            try:
                async with HeldSlice(self._store, grip, self._clock, lease_s=lease_s) as held:
                    await self._jobs[slice_.job.partition("-")[0]](held)
            except RunUnknown:
                log.warning("slice %s belongs to no run", slice_)
                await message.set_aside("it belongs to no run")
            except LeaseLost:
                log.warning("slice %s was taken over", slice_)
                await message.leave(after_s=lease_s)
            else:
                await message.finish()
                await call_sent(self._store, slice_.run)

    async def _leave(self, message: HeldMessage, slice_: Slice) -> None:
        """Put down a message whose slice is done, or is being worked on by somebody else."""
        if await is_held(self._store, slice_, now=self._clock()):
            await message.leave(after_s=self._queue.lease_s)  # the slice may be free by then
        else:
            await message.finish()
            with contextlib.suppress(RunUnknown):
                await call_sent(self._store, slice_.run)

    def _clock(self) -> float:
        return self._now().timestamp()


def _check(task: asyncio.Task[None]) -> None:
    """Pass on that the store is away. Any other error concerns one slice; the queue has counted it."""
    error = task.exception()
    if isinstance(error, StoreError):
        raise error
    if error is not None:
        log.error("a slice could not be worked on", exc_info=error)
