"""One Chromium and one Playground window for each of two people serve every browser test; each
module has its own bot with documents of its own.
"""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from simulator.local import listening
from simulator.playground import ADMIN, CUSTOMER, Window, open_window, stop
from tests.browser.chat import NARROW, SCREENS, WIDE, Chat
from tests.browser.running_bot import RunningBot

PATIENCE_MS = 15_000
START_S = 60.0
MISSING = "Chromium is missing. `make chromium` installs it; `make test` does so by itself."
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing may leave this machine
]

expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True, slots=True)
class Stage:
    """What all browser tests share."""

    browser: Browser
    bot_port: int
    admin: Window
    customer: Window


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail(MISSING, pytrace=False)
    SCREENS.mkdir(parents=True, exist_ok=True)
    bot_port, *ports = _free_ports(3)
    windows = [replace(window, port=port) for window, port in zip((ADMIN, CUSTOMER), ports, strict=True)]
    bot_url = f"http://127.0.0.1:{bot_port}/api/messages"
    async with AsyncExitStack() as ends:
        processes = [await open_window(window, bot_url, tmp_path_factory.mktemp("window")) for window in windows]
        for process in processes:
            ends.push_async_callback(stop, process)
        playwright = await ends.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        ends.push_async_callback(browser.close)
        async with asyncio.timeout(START_S):
            await asyncio.gather(*map(listening, ports, processes))
        yield Stage(browser, bot_port, *windows)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bot(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    bot = RunningBot(stage.bot_port, tmp_path_factory.mktemp("bot"))
    await bot.start()
    yield bot
    await bot.stop()
    assert bot.complaints() == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def admin(stage: Stage, bot: RunningBot) -> AsyncIterator[Chat]:
    assert bot
    async for chat in _welcomed(stage.browser, stage.admin):
        yield chat


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def customer(stage: Stage, bot: RunningBot) -> AsyncIterator[Chat]:
    assert bot
    async for chat in _welcomed(stage.browser, stage.customer):
        yield chat


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def phone(stage: Stage, bot: RunningBot) -> AsyncIterator[Chat]:
    """The customer on a narrow screen."""
    assert bot
    async for chat in _welcomed(stage.browser, stage.customer, width=NARROW):
        yield chat


async def _welcomed(browser: Browser, window: Window, *, width: int = WIDE) -> AsyncIterator[Chat]:
    chat = await Chat.open(browser, window, width=width)
    await chat.card("I am Hearback")
    yield chat
    await chat.page.context.close()


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
