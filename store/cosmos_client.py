"""One client of Azure Cosmos DB for each process: how it connects, and which containers are there.

It makes nothing: databases and containers come from the deployment. What is missing is said by name.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

import aiohttp
import msgspec
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.transport import AioHttpTransport
from azure.cosmos.aio import ContainerProxy, CosmosClient
from azure.cosmos.documents import ConnectionPolicy
from azure.cosmos.exceptions import CosmosHttpResponseError
from azure.identity.aio import DefaultAzureCredential

from store.contract import Doc, Incomplete
from store.cosmos_errors import BUDGET_S, Patience, Refused, meaning_of

CONNECTIONS = 200  # at once; the SDK's own pool has 100
CONNECT_S = 3.0
_PATH = "x-ms-alt-content-path"
_MOVES: ContextVar[list[int] | None] = ContextVar("moves", default=None)  # answers 410 to the reading under way
READ_S = 5.0  # how long an answer may take; the SDK would wait for 65 s


class Account(msgspec.Struct, frozen=True):
    """Which database to use. Without a key, the process goes in by its managed identity."""

    endpoint: str
    database: str
    key: str = ""
    verifies_tls: bool = True


class Client:
    """The SDK's client, its pool, and the containers that have been seen. Belongs to the event loop it is made on."""

    def __init__(
        self,
        account: Account,
        *,
        budget_s: float = BUDGET_S,
        busy_s: float | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        traces: Sequence[aiohttp.TraceConfig] = (),
    ) -> None:
        self._account = account
        self.patience = Patience(
            budget_s=budget_s,
            busy_s=busy_s,
            now=time.monotonic,
            sleep=sleep,
            chance=random.Random(),  # noqa: S311 - jitter
        )
        self._identity: DefaultAzureCredential | None = None if account.key else DefaultAzureCredential()
        self._sdk = _sdk(account, account.key or self._identity, traces)
        self._connection: asyncio.Task[None] | None = None
        self._containers: dict[str, asyncio.Task[ContainerProxy]] = {}

    async def container(self, name: str) -> ContainerProxy:
        """Return a container. Raises `Incomplete`, or `Unavailable` where nobody answers.

        However many ask at a time, the account is asked once, and a look that failed is made anew by the next who asks.
        """
        looking = self._containers.get(name)
        if looking is None or _has_failed(looking):
            looking = self._containers[name] = asyncio.create_task(self._look_for(name))
        return looking.result() if looking.done() else await asyncio.shield(looking)

    def forget(self, name: str) -> None:
        """Know nothing more of a container that is gone: one that comes in its place has a history of its own."""
        looking, session = self._containers.pop(name, None), self._sdk.client_connection.session
        if session is not None and looking is not None and looking.done() and not _has_failed(looking):
            session.clear_session_token({_PATH: looking.result().container_link})  # type: ignore[no-untyped-call]

    def without(self, container: str) -> str:
        """Return what to say of a container that is not there."""
        return f"the database {self._account.database!r} has no container {container!r}: the deployment makes it"

    async def close(self) -> None:
        """Let go of the connections."""
        await self._sdk.close()
        if self._identity is not None:
            await self._identity.close()

    async def _look_for(self, name: str) -> ContainerProxy:
        await self._connect()
        proxy = self._sdk.get_database_client(self._account.database).get_container_client(name)
        try:
            await self.patience.ask(proxy.read)
        except Refused as refused:
            if refused.failure.status == HTTPStatus.NOT_FOUND:
                raise Incomplete(self.without(name)) from refused
            raise meaning_of(refused.failure) from refused
        return proxy

    async def _connect(self) -> None:
        if self._connection is None or _has_failed(self._connection):
            self._connection = asyncio.create_task(self._try_to_connect())
        await asyncio.shield(self._connection)

    async def _try_to_connect(self) -> None:
        try:
            await self.patience.ask(self._sdk.__aenter__)
        except Refused as refused:
            raise meaning_of(refused.failure) from refused


def _has_failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def note_session(container: ContainerProxy, docs: Sequence[Mapping[str, object]], headers: Mapping[str, str]) -> None:
    """Let later reads see a batch: of all writes, the SDK leaves its answer out of the session."""
    session = container.client_connection.session
    written = next((dict(doc) for doc in docs if "_self" in doc), {})
    if session is not None:
        session.update_session(container.client_connection, written, {_PATH: container.container_link, **headers})  # type: ignore[no-untyped-call]


async def unmoved(read: Callable[[], Awaitable[list[Doc]]]) -> list[Doc]:
    """Return what is read page by page, unless a part of the container moved meanwhile; then raises the SDK's 410.

    Of its own accord the SDK finds the new place, begins there anew, and gives the pages before once more.
    """
    moves: list[int] = []
    token = _MOVES.set(moves)
    try:
        found = await read()
    finally:
        _MOVES.reset(token)
    if moves:
        raise CosmosHttpResponseError(status_code=HTTPStatus.GONE, message="a part moved")  # type: ignore[no-untyped-call]
    return found


def _note_move(answer: PipelineResponse[Any, Any]) -> None:
    moves = _MOVES.get()
    if moves is not None and answer.http_response.status_code == HTTPStatus.GONE:
        moves.append(HTTPStatus.GONE)


@asynccontextmanager
async def connected(account: Account) -> AsyncIterator[CosmosClient]:
    """Give the SDK's own client, for what the store itself never does."""
    async with AsyncExitStack() as opened:
        identity = None if account.key else await opened.enter_async_context(DefaultAzureCredential())
        sdk = _sdk(account, account.key or identity)
        opened.push_async_callback(sdk.close)  # the SDK leaves its connections open when it is refused at the door
        await sdk.__aenter__()
        yield sdk


def _sdk(
    account: Account, credential: str | AsyncTokenCredential | None, traces: Sequence[aiohttp.TraceConfig] = ()
) -> CosmosClient:
    """Return the SDK's client with its own asking again switched off: `Patience` does that.

    Without discovery it keeps to the endpoint it was given, whose name follows the region that takes writes.
    """
    policy = ConnectionPolicy()
    policy.RetryOptions = type(policy.RetryOptions)(max_retry_attempt_count=0)
    assert credential is not None  # noqa: S101 - a key or an identity
    return CosmosClient(
        account.endpoint,
        credential,
        consistency_level="Session",
        transport=AioHttpTransport(session=_session(traces)),
        connection_policy=policy,
        retry_total=0,
        retry_connect=0,
        retry_read=0,
        retry_status=0,
        enable_endpoint_discovery=False,
        connection_timeout=CONNECT_S,
        read_timeout=READ_S,
        connection_verify=account.verifies_tls,
        enable_compact_utf8_item_writes=True,
        raw_response_hook=_note_move,
    )


def _session(traces: Sequence[aiohttp.TraceConfig]) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trace_configs=list(traces),
    )
    # aiohttp would send a PUT or DELETE again when a kept connection breaks, and so hide that the first one was made.
    with contextlib.suppress(AttributeError):
        session._retry_connection = False  # noqa: SLF001
    return session
