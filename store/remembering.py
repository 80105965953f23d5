"""A store that answers from memory, for a moment, where many ask for the same document and few write it.

Which documents these are is said in store/containers.py, by id. What this process writes is seen at once; what another
one has written, after `REMEMBER_S` at the latest. Only `get` remembers: conditions and etags are always looked at where
the document is.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence

import msgspec

from store.contract import (
    Change,
    Changes,
    Create,
    Doc,
    Page,
    Patch,
    Replace,
    Store,
    Where,
    container_of,
    partition_of,
)

REMEMBER_S = 2.0
MAX_REMEMBERED = 1000

Key = tuple[str, str, str]


class RememberingStore:
    """`store.contract.Store` in front of another. `now` is in seconds and only goes forward."""

    def __init__(self, inner: Store, *, now: Callable[[], float], remember_s: float = REMEMBER_S) -> None:
        self._inner = inner
        self._now = now
        self._remember_s = remember_s
        self._kept: OrderedDict[Key, tuple[float, bytes]] = OrderedDict()
        self._asking: dict[Key, asyncio.Task[bytes | None]] = {}

    @property
    def remembered(self) -> int:
        """How many documents are in memory."""
        return len(self._kept)

    async def get(self, container: str, partition: str, doc_id: str) -> Doc | None:
        """Return one document, or None."""
        if doc_id not in container_of(container).shared:
            return await self._inner.get(container, partition, doc_id)
        key = (container, partition, doc_id)
        until, body = self._kept.get(key, (0.0, b""))
        if self._now() < until:
            return _doc(body)
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(key))
        answer = await asyncio.shield(asking)  # whoever gives up leaves the question to the others
        return _doc(answer)

    async def create(self, container: str, doc: Doc) -> Doc:
        """Write a new document. Raises `Conflict` where the id exists."""
        with _Writing(self, container, partition_of(container, doc), [doc.get("id")]):
            return await self._inner.create(container, doc)

    async def replace(self, container: str, doc: Doc, *, etag: str) -> Doc:
        """Write over the version with this etag. Raises `Conflict` or `Missing`."""
        with _Writing(self, container, partition_of(container, doc), [doc.get("id")]):
            return await self._inner.replace(container, doc, etag=etag)

    async def patch(self, container: str, partition: str, patch: Patch) -> Doc:
        """Change some fields and return the whole document. Raises `Missing`, or `Conflict` where a condition fails."""
        with _Writing(self, container, partition, [patch.id]):
            return await self._inner.patch(container, partition, patch)

    async def delete(self, container: str, partition: str, doc_id: str, *, etag: str | None = None) -> None:
        """Remove a document. Raises `Missing` or `Conflict`."""
        with _Writing(self, container, partition, [doc_id]):
            await self._inner.delete(container, partition, doc_id, etag=etag)

    async def batch(self, container: str, partition: str, changes: Sequence[Change]) -> list[Doc]:
        """Make up to 100 changes in one partition, all or none."""
        ids = [one.doc.get("id") if isinstance(one, Create | Replace) else one.id for one in changes]
        with _Writing(self, container, partition, ids):
            return await self._inner.batch(container, partition, changes)

    async def query(
        self,
        container: str,
        *,
        partition: str | None = None,
        where: Sequence[Where] = (),
        order: str = "id",
        descending: bool = False,
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        """Return a page of documents that meet every condition, in the order of one declared field."""
        return await self._inner.query(
            container,
            partition=partition,
            where=where,
            order=order,
            descending=descending,
            limit=limit,
            continuation=continuation,
        )

    async def tally(self, container: str, partition: str, field: str, *, where: Sequence[Where] = ()) -> dict[str, int]:
        """Count the documents of one partition by the text in one declared field."""
        return await self._inner.tally(container, partition, field, where=where)

    async def changes(
        self, container: str, *, since: str | None = None, limit: int = 1000, partition: str | None = None
    ) -> Changes:
        """Return what was written after the mark (None: from the beginning)."""
        return await self._inner.changes(container, since=since, limit=limit, partition=partition)

    async def ping(self) -> None:
        """Return when the store answers. Raises `Unavailable` when it does not."""
        await self._inner.ping()

    async def close(self) -> None:
        """Let go of everything."""
        self._kept.clear()
        await self._inner.close()

    def forget(self, key: Key) -> None:
        """Ask for a document anew, the next time."""
        self._asking.pop(key, None)
        self._kept.pop(key, None)

    async def _ask(self, key: Key) -> bytes | None:
        """Ask once for all who want the same document, and keep it unless a write has come in between."""
        until, this = self._now() + self._remember_s, asyncio.current_task()
        try:
            doc = await self._inner.get(*key)
            body = None if doc is None else msgspec.json.encode(doc)
            if body is not None and self._asking.get(key) is this:
                self._keep(key, until, body)
            return body
        finally:
            if self._asking.get(key) is this:
                del self._asking[key]

    def _keep(self, key: Key, until: float, body: bytes) -> None:
        self._kept.pop(key, None)
        self._kept[key] = (until, body)
        while len(self._kept) > MAX_REMEMBERED:
            self._kept.popitem(last=False)


def _doc(body: bytes | None) -> Doc | None:
    """Return the caller's own document, to change as they like."""
    if body is None:
        return None
    doc: Doc = msgspec.json.decode(body)
    return doc


class _Writing:
    """Forgets the documents of a write when it begins, and again when it has ended, however it has ended."""

    def __init__(self, store: RememberingStore, container: str, partition: str, ids: Sequence[object]) -> None:
        shared = container_of(container).shared
        self._store = store
        self._keys = [(container, partition, str(one)) for one in ids if one in shared]

    def __enter__(self) -> None:
        self._forget()

    def __exit__(self, *_error: object) -> None:
        self._forget()

    def _forget(self) -> None:
        for key in self._keys:
            self._store.forget(key)
