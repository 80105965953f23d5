"""The embedded engine: documents in one SQLite file, durable when a call returns.

Writes go through one thread with group commit; a document is read right on the event loop, since that takes a few
microseconds; pages are read in a thread of their own, so that a slow question never holds up a turn.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from string import Template

from store.checks import check_changes, check_limit, check_question
from store.containers import CONTAINERS
from store.contract import (
    Change,
    Changes,
    Create,
    Delete,
    Doc,
    Page,
    Patch,
    Replace,
    Unavailable,
    Where,
    decode,
    is_usable_name,
    partition_of,
)
from store.paging import Question
from store.shapes import B, Made, Reading, S, T
from store.sqlite_file import meaning_of, open_reader, open_writer
from store.sqlite_plan import Row, check_size, step_of
from store.sqlite_query import tally_sql
from store.sqlite_reader import Reader
from store.sqlite_writer import Writer

MARK_DIGITS = 18  # what fits SQLite's integers
LOCK_WAIT_S = 5.0  # how long to wait for another process that is writing
_GET = Template("SELECT body, seq FROM $table WHERE partition = ? AND id = ? AND (expires IS NULL OR expires > ?)")
_GETS = {name: _GET.substitute(table=name) for name in CONTAINERS}


async def open_sqlite(
    path: Path, *, clock: Callable[[], float] = time.time, lock_wait_s: float = LOCK_WAIT_S
) -> "SqliteStore":
    """Open a file, creating it and its folder where they are missing; `clock` gives epoch seconds.

    Raises `Busy` while another process holds it, `Unavailable` where it is no usable database, and `StoreError`
    where a newer Hearback has written it.
    """
    try:
        return await asyncio.to_thread(_open, path, clock, lock_wait_s, asyncio.get_running_loop())
    except (sqlite3.Error, OSError) as error:
        raise meaning_of(error) from error


class SqliteStore:
    """`store.contract.Store` on SQLite. Belongs to the event loop on which it was opened."""

    def __init__(self, writer: Writer, reader: Reader, points: sqlite3.Connection, clock: Callable[[], float]) -> None:
        self._writer = writer
        self._reader = reader
        self._points = points
        self._clock = clock
        self._closing: asyncio.Task[None] | None = None

    @property
    def commits(self) -> int:
        """How many groups of writes have been committed."""
        return self._writer.commits

    async def get(self, container: str, partition: str, doc_id: str) -> Doc | None:
        """Return one document, or None."""
        self._check_open()
        if not is_usable_name(doc_id) or not is_usable_name(partition):
            return None
        try:
            found = self._points.execute(_GETS[container], (partition, doc_id, self._clock())).fetchall()
        except sqlite3.Error as error:
            raise meaning_of(error) from error
        return decode(container, found[0][0], str(found[0][1])) if found else None

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
        steps = [step_of(container, change) for change in changes]
        check_size(steps)
        if not steps:
            return []
        rows = await self._writer.put(container, partition, steps)
        return [_doc(container, row) for row in rows]

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
        self._check_open()
        check_question(container, where, order, limit)
        question = Question(container, partition, where, order, descending)
        return await self._reader.page(question, continuation, now=self._clock(), limit=limit)

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
        """Return what is made of a page of documents in the order of their ids."""
        self._check_open()
        check_question(container, where, "id", limit)
        check_question(reading.beside_in, [], "id", 1)
        question = Question(container, partition, where, "id", descending=False)
        return await self._reader.page_made(reading, question, continuation, now=self._clock(), limit=limit)

    async def tally(self, container: str, partition: str, field: str, *, where: Sequence[Where] = ()) -> dict[str, int]:
        """Count the documents of one partition by the text in one declared field."""
        self._check_open()
        check_question(container, where, field, 1)
        return await self._reader.tally(tally_sql(container, partition, field, where, now=self._clock()))

    async def changes(
        self, container: str, *, since: str | None = None, limit: int = 1000, partition: str | None = None
    ) -> Changes:
        """Return what was written after the mark (None: from the beginning), in whatever partition."""
        del partition  # here one look finds everything
        self._check_open()
        check_limit(limit)
        mark = _sequence_number(since)
        return await self._reader.changes(container, mark, now=self._clock(), limit=limit)

    async def ping(self) -> None:
        """Return when the store answers. Raises `Unavailable` when it does not."""
        self._check_open()
        if not self._writer.is_alive:
            msg = "the writer has stopped"
            raise Unavailable(msg)
        await self._reader.ping()

    async def close(self) -> None:
        """Finish the writes under way and let go of everything. May be called again."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._let_go())
        await asyncio.shield(self._closing)

    async def _change(self, container: str, partition: str, change: Change) -> Doc:
        return (await self.batch(container, partition, [change]))[0]

    async def _let_go(self) -> None:
        await self._reader.close()
        self._points.close()
        await self._writer.close()  # the last connection to go folds the log into the file

    def _check_open(self) -> None:
        if self._closing is not None:
            msg = "the store is closed"
            raise Unavailable(msg)


def _open(path: Path, clock: Callable[[], float], lock_wait_s: float, loop: asyncio.AbstractEventLoop) -> SqliteStore:
    with contextlib.ExitStack() as opened:
        writes = opened.enter_context(contextlib.closing(open_writer(path, lock_wait_s=lock_wait_s)))
        pages = opened.enter_context(contextlib.closing(open_reader(path, lock_wait_s=lock_wait_s)))
        points = open_reader(path, lock_wait_s=lock_wait_s)
        opened.pop_all()  # from here on the store closes them
    return SqliteStore(Writer(writes, loop, clock), Reader(pages), points, clock)


def _doc(container: str, row: Row | None) -> Doc:
    return {} if row is None else decode(container, row.body, str(row.seq))


def _sequence_number(mark: str | None) -> int:
    if mark is None:
        return 0
    if not mark.isascii() or not mark.isdecimal() or len(mark) > MARK_DIGITS:
        msg = f"not a mark: {mark!r:.80}"
        raise ValueError(msg)
    return int(mark)
