"""The real service in processes of their own, so that they can be killed."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import aiohttp

from feedback.runs import FINAL, DeliveryState, Progress, RunState, deliveries, find_run, progress
from simulator import Teams
from store.sqlite import open_sqlite
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME

ROOT = Path(__file__).resolve().parents[2]
START_S = 30.0
RATE = 400  # requests a second in a tenant
RUN_S = 200.0


class Process:
    """The real service in a process of its own, so that it can be killed."""

    def __init__(self, teams: Teams, folder: Path, **settings: str) -> None:
        self._environment = {**os.environ, **teams.environment(), **settings}
        self._log = folder / "bot.log"
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"http://127.0.0.1:{settings['PORT']}"

    async def start(self) -> None:
        """Return when it says that it is ready."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "app.py", cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )
        async with asyncio.timeout(START_S), aiohttp.ClientSession() as session:
            while not await _is_alive(session, f"{self.url}/readyz"):
                assert self._process.returncode is None, self._log.read_text()
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


async def _is_alive(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_for(database: Path) -> dict[str, str]:
    """Return the settings of a service on a database, fast and never quiet."""
    return {
        "PORT": str(free_port()),
        "HOST": "127.0.0.1",
        "HEARBACK_STORE": f"sqlite:///{database}",
        "HEARBACK_ADMINS": ADMIN,
        "HEARBACK_HOME_TENANTS": HOME,
        "HEARBACK_ALLOWED_TENANTS": ELSEWHERE,
        "HEARBACK_RATE_PER_TENANT": str(RATE),
        "HEARBACK_QUIET_HOURS": "off",
        "HEARBACK_APPROVAL_ABOVE": "100000",
    }


async def states_of(path: Path, run: str) -> dict[str, DeliveryState]:
    """Return everybody's state, read from the file beside the service."""
    store = await open_sqlite(path)
    try:
        return {one.id: one.state async for one in deliveries(store, run)}
    finally:
        await store.close()


async def run_of(path: Path, name: str) -> Progress:
    """Return a run and its counts, read from the file beside the service."""
    store = await open_sqlite(path)
    try:
        return await progress(store, await find_run(store, name))
    finally:
        await store.close()


async def when_over(path: Path, run: str, people: int) -> dict[str, DeliveryState]:
    """Return the states when everybody is there, every state is final, and the run says that it is sent."""
    async with asyncio.timeout(RUN_S):
        while True:
            states, found = await states_of(path, run), await run_of(path, run)
            if len(states) == people and set(states.values()) <= FINAL and found.run.state is RunState.SENT:
                return states
            await asyncio.sleep(0.2)
