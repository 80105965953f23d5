"""A client of the real SDK on an account of the stand-in, and what tests often ask of it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from azure.core.credentials import AccessToken
from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient

from simulator.cosmos import CosmosStandIn

Doc = dict[str, Any]


class Identity:
    """A credential of Entra that always has the same token."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.is_closed = False

    async def get_token(self, *_: str, **__: Any) -> AccessToken:  # noqa: ANN401 - the SDK's
        return AccessToken(self._token, 4_000_000_000)

    async def close(self) -> None:
        self.is_closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


@asynccontextmanager
async def client_of(account: CosmosStandIn, **options: Any) -> AsyncIterator[CosmosClient]:  # noqa: ANN401 - the SDK's
    """The SDK with its certificate check on, and without long waits between its tries."""
    settings: Doc = {
        "connection_verify": str(account.certificate),
        "retry_backoff_factor": 0.01,
        "retry_total": 2,
        **options,
    }
    client = CosmosClient(account.url, settings.pop("credential", account.key), **settings)
    try:
        yield await client.__aenter__()
    finally:  # the SDK leaves its connections open when it is refused at the door
        await client.__aexit__()


async def container_in(client: CosmosClient, name: str = "things", **settings: Any) -> ContainerProxy:  # noqa: ANN401
    """A new container, partitioned by `/home`."""
    database = await client.create_database_if_not_exists("test")
    made: ContainerProxy = await database.create_container(name, PartitionKey("/home"), **settings)
    return made


async def found(container: ContainerProxy, query: str, *, key: object = None, **params: Any) -> list[Any]:  # noqa: ANN401
    """Everything that a query returns; parameters are given by name without `@`."""
    more: Doc = {} if key is None else {"partition_key": key}
    given: list[dict[str, object]] = [{"name": f"@{name}", "value": value} for name, value in params.items()]
    return [one async for one in container.query_items(query, parameters=given, **more)]


async def one_page(
    container: ContainerProxy, query: str, *, key: object, size: int, after: str | None = None
) -> tuple[list[Any], str | None]:
    """One page of a query, and the continuation after it."""
    pager: Any = container.query_items(query, partition_key=key, max_item_count=size).by_page(after)
    page = [one async for one in await anext(pager)]
    return page, pager.continuation_token


def ids(docs: list[Any]) -> list[str]:
    """The ids of some documents."""
    return [one["id"] for one in docs]


def plain(doc: Mapping[str, Any]) -> Doc:
    """A document without what the service added."""
    return {key: value for key, value in doc.items() if not key.startswith("_")}
