"""Every engine under one suite: a test that takes `store` runs once for each name in ENGINES.

An engine is an async context manager, given a folder of its own and a clock, that yields a way to open the store
again and again on the same data.
"""

import gc
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from settings import COSMOS, CosmosAt, store_at
from simulator.cosmos import CosmosStandIn
from store.contract import Store
from store.cosmos import open_cosmos
from store.cosmos_client import Account
from store.cosmos_errors import BUDGET_S
from store.cosmos_setup import set_up, tear_down
from store.layout import layout
from store.sqlite import open_sqlite
from tests.contract.independent import CANNOT
from tests.cosmosdb_server import shared_server

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
async def opened(account: Account, *, budget_s: float = BUDGET_S) -> AsyncIterator[Open]:
    stores: list[Store] = []

    async def open_again() -> Store:
        stores.append(await open_cosmos(account, budget_s=budget_s))
        return stores[-1]

    yield open_again
    for store in stores:
        await store.close()


@asynccontextmanager
async def independent(_folder: Path, _clock: Callable[[], float]) -> AsyncIterator[Open]:
    """Azure Cosmos DB's engine on a stand-in that others wrote; see independent.py for what that cannot do."""
    account = Account(shared_server().url, f"contract-{next(_numbers)}", key=SOME_KEY, verifies_tls=False)
    await set_up(account)
    async with opened(account, budget_s=0.5) as open_again:
        yield open_again
    gc.collect()  # connections that the server let hang are complained of here, where nobody minds


_numbers = itertools.count()


@asynccontextmanager
async def real(_folder: Path, _clock: Callable[[], float]) -> AsyncIterator[Open]:
    """Azure Cosmos DB's engine on the account of COSMOS_ENDPOINT, in a database of its own: `make test-cosmos`."""
    found = store_at(COSMOS, os.environ)
    assert isinstance(found, CosmosAt)
    account = Account(
        found.endpoint, f"hearback-contract-{os.getpid()}-{next(_numbers)}", found.key, found.verifies_tls
    )
    await set_up(account)
    try:
        async with opened(account) as open_again:
            yield open_again
    finally:
        await tear_down(account)


ENGINES: dict[str, Engine] = {"sqlite": sqlite, "cosmos": cosmos, "independent": independent}
if os.environ.get("COSMOS_ENDPOINT"):
    ENGINES["real"] = real
SOME_KEY = "c29tZQ=="
PROVES = os.environ.get("PROVE_CANNOT") == "1"  # that nothing is left out which could be done


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "[independent" in item.name:
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


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
    name = request.node.originalname
    if request.param == "independent" and name in CANNOT:
        if not PROVES:
            pytest.skip(CANNOT[name])
        request.applymarker(pytest.mark.xfail(reason=CANNOT[name], strict=True))
    if request.param == "real" and "advance" in request.fixturenames:
        pytest.skip("nobody can move the clock of a real account")
    engine = ENGINES[str(request.param)]
    async with engine(tmp_path, clock) as opening:
        yield opening


@pytest.fixture
async def store(open_store: Open) -> Store:
    return await open_store()
