"""One document at a time: get, create, replace, delete; etags, names and sizes."""

from collections.abc import Awaitable, Callable

import pytest

from store.contract import MAX_DOC_BYTES, MAX_ID, Conflict, Doc, Missing, Patch, Store, TooLarge, Unavailable

BAD_NAMES = ["", "a/b", "a\\b", "a?b", "a#b", "line\nbreak", "nul\0", "x" * (MAX_ID + 1), "\ud800", 7, None, ["a"]]
GOOD_NAMES = ["x" * MAX_ID, "a b", "a:b", "Zoë", "日本", "🙂", "'; DROP TABLE people; --", "%", "100%"]


def note(doc_id: str, **fields: object) -> Doc:
    return {"id": doc_id, "book": "notes", **fields}


async def test_a_created_document_is_found_with_all_its_fields(store: Store) -> None:
    fields = {"text": "Zoë said “no”\0", "n": 1, "f": 0.1, "yes": True, "none": None, "list": [1, {"a": []}]}
    created = await store.create("ledger", note("n1", **fields))
    assert await store.get("ledger", "notes", "n1") == created
    assert created == {**note("n1", **fields), "_etag": created["_etag"]}


async def test_what_comes_back_is_what_was_stored_and_not_the_callers_own_object(store: Store) -> None:
    tags = ["first"]
    created = await store.create("ledger", note("n1", tags=tags))
    tags.append("later")
    assert created["tags"] == ["first"]
    assert await store.get("ledger", "notes", "n1") == created


async def test_the_callers_document_is_left_as_it_was(store: Store) -> None:
    doc = note("n1")
    await store.create("ledger", doc)
    assert doc == note("n1")


async def test_a_document_that_is_not_there_is_none(store: Store) -> None:
    assert await store.get("ledger", "notes", "n1") is None


async def test_an_id_belongs_to_its_partition(store: Store) -> None:
    await store.create("ledger", note("n1", text="ours"))
    await store.create("ledger", {**note("n1", text="theirs"), "book": "stories"})
    assert await store.get("ledger", "panels", "n1") is None
    found = [await store.get("ledger", book, "n1") for book in ("notes", "stories")]
    assert [doc and doc["text"] for doc in found] == ["ours", "theirs"]


async def test_an_id_belongs_to_its_container(store: Store) -> None:
    await store.create("people", {"id": "x"})
    assert await store.get("surveys", "x", "x") is None


async def test_creating_an_id_that_exists_is_a_conflict_and_changes_nothing(store: Store) -> None:
    created = await store.create("ledger", note("n1", text="first"))
    with pytest.raises(Conflict):
        await store.create("ledger", note("n1", text="second"))
    assert await store.get("ledger", "notes", "n1") == created


async def test_every_write_gives_a_new_etag(store: Store) -> None:
    first = await store.create("ledger", note("n1"))
    second = await store.replace("ledger", note("n1"), etag=str(first["_etag"]))
    third = await store.patch("ledger", "notes", Patch("n1"))
    await store.delete("ledger", "notes", "n1")
    fourth = await store.create("ledger", note("n1"))
    assert len({str(doc["_etag"]) for doc in (first, second, third, fourth)}) == 4


async def test_reading_leaves_the_etag(store: Store) -> None:
    created = await store.create("ledger", note("n1"))
    for _ in range(2):
        found = await store.get("ledger", "notes", "n1")
        assert found == created


async def test_replacing_writes_the_whole_document(store: Store) -> None:
    created = await store.create("ledger", note("n1", old=1))
    replaced = await store.replace("ledger", note("n1", new=2), etag=str(created["_etag"]))
    assert "old" not in replaced
    assert await store.get("ledger", "notes", "n1") == replaced


async def test_replacing_a_version_that_is_gone_is_a_conflict_and_changes_nothing(store: Store) -> None:
    first = await store.create("ledger", note("n1"))
    second = await store.replace("ledger", note("n1", text="second"), etag=str(first["_etag"]))
    with pytest.raises(Conflict):
        await store.replace("ledger", note("n1", text="third"), etag=str(first["_etag"]))
    assert await store.get("ledger", "notes", "n1") == second


async def test_an_etag_of_a_deleted_document_does_not_fit_its_successor(store: Store) -> None:
    first = await store.create("ledger", note("n1"))
    await store.delete("ledger", "notes", "n1")
    await store.create("ledger", note("n1"))
    with pytest.raises(Conflict):
        await store.replace("ledger", note("n1"), etag=str(first["_etag"]))


async def test_an_etag_that_nobody_gave_out_is_a_conflict(store: Store) -> None:
    await store.create("ledger", note("n1"))
    with pytest.raises(Conflict):
        await store.replace("ledger", note("n1"), etag="no such version")


async def test_replacing_nothing_is_missing(store: Store) -> None:
    with pytest.raises(Missing):
        await store.replace("ledger", note("n1"), etag="1")


async def test_a_deleted_document_is_gone(store: Store) -> None:
    await store.create("ledger", note("n1"))
    await store.create("ledger", note("n2"))
    await store.delete("ledger", "notes", "n1")
    assert await store.get("ledger", "notes", "n1") is None
    assert await store.get("ledger", "notes", "n2") is not None


async def test_deleting_nothing_is_missing(store: Store) -> None:
    with pytest.raises(Missing):
        await store.delete("ledger", "notes", "n1")


