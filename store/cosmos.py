"""The engine on Azure Cosmos DB, for when one machine is not enough.

Session consistency: what a process has written, it reads. What another has written may take a moment to be seen, so
whoever decides by what was read writes under an etag or a condition.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from typing import TypeVar

from aiohttp import TraceConfig
from azure.cosmos.aio import ContainerProxy

from store.checks import check_changes, check_limit, check_question, lifetime_of
from store.containers import CONTAINERS
from store.contract import (
    Change,
    Changes,
    Create,
    Delete,
    Doc,
    Incomplete,
    Page,
    Patch,
    Replace,
    Unavailable,
    Where,
    container_of,
    is_usable_name,
    partition_of,
)
from store.cosmos_client import Account, Client, unmoved
from store.cosmos_errors import BUDGET_S, Refused, meaning_of
from store.cosmos_feed import mark_of, page_of, read_mark
from store.cosmos_query import MAX_PAGE, Sql, in_order, is_by_ids, is_indexed, page_sql, tally_sql
from store.cosmos_writes import Writes, plain
from store.paging import Question, token_at

T = TypeVar("T")

PAGE = MAX_PAGE + 1  # documents in one answer, as long as they have less than 4 MB; of its own accord it gives 100
EVERYWHERE = {"enableCrossPartitionQuery": True}  # in a part, all partitions; of its own accord the SDK does not say so
PING = "ping"  # an id that nobody uses


async def open_cosmos(
    account: Account,
    *,
    budget_s: float = BUDGET_S,
    busy_s: float | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    traces: Sequence[TraceConfig] = (),
) -> "CosmosStore":
    """Open a database. Connects when it is first used; `CosmosStore.ping` says what is missing, by name.

    `budget_s` is for how long one call asks again where the database is in trouble, `busy_s` where it only asks to
    wait (otherwise as long). `traces` are told of every request, in the context of whoever asked.
    """
    return CosmosStore(Client(account, budget_s=budget_s, busy_s=busy_s, sleep=sleep, traces=traces))


class CosmosStore:
    """`store.contract.Store` on Cosmos DB. Belongs to the event loop on which it was opened."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing: asyncio.Task[None] | None = None

    async def get(self, container: str, partition: str, doc_id: str) -> Doc | None:
        """Return one document, or None."""
        async with self._call(container) as (_, writes):
            if not is_usable_name(doc_id) or not is_usable_name(partition):
                return None
            found = await writes.read(partition, [doc_id])
            return plain(container, found[doc_id]) if found else None

    async def create(self, container: str, doc: Doc) -> Doc:
        """Write a new document. Raises `Conflict` where the id exists."""
        return await self._change(container, partition_of(container, doc), Create(doc))

    async def replace(self, container: str, doc: Doc, *, etag: str) -> Doc:
        """Write over the version with this etag. Raises `Conflict` or `Missing`."""
        return await self._change(container, partition_of(container, doc), Replace(doc, etag))

    async def patch(self, container: str, partition: str, patch: Patch) -> Doc:
        """Change some fields and return the whole document. Raises `Missing`, or `Conflict` where a condition fails."""
        return await self._change(container, partition, patch)

    async def delete(self, container: str, partition: str, doc_id: str, *, etag: str | None = None) -> None:
        """Remove a document. Raises `Missing` or `Conflict`."""
        await self._change(container, partition, Delete(doc_id, etag))

    async def batch(self, container: str, partition: str, changes: Sequence[Change]) -> list[Doc]:
        """Make up to 100 changes in one partition, all or none."""
        self._check_open()
        check_changes(container, partition, changes)
        for change in changes:
            if isinstance(change, Create | Replace):
                lifetime_of(container, change.doc)
        if not changes:
            return []
        async with self._call(container) as (_, writes):
            made = await writes.make(partition, changes)
            return [plain(container, doc) if doc else {} for doc in made]

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
        check_question(container, where, order, limit)
        question = Question(container, partition, where, order, descending)
        size = min(limit, MAX_PAGE)
        page_sql(question, continuation, limit=size + 1)  # a false continuation is refused before anything is asked
        async with self._call(container) as (at, _):
            if partition is not None and not is_usable_name(partition):
                return Page([])
            if is_by_ids(question) and continuation is None:
                docs = await self._named(at, question)
            else:
                docs = await self._page(at, question, continuation, size + 1)
                docs = await self._untied(at, question, continuation, docs, size)
        more = token_at(question, docs[size - 1]) if len(docs) > size else None
        return Page([plain(container, doc) for doc in docs[:size]], more)

    async def tally(self, container: str, partition: str, field: str, *, where: Sequence[Where] = ()) -> dict[str, int]:
        """Count the documents of one partition by the text in one declared field."""
        check_question(container, where, field, 1)
        async with self._call(container) as (at, _):
            if not is_usable_name(partition):
                return {}
            counts: dict[str, int] = {}
            for row in await self._asked(at, tally_sql(container, partition, field, where), partition):
                found, n = str(row["found"]), row["n"]
                counts[found] = counts.get(found, 0) + (n if isinstance(n, int) else 0)
            return counts

    async def changes(
        self, container: str, *, since: str | None = None, limit: int = 1000, partition: str | None = None
    ) -> Changes:
        """Return what was written after the mark (None: from the beginning)."""
        check_limit(limit)
        container_of(container)
        places = [] if since is None else read_mark(container, since)
        async with self._call(container) as (at, _):
            docs, reached = await self._ask(lambda: page_of(at, places, min(limit, MAX_PAGE), partition))
        return Changes([plain(container, doc) for doc in docs], mark_of(container, reached))

    async def ping(self) -> None:
        """Return when every container answers. Raises `Unavailable`, and `Incomplete` with the names of those missing.

        Each is asked for a document that nobody has: a container may also vanish from a database that was complete.
        """
        answers = await asyncio.gather(*(self._is_there(name) for name in CONTAINERS))
        missing = [name for name, is_there in zip(CONTAINERS, answers, strict=True) if not is_there]
        if missing:
            msg = f"lacks the containers {', '.join(missing)}: the deployment makes them"
            raise Incomplete(msg)

    async def close(self) -> None:
        """Finish the writes under way and let go of everything. May be called again."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._let_go())
        await asyncio.shield(self._closing)

    async def _change(self, container: str, partition: str, change: Change) -> Doc:
        return (await self.batch(container, partition, [change]))[0]

    async def _is_there(self, container: str) -> bool:
        try:
            await self.get(container, PING, PING)
        except Incomplete:
            return False
        return True

    @asynccontextmanager
    async def _call(self, container: str) -> AsyncIterator[tuple[ContainerProxy, Writes]]:
        """Count a call as under way and give it its container."""
        container_of(container)
        self._check_open()
        self._under_way += 1
        self._idle.clear()
        try:
            at = await self._client.container(container)
            yield at, Writes(container, at, self._client.patience, _mark)
        except Incomplete as incomplete:
            self._client.forget(container)
            raise Incomplete(self._client.without(container)) from incomplete
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def _asked(self, at: ContainerProxy, sql: Sql, partition: str | None) -> list[Doc]:
        async def there(**place: object) -> list[Doc]:
            found = at.query_items(sql.text, parameters=sql.parameters, max_item_count=PAGE, **place)  # type: ignore[call-overload]
            return [dict(doc) async for doc in found]

        async def call() -> list[Doc]:
            if partition is not None:
                return await there(partition_key=partition)
            # Asked about all of them at once, the SDK is refused first, has a plan made, and then asks each of them.
            parts = [dict(part) async for part in at.read_feed_ranges()]
            return list(
                chain.from_iterable(
                    await asyncio.gather(*(there(feed_range=part, feed_options=dict(EVERYWHERE)) for part in parts))
                )
            )

        return await self._ask(lambda: unmoved(call))

    async def _page(self, at: ContainerProxy, question: Question, continuation: str | None, limit: int) -> list[Doc]:
        """Return the first documents; each part of the container gives its own first ones."""
        docs = await self._asked(at, page_sql(question, continuation, limit=limit), question.partition)
        return docs if question.partition is not None else in_order(question, docs)[:limit]

    async def _untied(
        self, at: ContainerProxy, question: Question, continuation: str | None, docs: list[Doc], size: int
    ) -> list[Doc]:
        """Put documents in order where no index does; those that tie where the page is cut are then all needed."""
        if is_indexed(question):
            return docs
        order = question.order
        if len(docs) > size and docs[size][order] == docs[size - 1][order]:
            tie = docs[size][order]
            sql = page_sql(question, continuation, limit=size, tied_to=tie if isinstance(tie, str | int | float) else 0)
            docs = [doc for doc in docs if doc[order] != tie] + await self._asked(at, sql, question.partition)
        return in_order(question, docs)

    async def _named(self, at: ContainerProxy, question: Question) -> list[Doc]:
        """Read the documents that a question names: one request for each part of the container, and no plan."""
        value = question.where[0].value
        names = value if isinstance(value, list | tuple) else ()
        ids = [one for one in dict.fromkeys(names) if is_usable_name(one)]
        if not ids:
            return []

        async def call() -> list[Doc]:
            return [dict(doc) for doc in await at.read_items([(one, one) for one in ids], max_item_count=PAGE)]

        return sorted(
            await self._ask(lambda: unmoved(call)), key=lambda doc: str(doc["id"]), reverse=question.descending
        )

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._client.patience.ask(call)
        except Refused as refused:
            raise meaning_of(refused.failure) from refused

    async def _let_go(self) -> None:
        await self._idle.wait()
        await self._client.close()

    def _check_open(self) -> None:
        if self._closing is not None:
            msg = "the store is closed"
            raise Unavailable(msg)


def _mark() -> str:
    return secrets.token_urlsafe(9)
