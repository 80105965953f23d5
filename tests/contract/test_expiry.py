"""Documents that live for a while: `ttl` seconds after their last write they are as good as never written."""

from collections.abc import Callable

import pytest

from store.contract import Conflict, Create, Delete, Doc, Missing, Patch, Store

Advance = Callable[[float], None]


def mark(**fields: object) -> Doc:
    return {"id": "m", "kind": "mark", **fields}


async def test_a_document_lives_until_its_time_is_over(store: Store, advance: Advance) -> None:
    created = await store.create("state", mark(ttl=100))
    advance(98)
    assert await store.get("state", "m", "m") == created
    advance(4)
    assert await store.get("state", "m", "m") is None


async def test_an_expired_document_is_nowhere(store: Store, advance: Advance) -> None:
    await store.create("state", mark(ttl=100))
    advance(102)
    assert (await store.query("state")).docs == []
    assert (await store.query("state", order="kind")).docs == []
    assert (await store.changes("state")).docs == []


@pytest.mark.parametrize("is_in_batch", [False, True])
async def test_an_expired_document_cannot_be_changed(store: Store, advance: Advance, *, is_in_batch: bool) -> None:
    created = await store.create("state", mark(ttl=100))
    advance(102)
    if is_in_batch:
        with pytest.raises(Missing):
            await store.batch("state", "m", [Patch("m", set={"x": 1})])
        with pytest.raises(Missing):
            await store.batch("state", "m", [Delete("m")])
        return
    with pytest.raises(Missing):
        await store.patch("state", "m", Patch("m", set={"x": 1}))
    with pytest.raises(Missing):
        await store.replace("state", mark(), etag=str(created["_etag"]))
    with pytest.raises(Missing):
        await store.delete("state", "m", "m")


async def test_an_expired_document_can_be_created_anew(store: Store, advance: Advance) -> None:
    first = await store.create("state", mark(ttl=100, text="old"))
    with pytest.raises(Conflict):
        await store.create("state", mark())
    advance(102)
    second = await store.create("state", mark())
    assert second["_etag"] != first["_etag"]
    assert await store.get("state", "m", "m") == second


async def test_every_write_starts_the_time_again(store: Store, advance: Advance) -> None:
    created = await store.create("state", mark(ttl=100))
    advance(98)
    await store.patch("state", "m", Patch("m", set={"x": 1}))
    advance(98)
    found = await store.get("state", "m", "m")
    assert found is not None
    await store.replace("state", mark(ttl=100), etag=str(found["_etag"]))
    advance(98)
    assert await store.get("state", "m", "m") is not None
    assert created["ttl"] == 100


async def test_a_patch_can_change_the_time(store: Store, advance: Advance) -> None:
    await store.create("state", mark(ttl=1000))
    await store.patch("state", "m", Patch("m", set={"ttl": 10}))
    advance(12)
    assert await store.get("state", "m", "m") is None


async def test_a_patch_can_take_the_time_away(store: Store, advance: Advance) -> None:
    await store.create("state", mark(ttl=10))
    await store.patch("state", "m", Patch("m", unset=["ttl"]))
    advance(1e8)
    assert await store.get("state", "m", "m") is not None


@pytest.mark.parametrize("fields", [{}, {"ttl": -1}], ids=["no ttl", "-1"])
async def test_a_document_without_a_time_stays(store: Store, advance: Advance, fields: Doc) -> None:
    await store.create("state", mark(**fields))
    advance(1e8)
    assert await store.get("state", "m", "m") is not None


async def test_a_living_document_survives_the_clearing_away_of_expired_ones(store: Store, advance: Advance) -> None:
    for number in range(250):
        await store.create("state", {"id": f"old{number}", "ttl": 10})
    await store.create("state", mark(ttl=1000))
    advance(12)
    for number in range(10):
        await store.create("state", {"id": f"new{number}"})
        advance(2)
    found = (await store.query("state")).docs
    assert [one["id"] for one in found] == ["m", *(f"new{number}" for number in range(10))]


@pytest.mark.parametrize("ttl", [0, -2, 1.5, "10", True, None, 2**31], ids=repr)
async def test_what_is_no_time_to_live_is_refused(store: Store, ttl: object) -> None:
    with pytest.raises(ValueError, match="time to live"):
        await store.create("state", mark(ttl=ttl))
    created = await store.create("state", mark())
    with pytest.raises(ValueError, match="time to live"):
        await store.patch("state", "m", Patch("m", set={"ttl": ttl}))
    assert await store.get("state", "m", "m") == created


async def test_a_container_whose_documents_stay_refuses_a_time(store: Store) -> None:
    with pytest.raises(ValueError, match="expire"):
        await store.create("people", {"id": "p", "ttl": 10})
    with pytest.raises(ValueError, match="expire"):
        await store.batch("people", "p", [Create({"id": "p", "ttl": 10})])
    assert await store.get("people", "p", "p") is None
