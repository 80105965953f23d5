"""Transactional batches in the Cosmos DB stand-in: all operations or none."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

from simulator.cosmos import CosmosStandIn
from tests.cosmos import client_of, container_in, found, ids


@pytest.fixture
async def account() -> AsyncIterator[CosmosStandIn]:
    async with CosmosStandIn() as account:
        yield account


@pytest.fixture
async def container(account: CosmosStandIn) -> AsyncIterator[ContainerProxy]:
    async with client_of(account) as client:
        yield await container_in(client, indexing_policy={"includedPaths": [], "excludedPaths": [{"path": "/*"}]})


def doc(name: str, **more: object) -> dict[str, Any]:
    return {"id": name, "home": "x", **more}


async def test_all_kinds_of_operations_happen_together(container: ContainerProxy) -> None:
    old = await container.create_item(doc("old", n=1))
    await container.create_item(doc("gone"))
    await container.create_item(doc("patched", state="sent"))
    results = await container.execute_item_batch(
        [
            ("create", (doc("new"),)),
            ("upsert", (doc("up", n=1),)),
            ("replace", ("old", doc("old", n=2)), {"if_match_etag": old["_etag"]}),
            (
                "patch",
                ("patched", [{"op": "incr", "path": "/n", "value": 3}]),
                {"filter_predicate": "FROM c WHERE c.state = 'sent'"},
            ),
            ("read", ("new",)),
            ("delete", ("gone",)),
        ],
        partition_key="x",
    )
    assert [one["statusCode"] for one in results] == [201, 201, 200, 200, 200, 204]
    assert results[3]["resourceBody"]["n"] == 3
    assert results[3]["eTag"] == results[3]["resourceBody"]["_etag"]
    assert results[4]["resourceBody"] == results[0]["resourceBody"]
    assert sorted(ids(await found(container, "SELECT * FROM c", key="x"))) == ["new", "old", "patched", "up"]


async def test_later_operations_see_earlier_ones(container: ContainerProxy) -> None:
    results = await container.execute_item_batch(
        [
            ("create", (doc("a", n=1),)),
            ("patch", ("a", [{"op": "incr", "path": "/n", "value": 1}])),
            ("delete", ("a",)),
            ("create", (doc("a", n=9),)),
        ],
        partition_key="x",
    )
    assert results[1]["resourceBody"]["n"] == 2
    assert (await container.read_item("a", "x"))["n"] == 9


@pytest.mark.parametrize(
    ("failing", "status"),
    [
        (("create", ({"id": "there", "home": "x"},)), 409),
        (("create", ({"id": "a", "home": "elsewhere"},)), 400),
        (("replace", ("nowhere", {"id": "nowhere", "home": "x"})), 404),
        (("replace", ("there", {"id": "there", "home": "x"}), {"if_match_etag": '"old"'}), 412),
        (
            (
                "patch",
                ("there", [{"op": "set", "path": "/n", "value": 1}]),
                {"filter_predicate": "FROM c WHERE c.n = 7"},
            ),
            412,
        ),
        (("patch", ("there", [{"op": "remove", "path": "/nowhere"}])), 400),
        (("delete", ("nowhere",)), 404),
        (("read", ("nowhere",)), 404),
    ],
)
async def test_one_failure_undoes_all(container: ContainerProxy, failing: tuple[Any, ...], status: int) -> None:
    there = await container.create_item(doc("there"))
    with pytest.raises(CosmosBatchOperationError) as refused:
        await container.execute_item_batch(
            [("create", (doc("new"),)), ("upsert", (doc("there", n=5),)), failing, ("delete", ("there",))],
            partition_key="x",
        )
    assert refused.value.error_index == 2
    assert refused.value.status_code == status
    assert [one["statusCode"] for one in refused.value.operation_responses] == [424, 424, status, 424]
    assert await found(container, "SELECT * FROM c", key="x") == [there]


async def test_a_hundred_operations_fit_and_more_do_not(container: ContainerProxy) -> None:
    operations = [("create", (doc(f"d{index}"),)) for index in range(101)]
    with pytest.raises(CosmosHttpResponseError) as refused:
        await container.execute_item_batch(operations, partition_key="x")
    assert refused.value.status_code == 400
    assert len(await container.execute_item_batch(operations[:100], partition_key="x")) == 100


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # aiohttp's advice to the SDK
async def test_two_megabytes_are_the_limit_of_a_batch(container: ContainerProxy) -> None:
    half = [("create", (doc(f"d{index}", text="o" * 1024 * 1024),)) for index in range(2)]
    with pytest.raises(CosmosHttpResponseError) as refused:
        await container.execute_item_batch(half, partition_key="x")
    assert refused.value.status_code == 413
    assert not await found(container, "SELECT * FROM c", key="x")


async def test_a_batch_costs_the_sum_of_its_operations(container: ContainerProxy, account: CosmosStandIn) -> None:
    await container.execute_item_batch([("create", (doc("a"),)), ("create", (doc("b"),))], partition_key="x")
    assert account.counters().of("items.batch").charge == 9.9
