"""Messages that were set aside, kept as documents of the store whatever the queue is.

A slice is on the shelf once, with the reason of the last time.
"""

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from broadcast.queue import Aside
from broadcast.slices import Slice
from store.contract import Conflict, Doc, Missing, Op, Patch, Store, Where
from store.pages import documents

MAX_TEXT = 1000  # characters kept of a message that could not be read


class _Kept(msgspec.Struct):
    reason: str
    due_at: float  # when it was set aside: the field of this container that queries may order by
    text: str = ""
    slice: Slice | None = None


class Shelf:
    """What was set aside. `clock` gives epoch seconds."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    async def add(self, slice_: Slice, reason: str) -> None:
        """Keep a slice."""
        await self._keep(_id(slice_), _Kept(slice=slice_, reason=reason, due_at=self._clock()))

    async def add_unreadable(self, message: str, text: str, reason: str) -> None:
        """Keep the beginning of a message that could not be read."""
        await self._keep(f"aside-{message}", _Kept(text=text[:MAX_TEXT], reason=reason, due_at=self._clock()))

    async def has(self, slice_: Slice) -> bool:
        """Say whether a slice is set aside."""
        return await self._store.get("state", _id(slice_), _id(slice_)) is not None

    async def clear(self, slices: Sequence[Slice]) -> None:
        """Forget slices. There seldom are any, so one question comes before the removals."""
        wanted = {_id(one) for one in slices}
        for doc in await self._docs():
            name = str(doc["id"])
            if name in wanted:
                with contextlib.suppress(Missing):
                    await self._store.delete("state", name, name)

    async def all(self) -> list[Aside]:
        """Return everything, the oldest first."""
        return [_aside(kept) for kept in msgspec.convert(await self._docs(), list[_Kept])]

    async def _keep(self, name: str, kept: _Kept) -> None:
        doc: Doc = msgspec.to_builtins(kept)
        try:
            await self._store.create("state", {**doc, "id": name, "kind": "aside"})
        except Conflict:
            with contextlib.suppress(Missing):  # put in again this very moment
                await self._store.patch("state", name, Patch(id=name, set=doc))

    async def _docs(self) -> list[Doc]:
        where = [Where("kind", Op.EQ, "aside")]
        return [doc async for doc in documents(self._store, "state", where=where, order="due_at")]


def _aside(kept: _Kept) -> Aside:
    at = datetime.fromtimestamp(kept.due_at, UTC)
    return Aside(slice=kept.slice, reason=kept.reason, at=at, text=kept.text)


def _id(slice_: Slice) -> str:
    return f"aside-{slice_.run}-{slice_.id}"
