"""A dashboard with one run in it."""

from collections.abc import AsyncIterator

import pytest

from store.contract import Store
from tests.conftest import Clock
from tests.dashboard.house import furnish
from tests.dashboard.reading import QuickMachine, with_machine
from tests.dashboard.site import Site, site_of


@pytest.fixture
async def site(embedded: Store, clock: Clock) -> AsyncIterator[Site]:
    await furnish(embedded, 120)
    async with site_of(embedded, clock) as site:
        yield site


@pytest.fixture
async def desk(embedded: Store, clock: Clock) -> AsyncIterator[Site]:
    """A dashboard with enough texts for themes."""
    await furnish(embedded, 300)
    async with site_of(embedded, clock) as site:
        yield with_machine(site, QuickMachine(), clock)
