"""The one thread that writes: it takes everything that waits, makes it in one transaction, and answers at once.

One commit, and so one wait for the disk, serves the whole group. A group costs a handful of statements however
large it is, because each statement hands the interpreter lock back and forth with the event loop.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from string import Template

import msgspec

from store.containers import CONTAINERS
from store.contract import StoreError, Unavailable
from store.sqlite_file import meaning_of, roll_back
from store.sqlite_plan import Key, Plan, Row, Step

MAX_GROUP = 500  # writes in one commit; more make everybody wait longer without saving much
MAX_LOADED = 400  # documents in one statement: SQLite makes no text over 10^9 bytes, and each may have 2 MB
PURGED = 100  # expired documents that one commit takes along
PURGE_EVERY_S = 1.0
_ROWS = (100, 10, 1)  # rows in one statement; few sizes, so that each is prepared once
_REFUSED = (StoreError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)

_LOAD = Template(
    "SELECT '[' || coalesce(group_concat('[' || wanted.key || ',' || kept.seq || ',' ||"
    " coalesce(kept.expires, 'null') || ',' || kept.body || ']'), '') || ']'"
    " FROM json_each(?) AS wanted CROSS JOIN $table AS kept"
    " ON kept.partition = json_extract(wanted.value, '$$[0]') AND kept.id = json_extract(wanted.value, '$$[1]')"
)
_KEEP = Template(
    "INSERT INTO $table (partition, id, seq, expires, body) VALUES $rows"
    " ON CONFLICT (partition, id) DO UPDATE SET seq = excluded.seq, expires = excluded.expires, body = excluded.body"
)
_DROP = Template(  # of VALUES with several rows, SQLite makes a list to look at for each row of the whole table
    "DELETE FROM $table WHERE (partition, id) IN"
    " (SELECT json_extract(value, '$$[0]'), json_extract(value, '$$[1]') FROM json_each(?))"
)
_PURGE = Template(
    "DELETE FROM $table WHERE (partition, id) IN"
    " (SELECT partition, id FROM $table WHERE expires <= ? ORDER BY expires LIMIT ?)"
)
_LOADED = msgspec.json.Decoder(list[tuple[int, int, float | None, msgspec.Raw]])


class Write(msgspec.Struct, eq=False):
    """Steps in one partition, all or none, and who waits for them."""

    container: str
    partition: str
    steps: Sequence[Step]
    waiting: asyncio.Future[list[Row | None]]
    made: list[Row | None] = []
    refused: BaseException | None = None


class Writer:
    """Group commit. `put` belongs to the event loop; everything else happens in the writer's own thread."""

    def __init__(self, db: sqlite3.Connection, loop: asyncio.AbstractEventLoop, clock: Callable[[], float]) -> None:
        self._db = db
        self._loop = loop
        self._clock = clock
        self._next_purge = 0.0
        self._has_stopped = False
        self._owes_wipe = False  # something was deleted whose traces are still in the log
        self.commits = 0
        self._pending: list[Write] = []
        self._queue: queue.SimpleQueue[list[Write] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Say whether writes are still being made."""
        return not self._has_stopped

    def put(self, container: str, partition: str, steps: Sequence[Step]) -> asyncio.Future[list[Row | None]]:
        """Hand in a write and return what will hold its outcome once it is durable."""
        waiting: asyncio.Future[list[Row | None]] = self._loop.create_future()
        if not self._pending:  # what one turn of the loop hands in goes over as one piece
            self._loop.call_soon(self._hand_over)
        self._pending.append(Write(container, partition, steps, waiting))
        return waiting

    async def close(self) -> None:
        """Make every write handed in so far, end the thread and let go of the file."""
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self._db.close()

    def _hand_over(self) -> None:
        group, self._pending = self._pending, []
        self._queue.put(group)
        if self._has_stopped:  # looked at after the put: either the thread finds the group there, or it is found here
            _abandon([write for more in self._waiting() for write in more or ()])

    def _run(self) -> None:
        group: list[Write] = []
        try:
            for group in self._groups():
                self._settle(group)
                self._answer(group)
        finally:  # nobody waits for ever, whatever went wrong
            self._has_stopped = True
            left = [*group, *(write for more in self._waiting() for write in more or ())]
            self._tell(_abandon, left)

    def _groups(self) -> Iterator[list[Write]]:
        while (group := self._queue.get()) is not None:
            for more in self._waiting():
                if more is None:
                    yield group
                    return
                group.extend(more)
                if len(group) >= MAX_GROUP:
                    break
            yield group

    def _waiting(self) -> Iterator[list[Write] | None]:
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._queue.get_nowait()

    def _settle(self, group: Sequence[Write]) -> None:
        """Make the writes of a group in one transaction and note on each how it ended."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._make(group)
            self._db.execute("COMMIT")
            self.commits += 1
            self._wipe()
        except sqlite3.Error as error:
            for write in group:
                write.refused = meaning_of(error)
            with contextlib.suppress(sqlite3.Error):
                roll_back(self._db)

    def _make(self, group: Sequence[Write]) -> None:
        # The clock is read inside the transaction, so that writers of other processes never use the same number.
        (last,) = self._db.execute("SELECT seq FROM clock").fetchone()
        plan = Plan(last=last, now=self._clock())
        touched = self._load(plan, group)
        for write in group:
            try:
                write.made = plan.make(write.container, write.partition, write.steps)
            except _REFUSED as error:
                write.refused = error
        for container in touched:
            self._store(plan, container)
        self._purge(plan.now)
        if plan.last != last:
            self._db.execute("UPDATE clock SET seq = ?", (plan.last,))

    def _load(self, plan: Plan, group: Sequence[Write]) -> Iterable[str]:
        wanted: dict[str, dict[Key, None]] = {}
        for write in group:
            keys = wanted.setdefault(write.container, {})
            for step in write.steps:
                keys[write.partition, step.id] = None
        for container, keys in wanted.items():
            for some in _pieces(list(keys), MAX_LOADED):
                (text,) = self._db.execute(_SQL_LOAD[container], (msgspec.json.encode(some).decode(),)).fetchone()
                for at, seq, expires, body in _LOADED.decode(text):
                    plan.found(container, some[at], Row(seq, expires, bytes(body)))
        return wanted

    def _store(self, plan: Plan, container: str) -> None:
        kept = [(*key, row.seq, row.expires, row.body.decode()) for key, row in plan.to_keep(container)]
        gone = plan.to_drop(container)
        self._in_rows(_SQL_KEEP[container], kept)
        if gone:
            self._db.execute(SQL_DROP[container], (msgspec.json.encode(gone).decode(),))
        self._owes_wipe |= CONTAINERS[container].wipes and bool(gone)

    def _wipe(self) -> None:
        """Fold the log into the file and empty it, where that is owed: it still has what was deleted.

        Where a reader is in the way, nobody waits for it; the next group tries again.
        """
        if not self._owes_wipe:
            return
        with contextlib.suppress(sqlite3.Error):  # the group is kept, whatever becomes of the log
            (wait_ms,) = self._db.execute("PRAGMA busy_timeout").fetchone()
            try:
                self._db.execute("PRAGMA busy_timeout = 0")
                (is_busy, _, _) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                self._owes_wipe = bool(is_busy)
            finally:
                self._db.execute(f"PRAGMA busy_timeout = {wait_ms}")

    def _in_rows(self, statements: dict[int, str], rows: Sequence[tuple[object, ...]]) -> None:
        rest = iter(rows)
        for size in _sizes(len(rows)):
            self._db.execute(statements[size], [value for row in islice(rest, size) for value in row])

    def _purge(self, now: float) -> None:
        if now < self._next_purge:
            return
        purged = [self._db.execute(sql, (now, PURGED)).rowcount for sql in _SQL_PURGE]
        self._next_purge = now if PURGED in purged else now + PURGE_EVERY_S

    def _answer(self, group: list[Write]) -> None:
        self._tell(_resolve, group)
        group.clear()

    def _tell(self, how: Callable[[Sequence[Write]], None], group: Sequence[Write]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(how, list(group))


def _resolve(group: Sequence[Write]) -> None:
    for write in group:
        if write.waiting.done():  # who waited was cancelled; the write stands
            continue
        if write.refused is not None:
            write.waiting.set_exception(write.refused)
        else:
            write.waiting.set_result(write.made)


def _abandon(group: Sequence[Write]) -> None:
    for write in group:
        if not write.waiting.done():
            write.waiting.set_exception(Unavailable("the writer has stopped"))


def _pieces(keys: Sequence[Key], size: int) -> Iterator[Sequence[Key]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))


def _sizes(count: int) -> Iterator[int]:
    for size in _ROWS:
        yield from [size] * (count // size)
        count %= size


def _in_sizes(template: Template, table: str, row: str) -> dict[int, str]:
    return {size: template.substitute(table=table, rows=", ".join([row] * size)) for size in _ROWS}


_SQL_LOAD = {name: _LOAD.substitute(table=name) for name in CONTAINERS}
_SQL_KEEP = {name: _in_sizes(_KEEP, name, "(?, ?, ?, ?, ?)") for name in CONTAINERS}
SQL_DROP = {name: _DROP.substitute(table=name) for name in CONTAINERS}
_SQL_PURGE = [_PURGE.substitute(table=one.name) for one in CONTAINERS.values() if one.expires]
