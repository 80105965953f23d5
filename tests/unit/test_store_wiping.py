"""What is deleted from a container that wipes leaves the embedded engine's file and its log, not only the answers."""

import sqlite3
from pathlib import Path

import pytest

from store.contract import Store
from store.sqlite import open_sqlite
from tests.conftest import Clock

SECRET = b"a-secret-that-has-to-go"


def on_the_disk(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in folder.iterdir())


async def kept(store: Store, container: str, partition: str) -> None:
    await store.create(container, {"id": "x", partition: "x", "said": SECRET.decode()})


async def test_what_is_deleted_is_gone_from_file_and_log_when_the_call_returns(tmp_path: Path, clock: Clock) -> None:
    store = await open_sqlite(tmp_path / "h.db", clock=clock.time)
    await kept(store, "runs", "run")
    assert SECRET in on_the_disk(tmp_path)
    await store.delete("runs", "x", "x")
    assert SECRET not in on_the_disk(tmp_path)
    await store.close()


async def test_other_containers_are_not_slowed_down_by_it(tmp_path: Path, clock: Clock) -> None:
    store = await open_sqlite(tmp_path / "h.db", clock=clock.time)
    await kept(store, "state", "id")
    await store.delete("state", "x", "x")
    assert SECRET in on_the_disk(tmp_path)
    await store.close()
    assert SECRET not in on_the_disk(tmp_path)


@pytest.mark.parametrize("holds", [True, False])
async def test_a_reader_in_the_way_holds_nobody_up_and_the_next_write_wipes(
    tmp_path: Path, clock: Clock, *, holds: bool
) -> None:
    store = await open_sqlite(tmp_path / "h.db", clock=clock.time, lock_wait_s=3600)  # waiting would hang this test
    await kept(store, "runs", "run")
    reader = sqlite3.connect(tmp_path / "h.db", isolation_level=None)
    if holds:
        reader.execute("BEGIN")
        reader.execute("SELECT seq FROM clock").fetchone()
    await store.delete("runs", "x", "x")
    assert (SECRET in on_the_disk(tmp_path)) is holds
    reader.close()
    await store.create("runs", {"id": "y", "run": "y"})
    assert SECRET not in on_the_disk(tmp_path)
    assert await store.get("runs", "y", "y")
    await store.close()
