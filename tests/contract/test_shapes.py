"""Pages that are made where they are read have the documents that a query gives, and what belongs to them."""

from collections.abc import Sequence

import msgspec
import pytest

from store import containers
from store.contract import Create, Doc, Op, Patch, Store, Where
from store.shapes import Made, Reading, page_made, pages_made

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


Pair = tuple[Told, dict[str, str] | None]


def paired(page: Sequence[Told], people: Sequence[Known]) -> list[Pair]:
    known = {one.id: one.attributes for one in people}
    assert len(known) == len(people)
    return [(one, known.get(one.id)) for one in page]


PAIRED = Reading(Told, Known, "people", paired)


def told(page: Made[list[Pair]]) -> list[tuple[object, object, object]]:
    return [(one.id, one.state, one.answers) for one, _ in page.made]


async def write(store: Store, count: int = 9) -> None:
    docs = [{"run": "r", "id": f"p{number:03d}", "kind": "delivery", **ODD[number % 3]} for number in range(count)]
    for start in range(0, count, 100):
        await store.batch("runs", "r", [Create(doc) for doc in docs[start : start + 100]])
    await store.create("runs", {"run": "r", "id": "p0005", "kind": "other"})
    await store.create("runs", {"run": "other", "id": "p000", "kind": "delivery"})


async def test_a_page_has_what_a_query_has(store: Store) -> None:
    await write(store)
    page = await store.query("runs", partition="r", where=IN_RUN, limit=5)
    found = await page_made(store, PAIRED, "runs", partition="r", where=IN_RUN, limit=5)
    assert told(found) == [(doc["id"], doc.get("state", ""), doc.get("answers", {})) for doc in page.docs]
    assert [one.id for one, _ in found.made] == ["p000", "p001", "p002", "p003", "p004"]
    assert found.made[1][0].answers == ODD[1]["answers"]
    assert found.continuation == page.continuation


async def test_a_query_goes_on_where_a_shape_ended_and_the_other_way_round(store: Store) -> None:
    await write(store)
    first = await page_made(store, PAIRED, "runs", partition="r", where=IN_RUN, limit=4)
    rest = await store.query("runs", partition="r", where=IN_RUN, continuation=first.continuation)
    assert [doc["id"] for doc in rest.docs] == ["p004", "p005", "p006", "p007", "p008"]
    page = await store.query("runs", partition="r", where=IN_RUN, limit=4)
    found = await page_made(store, PAIRED, "runs", partition="r", where=IN_RUN, continuation=page.continuation)
    assert [one.id for one, _ in found.made] == [doc["id"] for doc in rest.docs]
    assert found.continuation is None


async def test_a_full_last_page_ends(store: Store) -> None:
    await write(store, 4)
    assert (await page_made(store, PAIRED, "runs", partition="r", where=IN_RUN, limit=4)).continuation is None
    assert (await page_made(store, PAIRED, "runs", partition="none", where=IN_RUN)) == Made([])


async def test_all_pages_have_everything_once(store: Store) -> None:
    await write(store, 450)
    pages = [page async for page in pages_made(store, PAIRED, "runs", partition="r", where=IN_RUN)]
    assert [one.id for page in pages for one, _ in page] == [f"p{number:03d}" for number in range(450)]
    assert all(pages)


async def test_of_nothing_something_is_made_too(store: Store) -> None:
    pages = [page async for page in pages_made(store, PAIRED, "runs", partition="none", where=IN_RUN)]
    assert pages == [[]]


async def test_what_has_the_same_id_elsewhere_comes_along(store: Store) -> None:
    await write(store, 450)
    for number in range(0, 450, 3):
        size = {"size": str(number)}
        await store.create("people", {"id": f"p{number:03d}", "tenant": "t", "attributes": size})
    await store.create("people", {"id": "p999", "tenant": "t", "attributes": {"size": "of nobody"}})
    pages = [page async for page in pages_made(store, PAIRED, "runs", partition="r", where=IN_RUN)]
    sizes = {one.id: known and known["size"] for page in pages for one, known in page}
    assert sizes == {f"p{number:03d}": None if number % 3 else str(number) for number in range(450)}


@pytest.mark.parametrize("others", [3, 40])
async def test_what_lies_between_the_ids_does_not_come_along(store: Store, others: int) -> None:
    await write(store, 9)
    for number in range(1, 9, 2):
        await store.create("people", {"id": f"p{number:03d}", "tenant": "t", "attributes": {"size": str(number)}})
    for number in range(others):
        await store.create("people", {"id": f"p004-{number:03d}", "tenant": "t", "attributes": {"size": "other"}})
    seen: list[str] = []

    def look(page: Sequence[Told], people: Sequence[Known]) -> int:
        seen.extend(sorted(one.id for one in people))
        return len(page)

    page = await page_made(store, Reading(Told, Known, "people", look), "runs", partition="r", where=IN_RUN)
    assert (page.made, seen) == (9, ["p001", "p003", "p005", "p007"])


async def test_what_goes_wrong_while_something_is_made_is_told(store: Store) -> None:
    def refuse(page: Sequence[Told], people: Sequence[Known]) -> None:
        msg = f"{len(page)} and {len(people)}"
        raise RuntimeError(msg)

    await write(store, 4)
    with pytest.raises(RuntimeError, match="4 and 0"):
        await page_made(store, Reading(Told, Known, "people", refuse), "runs", partition="r", where=IN_RUN)
    assert len((await page_made(store, PAIRED, "runs", partition="r", where=IN_RUN)).made) == 4


async def test_a_document_that_changed_is_read_as_it_is(store: Store) -> None:
    await write(store, 1)
    await store.patch("runs", "r", Patch("p000", set={"state": "sent"}))
    assert (await page_made(store, PAIRED, "runs", partition="r")).made[0][0].state == "sent"


async def test_a_document_of_an_older_version_is_upgraded_first(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await write(store, 3)
    runs = containers.CONTAINERS["runs"]
    newer = msgspec.structs.replace(runs, version=2, upgrades={1: lambda doc: {**doc, "state": "upgraded"}})
    monkeypatch.setitem(containers.CONTAINERS, "runs", newer)
    await store.create("runs", {"run": "r", "id": "p003", "kind": "delivery", "state": "new"})
    rows = (await page_made(store, PAIRED, "runs", partition="r", where=IN_RUN)).made
    assert [one.state for one, _ in rows] == ["upgraded", "upgraded", "upgraded", "new"]


async def test_a_document_that_does_not_fit_the_shape_is_refused(store: Store) -> None:
    await store.create("runs", {"run": "r", "id": "p", "kind": "delivery", "state": 5})
    with pytest.raises(msgspec.ValidationError):
        await page_made(store, PAIRED, "runs", partition="r")


async def test_what_belongs_to_it_and_does_not_fit_is_refused_too(store: Store) -> None:
    await write(store, 1)
    await store.create("people", {"id": "p000", "tenant": "t", "attributes": 5})
    with pytest.raises(msgspec.ValidationError):
        await page_made(store, PAIRED, "runs", partition="r", where=IN_RUN)


@pytest.mark.parametrize("continuation", ["x", ""])
async def test_a_false_continuation_is_refused(store: Store, continuation: str) -> None:
    await write(store, 1)
    with pytest.raises(ValueError, match="not a continuation"):
        await page_made(store, PAIRED, "runs", partition="r", continuation=continuation)


async def test_a_field_that_is_not_declared_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="cannot be queried"):
        await page_made(store, PAIRED, "runs", partition="r", where=[Where("answers", Op.EQ, "x")])
