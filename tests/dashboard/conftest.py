"""A dashboard with one run in it, and the whole service with its Entra."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.contract import Store
from tests.conftest import Clock
from tests.dashboard.cloud import Cloud, cloud_of
from tests.dashboard.house import furnish, write_notes
from tests.dashboard.reading import QuickMachine, with_machine
from tests.dashboard.site import Site, site_of


@pytest.fixture
async def site(embedded: Store, clock: Clock) -> AsyncIterator[Site]:
    await furnish(embedded, 120)
    await write_notes(embedded)
    async with site_of(embedded, clock) as site:
        yield site


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with cloud_of(tmp_path) as cloud:
        yield cloud


@pytest.fixture
async def desk(embedded: Store, clock: Clock) -> AsyncIterator[Site]:
    """A dashboard with enough texts for themes."""
    await furnish(embedded, 300)
    async with site_of(embedded, clock) as site:
        yield with_machine(site, QuickMachine(), clock)
