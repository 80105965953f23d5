"""The queue on Azure Storage Queues: a lease is a message's visibility timeout, its mark the pop receipt.

The one file in this room that knows Azure; its errors end here. The service counts how often a message was taken, and
cannot count back: a message handed back in good order says how many of those times are forgiven.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypedDict, TypeVar

import msgspec
from azure.core.exceptions import AzureError, ResourceExistsError
from azure.identity.aio import DefaultAzureCredential
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient
from msgspec.structs import replace

from broadcast.queue import LEASE_S, MAX_TRIES, Lease, QueueUnavailable
from broadcast.retries import DIED, FIRST_PAUSE_S, Retries
from broadcast.shelf import Shelf
from broadcast.slices import Slice
from store.contract import Store

T = TypeVar("T")

QUEUE = "hearback-slices"
NOT_OURS = frozenset({"MessageNotFound", "PopReceiptMismatch"})
MAX_HIDDEN_S = 7 * 24 * 3600  # the service's limit; quiet hours end long before
FOR_EVER = -1  # a message's time to live; by default the service forgets it after a week
PUT_AT_ONCE = 16
PING_S = 2


class _Patience(TypedDict):
    """How long the client waits and how often it asks again, in seconds and times."""

    connection_timeout: int
    read_timeout: int
    retry_total: int
    initial_backoff: int
    increment_base: int
    random_jitter_range: int
    use_env_settings: bool


# Of its own accord the library would pause for 15 s, which is as long as a lease, and look for a .netrc file each time.
PATIENCE = _Patience(
    connection_timeout=3,
    read_timeout=5,
    retry_total=2,
    initial_backoff=1,
    increment_base=1,
    random_jitter_range=1,
    use_env_settings=False,
)


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    slice: Slice
    forgiven: int = 0


@asynccontextmanager
async def open_azure_queue(
    store: Store,
    *,
    connection_string: str = "",
    endpoint: str = "",
    clock: Callable[[], float],
    name: str = QUEUE,
    lease_s: int = LEASE_S,
    first_pause_s: float = FIRST_PAUSE_S,
    creates: bool = False,
) -> AsyncIterator["AzureQueue"]:
    """Open the queue by its connection string, or as the managed identity at its endpoint.

    `creates` is for a developer's machine; in Azure the deployment makes the queue, and the identity need not be able
    to. Raises `QueueUnavailable` only where it creates.
    """
    shelf = Shelf(store, clock)
    async with _client(name, connection_string, endpoint) as client:
        queue = AzureQueue(client, shelf, clock, lease_s=lease_s, first_pause_s=first_pause_s)
        if creates:
            await queue.create()
        yield queue


class AzureQueue(Retries):
    """`broadcast.queue.Queue` on a queue of Azure Storage, in whole seconds."""

    def __init__(
        self, client: QueueClient, shelf: Shelf, clock: Callable[[], float], *, lease_s: int, first_pause_s: float
    ) -> None:
        super().__init__(shelf, first_pause_s)
        self._clock = clock
        self._client = client
        self._lease_s = lease_s

    @property
    def lease_s(self) -> float:
        """How long a lease lasts when it is not renewed, in seconds."""
        return self._lease_s

    async def create(self) -> None:
        """Create the queue where it is missing."""
        try:
            await _answered(self._client.create_queue())
        except QueueUnavailable as unavailable:
            if not isinstance(unavailable.__cause__, ResourceExistsError):
                raise

    async def put(self, slices: Sequence[Slice]) -> None:
        """Add a message for each slice, also where there is one already."""
        await self.shelf.clear(slices)
        for start in range(0, len(slices), PUT_AT_ONCE):
            await asyncio.gather(*(self._send(one) for one in slices[start : start + PUT_AT_ONCE]))

    async def take(self) -> Lease | None:
        """Lease the message that has waited longest."""
        while (message := await self._receive()) is not None:
            lease = await self._lease(message)
            if lease is not None:
                return lease
        return None

    async def renew(self, lease: Lease) -> Lease | None:
        """Move the end of the lease."""
        return await self._move(lease, self._lease_s, is_forgiven=False)

    async def finish(self, lease: Lease) -> bool:
        """Remove the message. One that was added for the same slice meanwhile stays."""
        return await self._delete(lease.message, _Mark.read(lease).receipt)

    async def ping(self) -> None:
        """Return when the queue answers; asks once and waits no longer than 2 s for each step."""
        await _answered(
            self._client.peek_messages(max_messages=1, retry_total=0, connection_timeout=PING_S, read_timeout=PING_S)
        )

    async def _rest(self, lease: Lease, after_s: float, *, is_forgiven: bool) -> None:
        await self._move(lease, after_s, is_forgiven=is_forgiven)

    async def _send(self, one: Slice) -> None:
        hidden_s = min(max(0, math.ceil(one.due - self._clock())), MAX_HIDDEN_S)
        message = _text(one, forgiven=0)
        await _answered(self._client.send_message(message, time_to_live=FOR_EVER, visibility_timeout=hidden_s))

    async def _receive(self) -> QueueMessage | None:
        return await _answered(self._client.receive_message(visibility_timeout=self._lease_s))

    async def _lease(self, message: QueueMessage) -> Lease | None:
        """Return the lease of a message that was taken, unless there is no use in it."""
        try:
            lease = _leased(message)
        except msgspec.MsgspecError as error:
            await self.shelf.add_unreadable(message.id, str(message.content), str(error))
            await self._delete(message.id, str(message.pop_receipt))
            return None
        if await self.shelf.has(lease.slice):
            await self.finish(lease)
        elif lease.tries > MAX_TRIES:
            await self.set_aside(lease, DIED)
        else:
            return lease
        return None

    async def _delete(self, message: str, receipt: str) -> bool:
        async def delete() -> bool:
            await self._client.delete_message(message, receipt)
            return True

        return await _if_ours(delete()) is not None

    async def _move(self, lease: Lease, after_s: float, *, is_forgiven: bool) -> Lease | None:
        """Let a message be visible after so many seconds; None when it is no longer ours."""
        mark = _Mark.read(lease)
        text = _text(lease.slice, forgiven=mark.taken if is_forgiven else mark.taken - lease.tries)
        moving = self._client.update_message(
            lease.message, mark.receipt, content=text, visibility_timeout=math.ceil(after_s)
        )
        moved = await _if_ours(moving)
        if moved is None:
            return None
        receipt = str(moved.pop_receipt)
        return replace(lease, until=_until(moved), mark=_Mark(taken=mark.taken, receipt=receipt).written())


class _Mark(msgspec.Struct, frozen=True):
    """What a lease's mark says: how often the message was taken, and the receipt that changes with every touch."""

    taken: int
    receipt: str

    @classmethod
    def read(cls, lease: Lease) -> "_Mark":
        taken, _, receipt = lease.mark.partition(" ")
        return cls(taken=int(taken), receipt=receipt)

    def written(self) -> str:
        return f"{self.taken} {self.receipt}"


