"""Reads pages in a thread of its own, with a connection of its own. Knows nothing of writes."""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from store.contract import Changes, Op, Page, Unavailable, Where
from store.paging import Question
from store.shapes import B, Made, Reading, S, T
from store.sqlite_file import meaning_of
from store.sqlite_query import (
    MAX_PAGE,
    Row,
    Sql,
    bodies_sql,
    changes_sql,
    count_sql,
    doc_of,
    page_sql,
    rows_of,
    shaped,
    token_after,
    token_after_id,
)

SPARE = 2  # documents read for each that is wanted, at most


class Reader:
    """The thread of the pages. A slow question delays other questions, never the event loop."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._thread = ThreadPoolExecutor(1, "store-reader")

    async def page(self, question: Question, continuation: str | None, *, now: float, limit: int) -> Page:
        """Return one page of a question."""
        size = min(limit, MAX_PAGE)
        sql = page_sql(question, continuation, now=now, limit=size + 1)
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._page, question, sql, size)

    async def page_made(
        self, reading: Reading[S, B, T], question: Question, continuation: str | None, *, now: float, limit: int
    ) -> Made[T]:
        """Return what is made of one page of a question: in this thread, where it was read."""
        size = min(limit, MAX_PAGE)
        sql = bodies_sql(question, continuation, now=now, limit=size + 1)
        work = partial(self._page_made, reading, question, sql, size=size, now=now)
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def changes(self, container: str, mark: int, *, now: float, limit: int) -> Changes:
        """Return what was written after a mark."""
        sql = changes_sql(container, mark, now=now, limit=min(limit, MAX_PAGE))
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._changes, container, sql, mark)

    async def tally(self, sql: Sql) -> dict[str, int]:
        """Return counts by value."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._tally, sql)

    async def ping(self) -> None:
        """Return when the file answers."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._rows, ("SELECT '[]' FROM clock", []))

    async def close(self) -> None:
        """Finish the questions that were asked and let go of the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._db.close)
        self._thread.shutdown()

    def _page(self, question: Question, sql: Sql, size: int) -> Page:
        rows = self._rows(sql)
        docs = [doc_of(question.container, row) for row in rows[:size]]
        return Page(docs, token_after(question, rows[size - 1]) if len(rows) > size else None)

    def _page_made(self, reading: Reading[S, B, T], question: Question, sql: Sql, *, size: int, now: float) -> Made[T]:
        found = shaped(reading.shape, question.container, self._text(sql))
        more = len(found) > size
        some = found[:size]
        beside = self._of_ids(reading.beside, reading.beside_in, [one.id for one in some], now)
        return Made(reading.make(some, beside), token_after_id(question, some[-1].id) if more else None)

    def _of_ids(self, shape: type[B], container: str, keys: Sequence[str], now: float) -> list[B]:
        """Return the documents that have one of some ids, which are in order.

        Where there is little else between the first and the last, all of that is read: it takes less than half as long
        as looking for each.
        """
        if not keys:
            return []
        between = _by_id(container, Where("id", Op.GE, keys[0]), Where("id", Op.LE, keys[-1]))
        most, wanted = SPARE * len(keys), set(keys)
        if int(self._text(count_sql(between, now=now, limit=most + 1))) <= most:
            found = shaped(shape, container, self._text(bodies_sql(between, None, now=now, limit=most + 1)))
            if len(found) <= most:  # nobody has come in between meanwhile
                return [one for one in found if one.id in wanted]
        each = _by_id(container, Where("id", Op.IN, keys))
        return shaped(shape, container, self._text(bodies_sql(each, None, now=now, limit=len(keys))))

    def _changes(self, container: str, sql: Sql, mark: int) -> Changes:
        rows = self._rows(sql)
        return Changes([doc_of(container, row) for row in rows], str(rows[-1][0] if rows else mark))

    def _tally(self, sql: Sql) -> dict[str, int]:
        try:
            return dict(self._db.execute(*sql).fetchall())
        except sqlite3.Error as error:
            raise meaning_of(error) from error

    def _rows(self, sql: Sql) -> list[Row]:
        return rows_of(self._text(sql))

    def _text(self, sql: Sql) -> str:
        try:
            found = self._db.execute(*sql).fetchone()
        except sqlite3.Error as error:
            raise meaning_of(error) from error
        if found is None:
            msg = "the database has lost its clock"
            raise Unavailable(msg)
        return str(found[0])


def _by_id(container: str, *where: Where) -> Question:
    return Question(container, None, where, "id", descending=False)
