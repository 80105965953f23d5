"""The embedded engine: documents in one SQLite file.

Point reads happen at once on the event loop (about ten microseconds); queries in a thread of their own, so that a
slow one holds nobody up; writes in the writer's thread.
"""

import asyncio
import sqlite3
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from store.containers import CONTAINERS
from store.contract import (
    MAX_BATCH,
    Change,
    Changes,
    Create,
    Delete,
    Doc,
    Op,
    Page,
    Patch,
    Replace,
    TooLarge,
    Unavailable,
    Where,
    check_query,
    container_of,
    decode,
    partition_of,
)
from store.database import connect, migrate
from store.writer import Writer, translated

_ALIVE = "(expires IS NULL OR expires > ?)"
_SIGNS = {Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}

Key = tuple[str | int | float, str, str]  # the value ordered by, the partition and the id of the last one on a page
Row = tuple[str, int, str | int | float, str, str]  # body, seq, and for a query its key
Clock = Callable[[], float]

_KEYS: msgspec.json.Decoder[Key] = msgspec.json.Decoder(Key)


async def open_sqlite(path: Path, *, clock: Clock = time.time) -> "SqliteStore":
    """Open the file, made and brought up to date where needed. Raises `NewerDatabase` or `Unavailable`."""
    try:
        await asyncio.to_thread(_prepare, path)
    except (OSError, sqlite3.Error) as error:
        msg = f"{path} cannot be opened: {error}"
        raise Unavailable(msg) from error
    return SqliteStore(path, clock)