async def test_deleting_twice_is_missing(store: Store) -> None:
    await store.create("ledger", note("n1"))
    await store.delete("ledger", "notes", "n1")
    with pytest.raises(Missing):
        await store.delete("ledger", "notes", "n1")


async def test_deleting_takes_the_etag_when_one_is_given(store: Store) -> None:
    first = await store.create("ledger", note("n1"))
    second = await store.patch("ledger", "notes", Patch("n1", set={"text": "new"}))
    with pytest.raises(Conflict):
        await store.delete("ledger", "notes", "n1", etag=str(first["_etag"]))
    assert await store.get("ledger", "notes", "n1") == second
    await store.delete("ledger", "notes", "n1", etag=str(second["_etag"]))
    assert await store.get("ledger", "notes", "n1") is None


@pytest.mark.parametrize("name", GOOD_NAMES)
async def test_unusual_names_are_kept_as_they_are(store: Store, name: str) -> None:
    await store.create("ledger", {"id": name, "book": name})
    found = await store.get("ledger", name, name)
    assert found is not None
    assert (found["id"], found["book"]) == (name, name)


@pytest.mark.parametrize("field", ["id", "book"])
@pytest.mark.parametrize("name", BAD_NAMES)
async def test_names_that_some_engine_refuses_are_refused(store: Store, field: str, name: object) -> None:
    with pytest.raises(ValueError, match="usable"):
        await store.create("ledger", {**note("n1"), field: name})
    with pytest.raises(ValueError, match="usable"):
        await store.replace("ledger", {**note("n1"), field: name}, etag="1")


async def test_a_document_needs_its_id_and_its_partition(store: Store) -> None:
    with pytest.raises(ValueError, match="id"):
        await store.create("ledger", {"book": "notes"})
    with pytest.raises(ValueError, match="partition"):
        await store.create("ledger", {"id": "n1"})


@pytest.mark.parametrize("name", [name for name in BAD_NAMES if isinstance(name, str)])
async def test_a_name_that_no_document_can_have_is_simply_not_there(store: Store, name: str) -> None:
    assert await store.get("ledger", "notes", name) is None
    assert await store.get("ledger", name, "n1") is None
    with pytest.raises(Missing):
        await store.patch("ledger", "notes", Patch(name))
    with pytest.raises(Missing):
        await store.delete("ledger", name, "n1")


async def test_a_container_that_is_not_declared_is_an_error_of_the_caller(store: Store) -> None:
    with pytest.raises(KeyError):
        await store.create("nowhere", note("n1"))
    with pytest.raises(KeyError):
        await store.get("nowhere", "notes", "n1")
    with pytest.raises(KeyError):
        await store.query("nowhere")
    with pytest.raises(KeyError):
        await store.changes("nowhere")


@pytest.mark.parametrize("value", [object(), {1, object()}, "\ud800"], ids=["object", "set", "half a letter"])
async def test_what_json_cannot_hold_is_refused(store: Store, value: object) -> None:
    with pytest.raises(ValueError, match=r"document|surrogates"):
        await store.create("ledger", note("n1", value=value))
    assert await store.get("ledger", "notes", "n1") is None


async def test_a_document_without_end_is_refused(store: Store) -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(ValueError, match="document"):
        await store.create("ledger", note("n1", value=loop))


async def test_a_document_just_under_2_mb_is_kept(store: Store) -> None:
    text = "x" * (MAX_DOC_BYTES - 200)
    await store.create("ledger", note("n1", text=text))
    found = await store.get("ledger", "notes", "n1")
    assert found is not None
    assert found["text"] == text


async def test_a_document_over_2_mb_is_too_large(store: Store) -> None:
    with pytest.raises(TooLarge):
        await store.create("ledger", note("n1", text="é" * (MAX_DOC_BYTES // 2)))
    assert await store.get("ledger", "notes", "n1") is None


async def test_a_document_cannot_grow_over_2_mb(store: Store) -> None:
    created = await store.create("ledger", note("n1", text="x" * (MAX_DOC_BYTES - 200)))
    with pytest.raises(TooLarge):
        await store.patch("ledger", "notes", Patch("n1", set={"more": "x" * 300}))
    with pytest.raises(TooLarge):
        await store.replace("ledger", note("n1", text="x" * MAX_DOC_BYTES), etag=str(created["_etag"]))
    assert await store.get("ledger", "notes", "n1") == created


async def test_a_store_that_answers_says_so(store: Store) -> None:
    await store.ping()


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.get("ledger", "notes", "n1"),
        lambda store: store.create("ledger", note("n1")),
        lambda store: store.replace("ledger", note("n1"), etag="1"),
        lambda store: store.patch("ledger", "notes", Patch("n1")),
        lambda store: store.delete("ledger", "notes", "n1"),
        lambda store: store.batch("ledger", "notes", [Patch("n1")]),
        lambda store: store.query("ledger"),
        lambda store: store.changes("ledger"),
        lambda store: store.ping(),
    ],
    ids=["get", "create", "replace", "patch", "delete", "batch", "query", "changes", "ping"],
)
async def test_a_closed_store_is_unavailable(store: Store, call: Callable[[Store], Awaitable[object]]) -> None:
    await store.close()
    with pytest.raises(Unavailable):
        await call(store)


async def test_closing_twice_is_harmless(store: Store) -> None:
    await store.close()
    await store.close()
