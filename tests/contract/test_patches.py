"""Conditional patches: what they change, when they apply, and what they may not touch."""

import pytest

from store.contract import MAX_PATCH, Conflict, Doc, Missing, Op, Patch, Store, TooLarge, Where

DOC: Doc = {"id": "d", "run": "r", "n": 5, "f": 1.5, "s": "mid", "list": ["a", 1], "null": None, "yes": True}

HOLDS = [
    Where("n", Op.EQ, 5),
    Where("n", Op.EQ, 5.0),
    Where("s", Op.EQ, "mid"),
    Where("null", Op.EQ, None),
    Where("yes", Op.EQ, value=True),
    Where("list", Op.EQ, ["a", 1]),
    Where("n", Op.NE, 6),
    Where("n", Op.NE, "5"),
    Where("yes", Op.NE, 1),
    Where("null", Op.NE, 0),
    Where("n", Op.LT, 6),
    Where("n", Op.LE, 5),
    Where("n", Op.GT, 4.9),
    Where("n", Op.GE, 5),
    Where("f", Op.LT, 2),
    Where("s", Op.LT, "mie"),
    Where("s", Op.LE, "mid"),
    Where("s", Op.GT, "mi"),
    Where("s", Op.GE, "mid"),
    Where("n", Op.IN, [4, 5]),
    Where("s", Op.IN, ["mid"]),
    Where("null", Op.IN, [None]),
    Where("gone", Op.MISSING),
    Where("gone", Op.MISSING, "whatever"),
    Where("list", Op.LACKS, "b"),
    Where("list", Op.LACKS, value=True),
    Where("gone", Op.LACKS, "a"),
    Where("s", Op.LACKS, "m"),
]

FAILS = [
    Where("n", Op.EQ, 6),
    Where("n", Op.EQ, "5"),
    Where("yes", Op.EQ, 1),
    Where("gone", Op.EQ, None),
    Where("null", Op.EQ, 0),
    Where("n", Op.NE, 5),
    Where("gone", Op.NE, 5),
    Where("n", Op.LT, 5),
    Where("n", Op.LE, 4),
    Where("n", Op.GT, 5),
    Where("n", Op.GE, 6),
    Where("s", Op.LT, "mid"),
    Where("s", Op.GT, "mid"),
    Where("n", Op.LT, "6"),
    Where("s", Op.GT, 1),
    Where("gone", Op.LT, 1),
    Where("null", Op.LT, 1),
    Where("yes", Op.LT, 2),
    Where("list", Op.GT, "a"),
    Where("n", Op.IN, [4, 6]),
    Where("n", Op.IN, []),
    Where("yes", Op.IN, [1]),
    Where("gone", Op.IN, [None]),
    Where("s", Op.IN, "midst"),
    Where("n", Op.MISSING),
    Where("null", Op.MISSING),
    Where("list", Op.LACKS, "a"),
    Where("list", Op.LACKS, 1),
]


def test_every_comparison_is_in_the_tables() -> None:
    assert {one.op for one in HOLDS} == set(Op)
    assert {one.op for one in FAILS} == set(Op)


@pytest.mark.parametrize("condition", HOLDS, ids=str)
async def test_a_patch_whose_condition_holds_is_made(store: Store, condition: Where) -> None:
    await store.create("runs", DOC)
    patched = await store.patch("runs", "r", Patch("d", set={"made": "yes"}, when=[condition]))
    assert patched == {**DOC, "made": "yes", "_etag": patched["_etag"]}
    assert await store.get("runs", "r", "d") == patched


@pytest.mark.parametrize("condition", FAILS, ids=str)
async def test_a_patch_whose_condition_fails_is_a_conflict(store: Store, condition: Where) -> None:
    created = await store.create("runs", DOC)
    with pytest.raises(Conflict):
        await store.patch("runs", "r", Patch("d", set={"made": "yes"}, when=[condition]))
    assert await store.get("runs", "r", "d") == created


async def test_all_conditions_have_to_hold(store: Store) -> None:
    await store.create("runs", DOC)
    holds, fails = Where("n", Op.EQ, 5), Where("s", Op.EQ, "other")
    for when in ([holds, fails], [fails, holds]):
        with pytest.raises(Conflict):
            await store.patch("runs", "r", Patch("d", set={"made": "yes"}, when=when))
    await store.patch("runs", "r", Patch("d", set={"made": "yes"}, when=[holds, holds]))