class SqliteStore:
    """Documents in one SQLite file, under the contract of `store.contract.Store`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._writer = Writer(path, clock)
        self._reader = connect(path)
        self._slow_reader = connect(path)
        self._slow = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        self._is_closed = False
        self._gets = {
            name: f"SELECT body, seq FROM {name} WHERE partition = ? AND id = ? AND {_ALIVE}"  # noqa: S608 - declared
            for name in CONTAINERS
        }

    @property
    def commits(self) -> int:
        """How many transactions were committed; several writes share one."""
        return self._writer.commits

    async def get(self, container: str, partition: str, doc_id: str) -> Doc | None:
        """Return one document, or None."""
        self._check_open()
        try:
            found = self._reader.execute(self._gets[container], (partition, doc_id, self._clock())).fetchone()
        except sqlite3.Error as error:
            raise translated(error) from error
        return None if found is None else decode(container, found[0], str(found[1]))

    async def create(self, container: str, doc: Doc) -> Doc:
        """Write a new document."""
        return (await self._writer.write(container, partition_of(container, doc), [Create(doc)]))[0]

    async def replace(self, container: str, doc: Doc, *, etag: str) -> Doc:
        """Write over the version with this etag."""
        return (await self._writer.write(container, partition_of(container, doc), [Replace(doc, etag)]))[0]

    async def patch(self, container: str, partition: str, patch: Patch) -> Doc:
        """Change some fields, if the conditions hold."""
        return (await self._writer.write(container_of(container).name, partition, [patch]))[0]

    async def delete(self, container: str, partition: str, doc_id: str, *, etag: str | None = None) -> None:
        """Remove a document."""
        await self._writer.write(container_of(container).name, partition, [Delete(doc_id, etag)])

    async def batch(self, container: str, partition: str, changes: Sequence[Change]) -> list[Doc]:
        """Make up to 100 changes in one partition, all or none."""
        if len(changes) > MAX_BATCH:
            msg = f"a batch may have {MAX_BATCH} changes, this one has {len(changes)}"
            raise TooLarge(msg)
        for change in changes:
            if isinstance(change, Create | Replace) and partition_of(container, change.doc) != partition:
                msg = f"a batch stays in one partition, {partition!r}"
                raise ValueError(msg)
        return await self._writer.write(container_of(container).name, partition, changes) if changes else []

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
        """Return a page of documents in the order of one declared field."""
        self._check_open()
        check_query(container, where, order)
        after = None if continuation is None else _key(continuation)
        sql, values = _select(
            container, partition=partition, where=where, order=order, descending=descending, after=after
        )
        rows = await self._slowly(f"{sql} LIMIT ?", [self._clock(), *values, limit + 1])
        docs = [decode(container, row[0], str(row[1])) for row in rows[:limit]]
        return Page(docs, _token(rows[limit - 1][2:]) if len(rows) > limit else None)

    async def changes(self, container: str, *, since: str | None = None, limit: int = 1000) -> Changes:
        """Return what was written after a mark."""
        self._check_open()
        name = container_of(container).name
        rows = await self._slowly(
            f"SELECT body, seq FROM {name} WHERE {_ALIVE} AND seq > ? ORDER BY seq LIMIT ?",  # noqa: S608 - declared
            [self._clock(), int(since or 0), limit],
        )
        docs = [decode(container, row[0], str(row[1])) for row in rows]
        return Changes(docs, str(rows[-1][1]) if rows else since or "0")

    async def ping(self) -> None:
        """Return when the file can be read."""
        self._check_open()
        await self._slowly("SELECT seq FROM clock", [])

    async def close(self) -> None:
        """Finish the writes under way and close the file."""
        if self._is_closed:
            return
        self._is_closed = True
        await self._writer.close()
        await asyncio.to_thread(self._slow.shutdown)
        self._reader.close()
        self._slow_reader.close()

    async def _slowly(self, sql: str, values: Sequence[object]) -> list[Row]:
        def read() -> list[Row]:
            return self._slow_reader.execute(sql, values).fetchall()

        try:
            return await asyncio.get_running_loop().run_in_executor(self._slow, read)
        except sqlite3.Error as error:
            raise translated(error) from error

    def _check_open(self) -> None:
        if self._is_closed:
            msg = "the store is closed"
            raise Unavailable(msg)


def _prepare(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(path)
    try:
        migrate(connection)
    finally:
        connection.close()


def _select(
    container: str,
    *,
    partition: str | None,
    where: Sequence[Where],
    order: str,
    descending: bool,
    after: Key | None,
) -> tuple[str, list[object]]:
    """Return the statement, without its limit, and its values after the first, which is the time."""
    conditions, values = [_ALIVE], list[object]()
    if partition is not None:
        conditions.append("partition = ?")
        values.append(partition)
    for one in where:
        condition, bound = _condition(one)
        conditions.append(condition)
        values += bound
    by = _expression(order)
    keys = (
        ["partition", "id"] if order == "id" and container_of(container).partition == "id" else [by, "partition", "id"]
    )
    if order != "id":
        conditions.append(f"{by} IS NOT NULL")
    if after is not None:
        conditions.append(f"({', '.join(keys)}) {'<' if descending else '>'} ({', '.join('?' * len(keys))})")
        values += after[-len(keys) :]
    direction = " DESC" if descending else ""
    ordered = ", ".join(f"{key}{direction}" for key in keys)
    sql = f"SELECT body, seq, {by}, partition, id FROM {container} WHERE {' AND '.join(conditions)} ORDER BY {ordered}"  # noqa: S608 - declared names; every value is bound
    return sql, values


def _condition(one: Where) -> tuple[str, list[object]]:
    by = _expression(one.field)
    if one.op is Op.IN:
        values = list(one.value) if isinstance(one.value, list | tuple) else []
        return f"{by} IN ({', '.join('?' * len(values))})", values
    if one.op is Op.EQ:
        return f"{by} = ?", [one.value]
    kinds = "'text'" if isinstance(one.value, str) else "'integer', 'real'"
    return f"({by} {_SIGNS[one.op]} ? AND typeof({by}) IN ({kinds}))", [one.value]


def _expression(field: str) -> str:
    return "id" if field == "id" else f"body ->> '$.{field}'"


def _token(key: Sequence[object]) -> str:
    return urlsafe_b64encode(msgspec.json.encode(key)).decode()


def _key(token: str) -> Key:
    """Return what a continuation says. Raises `ValueError` for one that was not ours."""
    try:
        return _KEYS.decode(urlsafe_b64decode(token))
    except (msgspec.MsgspecError, ValueError) as error:
        msg = "not a continuation of this store"
        raise ValueError(msg) from error
