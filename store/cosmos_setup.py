"""Makes the database and its containers in a developer's own account or emulator. A serving process never does."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient, DatabaseProxy
from azure.cosmos.exceptions import CosmosResourceNotFoundError

from store.contract import Locked, Unavailable
from store.cosmos_client import Account, connected
from store.layout import Json, layout

SAME = "as it should be"
MADE = "made"
CHANGED = "changed"
WHO_MAY = "A key of the account may. The identity that Hearback serves with may not: the deployment makes them for it."


async def set_up(account: Account) -> dict[str, str]:
    """Make what is missing, change what differs and can be changed, and return what was done to each container.

    Raises `ValueError` for a container that is there with another partition, which cannot be changed, `Locked` for a
    key or identity that may not do this, and `Unavailable` for an account that does not answer.
    """
    try:
        async with connected(account) as client:
            database = await _database(client, account.database)
            return {str(wanted["id"]): await _container(database, wanted) for wanted in layout()}
    except AzureError as error:
        raise _refusal(error) from error


async def tear_down(account: Account) -> None:
    """Remove the database with everything in it. For tests, which have one of their own."""
    async with connected(account) as client:
        await client.delete_database(account.database)


def _refusal(error: AzureError) -> Unavailable:
    said = next(iter(str(error).strip().splitlines()), type(error).__name__)
    status = error.status_code if isinstance(error, HttpResponseError) else None
    if isinstance(error, ClientAuthenticationError) or status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Locked(f"this key or identity may not do it: {said}\n{WHO_MAY}")
    return Unavailable(f"the account refuses or does not answer: {said}")


async def _database(client: CosmosClient, name: str) -> DatabaseProxy:
    """Look before making: an identity that may use a database need not be able to make one."""
    proxy = client.get_database_client(name)
    try:
        await proxy.read()
    except CosmosResourceNotFoundError:
        return await client.create_database(name)
    return proxy


async def _container(database: DatabaseProxy, wanted: Json) -> str:
    name = str(wanted["id"])
    key = PartitionKey(path=_path(wanted), version=2)
    options: dict[str, Any] = {"indexing_policy": wanted["indexingPolicy"], "default_ttl": wanted.get("defaultTtl")}
    try:
        found = await database.get_container_client(name).read()
    except CosmosResourceNotFoundError:
        await database.create_container(name, key, **options)
        return MADE
    if _path(found) != _path(wanted):
        msg = f"{name} is there, but partitioned by {_path(found)} and not by {_path(wanted)}: remove it first"
        raise ValueError(msg)
    if _settings(found) == _settings(wanted):
        return SAME
    await database.replace_container(name, key, **options)
    return CHANGED


def _path(definition: Mapping[str, object]) -> str:
    key = definition["partitionKey"]
    paths = key["paths"] if isinstance(key, dict) else []
    return str(paths[0])


def _settings(definition: Mapping[str, object]) -> object:
    """Return what may be changed in place, in an order that means nothing."""
    policy = definition["indexingPolicy"]
    policy = policy if isinstance(policy, dict) else {}
    paths = {
        kind: sorted(str(one["path"]) for one in policy.get(kind, []) if one["path"] != '/"_etag"/?')
        for kind in ("includedPaths", "excludedPaths")
    }
    return paths, policy.get("compositeIndexes") or [], definition.get("defaultTtl")
