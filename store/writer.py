"""The one thread that writes. It takes everything that waits, applies it in one transaction and commits once.

A change that cannot be made leaves nothing and does not disturb the others in its group; when the commit itself
fails, nobody in the group is told that anything was written.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from store.containers import CONTAINERS
from store.contract import (
    Busy,
    Change,
    Conflict,
    Create,
    Delete,
    Doc,
    Missing,
    Patch,
    StoreError,
    Unavailable,
    check_patch,
    decode,
    encode,
    holds,
    id_of,
)
from store.database import connect

MAX_GROUP = 500
PURGE_EVERY_S = 60.0
PURGE_AT_MOST = 200  # expired documents removed at a time

Result = list[Doc] | Exception


class _Job(NamedTuple):
    container: str
    partition: str
    changes: Sequence[Change]
    future: asyncio.Future[list[Doc]]


class Writer:
    """Writes to one SQLite file from a thread of its own."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._is_closed = False
        self._purged_at = clock()
        self.commits = 0
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def write(self, container: str, partition: str, changes: Sequence[Change]) -> list[Doc]:
        """Make the changes, all or none, and return when they are on the disk."""
        if self._is_closed:
            msg = "the store is closed"
            raise Unavailable(msg)
        future: asyncio.Future[list[Doc]] = self._loop.create_future()
        self._jobs.put(_Job(container, partition, changes, future))
        return await future

    async def close(self) -> None:
        """Finish what waits, then end the thread."""
        if not self._is_closed:
            self._is_closed = True
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        connection = connect(self._path)
        is_open = True
        while is_open:
            group = self._next_group()
            is_open = group[-1] is not None
            jobs = [job for job in group if job is not None]
            if jobs:
                results = self._commit(connection, jobs)
                self._loop.call_soon_threadsafe(_settle, jobs, results)
        connection.close()

    def _next_group(self) -> list[_Job | None]:
        """Return what waits, at least one; a None at the end says that it is the last group."""
        group = [self._jobs.get()]
        while group[-1] is not None and len(group) < MAX_GROUP and not self._jobs.empty():
            group.append(self._jobs.get())
        return group

    def _commit(self, connection: sqlite3.Connection, jobs: Sequence[_Job]) -> list[Result]:
        try:
            connection.execute("BEGIN IMMEDIATE")
            work = _Transaction(connection, self._clock())
            results = [work.attempt(job) for job in jobs]
            self._purge_sometimes(work)
            work.keep_time()
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            return [translated(error)] * len(jobs)
        self.commits += 1
        return results

    def _purge_sometimes(self, work: "_Transaction") -> None:
        if work.now - self._purged_at >= PURGE_EVERY_S:
            self._purged_at = work.now
            work.purge()


class _Transaction:
    """The changes of one group. Sequence numbers come from the file, so several processes may write it."""

    def __init__(self, connection: sqlite3.Connection, now: float) -> None:
        self._connection = connection
        self._seq = int(connection.execute("SELECT seq FROM clock").fetchone()[0])
        self._kept_seq = self._seq
        self.now = now

    def attempt(self, job: _Job) -> Result:
        """Make one job's changes, all or none; a refusal is returned, not raised."""
        is_batch = len(job.changes) > 1
        if is_batch:
            self._connection.execute("SAVEPOINT batch")
        try:
            made: Result = [self._make(job.container, job.partition, change) for change in job.changes]
        except (StoreError, ValueError, TypeError) as refusal:
            if is_batch:
                self._connection.execute("ROLLBACK TO batch")
            made = refusal
        if is_batch:
            self._connection.execute("RELEASE batch")
        return made

    def keep_time(self) -> None:
        """Store the last sequence number used."""
        if self._seq != self._kept_seq:
            self._connection.execute("UPDATE clock SET seq = ?", (self._seq,))

    def purge(self) -> None:
        """Remove some documents whose time is over."""
        for one in CONTAINERS.values():
            if one.expires:
                self._connection.execute(
                    f"DELETE FROM {one.name} WHERE (partition, id) IN "  # noqa: S608 - a declared name
                    f"(SELECT partition, id FROM {one.name} WHERE expires <= ? LIMIT {PURGE_AT_MOST})",
                    (self.now,),
                )

    def _make(self, container: str, partition: str, change: Change) -> Doc:
        match change:
            case Create():
                return self._create(container, partition, change.doc)
            case Delete():
                return self._delete(container, partition, change)
            case Patch():
                return self._patch(container, partition, change)
            case _:
                self._existing(container, partition, id_of(change.doc), change.etag)
                return self._put(container, partition, change.doc)

    def _create(self, container: str, partition: str, doc: Doc) -> Doc:
        if self._find(container, partition, id_of(doc)) is not None:
            msg = f"{container} has {doc['id']!r} already"
            raise Conflict(msg)
        return self._put(container, partition, doc)

    def _patch(self, container: str, partition: str, patch: Patch) -> Doc:
        check_patch(patch)
        body, seq = self._existing(container, partition, patch.id, None)
        doc = decode(container, body, str(seq))
        if not holds(doc, patch.when):
            msg = f"a condition on {patch.id!r} does not hold"
            raise Conflict(msg)
        for field, amount in patch.add.items():
            doc[field] = _sum(doc.get(field, 0), amount)
        doc.update(patch.set)
        for field in patch.unset:
            doc.pop(field, None)
        return self._put(container, partition, doc)

    def _delete(self, container: str, partition: str, change: Delete) -> Doc:
        self._existing(container, partition, change.id, change.etag)
        self._connection.execute(
            f"DELETE FROM {container} WHERE partition = ? AND id = ?",  # noqa: S608 - a declared name
            (partition, change.id),
        )
        return {}

    def _existing(self, container: str, partition: str, doc_id: str, etag: str | None) -> tuple[str, int]:
        found = self._find(container, partition, doc_id)
        if found is None:
            msg = f"{container} has no {doc_id!r}"
            raise Missing(msg)
        if etag is not None and etag != str(found[1]):
            msg = f"{doc_id!r} was changed meanwhile"
            raise Conflict(msg)
        return found

    def _find(self, container: str, partition: str, doc_id: str) -> tuple[str, int] | None:
        found: tuple[str, int, float | None] | None = self._connection.execute(
            f"SELECT body, seq, expires FROM {container} WHERE partition = ? AND id = ?",  # noqa: S608 - a declared name
            (partition, doc_id),
        ).fetchone()
        if found is None or (found[2] is not None and found[2] <= self.now):
            return None
        return found[0], found[1]

    def _put(self, container: str, partition: str, doc: Doc) -> Doc:
        body = encode(container, doc).decode()
        ttl = doc.get("ttl")
        expires = self.now + ttl if isinstance(ttl, int | float) else None
        self._seq += 1
        self._connection.execute(
            f"INSERT OR REPLACE INTO {container} (partition, id, seq, expires, body) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
            (partition, doc["id"], self._seq, expires, body),
        )
        return decode(container, body, str(self._seq))


def translated(error: sqlite3.Error) -> StoreError:
    """Return the store's own error for one of SQLite's."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Busy(str(error))
    return Unavailable(str(error))


def _settle(jobs: Sequence[_Job], results: Sequence[Result]) -> None:
    for job, result in zip(jobs, results, strict=True):
        if job.future.done():  # nobody waits any more
            continue
        if isinstance(result, Exception):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)


def _sum(found: object, amount: int) -> int | float:
    if not isinstance(found, int | float):
        msg = f"cannot add to {type(found).__name__}"
        raise ValueError(msg)  # noqa: TRY004 - the document is wrong, not the call
    return found + amount
