"""Documents read straight into a shape: only the fields that somebody needs, for long lists in the order of their ids.

An engine that can decode its pages so says it by a method of its own; every other one is asked by `query`, and the
documents are turned into the shape afterwards. Both give the same.
"""

from collections.abc import AsyncGenerator, Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from store.contract import Store, Where

PAGE = 1000  # documents, at most


class Shape(Protocol):
    """A struct with some of a document's fields: the id, and others, with a default wherever it may lack one."""

    @property
    def id(self) -> str:
        """The id of the document."""


S = TypeVar("S", bound=Shape)


class Shaped(msgspec.Struct, Generic[S], frozen=True):
    """Some documents, which may have more than the shape; `continuation` is None at the end, else one of `query`."""

    rows: list[S]
    continuation: str | None = None


@runtime_checkable
class ReadsShapes(Protocol):
    """A store whose engine decodes pages into shapes by itself."""

    async def query_as(
        self,
        shape: type[S],
        container: str,
        *,
        partition: str | None,
        where: Sequence[Where],
        limit: int,
        continuation: str | None,
    ) -> Shaped[S]:
        """Return a page of documents in the order of their ids, as `query` would."""


async def query_as(
    store: Store,
    shape: type[S],
    container: str,
    *,
    partition: str | None = None,
    where: Sequence[Where] = (),
    limit: int = PAGE,
    continuation: str | None = None,
) -> Shaped[S]:
    """Return a page of documents in the order of their ids. Raises as `query` does."""
    if isinstance(store, ReadsShapes):
        return await store.query_as(
            shape, container, partition=partition, where=where, limit=limit, continuation=continuation
        )
    page = await store.query(container, partition=partition, where=where, limit=limit, continuation=continuation)
    return Shaped(msgspec.convert(page.docs, list[shape]), page.continuation)  # type: ignore[valid-type]


async def pages_as(
    store: Store, shape: type[S], container: str, *, partition: str | None = None, where: Sequence[Where] = ()
) -> AsyncGenerator[list[S], None]:
    """Give all documents in the order of their ids, page by page."""
    continuation: str | None = None
    while True:
        page = await query_as(store, shape, container, partition=partition, where=where, continuation=continuation)
        if page.rows:
            yield page.rows
        continuation = page.continuation
        if continuation is None:
            return
