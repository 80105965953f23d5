"""What outlives a process and a release: documents after reopening, and documents of older schema versions."""

from collections.abc import Awaitable, Callable

import pytest

from store.containers import CONTAINERS, Container
from store.contract import Conflict, Doc, Op, Patch, Store, Where

Open = Callable[[], Awaitable[Store]]


async def test_everything_is_there_after_reopening(open_store: Open) -> None:
    store = await open_store()
    kept = await store.create("people", {"id": "p", "tenant": "t", "text": "Zoë"})
    await store.create("people", {"id": "q", "tenant": "t"})
    await store.delete("people", "q", "q")
    await store.close()
    store = await open_store()
    assert await store.get("people", "p", "p") == kept
    assert (await store.query("people", where=[Where("tenant", Op.EQ, "t")])).docs == [kept]
    assert (await store.changes("people")).docs == [kept]


async def test_etags_and_marks_go_on_after_reopening(open_store: Open) -> None:
    store = await open_store()
    first = await store.create("people", {"id": "p"})
    mark = (await store.changes("people")).mark
    await store.delete("people", "p", "p")  # nothing is left that could tell how far the etags had come
    await store.close()
    store = await open_store()
    assert (await store.changes("people", since=mark)).docs == []
    second = await store.create("people", {"id": "p"})
    assert second["_etag"] != first["_etag"]
    assert (await store.changes("people", since=mark)).docs == [second]
    with pytest.raises(Conflict):
        await store.replace("people", {"id": "p"}, etag=str(first["_etag"]))


async def test_a_continuation_goes_on_after_reopening(open_store: Open) -> None:
    store = await open_store()
    for name in "abc":
        await store.create("people", {"id": name})
    page = await store.query("people", limit=1)
    await store.close()
    store = await open_store()
    rest = await store.query("people", continuation=page.continuation)
    assert [one["id"] for one in rest.docs] == ["b", "c"]


def _split_name(doc: Doc) -> Doc:
    first, _, last = str(doc.pop("name")).partition(" ")
    return {**doc, "first": first, "last": last}


def _greet(doc: Doc) -> Doc:
    return {**doc, "greeting": f"Hello {doc['first']}"}


@pytest.fixture
async def old(store: Store, monkeypatch: pytest.MonkeyPatch) -> Doc:
    """A document of version 1, read by a release that is at version 3."""
    created = await store.create("people", {"id": "p", "tenant": "t", "name": "Ada Lovelace"})
    today = Container("people", "id", fields=("tenant",), version=3, upgrades={1: _split_name, 2: _greet})
    monkeypatch.setitem(CONTAINERS, "people", today)
    return created


async def test_an_old_document_is_upgraded_by_every_kind_of_read(store: Store, old: Doc) -> None:
    new = {"id": "p", "tenant": "t", "first": "Ada", "last": "Lovelace", "greeting": "Hello Ada", "_etag": old["_etag"]}
    assert await store.get("people", "p", "p") == new
    assert (await store.query("people")).docs == [new]
    assert (await store.changes("people")).docs == [new]


@pytest.mark.usefixtures("old")
async def test_a_patch_meets_the_upgraded_document_and_keeps_it(store: Store) -> None:
    when = [Where("first", Op.EQ, "Ada"), Where("name", Op.MISSING)]
    patched = await store.patch("people", "p", Patch("p", set={"last": "King"}, when=when))
    assert (patched["first"], patched["last"]) == ("Ada", "King")
    assert await store.get("people", "p", "p") == patched


@pytest.mark.usefixtures("old")
async def test_pages_go_on_over_old_documents(store: Store) -> None:
    await store.create("people", {"id": "q", "tenant": "t", "first": "Mary", "greeting": "Hello Mary"})
    first = await store.query("people", order="tenant", limit=1)
    second = await store.query("people", order="tenant", limit=1, continuation=first.continuation)
    assert [one["greeting"] for one in first.docs + second.docs] == ["Hello Ada", "Hello Mary"]


async def test_a_document_from_the_future_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    today = CONTAINERS["people"]
    monkeypatch.setitem(CONTAINERS, "people", Container("people", "id", version=2))
    await store.create("people", {"id": "p"})
    monkeypatch.setitem(CONTAINERS, "people", today)
    with pytest.raises(ValueError, match="version 2"):
        await store.get("people", "p", "p")
    with pytest.raises(ValueError, match="version 2"):
        await store.patch("people", "p", Patch("p", set={"x": 1}))
