"""Where the services keep their documents: in a file, and in a Cosmos DB where one request in twenty goes wrong."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from settings import CosmosAt
from tests.chaos.processes import Place
from tests.cosmos_account import DATABASE, stand_in
from tests.e2e.conftest import TROUBLES

FAULTED = 0.05


@pytest.fixture(params=["sqlite", "cosmos in trouble"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A store, with each engine. The troubles go on for as long as the test does, whoever asks."""
    if request.param == "sqlite":
        yield tmp_path / "hearback.db"
        return
    async with stand_in() as account:
        account.troubles.by_chance(FAULTED, TROUBLES, seed=1, when=lambda call: call.kind == "docs")
        yield CosmosAt(account.url, DATABASE, key=account.key, verifies_tls=False)
        assert account.counters().faults > 0
