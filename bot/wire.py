"""One request to the channel and its answer: pooled connections, encryption and timeouts are pyreqwest's.

Knows nothing of Teams. A request that cannot have left is told from one that may have arrived.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    BuilderError,
    PoolTimeoutError,
    RequestError,
    RequestTimeoutError,
)

from broadcast.messenger import Doubtful, Rejected, Retriable, SendError

CONNECTIONS = 500  # at once: 20 tenants, 50 requests a second each, a third of a second for an answer; and room
JSON = "application/json"
AGENT = "Hearback"
_NOT_CONNECTED = "client error (Connect)"  # among the causes


class Patience(NamedTuple):
    """How long to wait: for everything together, for a connection to be made, and for one to be free."""

    total: timedelta = timedelta(seconds=30)
    connect: timedelta = timedelta(seconds=5)
    pool: timedelta = timedelta(seconds=30)


class Answer(NamedTuple):
    """What the channel said. `retry_after` is the header of that name, empty where there was none."""

    status: int
    body: bytes
    retry_after: str


class Wire:
    """Makes requests, each once: nothing is tried again, no redirect is followed, no cookie is kept."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def call(self, method: str, url: str, body: bytes | None, authorization: str) -> Answer:
        """Return the answer, whatever its status.

        Raises `Retriable` where nothing has left, `Doubtful` where it may have arrived, and `Rejected` where the
        address is none.
        """
        try:
            request = self._client.request(method, url)
            if authorization:
                request = request.header("Authorization", authorization, is_sensitive=True)
            if body is not None:
                request = request.header("Content-Type", JSON).body_bytes(body)
            answer = await request.build().send()
            return Answer(answer.status, bytes(await answer.bytes()), answer.headers.get("Retry-After", ""))
        except (BuilderError, ValueError) as error:
            msg = "the address of the chat is none"
            raise Rejected(msg) from error
        except RequestError as error:
            raise _meaning(error) from error


def _meaning(error: RequestError) -> SendError:
    """Return what an error means to the sender: in doubt, unless no connection was made.

    Their causes tell, not their classes: what breaks or takes too long afterwards is a `ConnectError`, too.
    """
    is_late = isinstance(error, RequestTimeoutError)
    if isinstance(error, PoolTimeoutError) or _NOT_CONNECTED in _causes(error):
        return Retriable("the channel cannot be reached in time" if is_late else "the channel cannot be reached")
    return Doubtful("no answer from the channel in time" if is_late else "the connection broke")


def _causes(error: RequestError) -> set[str]:
    return {cause["message"] for cause in error.details["causes"] or ()}


@asynccontextmanager
async def open_wire(*, connections: int = CONNECTIONS, patience: Patience | None = None) -> AsyncIterator[Wire]:
    """Give the one pooled client of everything that is sent to the channel."""
    patience = patience or Patience()
    builder = (
        ClientBuilder()
        .user_agent(AGENT)
        .max_connections(connections)
        .pool_timeout(patience.pool)
        .timeout(patience.total)
        .connect_timeout(patience.connect)
        .follow_redirects(enable=False)
        .no_proxy()
    )
    async with builder.build() as client:
        yield Wire(client)
