"""Takes slices from the queue and sends them, many at a time, until there is no more to do.

A slice is sent in chunks. Before a chunk leaves, its people are written down as on their way; what an earlier worker
left there may or may not have arrived, so it becomes `unconfirmed`.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from broadcast.lease import HeldMessage, HeldSlice
from broadcast.queue import Lease, Queue
from broadcast.sender import Message, Sends
from broadcast.slices import OPEN_CHATS, SEND, LeaseLost, Slice, ahead_of, call_sent, held_for, is_being_sent, take_hold
from broadcast.wording import Wording
from feedback.deliveries import Outcome, why_excluded
from feedback.errors import RunUnknown
from feedback.people import Person, find_people, find_person, mark_unreachable
from feedback.runs import DeliveryState, Run, RunState, deliveries, find_run
from store.contract import Store, StoreError

CHUNK = 25  # people on their way between two records; as many may be in doubt after a crash
AT_ONCE = 32  # slices in one process
PER_TENANT = 4  # of them for one tenant, so that few are in doubt at a time
WAITING = 4  # held back because the tenant has enough at work; what is beyond that is left for other processes
IDLE_S = 2.0
STOP_S = 10.0  # how long a stop waits for cards on their way
LEFT_BEHIND = "the service stopped while it was being sent"
STOPPED = frozenset({RunState.CLOSED, RunState.CANCELLED, RunState.RECALLED})
CANCELLED = "the run was stopped"
UNREACHABLE = "unreachable: "

Render = Callable[[Run], Message]
Job = Callable[[HeldSlice], Awaitable[datetime | None]]
"""What goes ahead of sending or follows it, for one slice; harmless to repeat. Returns when to go on, or None."""

log = logging.getLogger(__name__)


class Worker:
    """Sends. Several may run, in one process or in many; the slices' documents keep them apart."""

    def __init__(
        self,
        store: Store,
        queue: Queue,
        sender: Sends,
        *,
        render: Render,
        now: Callable[[], datetime],
        jobs: Mapping[str, Job] | None = None,
    ) -> None:
        self._store = store
        self._queue = queue
        self._sender = sender
        self._render = render
        self._now = now
        self._jobs = jobs or {}
        self._wake = asyncio.Event()
        self.is_well = True  # whether the last thing it did ended as it should
        self._tenants: dict[str, asyncio.Semaphore] = {}
        self._waiting = 0  # slices taken from the queue whose turn has not come

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled; what is under way is recorded and handed back."""
        while True:
            self._wake.clear()
            try:
                await self.drain()
                self.is_well = True
            except StoreError:
                self.is_well = False
                log.exception("broadcast pauses: the store does not answer")
            await self._idle()

    async def drain(self) -> None:
        """Work until the queue has nothing that is due. Raises the first `StoreError`, once all else has stopped."""
        working: set[asyncio.Task[None]] = set()
        try:
            while (lease := await self._queue.take()) is not None or working:
                if lease is not None:
                    working.add(asyncio.create_task(self._work(lease)))
                if lease is None or len(working) >= AT_ONCE or self._waiting >= WAITING:
                    done, working = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        _check(task)
        finally:
            for task in working:
                task.cancel()
            if working:
                await asyncio.wait(working)

    async def _idle(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IDLE_S):  # Python 3.11's `wait_for` may swallow a cancellation
                await self._wake.wait()

    async def _work(self, lease: Lease) -> None:
        """Work on a slice. What fails by a fault in it, of its data or of ours, is counted by the queue."""
        slice_ = lease.slice
        async with (
            HeldMessage(self._queue, lease) as message,
            self._turn_of(slice_.tenant),
        ):
            if await self._has_to_wait(slice_):
                await message.leave(after_s=IDLE_S)
                return
            lease_s, go_on_at = self._queue.lease_s, None
            try:
                if slice_.job == SEND:
                    await self._open_chats(slice_)
                grip = await take_hold(self._store, slice_, now=self._clock(), lease_s=lease_s)
                if grip is None:
                    await self._leave(message, slice_)
                    return
                async with HeldSlice(self._store, grip, self._clock, lease_s=lease_s) as held:
                    if slice_.job == SEND:
                        await self._send_slice(held, slice_, grip.flying)
                    else:
                        go_on_at = await self._jobs[slice_.job.partition("-")[0]](held)
            except RunUnknown:
                log.warning("slice %s belongs to no run", slice_)
                await message.set_aside("it belongs to no run")
            except LeaseLost:
                log.warning("slice %s was taken over", slice_)
                await message.leave(after_s=lease_s)
            else:
                if go_on_at is not None:
                    await message.leave(after_s=max((go_on_at - self._now()).total_seconds(), 0.0))
                    return
                await message.finish()
                await call_sent(self._store, slice_.run)

    async def _has_to_wait(self, slice_: Slice) -> bool:
        """Say whether something comes first: sending waits for chats that are being opened, what follows for both."""
        if slice_.job == OPEN_CHATS:
            return False
        if slice_.job == SEND:
            return await held_for(self._store, ahead_of(slice_), now=self._clock()) > 0
        return await is_being_sent(self._store, slice_)

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

    async def _leave(self, message: HeldMessage, slice_: Slice) -> None:
        """Put down a message whose slice is done, or is being worked on by somebody else."""
        left_s = await held_for(self._store, slice_, now=self._clock())
        if left_s > 0:
            await message.leave(after_s=left_s)  # whoever held it may be dead: then it is free at once
        else:
            await message.finish()
            with contextlib.suppress(RunUnknown):
                await call_sent(self._store, slice_.run)

    async def _send_slice(self, held: HeldSlice, slice_: Slice, left: Sequence[str]) -> None:
        outcomes = self._all(left, DeliveryState.UNCONFIRMED, LEFT_BEHIND)
        waiting = [one for one in await self._planned(slice_) if one not in left]
        while waiting:
            run = await find_run(self._store, slice_.run)
            if run.state is RunState.HELD:
                await held.finish(outcomes, is_done=False)
                return
            chunk, waiting = waiting[:CHUNK], waiting[CHUNK:]
            if run.state in STOPPED:
                await held.step([*outcomes, *self._all(chunk, DeliveryState.CANCELLED, CANCELLED)])
                outcomes = []
                continue
            message = Wording(partial(self._render, run))
            await held.step(outcomes, chunk)
            outcomes = await self._send_chunk(held, message, chunk)
        await held.finish(outcomes)

    async def _planned(self, slice_: Slice) -> list[str]:
        found = deliveries(self._store, slice_.run, states=frozenset({DeliveryState.PLANNED}), slice_=slice_.number)
        return [one.id async for one in found]

    def _all(self, people: Sequence[str], state: DeliveryState, reason: str) -> list[Outcome]:
        return [Outcome(person=one, state=state, at=self._now(), reason=reason) for one in people]

    async def _send_chunk(self, held: HeldSlice, message: Wording, chunk: Sequence[str]) -> list[Outcome]:
        """Send to up to 25 people; told to stop, wait for those on their way and record how they ended."""
        sending = asyncio.ensure_future(self._send_all(held.slice.run, message, chunk))
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            done, _ = await asyncio.wait({sending}, timeout=STOP_S)
            if done:
                await asyncio.shield(held.step(sending.result()))
            raise

    async def _send_all(self, run: str, message: Wording, chunk: Sequence[str]) -> list[Outcome]:
        people = await find_people(self._store, chunk)
        outcomes = await asyncio.gather(*(self._send_to(run, person, message) for person in people))
        for one in outcomes:
            if one.state is DeliveryState.FAILED and one.reason.startswith(UNREACHABLE):
                await mark_unreachable(self._store, one.person, one.reason.removeprefix(UNREACHABLE))
        gone = sorted(set(chunk) - {one.id for one in people})
        return [*outcomes, *self._all(gone, DeliveryState.FAILED, "no longer known")]

    async def _send_to(self, run: str, person: Person, message: Wording) -> Outcome:
        """Send, unless the person has opted out or become unreachable since the plan was made."""

        async def objection() -> Outcome | None:
            known = await find_person(self._store, person.id)
            if known is not None and (reason := why_excluded(known)):
                return self._all([person.id], DeliveryState.EXCLUDED, reason)[0]
            if (await find_run(self._store, run)).state in STOPPED:
                return self._all([person.id], DeliveryState.CANCELLED, CANCELLED)[0]
            return None

        return await self._sender.send(person, message.of(person), objection)

    def _clock(self) -> float:
        return self._now().timestamp()


def _check(task: asyncio.Task[None]) -> None:
    """Pass on that the store is away. Any other error concerns one slice; the queue has counted it."""
    error = task.exception()
    if isinstance(error, StoreError):
        raise error
    if error is not None:
        log.error("a slice could not be worked on", exc_info=error)
