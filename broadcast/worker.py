"""Takes slices from the queue and works on them, many at a time, until there is no more to do.

Who may work on a slice is settled in its document. What is done with it is a job: sending, or what follows it.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime

from broadcast.lease import HeldMessage, HeldSlice
from broadcast.queue import Lease, Queue
from broadcast.rendering import Render
from broadcast.sender import Sends
from broadcast.sending import Sending
from broadcast.slices import (
    OPEN_CHATS,
    SEND,
    Grip,
    LeaseLost,
    Slice,
    ahead_of,
    call_sent,
    held_for,
    is_being_sent,
    take_hold,
    take_up,
)
from broadcast.steady import Steady
from feedback.errors import RunUnknown
from feedback.runs.contacts import AT_NO_HOUR, QuietHours
from store.contract import Store, StoreError

AT_ONCE = 32  # slices in one process
PER_TENANT = 3  # of them for one tenant, so that few are in doubt at a time
WAITING = 4  # held back because the tenant has enough at work; what is beyond that is left for other processes
IDLE_S = 2.0

Job = Callable[[HeldSlice], Awaitable[datetime | None]]
"""What is done with a slice; all but sending is harmless to repeat. Returns when to go on, or None."""

log = logging.getLogger(__name__)


class _Waits(Exception):
    """Something comes before this slice."""


class Worker(Steady):
    """Works. Several may run, in one process or in many; the slices' documents keep them apart.

    Told to stop, it records what is under way and hands it back.
    """

    def __init__(
        self,
        store: Store,
        queue: Queue,
        sender: Sends,
        *,
        render: Render,
        now: Callable[[], datetime],
        jobs: Mapping[str, Job] | None = None,
        quiet: QuietHours = AT_NO_HOUR,
    ) -> None:
        super().__init__(idle_s=IDLE_S, pauses="broadcast pauses")
        self._store = store
        self._queue = queue
        self._now = now
        sending = Sending(store, sender, render=render, now=now, quiet=quiet)
        self._jobs: dict[str, Job] = {SEND: sending.work, **(jobs or {})}
        self._tenants: dict[str, asyncio.Semaphore] = {}
        self._waiting = 0  # slices taken from the queue whose turn has not come
        self._under_way: Counter[str] = Counter()  # slices of each run

    async def drain(self) -> None:
        """Work until the queue has nothing that is due. Raises the first `StoreError`, once all else has stopped."""
        working: set[asyncio.Task[None]] = set()
        look_at = 0.0  # an empty queue is not asked again for each slice that is finished
        try:
            while True:
                is_early = bool(working) and self._time() < look_at
                lease = None if is_early else await self._queue.take()
                if lease is not None:
                    working.add(asyncio.create_task(self._attend(lease)))
                elif not working:
                    return
                elif not is_early:
                    look_at = self._time() + IDLE_S
                if lease is None or len(working) >= AT_ONCE or self._waiting >= WAITING:
                    wait_s = max(look_at - self._time(), 0.0) if lease is None else None
                    done, working = await asyncio.wait(working, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        _check(task)
        finally:
            for task in working:
                task.cancel()
            if working:
                await asyncio.wait(working)

    async def _work_off(self) -> None:
        await self.drain()

    async def _attend(self, lease: Lease) -> None:
        """Work on a slice, look whether its run is sent with it, and only then let its message go.

        Whatever keeps this from its end, someone takes the message again and looks.
        """
        run = lease.slice.run
        async with HeldMessage(self._queue, lease) as message:
            self._under_way[run] += 1
            try:
                is_over = await self._work(message, lease.slice)
            finally:
                self._under_way[run] -= 1
                is_last = not self._under_way[run]
                if is_last:
                    del self._under_way[run]
            if not is_over:
                return
            if is_last:  # of those under way here; the others leave it to the last
                with contextlib.suppress(RunUnknown):
                    await call_sent(self._store, run)
            await message.finish()

    async def _work(self, message: HeldMessage, slice_: Slice) -> bool:
        """Work on a slice, and say whether its message is done with.

        What fails by a fault in it, of its data or of ours, is counted by the queue.
        """
        async with self._turn_of(slice_.tenant):
            lease_s, go_on_at = self._queue.lease_s, None
            try:
                grip = await self._grip(slice_)
                if grip is None:
                    return await self._is_done(message, slice_)
                async with HeldSlice(self._store, grip, self._clock, lease_s=lease_s) as held:
                    go_on_at = await self._jobs[slice_.job.partition("-")[0]](held)
            except RunUnknown:
                log.warning("slice %s belongs to no run", slice_)
                await message.set_aside("it belongs to no run")
            except _Waits:
                await message.leave(after_s=IDLE_S)
            except LeaseLost:
                log.warning("slice %s was taken over", slice_)
                await message.leave(after_s=lease_s)
            else:
                if go_on_at is None:
                    return True
                await message.leave(after_s=max((go_on_at - self._now()).total_seconds(), 0.0))
        return False

    async def _grip(self, slice_: Slice) -> Grip | None:
        """Take a slice; None when there is nothing to do in it, or somebody holds it.

        Raises `_Waits` when something comes first: sending waits for chats that are being opened, what follows it for
        the sending.
        """
        if slice_.job == SEND:
            grip = await take_up(self._store, slice_, now=self._clock())
            if grip is None or not grip.has_ahead:
                return grip
            if await held_for(self._store, ahead_of(slice_), now=self._clock()):
                raise _Waits
            await self._open_chats(slice_)
            return await take_up(self._store, slice_, now=self._clock())
        if slice_.job != OPEN_CHATS and await is_being_sent(self._store, slice_):
            raise _Waits
        return await take_hold(self._store, slice_, now=self._clock(), lease_s=self._queue.lease_s)

    async def _open_chats(self, slice_: Slice) -> None:
        """Do what goes ahead of sending a slice, where there is anything and it has not been done yet."""
        lease_s = self._queue.lease_s
        grip = await take_hold(self._store, ahead_of(slice_), now=self._clock(), lease_s=lease_s)
        if grip is not None:
            async with HeldSlice(self._store, grip, self._clock, lease_s=lease_s) as held:
                await self._jobs[OPEN_CHATS](held)

    @contextlib.asynccontextmanager
    async def _turn_of(self, tenant: str) -> AsyncIterator[None]:
        """Wait until fewer slices of the tenant are at work."""
        turns = self._tenants.setdefault(tenant, asyncio.Semaphore(PER_TENANT))
        self._waiting += 1
        try:
            await turns.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            turns.release()

    async def _is_done(self, message: HeldMessage, slice_: Slice) -> bool:
        """Say whether a slice that was not to be had is done; where it is open, put its message down.

        Not until somebody's lease is over: it may have been renewed, or have run out since. Who held it may be dead.
        """
        left_s = await held_for(self._store, slice_, now=self._clock())
        if left_s is not None:
            await message.leave(after_s=left_s)
        return left_s is None

    def _clock(self) -> float:
        return self._now().timestamp()

    def _time(self) -> float:
        return asyncio.get_running_loop().time()


def _check(task: asyncio.Task[None]) -> None:
    """Pass on that the store is away. Any other error concerns one slice; the queue has counted it."""
    error = task.exception()
    if isinstance(error, StoreError):
        raise error
    if error is not None:
        log.error("a slice could not be worked on", exc_info=error)
