"""Batches: one partition, all or none, within the limits."""

import pytest

from store.contract import (
    MAX_BATCH,
    Change,
    Conflict,
    Create,
    Delete,
    Doc,
    Missing,
    Op,
    Patch,
    Replace,
    Store,
    StoreError,
    TooLarge,
    Where,
)


def doc(number: int, **fields: object) -> Doc:
    return {"id": f"d{number}", "run": "r", **fields}


async def test_a_batch_makes_every_kind_of_change_and_returns_each_document(store: Store) -> None:
    old = [await store.create("runs", doc(number, n=number)) for number in range(3)]
    changes: list[Change] = [
        Create(doc(9)),
        Replace(doc(0, new=True), str(old[0]["_etag"])),
        Patch("d1", add={"n": 10}),
        Delete("d2"),
    ]
    made = await store.batch("runs", "r", changes)
    assert made[3] == {}
    assert [await store.get("runs", "r", name) for name in ("d9", "d0", "d1")] == made[:3]
    assert await store.get("runs", "r", "d2") is None
    assert len({str(one["_etag"]) for one in made[:3]}) == 3
    assert (made[1]["new"], made[2]["n"]) == (True, 11)


FAILING: list[tuple[Change, type[StoreError]]] = [
    (Create(doc(0)), Conflict),
    (Create(doc(5)), Conflict),
    (Replace(doc(0), "no such version"), Conflict),
    (Replace(doc(99), "1"), Missing),
    (Patch("d0", when=[Where("n", Op.EQ, 99)]), Conflict),
    (Patch("d99"), Missing),
    (Delete("d0", "no such version"), Conflict),
    (Delete("d99"), Missing),
    (Delete("d1"), Missing),
]


@pytest.mark.parametrize(("failing", "error"), FAILING, ids=str)
async def test_one_failing_change_leaves_nothing_of_the_batch(
    store: Store, failing: Change, error: type[StoreError]
) -> None:
    kept = [await store.create("runs", doc(number, n=number)) for number in range(3)]
    changes: list[Change] = [Create(doc(5)), Patch("d0", add={"n": 10}), Delete("d1"), failing]
    with pytest.raises(error):
        await store.batch("runs", "r", changes)
    assert [await store.get("runs", "r", f"d{number}") for number in range(3)] == kept
    assert await store.get("runs", "r", "d5") is None
    assert (await store.query("runs", partition="r")).docs == kept


async def test_a_batch_raises_what_its_first_failing_change_raises(store: Store) -> None:
    await store.create("runs", doc(0))
    with pytest.raises(Missing):
        await store.batch("runs", "r", [Delete("d99"), Create(doc(0))])
    with pytest.raises(Conflict):
        await store.batch("runs", "r", [Create(doc(0)), Delete("d99")])


async def test_later_changes_see_the_earlier_ones(store: Store) -> None:
    changes: list[Change] = [Create(doc(1, n=1)), Patch("d1", add={"n": 1}), Delete("d1"), Create(doc(1, n=5))]
    made = await store.batch("runs", "r", changes)
    assert made[1]["n"] == 2
    assert await store.get("runs", "r", "d1") == made[3]


async def test_a_failed_batch_does_not_disturb_the_next(store: Store) -> None:
    with pytest.raises(Missing):
        await store.batch("runs", "r", [Create(doc(1)), Delete("d99")])
    await store.batch("runs", "r", [Create(doc(1)), Create(doc(2))])
    assert len((await store.query("runs", partition="r")).docs) == 2


async def test_a_batch_of_a_hundred_is_made(store: Store) -> None:
    made = await store.batch("runs", "r", [Create(doc(number)) for number in range(MAX_BATCH)])
    assert len(made) == len((await store.query("runs", partition="r")).docs) == MAX_BATCH


async def test_a_batch_of_a_hundred_and_one_is_too_large(store: Store) -> None:
    with pytest.raises(TooLarge):
        await store.batch("runs", "r", [Create(doc(number)) for number in range(MAX_BATCH + 1)])
    assert (await store.query("runs", partition="r")).docs == []


async def test_a_batch_over_2_mb_in_all_is_too_large(store: Store) -> None:
    with pytest.raises(TooLarge):
        await store.batch("runs", "r", [Create(doc(number, text="x" * 800_000)) for number in range(3)])
    assert (await store.query("runs", partition="r")).docs == []


async def test_an_empty_batch_changes_nothing(store: Store) -> None:
    assert await store.batch("runs", "r", []) == []


async def test_a_batch_stays_in_its_partition(store: Store) -> None:
    changes: list[Change] = [Create(doc(1)), Create({**doc(2), "run": "other"})]
    with pytest.raises(ValueError, match="partition"):
        await store.batch("runs", "r", changes)
    assert (await store.query("runs")).docs == []


async def test_a_batch_touches_no_other_partition(store: Store) -> None:
    other = await store.create("runs", {**doc(1), "run": "other"})
    await store.create("runs", doc(1))
    await store.batch("runs", "r", [Patch("d1", set={"x": 1}), Create(doc(2))])
    assert (await store.query("runs", partition="other")).docs == [other]
    with pytest.raises(Missing):
        await store.batch("runs", "other", [Delete("d2")])


@pytest.mark.parametrize("change", [Create({"id": "a/b", "run": "r"}), Patch("d1", set={"id": "x"})], ids=str)
async def test_a_change_that_no_engine_accepts_leaves_nothing_of_the_batch(store: Store, change: Change) -> None:
    with pytest.raises(ValueError, match=r"usable|touch"):
        await store.batch("runs", "r", [Create(doc(1)), change])
    assert await store.get("runs", "r", "d1") is None


async def test_a_patch_over_its_limit_leaves_nothing_of_the_batch(store: Store) -> None:
    with pytest.raises(TooLarge):
        await store.batch("runs", "r", [Create(doc(1)), Patch("d1", set={f"x{number}": 1 for number in range(11)})])
    assert await store.get("runs", "r", "d1") is None
