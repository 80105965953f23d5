"""Moving house: everything arrives, an interrupted copy goes on, nothing of others is written over unasked."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from functools import partial
from io import StringIO
from pathlib import Path
from typing import cast

import pytest

from feedback.results.tallier import MARK
from simulator.cosmos import throttled
from store.containers import CONTAINERS
from store.contract import Change, Create, Doc, Patch, Store, Unavailable
from store.copy import TELL_EVERY_S, Teller, main
from store.copying import Copy, NotEmpty, Progress, sum_of
from store.cosmos import open_cosmos
from store.sqlite import open_sqlite
from tests.conftest import Clock
from tests.cosmos_account import account_of, environment_of, stand_in


class Falling:
    """A store that goes away after so many writes."""

    def __init__(self, inner: Store, after: int) -> None:
        self._inner = inner
        self._left = after

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def batch(self, container: str, partition: str, changes: Sequence[Change]) -> list[Doc]:
        self._left -= 1
        if self._left < 0:
            raise Unavailable
        return await self._inner.batch(container, partition, changes)


@pytest.fixture(params=["sqlite", "cosmos"])
async def target(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            store: Store = await open_sqlite(tmp_path / "target.db")
        else:
            store = await open_cosmos(account_of(await stack.enter_async_context(stand_in())))
        yield store
        await store.close()


async def furnish(store: Store, people: int = 1200) -> None:
    """Fill every container, one partition of it with many documents."""
    docs: list[Doc] = [
        {"id": f"p{n}", "run": "r", "kind": "delivery", "state": "sent", "n": n, "share": n / 4, "text": "é🙂" * n}
        for n in range(people)
    ]
    for start in range(0, people, 100):
        await store.batch("runs", "r", [Create(doc) for doc in docs[start : start + 100]])
    await store.create("runs", {"id": "p1", "run": "other"})
    for n in range(30):
        await store.create("people", {"id": f"t:{n}", "tenant": "t"})
    await store.create("surveys", {"id": "pulse", "questions": [{"id": "nps"}]})
    await store.create("ledger", {"id": "note", "book": "notes"})
    await store.create("state", {"id": "mark", "kind": "mark", "ttl": 3600})
    await store.create("audit", {"id": "a", "day": "2026-11-24"})


def silent(_progress: Progress) -> None:
    pass


async def are_same(one: Store, other: Store) -> bool:
    return all([await sum_of(one, name) == await sum_of(other, name) for name in CONTAINERS])


async def test_everything_arrives(embedded: Store, target: Store) -> None:
    await furnish(embedded, 600)
    told: list[Progress] = []
    copy = Copy(embedded, target, name="a")
    await copy.run(told.append)
    assert await are_same(embedded, target)
    assert Progress("runs", 601) in told
    found = await target.get("state", "mark", "mark")
    assert found is not None
    assert found["ttl"] == 3600
    await copy.finish()
    assert (await target.query("state")).docs == [found]


async def test_how_far_the_tallier_has_come_stays_where_it_means_something(embedded: Store, target: Store) -> None:
    await furnish(embedded, 10)
    await embedded.create("state", {"id": MARK, "kind": "mark", "mark": "of this store", "holder": "", "until": 0.0})
    copy = Copy(embedded, target, name="a")
    await copy.run(silent)
    await copy.finish()
    assert await target.get("state", MARK, MARK) is None
    assert await are_same(embedded, target)
    await target.create("state", {"id": MARK, "kind": "mark", "mark": "of the other", "holder": "", "until": 0.0})
    assert await are_same(embedded, target)


async def test_a_document_that_differs_is_noticed(embedded: Store, target: Store) -> None:
    await furnish(embedded, 10)
    await Copy(embedded, target, name="a").run(silent)
    await target.patch("runs", "r", Patch("p3", set={"n": 99}))
    assert await sum_of(embedded, "runs") != await sum_of(target, "runs")
    assert (await sum_of(embedded, "runs")).count == (await sum_of(target, "runs")).count


async def test_an_interrupted_copy_goes_on_where_it_stopped(embedded: Store, target: Store) -> None:
    await furnish(embedded, 600)
    with pytest.raises(ExceptionGroup) as stopped:
        await Copy(embedded, cast("Store", Falling(target, 36)), name="a").run(silent)
    assert stopped.group_contains(Unavailable)
    assert not await are_same(embedded, target)
    told: list[Progress] = []
    await Copy(embedded, target, name="a").run(told.append)
    assert await are_same(embedded, target)
    assert max(one.written for one in told if one.container == "people") == 0, "what had arrived is not sent again"


async def test_what_was_written_meanwhile_is_taken_along(embedded: Store, target: Store) -> None:
    await furnish(embedded, 10)
    copy = Copy(embedded, target, name="a")
    await copy.run(silent)
    await embedded.patch("runs", "r", Patch("p3", set={"state": "answered"}))
    await embedded.create("runs", {"id": "late", "run": "r"})
    assert not await are_same(embedded, target)
    await copy.run(silent)
    assert await are_same(embedded, target)


async def test_a_target_with_documents_of_its_own_is_left_alone(embedded: Store, target: Store) -> None:
    await furnish(embedded, 10)
    mine = await target.create("ledger", {"id": "note", "book": "notes", "text": "mine"})
    with pytest.raises(NotEmpty, match="ledger"):
        await Copy(embedded, target, name="a").run(silent)
    assert await target.get("ledger", "notes", "note") == mine
    assert await target.get("surveys", "pulse", "pulse") is None


async def test_told_to_a_copy_replaces_what_has_the_same_id(embedded: Store, target: Store) -> None:
    await furnish(embedded, 10)
    await target.create("ledger", {"id": "note", "book": "notes", "text": "mine"})
    await Copy(embedded, target, name="a", may_overwrite=True).run(silent)
    assert await are_same(embedded, target)


async def test_large_documents_go_in_requests_that_are_small_enough(embedded: Store, target: Store) -> None:
    for n in range(8):
        await embedded.create("runs", {"id": f"d{n}", "run": "r", "text": "x" * 700_000})
    await Copy(embedded, target, name="a").run(silent)
    assert await are_same(embedded, target)


async def test_there_and_back_everything_is_the_same(embedded: Store, target: Store, tmp_path: Path) -> None:
    await furnish(embedded, 300)
    await Copy(embedded, target, name="there").run(silent)
    back = await open_sqlite(tmp_path / "back.db")
    await Copy(target, back, name="back").run(silent)
    assert await are_same(embedded, back)
    await back.close()


def test_the_command_copies_and_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"
    assert main([source, target], {}) == 2
    assert "no file" in capsys.readouterr().err
    _fill(tmp_path / "a.db")
    assert main([source, target], {}) == 0
    out = capsys.readouterr().out
    assert "runs: 51 documents" in out
    assert out.count("same") == len(CONTAINERS)
    assert main([source, target], {}) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert main([source, target, "--overwrite"], {}) == 0
    assert main([source, f"sqlite:///{tmp_path}/../{tmp_path.name}/a.db"], {}) == 2
    assert main([source, "cosmos"], {}) == 2
    assert "COSMOS_ENDPOINT" in capsys.readouterr().err


def test_a_copy_that_is_not_the_same_is_over_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"
    _fill(tmp_path / "a.db")
    assert main([source, target], {}) == 0
    asyncio.run(_write_into(tmp_path / "b.db", {"id": "r", "run": "r", "kind": "run"}))
    assert main([source, target, "--overwrite"], {}) == 1
    said = capsys.readouterr().err
    assert "not the same" in said
    assert "begin with an empty target" in said
    assert main([source, target], {}) == 1
    assert "--overwrite" in capsys.readouterr().err


def test_what_expires_is_copied_and_not_compared(tmp_path: Path) -> None:
    source, target = f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"
    _fill(tmp_path / "a.db")
    asyncio.run(_write_into(tmp_path / "a.db", {"id": "m", "ttl": 60}, "state"))
    assert main([source, target], {}) == 0
    assert asyncio.run(_has(tmp_path / "b.db", "state", "m"))
    asyncio.run(_write_into(tmp_path / "b.db", {"id": "another", "ttl": 60}, "state"))
    assert main([source, target, "--overwrite"], {}) == 0


class Screen(StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def test_in_a_log_each_container_has_its_line_and_a_large_one_some_on_the_way(clock: Clock) -> None:
    log = StringIO()
    with Teller(log, now=clock.time) as tell:
        for number in range(1, 101):
            clock.pass_s(TELL_EVERY_S / 40)
            tell(Progress("people", number * 500))
        tell(Progress("people", 50_000, is_done=True))
        tell(Progress("surveys", 3, is_done=True))
    assert log.getvalue().splitlines() == [
        "people: 20000 documents copied",
        "people: 40000 documents copied",
        "people: 50000 documents copied",
        "surveys: 3 documents copied",
    ]


def test_on_a_terminal_a_line_moves_and_what_is_said_next_has_its_own(clock: Clock) -> None:
    screen = Screen()
    with Teller(screen, now=clock.time) as tell:
        for number in (500, 501):
            clock.pass_s(1)
            tell(Progress("people", number))
        tell(Progress("people", 501, is_done=True))
        clock.pass_s(1)
        tell(Progress("surveys", 3))
    assert screen.getvalue().split("\n") == [
        "\rpeople: 500 documents copied\rpeople: 501 documents copied\rpeople: 501 documents copied",
        "\rsurveys: 3 documents copied",
        "",
    ]


async def test_a_copy_waits_for_an_account_that_is_busy_for_longer_than_a_turn_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("store.opening.open_cosmos", partial(open_cosmos, sleep=wait))
    await asyncio.to_thread(_fill, tmp_path / "a.db")
    async with stand_in() as account:
        account.troubles.script(throttled(30_000), when=lambda call: call.name == "items.batch")
        account.troubles.script(throttled(40_000), when=lambda call: call.name == "items.changes")
        there = [f"sqlite:///{tmp_path}/a.db", "cosmos"]
        assert await asyncio.to_thread(main, there, environment_of(account)) == 0
    assert sorted(waits) == [30, 40]
    assert capsys.readouterr().out.count("same") == len(CONTAINERS)


async def _write_into(path: Path, doc: Doc, container: str = "runs") -> None:
    store = await open_sqlite(path)
    await store.create(container, doc)
    await store.close()


async def _has(path: Path, container: str, name: str) -> bool:
    store = await open_sqlite(path)
    found = await store.get(container, name, name)
    await store.close()
    return found is not None


def _fill(path: Path) -> None:
    async def fill() -> None:
        store = await open_sqlite(path)
        await furnish(store, 50)
        await store.close()

    asyncio.run(fill())
