"""One Chromium and one Playground window for each of three people serve every browser test; each
module has its own bot with documents of its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright, expect

from benchmarks.processes import free_port
from simulator.local import listening
from simulator.playground import ADMIN, CUSTOMER, SECOND_ADMIN, open_window, stop
from tests.browser.chat import NARROW, SCREENS, WIDE, Chat
from tests.browser.chromium import launched
from tests.browser.running_bot import RunningBot

PATIENCE_MS = 15_000
START_S = 60.0
expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True, slots=True)
class Stage:
    """What all browser tests share."""

    bot_port: int
    admin: Chat
    customer: Chat
    second: Chat


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    SCREENS.mkdir(parents=True, exist_ok=True)
    bot_port, *ports = (free_port() for _ in range(4))
    windows = [replace(window, port=port) for window, port in zip((ADMIN, CUSTOMER, SECOND_ADMIN), ports, strict=True)]
    bot_url = f"http://127.0.0.1:{bot_port}/api/messages"
    async with AsyncExitStack() as ends:
        processes = [await open_window(window, bot_url, tmp_path_factory.mktemp("window")) for window in windows]
        for process in processes:
            ends.push_async_callback(stop, process)
        playwright = await ends.enter_async_context(async_playwright())
        browser = await launched(playwright)
        ends.push_async_callback(browser.close)
        async with asyncio.timeout(START_S):
            await asyncio.gather(*map(listening, ports, processes))
        yield Stage(bot_port, *[await Chat.in_new_tab(browser, window) for window in windows])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bot(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    bot = RunningBot(stage.bot_port, tmp_path_factory.mktemp("bot"))
    await bot.start()
    yield bot
    await bot.stop()
    assert bot.complaints() == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def admin(stage: Stage, bot: RunningBot) -> Chat:
    assert bot
    return await _welcomed(stage.admin, WIDE)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def customer(stage: Stage, bot: RunningBot) -> Chat:
    assert bot
    return await _welcomed(stage.customer, WIDE)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def second(stage: Stage, bot: RunningBot) -> Chat:
    """Another admin."""
    assert bot
    return await _welcomed(stage.second, WIDE)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def phone(stage: Stage, bot: RunningBot) -> Chat:
    """The customer on a narrow screen, instead of `customer`."""
    assert bot
    return await _welcomed(stage.customer, NARROW)


async def _welcomed(chat: Chat, width: int) -> Chat:
    await chat.open(width)
    await chat.card("I am Hearback")
    return chat