def _leased(message: QueueMessage) -> Lease:
    """Return the lease of a message. Raises `MsgspecError` when its text is not one of ours."""
    body = msgspec.json.decode(str(message.content), type=_Body)
    mark = _Mark(taken=message.dequeue_count or 1, receipt=str(message.pop_receipt))
    return Lease(
        slice=body.slice,
        message=message.id,
        until=_until(message),
        mark=mark.written(),
        tries=mark.taken - body.forgiven,
    )


def _until(message: QueueMessage) -> float:
    return message.next_visible_on.timestamp() if message.next_visible_on is not None else 0.0


def _text(slice_: Slice, *, forgiven: int) -> str:
    return msgspec.json.encode(_Body(slice=slice_, forgiven=forgiven)).decode()


async def _answered(call: Awaitable[T]) -> T:
    """Return what the service answers. Raises `QueueUnavailable`."""
    try:
        return await call
    except AzureError as error:
        msg = f"the queue does not answer: {type(error).__name__}"
        raise QueueUnavailable(msg) from error


async def _if_ours(call: Awaitable[T]) -> T | None:
    """Return what the service answers, or None when somebody else has the message, or nobody any more."""
    try:
        return await _answered(call)
    except QueueUnavailable as unavailable:
        if getattr(unavailable.__cause__, "error_code", None) in NOT_OURS:
            return None
        raise


@asynccontextmanager
async def _client(name: str, connection_string: str, endpoint: str) -> AsyncIterator[QueueClient]:
    """Connect, by the managed identity when there is no connection string."""
    if connection_string:
        async with QueueClient.from_connection_string(connection_string, name, **PATIENCE) as client:
            yield client
    else:
        async with (
            DefaultAzureCredential() as identity,
            QueueClient(endpoint, name, credential=identity, **PATIENCE) as client,
        ):
            yield client
