"""The real service, an Entra with signed tokens, and browsers that sign in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from ssl import SSLContext

from aiohttp import web

from app import create_app
from dashboard.doors import BACK
from dashboard.opening import PARTS
from dashboard.visit import Parts
from settings import Settings
from simulator import Teams
from simulator.entra import Account, Entra
from tests.dashboard.site import Browser

HOME = "11111111-1111-1111-1111-111111111111"
ELSEWHERE = "22222222-2222-2222-2222-222222222222"
ADMIN = Account("aaaaaaaa-0000-0000-0000-000000000001", "Sample Admin")
ENGINEER = Account("aaaaaaaa-0000-0000-0000-000000000002", "Sample Engineer")
PUBLIC = "http://127.0.0.1:1"  # what the service believes its address to be; the browser of the tests knows better


class Cloud:
    """A service, its Entra, and browsers."""

    def __init__(self, teams: Teams, url: str, parts: Parts) -> None:
        self.teams = teams
        self.entra: Entra = teams.login.entra
        self.url = url
        self.parts = parts
        self.browsers: list[Browser] = []

    def browser(self) -> Browser:
        self.browsers.append(Browser(self.url))
        return self.browsers[-1]

    async def to_microsoft(self, browser: Browser, path: str = "/sign-in/microsoft") -> str:
        """Return where Microsoft leads back to, as a path of the service."""
        reply = await browser.get(path)
        assert reply.status == 303, await reply.text()
        async with browser.session.get(reply.headers["Location"], allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            led = answer.headers["Location"]
        assert led.startswith(f"{PUBLIC}{BACK}?")
        return led.removeprefix(PUBLIC)

    async def signed_in(self, account: Account) -> Browser:
        self.entra.signs_in = account
        browser = self.browser()
        reply = await browser.get(await self.to_microsoft(browser))
        assert (reply.status, reply.headers["Location"]) == (303, "/")
        return browser

    def tab_token(self, account: Account) -> str:
        """Return what Teams would give the tab when somebody opens it."""
        return self.entra.tab_token(self.teams.environment()["HEARBACK_LOGIN_URL"], account)


@asynccontextmanager
async def cloud_of(folder: Path, *, public: str = PUBLIC, tls: SSLContext | None = None) -> AsyncIterator[Cloud]:
    async with Teams(tenant=HOME) as teams:
        settings = Settings.from_env(
            {
                **teams.environment(),
                "HEARBACK_STORE": f"sqlite:///{folder}/hearback.db",
                "HEARBACK_ADMINS": ADMIN.object_id,
                "HEARBACK_PUBLIC_URL": public,
            }
        )
        app = create_app(settings)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        host, port = runner.addresses[0][:2]
        cloud = Cloud(teams, f"{'https' if tls else 'http'}://{host}:{port}", app[PARTS])
        cloud.entra.redirect_urls.add(f"{PUBLIC}{BACK}")
        try:
            yield cloud
        finally:
            for browser in cloud.browsers:
                await browser.session.close()
            await runner.cleanup()
