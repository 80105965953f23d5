"""All that a query finds, page after page."""

import pytest

from store.contract import Op, Store, Where
from store.pages import documents, pages


@pytest.mark.parametrize("limit", [1, 3, 5, 100])
async def test_all_that_a_query_finds_comes_once_and_in_order_however_long_its_pages(
    embedded: Store, limit: int
) -> None:
    for number in range(5):
        await embedded.create("runs", {"id": f"d{number}", "run": "r", "kind": "same", "slice": 5 - number})
        await embedded.create("runs", {"id": f"d{number}", "run": "r2", "kind": "same", "slice": number})
        await embedded.create("runs", {"id": f"o{number}", "run": "r", "kind": "other", "slice": number})
    where = [Where("kind", Op.EQ, "same")]
    read = [one async for one in pages(embedded, "runs", partition="r", where=where, order="slice", limit=limit)]
    back = documents(embedded, "runs", partition="r", where=where, order="slice", descending=True, limit=limit)
    assert max(map(len, read)) == min(limit, 5)
    assert [doc["id"] for page in read for doc in page] == ["d4", "d3", "d2", "d1", "d0"]
    assert [doc["id"] async for doc in back] == ["d0", "d1", "d2", "d3", "d4"]


async def test_nothing_found_ends_at_once(embedded: Store) -> None:
    assert [doc async for doc in documents(embedded, "runs")] == []


async def test_what_a_query_refuses_is_refused(embedded: Store) -> None:
    with pytest.raises(ValueError, match="cannot be queried by"):
        _ = [doc async for doc in documents(embedded, "runs", order="nothing")]
    with pytest.raises(ValueError, match="at least one document"):
        _ = [page async for page in pages(embedded, "runs", limit=0)]
