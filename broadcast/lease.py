"""Holding a slice while it is worked on: both its lease in the queue and its document are renewed in time.

A step is one write: how the last cards ended, and who is next. When work stops early, the slice is handed back.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from broadcast.queue import Lease, Queue
from broadcast.slices import DONE, OPEN, Grip, LeaseLost, Slice, advance
from feedback.deliveries import Outcome
from store.contract import Store, StoreError

RENEWALS = 3  # in one lease


class HeldSlice:
    """`async with HeldSlice(…) as held`: ours until the end of the block, or until a step raises `LeaseLost`."""

    def __init__(self, store: Store, queue: Queue, lease: Lease, grip: Grip, clock: Callable[[], float]) -> None:
        self._store = store
        self._queue = queue
        self._lease: Lease | None = lease
        self._grip = grip
        self._clock = clock
        self._lock = asyncio.Lock()
        self._is_over = False
        self._renewing: asyncio.Task[None] | None = None

    @property
    def slice(self) -> Slice:
        """What is held."""
        return self._grip.slice

    async def __aenter__(self) -> Self:
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait({self._renewing})
        if not self._is_over:
            await asyncio.shield(self._hand_back())

    async def step(self, outcomes: Sequence[Outcome], flying: Sequence[str] = ()) -> None:
        """Record how the cards on their way ended and which leave next. Raises `LeaseLost`."""
        async with self._lock:
            until = self._clock() + self._queue.lease_s
            self._grip = await advance(self._store, self._grip, outcomes, flying, until=until)

    async def finish(self, outcomes: Sequence[Outcome], *, is_done: bool = True) -> bool:
        """Record the last outcomes and remove the slice from the queue; False when it was added again meanwhile.

        A slice that is not done waits in its document until it is put into the queue again. Raises `LeaseLost`.
        """
        async with self._lock:
            state = DONE if is_done else OPEN
            self._grip = await advance(self._store, self._grip, outcomes, (), until=0.0, state=state)
            self._is_over = self._lease is not None and await self._queue.finish(self._lease)
            return self._is_over

    async def _renew(self) -> None:
        while not self._is_over and self._lease is not None:
            await asyncio.sleep(self._queue.lease_s / RENEWALS)
            with contextlib.suppress(StoreError):  # the next renewal may still be in time
                await self._renew_once()

    async def _renew_once(self) -> None:
        async with self._lock:
            if self._is_over or self._lease is None:
                return
            self._lease = await self._queue.renew(self._lease)
            until = self._clock() + self._queue.lease_s
            with contextlib.suppress(LeaseLost):  # the next step will find out
                self._grip = await advance(self._store, self._grip, (), self._grip.flying, until=until)

    async def _hand_back(self) -> None:
        with contextlib.suppress(LeaseLost, StoreError):  # what cannot be handed back comes back by itself
            await advance(self._store, self._grip, (), self._grip.flying, until=0.0)
            if self._lease is not None:
                await self._queue.hand_back(self._lease)
