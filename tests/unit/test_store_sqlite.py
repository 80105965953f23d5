"""What only the embedded engine promises: what survives a crash, a full disk, a lock and a second process."""

import asyncio
import contextlib
import itertools
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from store import sqlite_reader
from store.containers import CONTAINERS, Container
from store.contract import Busy, Conflict, Create, Doc, Patch, Store, StoreError, Unavailable
from store.shapes import MakesPages, Reading, page_made
from store.sqlite import SqliteStore, open_sqlite
from store.sqlite_file import MIGRATIONS, open_reader, open_writer
from store.sqlite_plan import Step, step_of
from store.sqlite_writer import Writer

ROOT = Path(__file__).parents[2]
WRITE_FOR_EVER = """
import asyncio, itertools, sys
from pathlib import Path
from store.sqlite import open_sqlite

async def write(store, name):
    for number in itertools.count():
        doc = await store.create("runs", {"id": f"{name}-{number}", "run": "r", "text": "x" * 500})
        print(doc["id"], flush=True)

async def main():
    store = await open_sqlite(Path(sys.argv[1]))
    await asyncio.gather(*(write(store, name) for name in range(20)))

asyncio.run(main())
"""
ADD_A_HUNDRED = """
import asyncio, sys
from pathlib import Path
from store.contract import Patch
from store.sqlite import open_sqlite

async def main():
    store = await open_sqlite(Path(sys.argv[1]))
    for _ in range(20):
        docs = await asyncio.gather(*(store.patch("runs", "r", Patch("d", add={"n": 1})) for _ in range(5)))
        print(*(doc["_etag"] for doc in docs), flush=True)
    await store.close()

asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "hearback.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = await open_sqlite(path, lock_wait_s=0.05)
    yield opened
    await opened.close()


def doc(name: str, **fields: object) -> Doc:
    return {"id": name, "run": "r", **fields}


async def start(script: str, path: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )


def test_the_file_is_written_through_to_the_disk_with_a_write_ahead_log(path: Path) -> None:
    with contextlib.closing(open_writer(path, lock_wait_s=2.5)) as db:
        values = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "busy_timeout")}
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert values == {"synchronous": 2, "busy_timeout": 2500}


def test_a_reader_cannot_write(path: Path) -> None:
    open_writer(path, lock_wait_s=1).close()
    with contextlib.closing(open_reader(path, lock_wait_s=1)) as db, pytest.raises(sqlite3.OperationalError):
        db.execute("DELETE FROM people")


async def test_writes_that_wait_together_share_one_commit(store: SqliteStore) -> None:
    await store.create("runs", doc("d"))
    before = store.commits
    await asyncio.gather(*(store.patch("runs", "r", Patch("d", add={"n": 1})) for _ in range(400)))
    assert store.commits - before == 1


async def test_writes_one_after_the_other_are_each_committed(store: SqliteStore) -> None:
    for number in range(5):
        await store.create("runs", doc(f"d{number}"))
    assert store.commits == 5


async def test_a_commit_that_fails_is_told_to_its_whole_group_and_leaves_nothing(path: Path) -> None:
    db = open_writer(path, lock_wait_s=1)
    writer = Writer(db, asyncio.get_running_loop(), time.time)
    await writer.put("runs", "r", [_create("small")])
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages + 20}")  # a disk with little room left
    group = [writer.put("runs", "r", [_create(f"d{number}", text="x" * 50_000)]) for number in range(10)]
    results = await asyncio.gather(*group, return_exceptions=True)
    assert all(isinstance(one, Unavailable) for one in results)
    await writer.put("runs", "r", [_create("one more")])
    await writer.close()
    assert await _ids(path) == ["one more", "small"]


def _create(name: str, **fields: object) -> Step:
    return step_of("runs", Create(doc(name, **fields)))


async def _ids(path: Path) -> list[str]:
    store = await open_sqlite(path)
    docs: list[Doc] = []
    mark: str | None = None
    while (news := await store.changes("runs", since=mark)).docs:
        docs += news.docs
        mark = news.mark
    await store.close()
    return sorted(str(one["id"]) for one in docs)


async def test_whatever_was_acknowledged_survives_a_killed_process(path: Path) -> None:
    process = await start(WRITE_FOR_EVER, path)
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(300)]
    process.send_signal(signal.SIGKILL)
    lines += (await process.stdout.read()).splitlines(keepends=True)
    await process.wait()
    acknowledged = {line.decode().strip() for line in lines if line.endswith(b"\n")}
    assert len(acknowledged) >= 300
    assert acknowledged <= set(await _ids(path))


async def test_processes_that_share_a_file_lose_no_write_and_share_no_etag(path: Path) -> None:
    store = await open_sqlite(path)
    await store.create("runs", doc("d"))
    processes = [await start(ADD_A_HUNDRED, path) for _ in range(2)]
    own = [str((await store.patch("runs", "r", Patch("d", add={"n": 1})))["_etag"]) for _ in range(100)]
    outputs = [(await process.communicate())[0].decode().split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    found = await store.get("runs", "r", "d")
    await store.close()
    assert found is not None
    assert found["n"] == 300
    assert len({*own, *itertools.chain(*outputs)}) == 300


async def test_two_stores_on_one_file_see_each_others_writes(path: Path, store: SqliteStore) -> None:
    other = await open_sqlite(path)
    tries = (one.create("runs", doc("d", by=number)) for number, one in enumerate([store, other] * 10))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in results) == 19
    assert await store.get("runs", "r", "d") == await other.get("runs", "r", "d") is not None
    await other.close()


async def test_while_another_program_writes_the_store_is_busy_and_can_be_read(store: SqliteStore, path: Path) -> None:
    created = await store.create("runs", doc("d"))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        writes = (store.patch("runs", "r", Patch("d", add={"n": 1})) for _ in range(3))
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(one) for one in results] == [Busy, Busy, Busy]
        assert await store.get("runs", "r", "d") == created
        foreign.execute("ROLLBACK")
    assert (await store.patch("runs", "r", Patch("d", add={"n": 1})))["n"] == 1


async def test_opening_a_file_that_another_program_writes_is_busy(path: Path) -> None:
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy):
            await open_sqlite(path, lock_wait_s=0.05)
        foreign.execute("ROLLBACK")
    await (await open_sqlite(path)).close()


async def test_a_database_of_a_newer_release_is_refused_and_left_alone(path: Path) -> None:
    await (await open_sqlite(path)).close()
    newer = len(list(MIGRATIONS.glob("*.sql"))) + 1
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA user_version = {newer}")
    with pytest.raises(StoreError, match=f"schema version {newer}"):
        await open_sqlite(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (newer,)


@pytest.fixture
def diary(path: Path) -> Path:
    path.parent.mkdir()
    path.write_text("Dear diary, " * 1000)
    return path


async def test_a_file_that_is_no_database_is_unavailable(diary: Path) -> None:
    with pytest.raises(Unavailable):
        await open_sqlite(diary)
    with pytest.raises(Unavailable):
        await open_sqlite(diary / "in a file" / "hearback.db")


async def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await open_sqlite(tmp_path)


async def test_expired_documents_are_cleared_away_in_pieces(path: Path) -> None:
    now = 1_790_000_000.0
    store = await open_sqlite(path, clock=lambda: now)
    await asyncio.gather(*(store.create("state", {"id": f"d{number}", "ttl": 10}) for number in range(250)))
    left = []
    for number in range(4):
        now += 20
        await store.create("state", {"id": f"new{number}"})
        left.append(_kept_state(path) - number - 1)
    await store.close()
    assert left == [150, 50, 0, 0]


def _kept_state(path: Path) -> int:
    with contextlib.closing(open_reader(path, lock_wait_s=1)) as db:
        return int(db.execute("SELECT count(*) FROM state").fetchone()[0])


class _Bug(Exception):
    """What nobody expects."""


def _raise_bug(_: Doc) -> Doc:
    raise _Bug


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_bug_in_the_writer_makes_the_store_unavailable_and_lets_nobody_wait(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.create("people", {"id": "p"})
    monkeypatch.setitem(CONTAINERS, "people", Container("people", "id", version=2, upgrades={1: _raise_bug}))
    writes = [store.patch("people", "p", Patch("p")), store.create("surveys", {"id": "s"})]
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(one) for one in results] == [Unavailable, Unavailable]
    with pytest.raises(Unavailable):
        await store.create("surveys", {"id": "s"})
    with pytest.raises(Unavailable):
        await store.ping()
    assert await store.get("surveys", "s", "s") is None


def test_pages_are_made_by_the_engine_itself() -> None:
    assert issubclass(SqliteStore, MakesPages)


async def test_who_comes_in_between_two_looks_costs_nobody_what_is_known_about_them(
    embedded: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Known(msgspec.Struct):
        id: str

    await embedded.batch("runs", "r", [Create({"run": "r", "id": name}) for name in ("p1", "p9")])
    for name in ("p1", *(f"p5-{number}" for number in range(20)), "p9"):
        await embedded.create("people", {"id": name, "tenant": "t"})
    counted_before_they_came: tuple[str, list[object]] = ("SELECT 2", [])
    monkeypatch.setattr(sqlite_reader, "count_sql", lambda *_, **__: counted_before_they_came)
    reading = Reading(
        Known, Known, "people", lambda page, people: ([one.id for one in page], [one.id for one in people])
    )
    assert (await page_made(embedded, reading, "runs", partition="r")).made == (["p1", "p9"], ["p1", "p9"])
