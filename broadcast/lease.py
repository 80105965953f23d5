"""Holding a slice while it is worked on: its message in the queue and its document, each renewed in time.

A step is one write: how the last cards ended, and who is next. When work stops early, the slice is handed back; when
it fails by a fault of its own, the queue counts that.
"""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

import msgspec

from broadcast.queue import Lease, Queue
from broadcast.slices import DONE, OPEN, Grip, LeaseLost, Slice, advance
from feedback.runs.deliveries import Outcome
from store.contract import Store, StoreError

RENEWALS = 3  # in one lease
NO_FAULT = (asyncio.CancelledError, LeaseLost, StoreError)  # ends of work that say nothing against the slice


class _Renewed(ABC):
    """Something that is renewed from the beginning of a block to its end."""

    def __init__(self, lease_s: float) -> None:
        self._pause_s = lease_s / RENEWALS
        self._lock = asyncio.Lock()
        self._is_over = False
        self._renewing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._renewing = asyncio.create_task(self._renew_in_time())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait({self._renewing})
        if not self._is_over:
            await asyncio.shield(self._let_go(error))

    async def _renew_in_time(self) -> None:
        while not self._is_over:
            await asyncio.sleep(self._pause_s)
            async with self._lock:
                with contextlib.suppress(StoreError):  # the next renewal may still be in time
                    await self._renew()

    async def _let_go(self, error: BaseException | None) -> None:
        with contextlib.suppress(LeaseLost, StoreError):  # what cannot be handed back comes back by itself
            await self._leave(error)

    @abstractmethod
    async def _renew(self) -> None: ...

    @abstractmethod
    async def _leave(self, error: BaseException | None) -> None: ...


class HeldMessage(_Renewed):
    """`async with HeldMessage(queue, lease)`: nobody else takes the message, also while its work waits for its turn."""

    def __init__(self, queue: Queue, lease: Lease) -> None:
        super().__init__(queue.lease_s)
        self._queue = queue
        self._lease: Lease | None = lease

    async def finish(self) -> None:
        """Remove the message. It does not matter whether it still was ours: the slice's document says what is done."""
        async with self._lock:
            self._is_over = True
            if self._lease is not None:
                await self._queue.finish(self._lease)

    async def leave(self, *, after_s: float) -> None:
        """Let somebody look at it later."""
        async with self._lock:
            self._is_over = True
            if self._lease is not None:
                await self._queue.hand_back(self._lease, after_s=after_s)

    async def set_aside(self, reason: str) -> None:
        """Let nobody work on it until it is put in again."""
        async with self._lock:
            self._is_over = True
            if self._lease is not None:
                await self._queue.set_aside(self._lease, reason)

    async def _renew(self) -> None:
        if self._lease is not None and not self._is_over:
            self._lease = await self._queue.renew(self._lease)

    async def _leave(self, error: BaseException | None) -> None:
        if self._lease is None:
            return
        if error is None or isinstance(error, NO_FAULT):
            await self._queue.hand_back(self._lease)
        else:
            await self._queue.fail(self._lease, type(error).__name__)


class HeldSlice(_Renewed):
    """`async with HeldSlice(…) as held`: ours until the end of the block, or until a step raises `LeaseLost`."""

    def __init__(self, store: Store, grip: Grip, clock: Callable[[], float], *, lease_s: float) -> None:
        super().__init__(lease_s)
        self._store = store
        self._grip = grip
        self._clock = clock
        self._lease_s = lease_s

    @property
    def slice(self) -> Slice:
        """What is held."""
        return self._grip.slice

    @property
    def flying(self) -> tuple[str, ...]:
        """Those whose cards are on their way; at first, those whom an earlier worker left on their way."""
        return self._grip.flying

    @property
    def waiting(self) -> tuple[str, ...]:
        """Those of a slice to send who were still planned when it was taken up."""
        return self._grip.waiting

    @property
    def arms(self) -> Mapping[str, str]:
        """The arms of those of them who see one, by person."""
        return self._grip.arms

    async def step(self, outcomes: Sequence[Outcome], flying: Sequence[str] = ()) -> None:
        """Record how the cards on their way ended and which leave next. Raises `LeaseLost`."""
        async with self._lock:
            until = self._clock() + self._lease_s
            self._grip = await advance(self._store, self._grip, outcomes, flying, until=until)

    async def finish(self, outcomes: Sequence[Outcome], *, is_done: bool = True, due: datetime | None = None) -> None:
        """Record the last outcomes and let go. Raises `LeaseLost`.

        A slice that is not done waits in its document until it is put into the queue again, not before `due`.
        """
        async with self._lock:
            state = DONE if is_done else OPEN
            if due is not None:
                later = msgspec.structs.replace(self._grip.slice, due=due.timestamp())
                self._grip = msgspec.structs.replace(self._grip, slice=later)
            self._grip = await advance(self._store, self._grip, outcomes, (), until=0.0, state=state)
            self._is_over = True

    async def _renew(self) -> None:
        if self._is_over:
            return
        until = self._clock() + self._lease_s
        with contextlib.suppress(LeaseLost):  # the next step will find out
            self._grip = await advance(self._store, self._grip, (), self._grip.flying, until=until)

    async def _leave(self, error: BaseException | None) -> None:  # noqa: ARG002 - however it ended
        await advance(self._store, self._grip, (), self._grip.flying, until=0.0)
