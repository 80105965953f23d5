"""The real service in processes of their own, so that they can be killed."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from benchmarks.processes import free_port
from feedback.errors import RunUnknown
from feedback.results.tallier import TURN_S, Tallier
from feedback.results.tally_tree import rebuild
from feedback.runs.progress import Progress, progress
from feedback.runs.runs import FINAL, DeliveryState, RunState, deliveries, find_run
from settings import CosmosAt
from simulator import Teams
from store.contract import Store
from store.cosmos import open_cosmos
from store.opening import account_at
from store.sqlite import open_sqlite
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME

ROOT = Path(__file__).resolve().parents[2]
START_S = 120.0  # on a machine that does much else
RATE = 400  # requests a second in a tenant
RUN_S = 200.0
TURN_IS_OVER = timedelta(seconds=2 * TURN_S)

PATIENCE_S = 30.0  # of a test that looks at the store itself, where that is in trouble and the machine is busy
TRIES_AGAIN = 5  # times, where the store is in trouble: what anybody does who is told that it was not saved

Place = Path | CosmosAt


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


def settings_for(place: Place) -> dict[str, str]:
    """Return the settings of a service on a database, fast and never quiet."""
    return {
        **_store_settings(place),
        "PORT": str(free_port()),
        "HOST": "127.0.0.1",
        "HEARBACK_ADMINS": ADMIN,
        "HEARBACK_HOME_TENANTS": HOME,
        "HEARBACK_ALLOWED_TENANTS": ELSEWHERE,
        "HEARBACK_RATE_PER_TENANT": str(RATE),
        "HEARBACK_QUIET_HOURS": "off",
        "HEARBACK_APPROVAL_ABOVE": "100000",
    }


def tries_again(place: Place) -> int:
    """Return how often people do the same thing again when they are told that it was not saved."""
    return 0 if isinstance(place, Path) else TRIES_AGAIN


def _store_settings(place: Place) -> dict[str, str]:
    if isinstance(place, Path):
        return {"HEARBACK_STORE": f"sqlite:///{place}"}
    return {
        "HEARBACK_STORE": "cosmos",
        "COSMOS_ENDPOINT": place.endpoint,
        "COSMOS_KEY": place.key,
        "COSMOS_DATABASE": place.database,
        "COSMOS_VERIFY_TLS": "1" if place.verifies_tls else "0",
    }


async def open_beside(place: Place) -> Store:
    """Open the store of the services, for the test itself: their troubles are not its own."""
    if isinstance(place, Path):
        return await open_sqlite(place)
    return await open_cosmos(account_at(place), budget_s=PATIENCE_S)


async def states_of(place: Place, run: str) -> dict[str, DeliveryState]:
    """Return everybody's state, read from the database beside the service."""
    store = await open_beside(place)
    try:
        return {one.id: one.state async for one in deliveries(store, run)}
    finally:
        await store.close()


async def reasons_of(place: Place, run: str, people: Collection[str]) -> dict[str, str]:
    """Return why some people are in the state in which they are."""
    store = await open_beside(place)
    try:
        return {one.id: f"{one.state}: {one.reason}" async for one in deliveries(store, run) if one.id in people}
    finally:
        await store.close()


async def run_of(place: Place, name: str) -> Progress:
    """Return a run and its counts, read from the database beside the service."""
    store = await open_beside(place)
    try:
        return await progress(store, await find_run(store, name))
    finally:
        await store.close()


async def how_it_stands(place: Place, run: str) -> str:
    """Say for a failing test where a run is."""
    try:
        found, states = await run_of(place, run), await states_of(place, run)
    except RunUnknown:
        return f"{run}: there is no such run"
    return f"{run}: {found.run.state}, {len(states)} deliveries, {Counter(states.values())}"


async def when_planned(place: Place, run: str, people: int) -> None:
    """Return as soon as so many people of a run have their deliveries."""
    store = await open_beside(place)
    try:
        async with asyncio.timeout(RUN_S):
            while await _planned(store, run) < people:
                await asyncio.sleep(0.01)
    finally:
        await store.close()


async def _planned(store: Store, run: str) -> int:
    try:
        return sum((await progress(store, await find_run(store, run))).by_state.values())
    except RunUnknown:
        return 0


async def when_over(place: Place, run: str, people: int) -> dict[str, DeliveryState]:
    """Return the states when the run says that it is sent, everybody is there, and every state is final."""
    store = await open_beside(place)
    try:
        async with asyncio.timeout(RUN_S):
            while True:
                if await _is_sent(store, run):  # little is asked until then: the stand-in runs in this process
                    states = {one.id: one.state async for one in deliveries(store, run)}
                    if len(states) == people and set(states.values()) <= FINAL:
                        return states
                await asyncio.sleep(0.2)
    finally:
        await store.close()


async def _is_sent(store: Store, run: str) -> bool:
    try:
        return (await find_run(store, run)).state is RunState.SENT
    except RunUnknown:
        return False


async def check_tallies(place: Place, run: str) -> None:
    """Count everything again: what the tallier comes to, after whatever happened, is exactly that."""
    store = await open_beside(place)
    try:
        counting = Tallier(store, lambda: datetime.now(UTC) + TURN_IS_OVER, name="check")
        while not await counting.look():
            pass
        assert (await rebuild(store, await find_run(store, run))).was_right
    finally:
        await store.close()
