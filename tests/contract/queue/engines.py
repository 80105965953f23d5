"""The engines of the queue as the contract tests use them: the store with time that is told, Azurite with real time."""

import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from azure.storage.queue.aio import QueueClient

from broadcast.azure_queue import open_azure_queue
from broadcast.queue import Queue
from broadcast.store_queue import StoreQueue
from store.contract import Store
from store.sqlite import open_sqlite
from tests.azurite import Azurite
from tests.conftest import Clock

LEASE_S = 1  # the shortest that the service knows
_numbers = itertools.count()


class Engine(Protocol):
    """An engine with a queue of its own."""

    queue: Queue
    where: list[str]  # how another process finds the same queue

    def pass_s(self, seconds: float) -> None:
        """Let time pass, where it does not by itself."""

    def now(self) -> float:
        """Return the time by which leases run, in seconds."""

    async def put_text(self, text: str) -> None:
        """Add a message that says something else than a slice."""


class OnStore:
    """The queue on the store. Its clock stands still."""

    def __init__(self, store: Store, clock: Clock, path: Path) -> None:
        self.queue: Queue = StoreQueue(store, clock=clock.time, lease_s=LEASE_S, first_pause_s=0)
        self.where = ["store", str(path), str(clock.time())]
        self._store = store
        self._clock = clock

    def pass_s(self, seconds: float) -> None:
        self._clock.pass_s(seconds)

    def now(self) -> float:
        return self._clock.time()

    async def put_text(self, text: str) -> None:
        due_at = self._clock.time()
        await self._store.create("state", {"id": "work-odd", "kind": "work", "due_at": due_at, "odd": text})


class OnAzure:
    """The queue on Azurite."""

    def __init__(self, queue: Queue, client: QueueClient, where: list[str]) -> None:
        self.queue = queue
        self.where = where
        self._client = client

    def pass_s(self, seconds: float) -> None:
        """Do nothing: the service's time passes by itself."""

    def now(self) -> float:
        return time.monotonic()

    async def put_text(self, text: str) -> None:
        await self._client.send_message(text)


@asynccontextmanager
async def on_store(folder: Path) -> AsyncIterator[Engine]:
    clock, path = Clock(), folder / "hearback.db"
    store = await open_sqlite(path, clock=clock.time)
    yield OnStore(store, clock, path)
    await store.close()


@asynccontextmanager
async def on_azure(folder: Path, azurite: Azurite) -> AsyncIterator[Engine]:
    path, name, key = folder / "hearback.db", f"test-{next(_numbers)}", azurite.connection_string
    store = await open_sqlite(path)
    async with (
        QueueClient.from_connection_string(key, name) as client,
        open_azure_queue(
            store,
            connection_string=key,
            clock=time.time,
            name=name,
            lease_s=LEASE_S,
            first_pause_s=0,
            creates=True,
        ) as queue,
    ):
        yield OnAzure(queue, client, ["azure", str(path), key, name])
    await store.close()
