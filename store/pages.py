"""All that a query finds, page after page, for whoever needs the whole of it. Knows the contract and no engine.

Nothing is held between two pages: what is written or removed meanwhile may be seen or not, and nothing comes twice.
"""

from collections.abc import AsyncIterator, Sequence

from store.contract import Doc, Store, Where


async def pages(
    store: Store,
    container: str,
    *,
    partition: str | None = None,
    where: Sequence[Where] = (),
    order: str = "id",
    descending: bool = False,
    limit: int = 100,
) -> AsyncIterator[list[Doc]]:
    """Give the documents that `query` finds, up to `limit` at a time; a page may be empty. Raises as `query` does."""
    continuation: str | None = None
    while True:
        page = await store.query(
            container,
            partition=partition,
            where=where,
            order=order,
            descending=descending,
            limit=limit,
            continuation=continuation,
        )
        yield page.docs
        continuation = page.continuation
        if continuation is None:
            return


async def documents(
    store: Store,
    container: str,
    *,
    partition: str | None = None,
    where: Sequence[Where] = (),
    order: str = "id",
    descending: bool = False,
    limit: int = 100,
) -> AsyncIterator[Doc]:
    """Give the same one by one; `limit` is how many are read at a time."""
    found = pages(store, container, partition=partition, where=where, order=order, descending=descending, limit=limit)
    async for page in found:
        for doc in page:
            yield doc
