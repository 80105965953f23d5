"""All that a query finds, page after page, for whoever needs the whole of it. Knows the contract and no engine.

Nothing is held between two pages: what is written or removed meanwhile may be seen or not, and nothing comes twice.
"""

from collections.abc import AsyncIterator, Sequence
from typing import TypedDict, Unpack

from store.contract import Doc, Store, Where


class Asked(TypedDict, total=False):
    """What `query` can be asked beside the container, with its defaults."""

    partition: str | None
    where: Sequence[Where]
    order: str
    descending: bool
    limit: int


async def pages(store: Store, container: str, **asked: Unpack[Asked]) -> AsyncIterator[list[Doc]]:
    """Give the documents that `query` finds, up to `limit` at a time; a page may be empty. Raises as `query` does."""
    continuation: str | None = None
    while True:
        page = await store.query(container, **asked, continuation=continuation)
        yield page.docs
        continuation = page.continuation
        if continuation is None:
            return


async def documents(store: Store, container: str, **asked: Unpack[Asked]) -> AsyncIterator[Doc]:
    """Give the same one by one; `limit` is how many are read at a time."""
    async for page in pages(store, container, **asked):
        for doc in page:
            yield doc
