"""Holding a slice while it is worked on: the lease is renewed in time, and handed back when work stops early."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

from broadcast.queue import Lease, Queue
from store.contract import StoreError

RENEWALS = 3  # in one lease


class LeaseLost(Exception):
    """Somebody else has taken the slice."""


class HeldLease:
    """`async with HeldLease(queue, lease)`: ours until the end of the block, or until `check` says otherwise."""

    def __init__(self, queue: Queue, lease: Lease) -> None:
        self._queue = queue
        self._lease: Lease | None = lease
        self._lock = asyncio.Lock()
        self._is_done = False
        self._renewing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait({self._renewing})
        if self._lease is not None and not self._is_done:
            await asyncio.shield(self._queue.hand_back(self._lease))

    def check(self) -> None:
        """Return while the slice is ours. Raises `LeaseLost`."""
        if self._lease is None:
            raise LeaseLost

    async def finish(self) -> bool:
        """Remove the slice from the queue; False when it was added again meanwhile or is no longer ours."""
        async with self._lock:
            self._is_done = self._lease is not None and await self._queue.finish(self._lease)
            return self._is_done

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._queue.lease_s / RENEWALS)
            async with self._lock:
                if self._lease is None or self._is_done:
                    return
                with contextlib.suppress(StoreError):  # the next renewal may still be in time
                    self._lease = await self._queue.renew(self._lease)
