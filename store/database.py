"""The SQLite file: opening connections with the right promises, and bringing its schema up to date."""

import re
import sqlite3
from pathlib import Path

from store.contract import StoreError

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_S = 5.0


class NewerDatabase(StoreError):
    """The file was written by a later Hearback."""


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection whose commits are on the disk when they return (WAL, `synchronous=FULL`)."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the migrations that are missing, each in a transaction. Raises `NewerDatabase`."""
    steps = migrations()
    for number, script in enumerate(steps, start=1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _version(connection) < number:
                for statement in _statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={number}")
            connection.execute("COMMIT")
        except sqlite3.Error:
            connection.execute("ROLLBACK")
            raise
    if _version(connection) > len(steps):
        msg = f"the database has schema version {_version(connection)}, this Hearback knows up to {len(steps)}"
        raise NewerDatabase(msg)


def migrations() -> list[str]:
    """Return the scripts in their order: 0001_….sql, 0002_….sql."""
    return [path.read_text(encoding="utf-8") for path in sorted(MIGRATIONS.glob("[0-9]*.sql"))]


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> list[str]:
    plain = re.sub(r"--[^\n]*", "", script)
    return [statement.strip() for statement in plain.split(";") if statement.strip()]
