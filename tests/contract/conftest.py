"""Every engine under one suite: a test that takes `store` runs once for each name in ENGINES.

An engine is an async context manager, given a folder of its own and a clock, that yields a way to open the store
again and again on the same data.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.cosmos import CosmosStandIn
from store.contract import Store
from store.cosmos import open_cosmos
from store.cosmos_client import Account
from store.layout import layout
from store.sqlite import open_sqlite

Open = Callable[[], Awaitable[Store]]
Engine = Callable[[Path, Callable[[], float]], AbstractAsyncContextManager[Open]]


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@asynccontextmanager
async def sqlite(folder: Path, clock: Callable[[], float]) -> AsyncIterator[Open]:
    opened: list[Store] = []

    async def open_again() -> Store:
        opened.append(await open_sqlite(folder / "new folder" / "hearback.db", clock=clock))
        return opened[-1]

    yield open_again
    for store in opened:
        await store.close()


@asynccontextmanager
async def cosmos(_folder: Path, clock: Callable[[], float]) -> AsyncIterator[Open]:
    """Azure Cosmos DB's engine on the stand-in."""
    async with CosmosStandIn(clock=lambda: datetime.fromtimestamp(clock(), UTC)) as account:
        account.prepare("contract", layout())
        async with opened(Account(account.url, "contract", key=account.key, verifies_tls=False)) as open_again:
            yield open_again


@asynccontextmanager
async def opened(account: Account) -> AsyncIterator[Open]:
    stores: list[Store] = []

    async def open_again() -> Store:
        stores.append(await open_cosmos(account))
        return stores[-1]

    yield open_again
    for store in stores:
        await store.close()


ENGINES: dict[str, Engine] = {"sqlite": sqlite, "cosmos": cosmos}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def advance(clock: Clock) -> Callable[[float], None]:
    """Let so many seconds pass."""
    return clock.advance


@pytest.fixture(params=ENGINES)
async def open_store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Open]:
    """Open the store; again: on the same data."""
    engine = ENGINES[str(request.param)]
    async with engine(tmp_path, clock) as opening:
        yield opening


@pytest.fixture
async def store(open_store: Open) -> Store:
    return await open_store()
