"""Takes slices from the queue and sends them, until there is no more to do.

A slice is worked on in chunks: recorded as `sending`, sent, and recorded as it ended. What an earlier worker left in
`sending` may or may not have arrived, so it becomes `unconfirmed`.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from broadcast.lease import HeldLease, LeaseLost
from broadcast.queue import Lease, Queue, Slice
from broadcast.sender import Message, Sender
from feedback.deliveries import Outcome, mark_sending, record_outcomes, why_excluded
from feedback.errors import RunUnknown
from feedback.people import Person, find_people, mark_unreachable
from feedback.runs import DeliveryState, Run, RunState, deliveries, find_run, set_run_state
from store.contract import Store, StoreError

CHUNK = 25  # people between two records; as many may be in doubt after a crash
IDLE_S = 2.0
STOP_S = 10.0  # how long a stop waits for cards on their way
LEFT_BEHIND = "the service stopped while it was being sent"
UNREACHABLE = "unreachable: "

Render = Callable[[Run], Message]

log = logging.getLogger(__name__)


class Worker:
    """Sends. Several may run, in one process or in many; the leases keep them apart."""

    def __init__(
        self, store: Store, queue: Queue, sender: Sender, *, render: Render, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._queue = queue
        self._sender = sender
        self._render = render
        self._now = now
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled; a slice under way is handed back with its outcomes recorded."""
        while True:
            self._wake.clear()
            try:
                await self.drain()
            except StoreError:
                log.exception("broadcast pauses: the store does not answer")
            await self._idle()

    async def drain(self) -> None:
        """Work until the queue has nothing that is due."""
        while (lease := await self._queue.take()) is not None:
            await self._work(lease)

    async def _idle(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), IDLE_S)
        except TimeoutError:
            return

    async def _work(self, lease: Lease) -> None:
        async with HeldLease(self._queue, lease) as held:
            try:
                run = await find_run(self._store, lease.slice.run)
                await self._settle_doubt(run, lease.slice)
                while chunk := await self._next_chunk(run, lease.slice):
                    held.check()
                    await self._send_chunk(run.run, chunk)
            except RunUnknown:
                log.warning("slice %s belongs to no run", lease.slice)
            except LeaseLost:
                log.warning("slice %s was taken over", lease.slice)
                return
            if await held.finish():
                await self._finish(lease.slice.run)

    async def _settle_doubt(self, run: Run, slice_: Slice) -> None:
        left = await self._in(run, slice_, DeliveryState.SENDING)
        await record_outcomes(self._store, run.run, self._ended(left, DeliveryState.UNCONFIRMED, LEFT_BEHIND))

    async def _next_chunk(self, run: Run, slice_: Slice) -> list[str]:
        return (await self._in(run, slice_, DeliveryState.PLANNED))[:CHUNK]

    async def _in(self, run: Run, slice_: Slice, state: DeliveryState) -> list[str]:
        found = deliveries(self._store, run.run, states=frozenset({state}), slice_=slice_.number)
        return [one.id async for one in found]

    def _ended(self, people: Sequence[str], state: DeliveryState, reason: str) -> list[Outcome]:
        return [Outcome(person=one, state=state, at=self._now(), reason=reason) for one in people]

    async def _send_chunk(self, name: str, chunk: list[str]) -> None:
        """Send to up to 25 people; once they are marked, only the end of the process prevents the record."""
        run = await find_run(self._store, name)
        marked = await mark_sending(self._store, name, chunk)
        if run.state is RunState.CLOSED:
            await record_outcomes(self._store, name, self._ended(marked, DeliveryState.CANCELLED, "the run was closed"))
            return
        sending = asyncio.ensure_future(self._send_marked(run, marked))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            await asyncio.wait({sending}, timeout=STOP_S)
            raise

    async def _send_marked(self, run: Run, marked: list[str]) -> None:
        message = self._render(run)
        people = await find_people(self._store, marked)
        outcomes = await asyncio.gather(*(self._send_to(person, message) for person in people))
        gone = self._ended(sorted(set(marked) - {one.id for one in people}), DeliveryState.FAILED, "no longer known")
        await record_outcomes(self._store, run.run, [*outcomes, *gone])
        for one in outcomes:
            if one.state is DeliveryState.FAILED and one.reason.startswith(UNREACHABLE):
                await mark_unreachable(self._store, one.person, one.reason.removeprefix(UNREACHABLE))

    async def _send_to(self, person: Person, message: Message) -> Outcome:
        """Send, unless the person has opted out or become unreachable since the plan was made."""
        reason = why_excluded(person)
        if reason:
            return Outcome(person=person.id, state=DeliveryState.EXCLUDED, at=self._now(), reason=reason)
        return await self._sender.send(person, message)

    async def _finish(self, name: str) -> None:
        """Call the run sent when nobody is left to write to."""
        open_ = frozenset({DeliveryState.PLANNED, DeliveryState.SENDING})
        async for _ in deliveries(self._store, name, states=open_):
            return
        await set_run_state(self._store, await find_run(self._store, name), RunState.SENT)
