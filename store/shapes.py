"""Long lists of which little is needed: pages read right into a shape, and made into something where they are read.

A page's documents may belong together with others of the same ids in another container, which are read with them.
An engine that can do all of it by itself says so by a method of its own, and does it in its own thread, so that what
was read need not change hands. Every other one is asked by `query`. Both give the same.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from store.contract import Doc, Op, Store, Where
from store.pages import documents

PAGE = 1000  # documents, at most
LOOKED_UP = 400  # ids that one question asks for


class Shape(Protocol):
    """A struct with some of a document's fields: the id, and others, with a default wherever it may lack one."""

    @property
    def id(self) -> str:
        """The id of the document."""


S = TypeVar("S", bound=Shape)
B = TypeVar("B", bound=Shape)
T = TypeVar("T")


class Reading(msgspec.Struct, Generic[S, B, T], frozen=True):
    """What to read, and what to make of each page.

    `make` is given the documents of a page in the order of their ids, and those of `beside_in` that have the same ids,
    in no order. It may run in another thread, but never twice at once for one call of `pages_made`; it must not wait.
    """

    shape: type[S]
    beside: type[B]
    beside_in: str  # a container in which a document's partition is its id
    make: Callable[[Sequence[S], Sequence[B]], T]


class Made(msgspec.Struct, Generic[T], frozen=True):
    """What was made of a page; `continuation` is None at the end, else one of `query`."""

    made: T
    continuation: str | None = None


@runtime_checkable
class MakesPages(Protocol):
    """A store whose engine reads a page into its shape, looks up what belongs to it and makes something of it."""

    async def page_made(
        self,
        reading: Reading[S, B, T],
        container: str,
        *,
        partition: str | None,
        where: Sequence[Where],
        limit: int,
        continuation: str | None,
    ) -> Made[T]:
        """Return what is made of the page that `query` would give in the order of ids."""


async def page_made(
    store: Store,
    reading: Reading[S, B, T],
    container: str,
    *,
    partition: str | None = None,
    where: Sequence[Where] = (),
    limit: int = PAGE,
    continuation: str | None = None,
) -> Made[T]:
    """Return what is made of a page of documents in the order of their ids. Raises as `query` does."""
    if isinstance(store, MakesPages):
        return await store.page_made(
            reading, container, partition=partition, where=where, limit=limit, continuation=continuation
        )
    page = await store.query(container, partition=partition, where=where, limit=limit, continuation=continuation)
    keys = [str(one["id"]) for one in page.docs]
    beside = await _of_ids(store, reading.beside_in, keys)
    made = reading.make(
        [msgspec.convert(one, reading.shape) for one in page.docs],
        [msgspec.convert(one, reading.beside) for one in beside],
    )
    return Made(made, page.continuation)


async def pages_made(
    store: Store,
    reading: Reading[S, B, T],
    container: str,
    *,
    partition: str | None = None,
    where: Sequence[Where] = (),
) -> AsyncGenerator[T, None]:
    """Give what is made of all documents in the order of their ids, page by page."""
    continuation: str | None = None
    while True:
        page = await page_made(store, reading, container, partition=partition, where=where, continuation=continuation)
        yield page.made
        continuation = page.continuation
        if continuation is None:
            return


async def _of_ids(store: Store, container: str, keys: Sequence[str]) -> list[Doc]:
    """Return the documents that have one of some ids, asked for in parts at once."""

    async def some(part: Sequence[str]) -> list[Doc]:
        where = [Where("id", Op.IN, part)]
        return [doc async for doc in documents(store, container, where=where, limit=LOOKED_UP)]

    parts = [keys[start : start + LOOKED_UP] for start in range(0, len(keys), LOOKED_UP)]
    return [doc for found in await asyncio.gather(*map(some, parts)) for doc in found]
