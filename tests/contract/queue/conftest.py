"""Every engine of the queue under one suite: a test that takes `engine` or `queue` runs once for each of them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from broadcast.queue import Queue
from tests.azurite import Azurite
from tests.contract.queue.engines import Engine, on_azure, on_store


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    with Azurite() as azurite:
        yield azurite


@pytest.fixture(params=["store", "azure"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    if request.param == "store":
        async with on_store(tmp_path) as engine:
            yield engine
    else:
        async with on_azure(tmp_path, request.getfixturevalue("azurite")) as engine:
            yield engine


@pytest.fixture
def queue(engine: Engine) -> Queue:
    return engine.queue
