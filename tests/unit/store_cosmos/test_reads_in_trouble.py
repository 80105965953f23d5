"""Reading while Cosmos DB is in trouble, and while its parts move."""

from collections.abc import Awaitable, Callable

import pytest

from simulator.cosmos import Call, CosmosStandIn, gone
from store.contract import Create, Delete, Op, Patch, Store, Where
from tests.unit.store_cosmos.stage import TROUBLES, doc

READS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "get": lambda store: store.get("runs", "r", "d"),
    "query": lambda store: store.query("runs", partition="r"),
    "query everywhere": lambda store: store.query("runs"),
    "by ids": lambda store: store.query("people", where=[Where("id", Op.IN, ["p", "q"])]),
    "tally": lambda store: store.tally("runs", "r", "state"),
    "changes": lambda store: store.changes("runs"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_reading_in_trouble_is_done_again(account: CosmosStandIn, store: Store, trouble: str) -> None:
    await store.create("runs", doc("d", state="sent"))
    await store.create("people", {"id": "p"})
    for kind, read in READS.items():
        expected = await read(store)
        account.troubles.script(TROUBLES[trouble], when=lambda call: call.kind == "docs")
        assert await read(store) == expected, kind
        assert account.troubles.waiting() == 0


@pytest.mark.parametrize("partition", ["r", None])
async def test_a_part_that_moves_between_two_pages_gives_nothing_twice(
    account: CosmosStandIn, store: Store, partition: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.cosmos.PAGE", 100)
    names = [f"d{number:03}" for number in range(350)]
    for start in range(0, len(names), 50):
        await store.batch("runs", "r", [Create(doc(name, kind="k", state=name)) for name in names[start : start + 50]])
    account.troubles.script(gone(), when=lambda call: "x-ms-continuation" in call.headers)
    page = await store.query("runs", partition=partition, where=[Where("kind", Op.EQ, "k")], limit=400)
    assert account.troubles.waiting() == 0
    assert [one["id"] for one in page.docs] == names
    account.troubles.script(gone(), when=lambda call: "x-ms-continuation" in call.headers)
    assert await store.tally("runs", "r", "state") == dict.fromkeys(names, 1)
    assert account.troubles.waiting() == 0


async def test_a_part_that_moves_while_changes_are_worked_out_is_read_anew(
    account: CosmosStandIn, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"d{number:03}" for number in range(60)]
    await store.batch("runs", "r", [Create(doc(name, n=0, tags=["a"])) for name in names])
    await store.patch("runs", "r", Patch("d000", set={"n": 5}))
    monkeypatch.setattr("simulator.cosmos.documents._DEFAULT_PAGE", 20)  # as where documents are large
    reads: list[bool] = []
    account.troubles.script(gone(), when=lambda call: "x-ms-continuation" in call.headers)
    account.troubles.respond = lambda call: (
        reads.append("x-ms-continuation" in call.headers) if call.name == "items.query" else None
    )
    patches = [Patch(name, add={"n": 1}, when=[Where("tags", Op.EQ, ["a"])]) for name in names]
    made = await store.batch("runs", "r", patches)
    assert [one["n"] for one in made] == [6] + [1] * 59
    assert account.troubles.waiting() == 0
    assert reads.count(False) >= 2, "what was read before the move is not kept"
    assert reads[-3:] == [False, True, True]


async def test_a_read_asks_for_what_this_process_has_written(account: CosmosStandIn, store: Store) -> None:
    seen: list[str] = []

    def look(call: Call) -> None:
        if call.name in {"item.read", "items.query"}:
            seen.append(call.headers.get("x-ms-session-token", ""))

    account.troubles.respond = look
    await store.batch("runs", "r", [Create(doc("a")), Create(doc("b"))])
    await store.get("runs", "r", "a")
    await store.patch("runs", "r", Patch("a", set={"n": 1}))
    await store.query("runs", partition="r")
    await store.batch("runs", "r", [Delete("a"), Delete("b")])
    await store.get("runs", "r", "a")
    written = [int(one.rpartition("#")[2]) for one in seen]
    assert written == sorted(set(written)), "each write moved the session on"


async def test_the_mark_of_a_write_is_nobodys_business(store: Store) -> None:
    created = await store.create("runs", doc("d"))
    found = [await store.get("runs", "r", "d"), *(await store.query("runs")).docs, *(await store.changes("runs")).docs]
    for one in (created, *found):
        assert one is not None
        assert set(one) == {"id", "run", "_etag"}
