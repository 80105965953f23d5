"""The queue of work: which slices of which runs still have people to write to.

A message is leased, worked on, and finished. A lease that is not renewed in time runs out, and somebody else may
take the message. This engine keeps the messages in the store; another may be a queue service.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from broadcast.slices import Slice
from store.contract import Conflict, Doc, Missing, Op, Patch, Store, Where

IN_ORDER_S = 1e-5  # between two slices put at the same time


class Lease(msgspec.Struct, frozen=True):
    """A slice that is ours until `until`. `mark` changes whenever anybody touches the message."""

    slice: Slice
    until: float
    mark: str


class Queue(Protocol):
    """Slices waiting to be sent."""

    @property
    def lease_s(self) -> float:
        """How long a lease lasts when it is not renewed, in seconds."""

    async def put(self, slices: Sequence[Slice]) -> None:
        """Add slices. One that is there already will be looked at again by whoever works on it."""

    async def take(self) -> Lease | None:
        """Lease the slice that has waited longest, or return None."""

    async def renew(self, lease: Lease) -> Lease | None:
        """Keep a lease for another while; None when it is no longer ours."""

    async def finish(self, lease: Lease) -> bool:
        """Remove a slice that is done; False when it was added again meanwhile, or is no longer ours."""

    async def hand_back(self, lease: Lease) -> None:
        """Let somebody else take the slice at once."""


class StoreQueue:
    """The queue on the store."""

    def __init__(self, store: Store, *, clock: Callable[[], float], lease_s: float = 15.0) -> None:
        self._store = store
        self._clock = clock
        self._lease_s = lease_s

    @property
    def lease_s(self) -> float:
        """How long a lease lasts when it is not renewed, in seconds."""
        return self._lease_s

    async def put(self, slices: Sequence[Slice]) -> None:
        """Add slices under natural ids, so that adding twice is harmless."""
        for place, one in enumerate(slices):
            due_at = max(self._clock() - (len(slices) - place) * IN_ORDER_S, one.due)
            doc: Doc = {"id": _id(one), "kind": "slice", "due_at": due_at, "again": 0}
            try:
                await self._store.create("state", {**doc, **msgspec.to_builtins(one)})
            except Conflict:
                await self._nudge(_id(one))

    async def take(self) -> Lease | None:
        """Lease the slice that has been due longest."""
        now = self._clock()
        where = [Where("kind", Op.EQ, "slice"), Where("due_at", Op.LE, now)]
        for doc in (await self._store.query("state", where=where, order="due_at", limit=10)).docs:
            seen = Where("due_at", Op.EQ, doc["due_at"])
            lease = await self._hold(msgspec.convert(doc, Slice), seen)
            if lease is not None:
                return lease
        return None

    async def renew(self, lease: Lease) -> Lease | None:
        """Move the end of the lease."""
        return await self._hold(lease.slice, Where("due_at", Op.EQ, lease.until))

    async def finish(self, lease: Lease) -> bool:
        """Remove the message, if nobody has touched it since the lease was given."""
        try:
            await self._store.delete("state", _id(lease.slice), _id(lease.slice), etag=lease.mark)
        except (Conflict, Missing):
            return False
        return True

    async def hand_back(self, lease: Lease) -> None:
        """Make the message due now."""
        patch = Patch(id=_id(lease.slice), set={"due_at": self._clock()}, when=[Where("due_at", Op.EQ, lease.until)])
        await self._try(patch)

    async def _hold(self, slice_: Slice, seen: Where) -> Lease | None:
        until = self._clock() + self._lease_s
        doc = await self._try(Patch(id=_id(slice_), set={"due_at": until}, when=[seen]))
        return None if doc is None else Lease(slice=slice_, until=until, mark=str(doc["_etag"]))

    async def _nudge(self, message: str) -> None:
        await self._try(Patch(id=message, add={"again": 1}))

    async def _try(self, patch: Patch) -> Doc | None:
        try:
            return await self._store.patch("state", patch.id, patch)
        except (Conflict, Missing):
            return None


def _id(one: Slice) -> str:
    return f"slice-{one.run}-{one.number}"
