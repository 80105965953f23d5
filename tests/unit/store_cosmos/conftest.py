"""The stand-in of Cosmos DB with Hearback's containers, and the engine on it."""

from collections.abc import AsyncIterator

import pytest

from simulator.cosmos import CosmosStandIn
from store.contract import Store
from store.cosmos import open_cosmos
from tests.cosmos_account import account_of, stand_in


@pytest.fixture
async def account() -> AsyncIterator[CosmosStandIn]:
    async with stand_in() as running:
        yield running


@pytest.fixture
async def store(account: CosmosStandIn) -> AsyncIterator[Store]:
    opened = await open_cosmos(account_of(account))
    await opened.ping()
    yield opened
    await opened.close()
