"""Queries in the Cosmos DB stand-in, as the real SDK asks them: in a partition and, by plans, over all ranges."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosHttpResponseError
from hypothesis import given
from hypothesis import strategies as st

from simulator.cosmos import CosmosStandIn
from simulator.cosmos.values import Order, rank
from tests.cosmos import client_of, container_in, found, ids, one_page

POLICY = {
    "includedPaths": [{"path": f"/{name}/?"} for name in ("n", "state", "home", "mixed", "tags/[]")],
    "excludedPaths": [{"path": "/*"}],
    "compositeIndexes": [[{"path": "/state", "order": "ascending"}, {"path": "/n", "order": "descending"}]],
}
DOCS: list[dict[str, Any]] = [
    {"id": "a", "home": "x", "n": 1, "state": "sent", "tags": ["red", "blue"], "inner": {"deep": [10, 20]}},
    {"id": "b", "home": "x", "n": 2, "state": "planned", "tags": [], "nothing": None},
    {"id": "c", "home": "y", "n": 3, "state": "sent", "text": "It's “fine”"},
    {"id": "d", "home": "y", "n": 4.5, "state": "failed", "flag": True},
    {"id": "e", "home": "z", "n": 5, "state": "sent", "flag": False},
    {"id": "f", "home": "z", "state": "planned", "mixed": "one"},
]


@pytest.fixture
async def account() -> AsyncIterator[CosmosStandIn]:
    async with CosmosStandIn(ranges=3) as account:
        yield account


@pytest.fixture
async def container(account: CosmosStandIn) -> AsyncIterator[ContainerProxy]:
    async with client_of(account) as client:
        container = await container_in(client, indexing_policy=POLICY)
        for doc in DOCS:
            await container.create_item(doc)
        yield container


async def refused(container: ContainerProxy, query: str, **options: Any) -> str:  # noqa: ANN401 - the SDK's
    with pytest.raises(CosmosHttpResponseError) as caught:
        await found(container, query, **options)
    assert caught.value.status_code == 400
    return str(caught.value)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("c.n = 2", "b"),
        ("c.n != 2", "acde"),
        ("c.n <> 2 AND c.n < 4", "ac"),
        ("c.n > 2 AND c.n <= 4.5", "cd"),
        ("c.n >= 5 OR c.state = 'failed'", "de"),
        ("NOT (c.n > 2)", "ab"),
        ("NOT (c.n > 2 OR c.state = 'planned')", "a"),
        ("c.n BETWEEN 2 AND 4", "bc"),
        ("c.n NOT BETWEEN 2 AND 4", "ade"),
        ("c.state IN ('failed', 'planned')", "bdf"),
        ("c.state NOT IN ('failed', 'planned')", "ace"),
        ("IS_DEFINED(c.n)", "abcde"),
        ("NOT IS_DEFINED(c.n)", "f"),
        ("IS_NUMBER(c.n) AND IS_STRING(c.state)", "abcde"),
        ("IS_NULL(c.nothing)", "b"),
        ("c.nothing = null", "b"),
        ("NOT c.n > 2", ""),  # NOT binds as tightly as a sign
        ("c.flag = true", "d"),
        ("c.flag", "d"),
        ("NOT c.flag", "e"),
        ("c.flag = 1", ""),  # true is not 1
        ("c.n = '2'", ""),
        ("c.n > 'a' OR c.state > 'r'", "ace"),
        ("ARRAY_CONTAINS(c.tags, 'red')", "a"),
        ("NOT ARRAY_CONTAINS(c.tags, 'red')", "b"),  # where there is no array, it is undefined
        ("ARRAY_LENGTH(c.tags) = 0", "b"),
        ("STARTSWITH(c.state, 'se')", "ace"),
        ("STARTSWITH(c.state, 'SE', true)", "ace"),
        ("ENDSWITH(c.state, 'ed')", "bdf"),
        ("CONTAINS(c.text, 'fine')", "c"),
        ("c.text LIKE '%s_“%'", "c"),
        ("c.text = 'It\\'s “fine”'", "c"),
        ("c.inner.deep[1] = 20", "a"),
        ('c["inner"]["deep"][0] = 10', "a"),
        ("c.n + 1 = 3", "b"),
        ("c.n % 2 = 1 AND c.n * 2 < 8", "ac"),
        ("-c.n = -1", "a"),
        ("(c.n ?? 99) = 99", "f"),
        ("(IS_DEFINED(c.n) ? c.n : 0) = 0", "f"),
        ("LOWER(UPPER(c.state)) = 'failed'", "d"),
        ("c.id = @id", "d"),
        ("c.id IN (@id, @missing)", "d"),
        ("c.nowhere = @missing", ""),
    ],
)
async def test_a_condition_finds_what_it_describes(container: ContainerProxy, where: str, expected: str) -> None:
    docs = await found(container, f"SELECT * FROM c WHERE {where}", id="d")  # noqa: S608 - a column of the table
    assert sorted(ids(docs)) == list(expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT c.id, c.n FROM c WHERE c.home = 'x'", [{"id": "a", "n": 1}, {"id": "b", "n": 2}]),
        ("SELECT c.id AS name, c.inner.deep[0] FROM c WHERE c.id = 'a'", [{"name": "a", "$1": 10}]),
        ("SELECT VALUE c.inner FROM c", [{"deep": [10, 20]}]),  # undefined is left out
        ("SELECT VALUE {'k': c.n, gone: c.nowhere} FROM c WHERE c.id = 'a'", [{"k": 1}]),
        ("SELECT VALUE [c.n, c.nowhere, 'lit'] FROM c WHERE c.id = 'a'", [[1, "lit"]]),
        ("SELECT VALUE thing.id FROM things thing WHERE thing.id = 'b'", ["b"]),
        ("SELECT VALUE c.id || '-' || c.state FROM c WHERE c.id = 'b'", ["b-planned"]),
        ("SELECT c FROM c WHERE c.nowhere = 1", []),
    ],
)
async def test_a_query_gives_what_it_selects(container: ContainerProxy, query: str, expected: list[object]) -> None:
    assert await found(container, query) == expected


@pytest.mark.parametrize("key", [None, "x"])
async def test_an_order_holds_over_all_ranges(container: ContainerProxy, key: str | None) -> None:
    query = "SELECT * FROM c WHERE IS_DEFINED(c.n) ORDER BY c.n"
    expected = list("abcde") if key is None else ["a", "b"]
    assert ids(await found(container, query, key=key)) == expected
    assert ids(await found(container, f"{query} DESC", key=key)) == expected[::-1]
    assert await found(container, "SELECT VALUE c.id FROM c WHERE c.n > 0 ORDER BY c.n DESC", key=key) == expected[::-1]
    assert await found(container, "SELECT c.id FROM c WHERE c.n > 0 ORDER BY c.n DESC OFFSET 1 LIMIT 1", key=key) == [
        {"id": expected[-2]}
    ]
    assert ids(await found(container, "SELECT TOP 1 * FROM c WHERE c.n > @n ORDER BY c.n", key=key, n=1)) == ["b"]


async def test_several_paths_need_a_composite_index(container: ContainerProxy) -> None:
    docs = await found(container, "SELECT * FROM c WHERE IS_DEFINED(c.n) ORDER BY c.state, c.n DESC")
    assert ids(docs) == ["d", "b", "e", "c", "a"]
    turned = await found(container, "SELECT * FROM c WHERE IS_DEFINED(c.n) ORDER BY c.state DESC, c.n ASC")
    assert ids(turned) == ["a", "c", "e", "b", "d"]
    assert "composite index" in await refused(container, "SELECT * FROM c ORDER BY c.n, c.state")
    assert "composite index" in await refused(container, "SELECT * FROM c ORDER BY c.state, c.n", key="x")


async def test_an_order_by_what_is_not_indexed_is_refused(container: ContainerProxy) -> None:
    assert "excluded" in await refused(container, "SELECT * FROM c ORDER BY c.text", key="x")
    assert "excluded" in await refused(container, "SELECT * FROM c ORDER BY c.text")
    assert ids(await found(container, "SELECT * FROM c ORDER BY c._ts", key="x"))
    assert ids(await found(container, "SELECT * FROM c ORDER BY c.id DESC", key="x")) == ["b", "a"]


async def test_types_come_in_their_order(container: ContainerProxy) -> None:
    for index, value in enumerate([[1], "b", "a", {"k": 1}, 2, 1.5, True, False, None]):
        await container.create_item({"id": f"m{index}", "home": "m", "mixed": value})
    await container.create_item({"id": "m9", "home": "m"})
    docs = await found(container, "SELECT * FROM c ORDER BY c.mixed", key="m")
    assert [int(one["id"][1]) for one in docs] == [9, 8, 7, 6, 5, 4, 2, 1, 0, 3]


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("COUNT(1)", 6),
        ("COUNT(c.n)", 5),
        ("SUM(c.n)", 15.5),
        ("MIN(c.n)", 1),
        ("MAX(c.n)", 5),
        ("MAX(c.state)", "sent"),
        ("AVG(c.n)", 3.1),
    ],
)
async def test_aggregates_add_up_over_all_ranges(container: ContainerProxy, aggregate: str, expected: object) -> None:
    assert await found(container, f"SELECT VALUE {aggregate} FROM c") == [expected]  # noqa: S608 - a column


async def test_nothing_counts_nought(container: ContainerProxy) -> None:
    assert await found(container, "SELECT VALUE COUNT(1) FROM c WHERE c.n > 100") == [0]
    assert await found(container, "SELECT VALUE COUNT(1) FROM c WHERE c.n > 100", key="x") == [0]


async def test_groups_are_counted_in_a_partition(container: ContainerProxy) -> None:
    for index in range(3):
        await container.create_item({"id": f"g{index}", "home": "x", "n": index, "state": "sent"})
    query = "SELECT c.state AS state, COUNT(1) AS n, MIN(c.n) AS low, SUM(c.n) AS sum FROM c GROUP BY c.state"
    assert await found(container, query, key="x") == [
        {"state": "sent", "n": 4, "low": 0, "sum": 4},
        {"state": "planned", "n": 1, "low": 2, "sum": 2},
    ]
    both = "SELECT COUNT(1) AS n, MAX(c.n) AS high FROM c"
    assert await found(container, both, key="x") == [{"n": 5, "high": 2}]


async def test_groups_over_all_ranges_are_more_than_the_sdk_can_do(container: ContainerProxy) -> None:
    assert "GroupBy" in await refused(container, "SELECT c.state, COUNT(1) AS n FROM c GROUP BY c.state")


async def test_what_was_seen_is_told_apart(container: ContainerProxy) -> None:
    query = "SELECT DISTINCT VALUE c.state FROM c"
    assert sorted(await found(container, query)) == ["failed", "planned", "sent"]
    assert await found(container, query, key="x") == ["sent", "planned"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM c",
        "SELECT * FROM c WHERE c.home = 'p'",
        "SELECT * FROM c ORDER BY c.n",
        "SELECT * FROM c ORDER BY c.n DESC",
        "SELECT TOP 17 * FROM c ORDER BY c.n",
        "SELECT * FROM c ORDER BY c.n OFFSET 4 LIMIT 13",
        "SELECT VALUE c.id FROM c OFFSET 4 LIMIT 13",
        "SELECT DISTINCT c.n FROM c",
    ],
)
async def test_pages_put_together_are_the_whole(container: ContainerProxy, query: str) -> None:
    for index in range(20):
        await container.create_item({"id": f"p{index}", "home": "p", "n": index // 3})
    whole = await found(container, query, key="p")
    assert len(whole) >= 7
    pages, token = await one_page(container, query, key="p", size=3)
    while token:
        page, token = await one_page(container, query, key="p", size=3, after=token)
        assert len(page) <= 3
        pages += page
    assert pages == whole


async def test_pages_go_over_all_ranges(container: ContainerProxy) -> None:
    pager = container.query_items("SELECT * FROM c", max_item_count=2).by_page()
    pages = [[one["id"] async for one in page] async for page in pager]
    assert [len(page) for page in pages] == [2, 2, 2]
    assert sorted(sum(pages, [])) == list("abcdef")  # noqa: RUF017 - three short lists


async def test_a_page_goes_on_where_it_ended_whatever_was_written_since(container: ContainerProxy) -> None:
    query = "SELECT * FROM c ORDER BY c.n"
    page, token = await one_page(container, query, key="x", size=1)
    assert ids(page) == ["a"]
    await container.delete_item("a", "x")
    await container.create_item({"id": "early", "home": "x", "n": 0})
    await container.create_item({"id": "late", "home": "x", "n": 1.5})
    page, token = await one_page(container, query, key="x", size=1, after=token)
    assert ids(page) == ["late"]


async def test_a_continuation_of_another_query_is_refused(container: ContainerProxy) -> None:
    _, token = await one_page(container, "SELECT * FROM c", key="x", size=1)
    with pytest.raises(CosmosHttpResponseError, match="Continuation"):
        await one_page(container, "SELECT * FROM c WHERE c.n > 0", key="x", size=1, after=token)
    with pytest.raises(CosmosHttpResponseError, match="Continuation"):
        await one_page(container, "SELECT * FROM c", key="x", size=1, after="nonsense")


async def test_a_query_over_all_partitions_has_to_say_so(container: ContainerProxy) -> None:
    await container.read()
    pages = container.client_connection.QueryItems(
        container.container_link,
        "SELECT * FROM c",
        {},
        containerProperties=container._get_properties_with_options,  # noqa: SLF001 - as query_items does
    )
    with pytest.raises(CosmosHttpResponseError, match="Cross partition query is required"):
        await anext(pages.__aiter__())


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT", "Syntax error"),
        ("SELECT * FROM c WHERE", "Syntax error"),
        ("SELECT * FROM c WHERE c.n = 1 c.n", "Syntax error"),
        ("SELECT * FROM c WHERE x.n = 1", "could not be resolved"),
        ("SELECT * FROM c WHERE c.n ¤ 1", "Syntax error"),
        ("SELECT * FROM c WHERE c.order = 1", "incorrect syntax near 'order'"),
        ("SELECT c.n AS value FROM c", "incorrect syntax near 'value'"),
        ("SELECT * FROM c WHERE MAGIC(c.n)", "MAGIC"),
        ("SELECT * FROM c WHERE STARTSWITH(c.n)", "STARTSWITH takes"),
        ("SELECT * FROM c JOIN t IN c.tags", "JOIN"),
        ("SELECT * FROM c WHERE EXISTS(SELECT VALUE 1 FROM c)", "Syntax error"),
        ("SELECT * FROM c WHERE c.n = (SELECT VALUE 1 FROM c)", "subqueries"),
        ("SELECT * FROM t IN c.tags", "IN after FROM"),
        ("SELECT * FROM c GROUP BY c.n", "cannot be grouped"),
        ("SELECT TOP 'x' * FROM c", "whole numbers"),
        ("SELECT c.state, COUNT(1) AS n FROM c GROUP BY c.state ORDER BY c.state", "ORDER BY together with GROUP BY"),
    ],
)
async def test_what_is_not_understood_is_refused_by_name(container: ContainerProxy, query: str, said: str) -> None:
    assert said in await refused(container, query, key="x")


async def test_a_scan_costs_more_than_the_index(container: ContainerProxy, account: CosmosStandIn) -> None:
    for index in range(40):
        await container.create_item({"id": f"s{index}", "home": "s", "n": index, "text": str(index)})
    account.reset_counters()
    await found(container, "SELECT * FROM c WHERE c.n = 7", key="s")
    indexed = account.counters().of("items.query").charge
    account.reset_counters()
    await found(container, "SELECT * FROM c WHERE c.text = '7'", key="s")
    assert 2.3 < indexed < 2.5
    assert account.counters().of("items.query").charge > indexed + 1.5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=3),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(st.text(max_size=2), inside, max_size=2),
    max_leaves=4,
)


@given(JSON, JSON, JSON)
def test_any_two_values_have_one_order(one: object, other: object, third: object) -> None:
    first, second, last = sorted(Order(value, descending=False) for value in (one, other, third))
    assert first <= second <= last
    assert first <= last
    up, down = [Order(one, descending=way) < Order(other, descending=way) for way in (False, True)]
    assert not (up and down)
    if rank(one) != rank(other):
        assert up == (rank(one) < rank(other))
