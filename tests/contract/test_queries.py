"""Queries: the same documents in the same order as a plain filter in memory, page by page."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.contract import Create, Doc, Op, Page, Patch, Store, Where, holds

_examples = itertools.count()

FIELDS = ["kind", "state", "slice", "created_at"]
text = st.one_of(
    st.sampled_from(["", "a", "aa", "b", "B", "é", "z", "🙂", "5", "true", '["a"]', '{"a":1}', "it's", '"']), st.text()
)
scalars = st.one_of(
    text.filter(lambda value: value.isprintable()),
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.floats(-1, 1),
    st.booleans(),
    st.none(),
)
values = st.one_of(scalars, st.sampled_from([["a"], [], {"a": 1}]))
documents = st.lists(
    st.tuples(st.sampled_from("ab"), st.dictionaries(st.sampled_from(FIELDS), values, max_size=4)), max_size=12
)
bounds = scalars.filter(lambda value: isinstance(value, str | int | float) and not isinstance(value, bool))
fields = st.sampled_from([*FIELDS, "id"])
conditions = st.one_of(
    st.builds(Where, fields, st.just(Op.EQ), scalars),
    st.builds(Where, fields, st.just(Op.IN), st.lists(scalars, max_size=4)),
    st.builds(Where, fields, st.sampled_from([Op.LT, Op.LE, Op.GT, Op.GE]), bounds),
)


async def all_pages(
    store: Store,
    *,
    partition: str | None = None,
    where: Sequence[Where] = (),
    order: str = "id",
    descending: bool = False,
    limits: Sequence[int] = (2,),
) -> list[Doc]:
    docs: list[Doc] = []
    continuation: str | None = None
    for limit in itertools.cycle(limits):
        page: Page = await store.query(
            "runs",
            partition=partition,
            where=where,
            order=order,
            descending=descending,
            limit=limit,
            continuation=continuation,
        )
        assert len(page.docs) <= limit
        docs += page.docs
        continuation = page.continuation
        if continuation is None:
            break
    return docs


def in_memory(docs: Sequence[Doc], where: Sequence[Where], order: str, *, descending: bool) -> list[Doc]:
    def key(doc: Doc) -> tuple[bool, object, object, object]:
        return isinstance(doc[order], str), doc[order], doc["run"], doc["id"]

    found = [doc for doc in docs if holds(doc, where) and is_ordered_by(doc.get(order))]
    return sorted(found, key=key, reverse=descending)


def is_ordered_by(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


@given(
    drawn=documents,
    where=st.lists(conditions, max_size=2),
    order=fields,
    descending=st.booleans(),
    limits=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    is_across=st.booleans(),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_query_gives_what_a_filter_in_memory_gives(
    store: Store,
    drawn: list[tuple[str, Doc]],
    where: list[Where],
    order: str,
    descending: bool,  # noqa: FBT001 - hypothesis passes by name
    limits: list[int],
    is_across: bool,  # noqa: FBT001 - hypothesis passes by name
) -> None:
    tag = f"example-{next(_examples)}"  # keeps the examples, which share a store, apart
    docs = [
        await store.create("runs", {**fields, "id": f"{tag}-{number % 7}-{number}", "run": tag + run, "survey_id": tag})
        for number, (run, fields) in enumerate(drawn)
    ]
    if is_across:
        expected = in_memory(docs, where, order, descending=descending)
        only = [Where("survey_id", Op.EQ, tag), *where]
        found = await all_pages(store, where=only, order=order, descending=descending, limits=limits)
    else:
        expected = in_memory([one for one in docs if one["run"] == f"{tag}a"], where, order, descending=descending)
        found = await all_pages(
            store, partition=f"{tag}a", where=where, order=order, descending=descending, limits=limits
        )
    assert found == expected


def doc(number: int, **fields: object) -> Doc:
    return {"id": f"d{number:02}", "run": "r", **fields}


def ids(docs: Sequence[Doc]) -> list[str]:
    return [str(one["id"]) for one in docs]


async def test_a_query_without_conditions_gives_everything_by_id(store: Store) -> None:
    docs = [await store.create("runs", doc(number)) for number in (3, 1, 2)]
    page = await store.query("runs")
    assert page.docs == sorted(docs, key=lambda one: str(one["id"]))
    assert page.continuation is None


async def test_a_query_of_an_empty_container_is_empty(store: Store) -> None:
    assert await store.query("runs") == Page([], None)


async def test_ties_are_ordered_by_partition_and_id_both_ways(store: Store) -> None:
    for run, number in itertools.product("ba", (2, 1)):
        await store.create("runs", {**doc(number, kind="same"), "run": run})
    places = [("a", "d01"), ("a", "d02"), ("b", "d01"), ("b", "d02")]
    up = await all_pages(store, order="kind", limits=[1])
    down = await all_pages(store, order="kind", descending=True, limits=[1])
    assert [(one["run"], one["id"]) for one in up] == places
    assert [(one["run"], one["id"]) for one in down] == places[::-1]


async def test_documents_without_the_order_field_are_left_out(store: Store) -> None:
    await store.create("runs", doc(1, slice=1))
    await store.create("runs", doc(2))
    await store.create("runs", doc(3, slice=None))
    assert ids((await store.query("runs", order="slice")).docs) == ["d01"]


async def test_a_page_has_at_most_a_hundred_documents_unless_told_otherwise(store: Store) -> None:
    for start in (0, 60):
        await store.batch("runs", "r", [Create(doc(start + number)) for number in range(60)])
    page = await store.query("runs", partition="r")
    assert len(page.docs) <= 100
    assert page.continuation is not None


async def test_a_full_last_page_has_no_continuation(store: Store) -> None:
    for number in range(4):
        await store.create("runs", doc(number))
    first = await store.query("runs", limit=2)
    second = await store.query("runs", limit=2, continuation=first.continuation)
    assert (ids(first.docs + second.docs), second.continuation) == (["d00", "d01", "d02", "d03"], None)


async def test_a_continuation_goes_on_after_what_was_seen_whatever_happened_in_between(store: Store) -> None:
    for number in range(0, 8, 2):
        await store.create("runs", doc(number))
    first = await store.query("runs", limit=2)
    await store.delete("runs", "r", "d02")  # the last one seen
    await store.create("runs", doc(1))  # before it
    await store.create("runs", doc(5))  # after it
    rest = await store.query("runs", continuation=first.continuation)
    assert ids(rest.docs) == ["d04", "d05", "d06"]


@pytest.mark.parametrize("token", ["", "x", "!", "é", "W10=", "e30", "AAAAAAAAAAAAAAAA", "99999999999999999999"])
async def test_a_false_continuation_is_refused(store: Store, token: str) -> None:
    with pytest.raises(ValueError, match="continuation"):
        await store.query("runs", continuation=token)


async def test_a_garbled_continuation_is_refused(store: Store) -> None:
    for number in range(3):
        await store.create("runs", doc(number))
    token = (await store.query("runs", limit=1)).continuation
    assert token is not None
    for garbled in (token[:-2], token[1:], token + "AAAA", token[:4] + ("A" if token[4] != "A" else "B") + token[5:]):
        with pytest.raises(ValueError, match="continuation"):
            await store.query("runs", limit=1, continuation=garbled)


async def test_a_continuation_of_another_query_is_refused(store: Store) -> None:
    for number in range(3):
        await store.create("runs", doc(number, kind="k"))
    token = (await store.query("runs", partition="r", limit=1)).continuation
    for other in ("s", None):
        with pytest.raises(ValueError, match="continuation"):
            await store.query("runs", partition=other, limit=1, continuation=token)
    with pytest.raises(ValueError, match="continuation"):
        await store.query("runs", partition="r", order="kind", continuation=token)
    with pytest.raises(ValueError, match="continuation"):
        await store.query("runs", partition="r", descending=True, continuation=token)


async def test_a_field_that_is_not_declared_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="declare"):
        await store.query("runs", where=[Where("text", Op.EQ, "x")])
    with pytest.raises(ValueError, match="declare"):
        await store.query("runs", order="text")
    with pytest.raises(ValueError, match="declare"):
        await store.query("runs", order="id, (SELECT 1)")


@pytest.mark.parametrize("op", [Op.NE, Op.MISSING, Op.LACKS])
async def test_a_comparison_that_no_index_serves_is_refused(store: Store, op: Op) -> None:
    with pytest.raises(ValueError, match="compare"):
        await store.query("runs", where=[Where("kind", op, "x")])


@pytest.mark.parametrize(
    "where",
    [
        Where("kind", Op.EQ, ["a"]),
        Where("kind", Op.EQ, {"a": 1}),
        Where("slice", Op.EQ, 2**60),
        Where("slice", Op.LT, float("nan")),
        Where("slice", Op.LT, float("inf")),
        Where("slice", Op.LT, value=True),
        Where("slice", Op.GE, None),
        Where("kind", Op.IN, "abc"),
        Where("kind", Op.IN, [["a"]]),
    ],
    ids=str,
)
async def test_a_value_that_engines_compare_differently_is_refused(store: Store, where: Where) -> None:
    with pytest.raises(ValueError, match="compare"):
        await store.query("runs", where=[where])


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_page_needs_room_for_a_document(store: Store, limit: int) -> None:
    with pytest.raises(ValueError, match="page"):
        await store.query("runs", limit=limit)


async def test_a_query_sees_finished_writes(store: Store) -> None:
    await store.create("runs", doc(1, state="planned"))
    where = [Where("state", Op.EQ, "planned")]
    assert len((await store.query("runs", where=where)).docs) == 1
    await store.patch("runs", "r", Patch("d01", set={"state": "sent"}))
    assert (await store.query("runs", where=where)).docs == []
    assert len((await store.query("runs", where=[Where("state", Op.EQ, "sent")])).docs) == 1


async def test_where_the_partition_is_the_id_both_find_the_same(store: Store) -> None:
    docs = [await store.create("people", {"id": name, "tenant": "t"}) for name in "cab"]
    assert (await store.query("people", partition="a")).docs == [docs[1]]
    assert (await store.query("people", where=[Where("id", Op.IN, ["a", "c", "x"])])).docs == [docs[1], docs[0]]
    assert ids((await store.query("people", order="tenant", descending=True)).docs) == ["c", "b", "a"]
