"""The stand-in of Azure Cosmos DB with Hearback's containers in it, for tests of every kind."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from simulator.cosmos import CosmosStandIn
from store.cosmos_client import Account
from store.layout import layout

DATABASE = "hearback"


def utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def stand_in(clock: Callable[[], datetime] = utc_now) -> AsyncIterator[CosmosStandIn]:
    async with CosmosStandIn(clock=clock) as account:
        account.prepare(DATABASE, layout())
        yield account


def account_of(running: CosmosStandIn) -> Account:
    """Return how the engine finds it."""
    return Account(running.url, DATABASE, key=running.key, verifies_tls=False)


def environment_of(running: CosmosStandIn) -> dict[str, str]:
    """Return the settings of a service that keeps its documents there."""
    return {
        "HEARBACK_STORE": "cosmos",
        "COSMOS_ENDPOINT": running.url,
        "COSMOS_KEY": running.key,
        "COSMOS_DATABASE": DATABASE,
        "COSMOS_VERIFY_TLS": "0",
    }
