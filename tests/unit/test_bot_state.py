"""Two turns at once in one chat: whoever is second finds out, and neither overwrites the other. On every engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.state import StoreStorage
from store.contract import Conflict, Store
from tests.contract.conftest import ENGINES
from tests.contract.conftest import Clock as Epoch


@pytest.fixture(params=["sqlite", "cosmos"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with ENGINES[str(request.param)](tmp_path, Epoch()) as open_again:
        yield await open_again()


KEY = "msteams/conversations/sample"


async def test_of_two_turns_that_read_the_same_state_one_is_kept(store: Store) -> None:
    first, second = StoreStorage(store), StoreStorage(store)
    await first.write({KEY: {"step": 1}})
    ours, theirs = (await first.read([KEY]))[KEY], (await second.read([KEY]))[KEY]
    await first.write({KEY: {**ours, "step": 2}})
    with pytest.raises(Conflict):
        await second.write({KEY: {**theirs, "step": 99}})
    assert (await first.read([KEY]))[KEY]["step"] == 2


async def test_of_two_turns_that_begin_a_state_one_is_kept(store: Store) -> None:
    assert await StoreStorage(store).read([KEY]) == {}
    await StoreStorage(store).write({KEY: {"step": 1}})
    with pytest.raises(Conflict):
        await StoreStorage(store).write({KEY: {"step": 2}})


async def test_a_state_that_was_ended_meanwhile_does_not_come_back(store: Store) -> None:
    storage = StoreStorage(store)
    await storage.write({KEY: {"step": 1}})
    held = (await storage.read([KEY]))[KEY]
    await storage.delete([KEY])
    with pytest.raises(Conflict):
        await storage.write({KEY: held})
    assert await storage.read([KEY]) == {}


async def test_one_turn_may_write_several_times(store: Store) -> None:
    storage = StoreStorage(store)
    item: dict[str, object] = {"step": 1}
    for step in range(3):
        item["step"] = step
        await storage.write({KEY: item})
    assert (await storage.read([KEY]))[KEY]["step"] == 2
