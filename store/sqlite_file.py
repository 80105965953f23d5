"""The database file: how it is opened, brought to today's schema, and what its errors mean to callers.

Knows nothing of documents beyond the tables that hold them.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from store.contract import Busy, StoreError, Unavailable

_HERE = Path(__file__).parent
SCHEMA = _HERE / "schema.sql"
MIGRATIONS = _HERE / "migrations"
_WAITING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def open_writer(path: Path, *, lock_wait_s: float) -> sqlite3.Connection:
    """Open the file for writing, at today's schema, creating it and its folder where they are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = _connect(path, lock_wait_s)
    try:
        (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            msg = f"{path} cannot have a write-ahead log here, its journal is {mode!r}"
            raise Unavailable(msg)
        db.execute("PRAGMA synchronous = FULL")  # a commit is on the disk when it returns
        db.execute("PRAGMA secure_delete = ON")  # a key that was destroyed is not left in a free page
        migrate(db, MIGRATIONS)
    except (sqlite3.Error, StoreError):
        db.close()
        raise
    return db


def open_reader(path: Path, *, lock_wait_s: float) -> sqlite3.Connection:
    """Open a connection that can only read."""
    db = _connect(path, lock_wait_s)
    db.execute("PRAGMA query_only = ON")
    return db


def migrate(db: sqlite3.Connection, folder: Path) -> None:
    """Apply the numbered files that this database has not seen, all or none.

    Raises `StoreError` for a database that a newer Hearback has written.
    """
    files = sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    db.execute("BEGIN IMMEDIATE")
    try:
        for file in files[_version(db, len(files)) :]:
            for statement in _statements(file.read_text("utf-8")):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(files)}")
        db.execute("COMMIT")
    except (sqlite3.Error, StoreError):
        roll_back(db)
        raise


def roll_back(db: sqlite3.Connection) -> None:
    """Undo what is open; after some errors SQLite has done so already."""
    if db.in_transaction:
        db.execute("ROLLBACK")


def meaning_of(error: sqlite3.Error | OSError) -> StoreError:
    """Return what a database error means to a caller."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in _WAITING:  # the low byte is the error, the rest says which kind of it
        return Busy(f"the database is in use: {error}")
    return Unavailable(f"the database does not answer: {error}")


def _connect(path: Path, lock_wait_s: float) -> sqlite3.Connection:
    # Each connection stays with one thread after it was opened; the flag lets another thread open and close it.
    db = sqlite3.connect(path, timeout=lock_wait_s, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_size_limit = 67108864")  # after a burst, the log shrinks to 64 MB again
    return db


def _version(db: sqlite3.Connection, newest: int) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > newest:
        msg = f"the database has schema version {version}, this Hearback knows versions up to {newest}"
        raise StoreError(msg)
    return int(version)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
