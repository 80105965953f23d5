"""What many tests need: a store of their own, and a clock that stands still."""

import gc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from store.contract import Store
from store.sqlite import open_sqlite

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_collection_finish() -> None:
    """Take what was imported and collected out of what is looked through for garbage, again and again: it stays."""
    gc.collect()
    gc.freeze()


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def time(self) -> float:
        return self.moment.timestamp()

    def pass_s(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        """Stand in for `asyncio.sleep`."""
        self.pass_s(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def embedded(tmp_path: Path, clock: Clock) -> AsyncIterator[Store]:
    """The embedded engine on a new file."""
    store = await open_sqlite(tmp_path / "hearback.db", clock=clock.time)
    yield store
    await store.close()
