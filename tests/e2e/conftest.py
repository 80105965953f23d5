"""The real service on a free port, and a simulated Teams around it; both speak HTTP."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import web

from app import STORE, TICKER, WORKER, Now, create_app, utc_now
from broadcast.schedule import Ticker
from broadcast.windows import Bucket, Rule
from broadcast.worker import Worker
from settings import Settings
from simulator import Json, Person, Teams
from simulator.cosmos import (
    CosmosStandIn,
    gone,
    reset_after,
    reset_before,
    retry_with,
    stale_session,
    throttled,
    timed_out,
    unavailable,
)
from store.contract import Store
from tests.cosmos_account import environment_of, stand_in

T = TypeVar("T")

HOME = "11111111-1111-1111-1111-111111111111"
ELSEWHERE = "22222222-2222-2222-2222-222222222222"
ADMIN = "aaaaaaaa-0000-0000-0000-000000000001"

PULSE = """\
id: pulse
title: Sample pulse
questions:
  - {id: nps, kind: nps, text: "How likely are you to recommend us?", required: true}
  - {id: why, kind: text, text: "Why?"}
  - {id: tools, kind: choices, text: "What do you use?", choices: [Phone, Laptop, Tablet]}
"""


STORES = pytest.mark.parametrize("store_at", ["sqlite", "cosmos in trouble"], indirect=True)
COSMOS = pytest.mark.parametrize("store_at", ["cosmos"], indirect=True)
# 5 % of all requests about documents run into one of these; `hung` is another test's business
TROUBLES = [
    throttled(),
    retry_with(),
    gone(),
    unavailable(),
    unavailable(done=True),
    timed_out(),
    timed_out(done=True),
    stale_session(),
    reset_before(),
    reset_after(),
]


def is_survey(message: Json) -> bool:
    return "q_nps" in str(message)


class Service:
    """The service under test; it can be stopped and started again on the same documents."""

    def __init__(self, teams: Teams, settings: Settings, now: Now = utc_now) -> None:
        self.teams = teams
        self._settings = settings
        self._runner: web.AppRunner | None = None
        self.url = ""
        self.clock: Callable[[], datetime] = now

    async def start(self) -> None:
        app = create_app(self._settings, now=self.now)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self.teams.bot_url = f"{self.url}/api/messages"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def now(self) -> datetime:
        return self.clock()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    @property
    def worker(self) -> Worker:
        assert self._runner is not None
        return self._runner.app[WORKER]

    @property
    def ticker(self) -> Ticker:
        assert self._runner is not None
        return self._runner.app[TICKER]

    def part(self, key: "web.AppKey[T]") -> T:
        """Return another part of the running service."""
        assert self._runner is not None
        return self._runner.app[key]

    @property
    def store(self) -> Store:
        assert self._runner is not None
        return self._runner.app[STORE]


@pytest.fixture
async def teams() -> AsyncIterator[Teams]:
    async with Teams(tenant=HOME) as teams:
        yield teams


@pytest.fixture
async def cosmos() -> AsyncIterator[CosmosStandIn]:
    """Azure Cosmos DB, where nothing goes wrong unless a test says so."""
    async with stand_in() as account:
        yield account


@pytest.fixture
def store_at(request: pytest.FixtureRequest, tmp_path: Path, teams: Teams) -> dict[str, str]:
    """Where the service keeps its documents: in a file, unless the test is parametrised with `STORES` or `COSMOS`.

    Where the store is in trouble, people do what anybody does: the same thing again when told that it was not saved.
    """
    if getattr(request, "param", "sqlite") == "sqlite":
        return {"HEARBACK_STORE": f"sqlite:///{tmp_path}/hearback.db"}
    account: CosmosStandIn = request.getfixturevalue("cosmos")
    if request.param == "cosmos in trouble":
        teams.tries_again = 5
        account.troubles.by_chance(0.05, TROUBLES, seed=1, when=lambda call: call.kind == "docs")
    return environment_of(account)


@pytest.fixture
def settings(teams: Teams, store_at: dict[str, str]) -> Settings:
    return Settings.from_env(
        {
            **teams.environment(),
            **store_at,
            "HEARBACK_ADMINS": ADMIN,
            "HEARBACK_HOME_TENANTS": HOME,
            "HEARBACK_ALLOWED_TENANTS": ELSEWHERE,
            "HEARBACK_RATE_PER_TENANT": "10000",
            "HEARBACK_CONTACTS_PER_30_DAYS": "1000",
            "HEARBACK_QUIET_HOURS": "off",
            "HEARBACK_APPROVAL_ABOVE": "3",
        }
    )


@pytest.fixture
async def service(teams: Teams, settings: Settings) -> AsyncIterator[Service]:
    service = Service(teams, settings)
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
async def admin(service: Service) -> Person:
    return await _installed(service.teams.person("Sample Admin", tenant=HOME, object_id=ADMIN))


@pytest.fixture
async def engineer(service: Service) -> Person:
    return await _installed(service.teams.person("Sample Engineer", tenant=HOME))


@pytest.fixture
async def customer(service: Service) -> Person:
    return await _installed(service.teams.person("Sample Customer", tenant=ELSEWHERE))


@pytest.fixture
async def asked(admin: Person, customer: Person) -> Person:
    """The customer, who has just been sent the pulse as run pulse-1."""
    await admin.say(f"survey import\n```\n{PULSE}```")
    await admin.say("send pulse to customers")
    await customer.received(is_survey)
    return customer


async def _installed(person: Person) -> Person:
    await person.install()
    return person


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a chat take as much as a test types: its limits, which have tests of their own, make nobody wait."""
    limitless = Bucket(burst=100_000, per_s=100_000.0)
    monkeypatch.setattr("broadcast.windows.WRITING", Rule(short=limitless, long=limitless))