async def test_a_condition_sees_the_document_before_the_patch(store: Store) -> None:
    await store.create("runs", DOC)
    patched = await store.patch("runs", "r", Patch("d", set={"s": "new"}, when=[Where("s", Op.EQ, "mid")]))
    assert patched["s"] == "new"


async def test_a_patch_sets_adds_and_removes_and_leaves_the_rest(store: Store) -> None:
    await store.create("runs", DOC)
    patch = Patch("d", set={"s": {"deep": [1]}, "new": None}, add={"n": -7, "f": 1, "count": 3}, unset=["list", "gone"])
    patched = await store.patch("runs", "r", patch)
    expected = {**DOC, "s": {"deep": [1]}, "new": None, "n": -2, "f": 2.5, "count": 3, "_etag": patched["_etag"]}
    del expected["list"]
    assert patched == expected
    assert await store.get("runs", "r", "d") == patched


async def test_a_patch_of_one_document_leaves_its_neighbours(store: Store) -> None:
    await store.create("runs", DOC)
    neighbours = [await store.create("runs", {**DOC, "id": "e"}), await store.create("runs", {**DOC, "run": "other"})]
    await store.patch("runs", "r", Patch("d", set={"s": "new"}))
    assert await store.get("runs", "r", "e") == neighbours[0]
    assert await store.get("runs", "other", "d") == neighbours[1]


async def test_patching_nothing_is_missing_whatever_the_condition(store: Store) -> None:
    with pytest.raises(Missing):
        await store.patch("runs", "r", Patch("d", set={"s": "new"}))
    with pytest.raises(Missing):
        await store.patch("runs", "r", Patch("d", when=[Where("s", Op.MISSING)]))


@pytest.mark.parametrize("field", ["s", "yes", "null", "list"])
async def test_only_a_number_can_be_added_to(store: Store, field: str) -> None:
    created = await store.create("runs", DOC)
    with pytest.raises(ValueError, match=field):
        await store.patch("runs", "r", Patch("d", set={"made": "yes"}, add={field: 1}))
    assert await store.get("runs", "r", "d") == created


async def test_a_patch_may_touch_ten_fields(store: Store) -> None:
    await store.create("runs", DOC)
    await store.patch("runs", "r", Patch("d", set={f"x{number}": 1 for number in range(MAX_PATCH)}))


async def test_a_patch_of_eleven_fields_is_too_large(store: Store) -> None:
    created = await store.create("runs", DOC)
    fields = {f"x{number}": 1 for number in range(MAX_PATCH - 1)}
    with pytest.raises(TooLarge):
        await store.patch("runs", "r", Patch("d", set=fields, add={"n": 1}, unset=["s"]))
    assert await store.get("runs", "r", "d") == created


@pytest.mark.parametrize(
    "patch",
    [
        Patch("d", set={"id": "e"}),
        Patch("d", unset=["id"]),
        Patch("d", set={"_etag": "1"}),
        Patch("d", set={"v": 2}),
        Patch("d", set={"run": "other"}),
        Patch("d", unset=["run"]),
        Patch("d", add={"run": 1}),
        Patch("d", set={"n": 1}, add={"n": 1}),
        Patch("d", set={"n": 1}, unset=["n"]),
        Patch("d", unset=["n", "n"]),
    ],
    ids=str,
)
async def test_what_a_patch_may_not_touch(store: Store, patch: Patch) -> None:
    created = await store.create("runs", DOC)
    with pytest.raises(ValueError, match="may"):
        await store.patch("runs", "r", patch)
    assert await store.get("runs", "r", "d") == created


async def test_what_json_cannot_hold_is_refused_and_hurts_nobody_else(store: Store) -> None:
    created = await store.create("runs", DOC)
    with pytest.raises(ValueError, match="document"):
        await store.patch("runs", "r", Patch("d", set={"x": object()}))
    assert await store.get("runs", "r", "d") == created
    await store.patch("runs", "r", Patch("d", set={"x": 1}))
