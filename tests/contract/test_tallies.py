"""Counting by a field: all counts at one moment, without reading the documents."""

import pytest

from store.contract import Create, Op, Store, Where


async def _fill(store: Store) -> None:
    states = ["sent"] * 5 + ["failed"] * 2 + ["planned"]
    docs = [
        {"id": str(n), "run": "r", "kind": "delivery", "state": state, "slice": n} for n, state in enumerate(states)
    ]
    docs += [{"id": "run", "run": "r", "kind": "run", "state": "sending"}, {"id": "x", "run": "r", "kind": "slice"}]
    await store.batch("runs", "r", [Create(dict(doc)) for doc in docs])
    await store.create("runs", {"id": "0", "run": "other", "kind": "delivery", "state": "sent"})


async def test_documents_are_counted_by_a_field(store: Store) -> None:
    await _fill(store)
    where = [Where("kind", Op.EQ, "delivery")]
    assert await store.tally("runs", "r", "state", where=where) == {"sent": 5, "failed": 2, "planned": 1}
    assert await store.tally("runs", "r", "kind") == {"delivery": 8, "run": 1, "slice": 1}
    assert await store.tally("runs", "r", "state", where=[*where, Where("slice", Op.GE, 5)]) == {
        "failed": 2,
        "planned": 1,
    }


async def test_what_is_no_text_or_not_there_is_not_counted(store: Store) -> None:
    await _fill(store)
    assert await store.tally("runs", "r", "slice") == {}
    assert await store.tally("runs", "nowhere", "state") == {}


async def test_an_undeclared_field_cannot_be_counted(store: Store) -> None:
    with pytest.raises(ValueError, match="declare"):
        await store.tally("runs", "r", "answers")


async def test_counts_follow_the_writes(store: Store) -> None:
    await _fill(store)
    await store.delete("runs", "r", "0")
    assert (await store.tally("runs", "r", "state"))["sent"] == 4
