"""The account of the Cosmos DB stand-in: who may come in, databases, containers, what it does not do."""

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient
from azure.cosmos.exceptions import (
    CosmosHttpResponseError,
    CosmosResourceExistsError,
    CosmosResourceNotFoundError,
)

from simulator.cosmos import CosmosStandIn
from simulator.cosmos.account import key_from
from simulator.cosmos.hashing import boundaries, effective_key
from tests.cosmos import Identity, client_of, container_in


@pytest.fixture
async def account() -> AsyncIterator[CosmosStandIn]:
    async with CosmosStandIn(accepts_token=lambda token: token == "good") as account:
        yield account


@pytest.fixture
async def client(account: CosmosStandIn) -> AsyncIterator[CosmosClient]:
    async with client_of(account) as client:
        yield client


async def test_a_wrong_key_is_refused(account: CosmosStandIn) -> None:
    with pytest.raises(CosmosHttpResponseError) as refused:
        async with client_of(account, credential=key_from("another")) as client:
            await client.create_database("test")
    assert refused.value.status_code == 401
    assert not account.holdings.databases


async def test_a_request_without_a_signature_is_refused(account: CosmosStandIn) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{account.url}dbs", ssl=False) as response:
        assert response.status == 401


async def test_a_token_of_entra_gets_in_when_it_is_accepted(account: CosmosStandIn) -> None:
    async with client_of(account, credential=Identity("good")) as client:
        await client.create_database("test")
    with pytest.raises(CosmosHttpResponseError) as refused:
        async with client_of(account, credential=Identity("bad")) as client:
            await client.create_database("other")
    assert refused.value.status_code == 401


async def test_without_a_check_no_token_is_accepted() -> None:
    async with CosmosStandIn() as account:
        with pytest.raises(CosmosHttpResponseError) as refused:
            async with client_of(account, credential=Identity("good")) as client:
                await client.create_database("test")
    assert refused.value.status_code == 401


async def test_databases_and_containers_come_and_go(client: CosmosClient) -> None:
    database = await client.create_database("test")
    container = await database.create_container("things", PartitionKey("/home"), default_ttl=60)
    seen = await container.read()
    assert seen["defaultTtl"] == 60
    assert seen["partitionKey"]["paths"] == ["/home"]
    assert seen["indexingPolicy"]["includedPaths"] == [{"path": "/*"}]
    assert [one["id"] async for one in client.list_databases()] == ["test"]
    assert [one["id"] async for one in database.list_containers()] == ["things"]
    await database.delete_container("things")
    with pytest.raises(CosmosResourceNotFoundError):
        await container.read()
    await client.delete_database("test")
    with pytest.raises(CosmosResourceNotFoundError):
        await database.read()


async def test_a_name_is_taken_once(client: CosmosClient) -> None:
    await container_in(client)
    with pytest.raises(CosmosResourceExistsError):
        await container_in(client)
    with pytest.raises(CosmosResourceExistsError):
        await client.create_database("test")


async def test_a_documents_owner_has_to_exist(client: CosmosClient) -> None:
    nowhere = client.get_database_client("test").get_container_client("nowhere")
    with pytest.raises(CosmosResourceNotFoundError) as refused:
        await nowhere.read_item("a", "a")
    assert refused.value.sub_status == 1003


async def test_a_container_that_was_made_again_is_noticed(account: CosmosStandIn, client: CosmosClient) -> None:
    container = await container_in(client)
    await container.create_item({"id": "a", "home": "x"})
    async with client_of(account) as other:
        await other.get_database_client("test").delete_container("things")
        await container_in(other)
    await container.create_item({"id": "a", "home": "x"})
    assert account.counters().of("item.create").statuses == {201: 2, 400: 1}


@pytest.mark.parametrize(
    "settings",
    [
        {"partition_key": PartitionKey(["/a", "/b"])},
        {"partition_key": PartitionKey("/a", version=1)},
        {"partition_key": PartitionKey("/a"), "unique_key_policy": {"uniqueKeys": [{"paths": ["/b"]}]}},
        {"partition_key": PartitionKey("/a"), "computed_properties": [{"name": "b", "query": "SELECT VALUE 1 FROM c"}]},
    ],
)
async def test_what_a_container_cannot_do_here_is_said(client: CosmosClient, settings: dict[str, Any]) -> None:
    database = await client.create_database("test")
    with pytest.raises(CosmosHttpResponseError, match="the stand-in does not do this") as refused:
        await database.create_container("things", **settings)
    assert refused.value.status_code == 501


async def test_stored_procedures_and_throughput_are_refused_by_name(client: CosmosClient) -> None:
    container = await container_in(client)
    with pytest.raises(CosmosHttpResponseError, match="sprocs") as refused:
        await container.scripts.create_stored_procedure({"id": "a", "body": "function () {}"})
    assert refused.value.status_code == 501
    with pytest.raises(CosmosHttpResponseError, match="offers"):
        await container.get_throughput()


@pytest.mark.parametrize(
    "value", ["a", "", "é" * 40, "0123456789abcdef", "person/with-more-than-sixteen", 7, 1.5, True, None]
)
def test_keys_are_hashed_as_the_sdk_hashes_them(value: object) -> None:
    assert effective_key(value) == PartitionKey("/a")._get_effective_partition_key_string([value])  # type: ignore[list-item]  # noqa: SLF001


def test_ranges_divide_all_keys_without_a_gap() -> None:
    ranges = boundaries(5)
    assert ranges[0][0] == ""
    assert ranges[-1][1] == "FF"
    assert all(one[1] == other[0] for one, other in pairwise(ranges))


async def test_a_description_prepares_an_account_once(account: CosmosStandIn, client: CosmosClient) -> None:
    containers: list[dict[str, object]] = [
        {"id": "things", "partitionKey": {"paths": ["/home"], "kind": "Hash", "version": 2}}
    ]
    account.prepare("test", containers)
    container = client.get_database_client("test").get_container_client("things")
    await container.create_item({"id": "a", "home": "x"})
    account.prepare("test", containers)
    assert (await container.read_item("a", "x"))["id"] == "a"
