"""The change feed of the Cosmos DB stand-in, read with the real SDK."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosHttpResponseError

from simulator.cosmos import CosmosStandIn
from tests.conftest import Clock
from tests.cosmos import client_of, container_in, ids


@pytest.fixture
async def account(clock: Clock) -> AsyncIterator[CosmosStandIn]:
    async with CosmosStandIn(clock=clock.now, ranges=2) as account:
        yield account


@pytest.fixture
async def container(account: CosmosStandIn) -> AsyncIterator[ContainerProxy]:
    async with client_of(account) as client:
        yield await container_in(client)


async def write(container: ContainerProxy, *names: str, home: str | None = None) -> None:
    for name in names:
        await container.upsert_item({"id": name, "home": home or name})


async def read(container: ContainerProxy, **options: Any) -> tuple[list[str], str]:  # noqa: ANN401 - the SDK's
    pager = container.query_items_change_feed(**options).by_page()
    found = [one["id"] async for page in pager async for one in page]
    return found, container.client_connection.last_response_headers["etag"]  # the pager forgets it on an empty page


async def test_everything_that_was_written_appears_from_the_beginning(container: ContainerProxy) -> None:
    names = [f"d{index}" for index in range(30)]
    await write(container, *names)
    found, _ = await read(container, start_time="Beginning", max_item_count=4)
    assert sorted(found) == sorted(names)


async def test_after_a_mark_comes_only_what_is_newer(container: ContainerProxy) -> None:
    await write(container, *(f"d{index}" for index in range(9)))
    _, mark = await read(container, start_time="Beginning")
    assert (await read(container, continuation=mark))[0] == []
    await write(container, "d3", "new")
    found, mark = await read(container, continuation=mark)
    assert sorted(found) == ["d3", "new"]
    assert (await read(container, continuation=mark))[0] == []


async def test_only_the_latest_version_appears_and_no_deletion(container: ContainerProxy) -> None:
    await write(container, "a", "b", "c", home="x")
    await write(container, "a", home="x")
    await container.delete_item("b", "x")
    found, _ = await read(container, start_time="Beginning")
    assert found == ["c", "a"]


async def test_a_long_log_forgets_what_was_overtaken(container: ContainerProxy, account: CosmosStandIn) -> None:
    await write(container, "first", home="x")
    for _ in range(1100):
        await container.patch_item("first", "x", [{"op": "incr", "path": "/n", "value": 1}], no_response=True)
    await write(container, "last", home="x")
    assert (await read(container, start_time="Beginning"))[0] == ["first", "last"]
    ranges = account.holdings.container("test", "things").ranges
    assert sum(len(one._log) for one in ranges) < 200  # noqa: SLF001 - what is kept is the point


async def test_the_feed_may_begin_now_or_at_a_time(container: ContainerProxy, clock: Clock) -> None:
    await write(container, "old")
    clock.pass_s(60)
    at = clock.now()
    await write(container, "fresh")
    found, _ = await read(container, start_time=at)
    assert found == ["fresh"]
    found, mark = await read(container, start_time="Now")
    assert found == []
    await write(container, "newest")
    assert (await read(container, continuation=mark))[0] == ["newest"]
    assert sorted((await read(container, start_time=datetime(2020, 1, 1, tzinfo=UTC)))[0]) == ["fresh", "newest", "old"]


async def test_a_partition_and_a_range_can_be_read_alone(container: ContainerProxy) -> None:
    await write(container, "a", "b", home="x")
    await write(container, *(f"d{index}" for index in range(12)))
    found, mark = await read(container, start_time="Beginning", partition_key="x")
    assert found == ["a", "b"]
    await write(container, "c", home="x")
    await write(container, "d1")
    assert (await read(container, continuation=mark))[0] == ["c"]
    by_range = [
        (await read(container, start_time="Beginning", feed_range=one))[0] async for one in container.read_feed_ranges()
    ]
    assert len(by_range) == 2
    assert all(by_range)
    assert len(by_range[0]) + len(by_range[1]) == 15


async def test_what_a_batch_wrote_stays_on_one_page(container: ContainerProxy) -> None:
    await write(container, "before", home="x")
    batch = [("create", ({"id": f"b{index}", "home": "x"},)) for index in range(5)]
    await container.execute_item_batch(batch, partition_key="x")
    await write(container, "after", home="x")
    pager = container.query_items_change_feed(start_time="Beginning", partition_key="x", max_item_count=2).by_page()
    pages = [[one["id"] async for one in page] async for page in pager]
    assert pages == [["before", "b0", "b1", "b2", "b3", "b4"], ["after"]]


async def test_the_feed_costs_what_reading_would(container: ContainerProxy, account: CosmosStandIn) -> None:
    await write(container, *(f"d{index}" for index in range(5)), home="x")
    account.reset_counters()
    found, _ = await read(container, start_time="Beginning", partition_key="x")
    assert ids([{"id": one} for one in found]) == [f"d{index}" for index in range(5)]
    tally = account.counters().of("items.changes")
    assert tally.charge == 5 + tally.statuses[304]


async def test_a_feed_of_all_versions_is_refused(container: ContainerProxy) -> None:
    with pytest.raises(CosmosHttpResponseError, match="all versions") as refused:
        await read(container, mode="AllVersionsAndDeletes", start_time="Now")
    assert refused.value.status_code == 501


async def test_all_documents_can_be_listed(container: ContainerProxy) -> None:
    await write(container, *(f"d{index}" for index in range(9)))
    found = [one["id"] async for one in container.read_all_items(max_item_count=4)]
    assert found == [f"d{index}" for index in range(9)]
