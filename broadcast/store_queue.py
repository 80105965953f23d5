"""The queue on the store: one document for each slice, leased by moving the time at which it is due.

Knows nothing of what a slice is about. There is one message for a slice at most: put in again, it is marked.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from broadcast.queue import LEASE_S, MAX_TRIES, Lease
from broadcast.retries import DIED, FIRST_PAUSE_S, Retries
from broadcast.shelf import Shelf
from broadcast.slices import SEND, Slice
from store.contract import Conflict, Doc, Missing, Op, Patch, Store, Where

WORK = "work"  # the kind of a message
IN_ORDER_S = 1e-5  # between two slices put in together
PUT_AT_ONCE = 64
LOOK_AT = 10  # messages read in one go


class StoreQueue(Retries):
    """`broadcast.queue.Queue` on the store. `clock` gives epoch seconds."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float],
        lease_s: float = LEASE_S,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        super().__init__(Shelf(store, clock), first_pause_s)
        self._store = store
        self._clock = clock
        self._lease_s = lease_s
        self._seen: deque[Doc] = deque()  # due when they were read; leased one by one, unless somebody was faster

    @property
    def lease_s(self) -> float:
        """How long a lease lasts when it is not renewed, in seconds."""
        return self._lease_s

    async def put(self, slices: Sequence[Slice]) -> None:
        """Add slices under natural ids, so that adding twice makes one."""
        await self.shelf.clear(slices)
        first = self._clock() - len(slices) * IN_ORDER_S
        due = [(one, max(first + place * IN_ORDER_S, one.due)) for place, one in enumerate(slices)]
        for start in range(0, len(due), PUT_AT_ONCE):
            await asyncio.gather(*(self._add(one, at) for one, at in due[start : start + PUT_AT_ONCE]))

    async def take(self) -> Lease | None:
        """Lease the slice that has been due longest, or one of the next where others lease too."""
        while self._seen or await self._look():
            lease = await self._lease(self._seen.popleft())
            if lease is not None:
                return lease
            self._seen.rotate(-(len(self._seen) // 2))  # somebody goes the same way, and is ahead: begin further on
        return None

    async def renew(self, lease: Lease) -> Lease | None:
        """Move the end of the lease."""
        until = self._clock() + self._lease_s
        doc = await self._touch(lease, {"due_at": until})
        return None if doc is None else _leased(doc)

    async def finish(self, lease: Lease) -> bool:
        """Remove the message; one that was put in again meanwhile becomes due instead."""
        try:
            await self._store.delete("state", lease.message, lease.message, etag=lease.mark)
        except Missing:
            return False
        except Conflict:
            return await self._touch(lease, {"due_at": self._clock(), "tries": 0}) is not None
        return True

    async def ping(self) -> None:
        """Return when the store answers."""
        await self._store.ping()

    async def _rest(self, lease: Lease, after_s: float, *, is_forgiven: bool) -> None:
        news: Doc = {"due_at": self._clock() + after_s}
        await self._touch(lease, {**news, "tries": 0} if is_forgiven else news)

    async def _add(self, one: Slice, due_at: float) -> None:
        name = _id(one)
        doc: Doc = {"id": name, "kind": WORK, "due_at": due_at, "again": 0, "tries": 0}
        try:
            await self._store.create("state", {**doc, **msgspec.to_builtins(one)})
        except Conflict:
            await self._try(Patch(id=name, add={"again": 1}))

    async def _look(self) -> bool:
        """Read what is due, and say whether there is anything."""
        where = [Where("kind", Op.EQ, WORK), Where("due_at", Op.LE, self._clock())]
        self._seen.extend((await self._store.query("state", where=where, order="due_at", limit=LOOK_AT)).docs)
        return bool(self._seen)

    async def _lease(self, found: Doc) -> Lease | None:
        """Lease a message that is due, unless somebody was faster or there is no use in it."""
        until, seen = self._clock() + self._lease_s, Where("due_at", Op.EQ, found["due_at"])
        doc = await self._try(Patch(id=str(found["id"]), set={"due_at": until}, add={"tries": 1}, when=[seen]))
        if doc is None:
            return None
        try:
            lease = _leased(doc)
        except msgspec.ValidationError as error:
            await self._discard(doc, str(error))
            return None
        if lease.tries <= MAX_TRIES:
            return lease
        await self.set_aside(lease, DIED)
        return None

    async def _discard(self, doc: Doc, reason: str) -> None:
        name, text = str(doc["id"]), msgspec.json.encode(doc).decode()
        await self.shelf.add_unreadable(name, text, reason)
        await self._store.delete("state", name, name)

    async def _touch(self, lease: Lease, news: Doc) -> Doc | None:
        """Change a message that is still ours; None when it is not."""
        return await self._try(Patch(id=lease.message, set=news, when=[Where("due_at", Op.EQ, lease.until)]))

    async def _try(self, patch: Patch) -> Doc | None:
        try:
            return await self._store.patch("state", patch.id, patch)
        except (Conflict, Missing):
            return None


class _Message(msgspec.Struct):
    id: str
    due_at: float
    tries: int = 0


def _leased(doc: Doc) -> Lease:
    found = msgspec.convert(doc, _Message)
    slice_ = msgspec.convert(doc, Slice)
    return Lease(slice=slice_, message=found.id, until=found.due_at, mark=str(doc["_etag"]), tries=found.tries)


def _id(one: Slice) -> str:
    return f"{one.kind}-{one.run}-{one.number}{'' if one.job == SEND else f'-{one.job}'}"
