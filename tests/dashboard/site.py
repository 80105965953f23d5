"""The dashboard alone, on a free port, with people of every role to visit it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import msgspec
from aiohttp import web
from yarl import URL

from broadcast.waves import with_waves
from dashboard.opening import PARTS, House, add_routes, put_together
from dashboard.sessions import Visitor
from dashboard.visit import Parts
from feedback.people.people import Person, Policy, Role
from feedback.results.tallier import Tallier
from feedback.runs.progress import progress
from feedback.runs.runs import Run
from feedback.standing import Standing
from store.contract import Store
from tests.conftest import Clock
from tests.dashboard.house import HOME

TEAMS_HOSTS = ("teams.microsoft.com", "*.cloud.microsoft")


class ByName(Policy, frozen=True):
    """A policy under which the object id is the role, unless that was taken away."""

    fallen: set[str] = msgspec.field(default_factory=set)

    def role_of(self, person: Person) -> Role:
        return Role.CUSTOMER if person.object_id in self.fallen else Role(person.object_id)


class Browser:
    """One browser: it keeps its cookies, and follows no redirect by itself."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def get(self, path: str, **named: str) -> aiohttp.ClientResponse:
        """Return the answer, read to its end."""
        async with self.session.get(f"{self.url}{path}", allow_redirects=False, headers=named) as reply:
            await reply.read()
            return reply

    async def body(self, path: str) -> bytes:
        """Return the bytes of a file."""
        async with self.session.get(f"{self.url}{path}", allow_redirects=False) as reply:
            assert reply.status == 200, await reply.text()
            return await reply.read()

    async def post(
        self,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **fields: str,
    ) -> aiohttp.ClientResponse:
        at, data = f"{self.url}{path}", {**(form or {}), **fields}
        async with self.session.post(at, allow_redirects=False, data=data, headers=headers) as reply:
            await reply.read()
            return reply

    def cookie(self) -> str:
        """Return the cookie of the session, empty where there is none."""
        return next((one.value for one in self.session.cookie_jar if one.key == "hearback"), "")

    def take_cookie(self, value: str) -> None:
        self.session.cookie_jar.update_cookies({"hearback": value}, response_url=URL(self.url))


@dataclass
class Site:
    """The running dashboard."""

    url: str
    parts: Parts
    store: Store
    browsers: list[Browser]

    def browser(self) -> Browser:
        browser = Browser(self.url)
        self.browsers.append(browser)
        return browser

    async def visitor(self, role: Role | None) -> Browser:
        """Return the browser of somebody with a role, signed in; of a stranger for None."""
        browser = self.browser()
        if role is not None:
            response = web.Response()
            await self.parts.sessions.begin(Visitor(HOME, role.value, f"Sample {role.value}"), response)
            browser.take_cookie(response.cookies[self.parts.sessions.cookie].value)
        return browser


@asynccontextmanager
async def site_of(store: Store, clock: Clock, *, address: str = "http://127.0.0.1") -> AsyncIterator[Site]:
    async def stand(run: Run) -> Standing:
        return await with_waves(store, Standing(await progress(store, run)))

    app = web.Application()
    add_routes(app)
    app[PARTS] = put_together(
        store=store,
        policy=ByName(),
        tallier=Tallier(store, clock.now, name="sample"),
        stand=stand,
        now=clock.now,
        house=House(address, "sample secret", is_local=True, teams_hosts=TEAMS_HOSTS),
    )
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    site = Site(f"http://{host}:{port}", app[PARTS], store, [])
    try:
        yield site
    finally:
        await asyncio.gather(*(one.session.close() for one in site.browsers))
        await runner.cleanup()
