"""Documents read straight into a shape are those that a query gives, with less in them."""

from collections.abc import Sequence

import msgspec
import pytest

from store import containers
from store.contract import Create, Doc, Op, Patch, Store, Where
from store.shapes import Shaped, pages_as, query_as

IN_RUN = [Where("kind", Op.EQ, "delivery")]


class Told(msgspec.Struct, frozen=True):
    id: str
    state: str = ""
    answers: dict[str, int | float | str | bool | list[str] | dict[str, str]] = {}


class Known(msgspec.Struct):
    id: str
    attributes: dict[str, str] = {}


ODD: Sequence[Doc] = (
    {},
    {"state": "answered", "answers": {"a": 1, "b": 1.5, "c": True, "d": "é “💬”", "e": ["x"], "f": {"x": "y"}}},
    {"state": "sent", "answers": {"a": 10**20, "b": -0.0, "c": ""}, "more": [{"state": "not this"}]},
)


def told(page: Shaped[Told]) -> list[tuple[object, object, object]]:
    return [(one.id, one.state, one.answers) for one in page.rows]


async def write(store: Store, count: int = 9) -> None:
    docs = [{"run": "r", "id": f"p{number:03d}", "kind": "delivery", **ODD[number % 3]} for number in range(count)]
    for start in range(0, count, 100):
        await store.batch("runs", "r", [Create(doc) for doc in docs[start : start + 100]])
    await store.create("runs", {"run": "r", "id": "p0005", "kind": "other"})
    await store.create("runs", {"run": "other", "id": "p000", "kind": "delivery"})


async def test_a_page_has_what_a_query_has(store: Store) -> None:
    await write(store)
    page = await store.query("runs", partition="r", where=IN_RUN, limit=5)
    found = await query_as(store, Told, "runs", partition="r", where=IN_RUN, limit=5)
    assert told(found) == [(doc["id"], doc.get("state", ""), doc.get("answers", {})) for doc in page.docs]
    assert [one.id for one in found.rows] == ["p000", "p001", "p002", "p003", "p004"]
    assert found.rows[1].answers == ODD[1]["answers"]
    assert found.continuation == page.continuation


async def test_a_query_goes_on_where_a_shape_ended_and_the_other_way_round(store: Store) -> None:
    await write(store)
    first = await query_as(store, Told, "runs", partition="r", where=IN_RUN, limit=4)
    rest = await store.query("runs", partition="r", where=IN_RUN, continuation=first.continuation)
    assert [doc["id"] for doc in rest.docs] == ["p004", "p005", "p006", "p007", "p008"]
    page = await store.query("runs", partition="r", where=IN_RUN, limit=4)
    found = await query_as(store, Told, "runs", partition="r", where=IN_RUN, continuation=page.continuation)
    assert [one.id for one in found.rows] == [doc["id"] for doc in rest.docs]
    assert found.continuation is None


async def test_a_full_last_page_ends(store: Store) -> None:
    await write(store, 4)
    assert (await query_as(store, Told, "runs", partition="r", where=IN_RUN, limit=4)).continuation is None
    assert (await query_as(store, Told, "runs", partition="none", where=IN_RUN)) == Shaped([])


async def test_all_pages_have_everything_once(store: Store) -> None:
    await write(store, 450)
    pages = [page async for page in pages_as(store, Told, "runs", partition="r", where=IN_RUN)]
    assert [one.id for page in pages for one in page] == [f"p{number:03d}" for number in range(450)]
    assert all(pages)


async def test_people_are_found_by_their_ids(store: Store) -> None:
    for number in range(5):
        await store.create("people", {"id": f"t:{number}", "tenant": "t", "attributes": {"size": str(number)}})
    keys = ["t:3", "t:1", "t:9", "", "a/b", "t:1"]
    found = await query_as(store, Known, "people", where=[Where("id", Op.IN, keys)], limit=len(keys))
    assert [(one.id, one.attributes) for one in found.rows] == [("t:1", {"size": "1"}), ("t:3", {"size": "3"})]
    assert found.continuation is None
    nobody = await query_as(store, Known, "people", where=[Where("id", Op.IN, [])], limit=1)
    assert nobody == Shaped([])


async def test_a_document_that_changed_is_read_as_it_is(store: Store) -> None:
    await write(store, 1)
    await store.patch("runs", "r", Patch("p000", set={"state": "sent"}))
    assert (await query_as(store, Told, "runs", partition="r")).rows[0].state == "sent"


async def test_a_document_of_an_older_version_is_upgraded_first(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await write(store, 3)
    runs = containers.CONTAINERS["runs"]
    newer = msgspec.structs.replace(runs, version=2, upgrades={1: lambda doc: {**doc, "state": "upgraded"}})
    monkeypatch.setitem(containers.CONTAINERS, "runs", newer)
    await store.create("runs", {"run": "r", "id": "p003", "kind": "delivery", "state": "new"})
    rows = (await query_as(store, Told, "runs", partition="r", where=IN_RUN)).rows
    assert [one.state for one in rows] == ["upgraded", "upgraded", "upgraded", "new"]


async def test_a_document_that_does_not_fit_the_shape_is_refused(store: Store) -> None:
    await store.create("runs", {"run": "r", "id": "p", "kind": "delivery", "state": 5})
    with pytest.raises(msgspec.ValidationError):
        await query_as(store, Told, "runs", partition="r")


@pytest.mark.parametrize("continuation", ["x", ""])
async def test_a_false_continuation_is_refused(store: Store, continuation: str) -> None:
    await write(store, 1)
    with pytest.raises(ValueError, match="not a continuation"):
        await query_as(store, Told, "runs", partition="r", continuation=continuation)


async def test_a_field_that_is_not_declared_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="cannot be queried"):
        await query_as(store, Told, "runs", partition="r", where=[Where("answers", Op.EQ, "x")])
