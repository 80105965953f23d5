"""The composition: one simulated Teams, its servers on free loopback ports, its people."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from aiohttp import web

from simulator import ids
from simulator.activities import Who
from simulator.channel import Channel, Credential, Exchange
from simulator.connector import PREFIX, Call, Connector
from simulator.directory import Directory
from simulator.faults import Fault
from simulator.files import Files
from simulator.ids import Clock, Ids
from simulator.limits import Limits
from simulator.login import Login
from simulator.payload import Json
from simulator.people import Person
from simulator.tokens import Issuer
from simulator.transcript import KEPT, Transcript

LOOPBACK = "127.0.0.1"
SECRET = "sample-secret"  # noqa: S105 — opens nothing but this simulator
PATIENCE_S = 15.0  # Teams gives a bot 10 to 15 s for a turn


class Teams:
    """A Teams to enter with `async with`. Set `bot_url` to where the bot takes its messages.

    With `limits` it takes no more requests than Microsoft's; without, as many as come.
    Without `checks_tokens` it lets a bot in that has none, as development mode has.
    `tries_again` is how often the people who are added do the same thing once more when told that it was not saved.
    """

    def __init__(
        self,
        *,
        app_id: str = "",
        app_password: str = SECRET,
        tenant: str = "",
        clock: Clock = ids.now,
        patience_s: float = PATIENCE_S,
        keep_transcript: int = KEPT,
        limits: Limits | None = None,
        checks_tokens: bool = True,
    ) -> None:
        self.tries_again = 0
        self.app_id = app_id or ids.guid("the bot")
        self.app_password = app_password
        self.tenant = tenant or ids.guid("the home tenant")
        self.people = Directory()
        self.files = Files()
        self.transcript = Transcript(clock, keep=keep_transcript)
        self.tokens = Issuer(app_id=self.app_id, clock=clock)
        self.limits = limits
        self._closing = asyncio.Event()
        numbers = Ids(clock)
        self.login = Login(self.tokens, secret=app_password, tenant=self.tenant, clock=clock, closing=self._closing)
        self.connector = Connector(
            self.people,
            self.login,
            self.transcript,
            app_id=self.app_id,
            ids=numbers,
            closing=self._closing,
            limits=limits,
            checks_tokens=checks_tokens,
        )
        self._channel = Channel(self.tokens, self.transcript, numbers, clock, patience_s=patience_s)
        self._servers: list[web.AppRunner] = []
        self.login_url = ""

    async def __aenter__(self) -> Self:
        self.login_url = await self._serve(self.login.routes())
        self.files.base_url = await self._serve([*self.connector.routes(), *self.files.routes()])
        await self._channel.open(f"{self.files.base_url}{PREFIX}/")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop the servers; requests that hang are cut off. Doing it twice changes nothing."""
        self._closing.set()
        await self._channel.close()
        while self._servers:
            await self._servers.pop().cleanup()

    @property
    def bot_url(self) -> str:
        """Where activities are posted to."""
        return self._channel.bot_url

    @bot_url.setter
    def bot_url(self, url: str) -> None:
        self._channel.bot_url = url

    @property
    def service_url(self) -> str:
        """Where the bot finds the connector."""
        return self._channel.bot.service_url

    @property
    def respond(self) -> Callable[[Call], Fault | None] | None:
        """The hook that may spoil any connector call."""
        return self.connector.respond

    @respond.setter
    def respond(self, hook: Callable[[Call], Fault | None] | None) -> None:
        self.connector.respond = hook

    def person(
        self,
        name: str,
        *,
        tenant: str = "",
        object_id: str = "",
        locale: str = "en-US",
        time_zone: str = "UTC",
        has_bot: bool = False,
    ) -> Person:
        """Add a person. Without an object id, name and tenant decide it, so it is the same every time.

        `has_bot` gives them the app without telling the bot. Raises `ValueError` for a person who is there.
        """
        home = tenant or self.tenant
        key = object_id or ids.guid(name, home)
        user = ids.user_id(self.app_id, home, key)
        chat = ids.conversation_id(self.app_id, home, key)
        somebody = Person(Who(name, home, key, user, chat, locale, time_zone), self._channel, has_bot=has_bot)
        somebody.tries_again = self.tries_again
        self.people.add(somebody)
        return somebody

    async def post(
        self,
        activity: Json | bytes,
        *,
        token: str | Credential = Credential.GOOD,
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Post anything at all to the bot, from nobody in particular."""
        return await self._channel.post(activity, token=token, headers=headers)

    def environment(self) -> dict[str, str]:
        """Return the settings that let a bot, in whatever process, live in this Teams."""
        return {
            "MicrosoftAppId": self.app_id,
            "MicrosoftAppPassword": self.app_password,
            "MicrosoftAppType": "SingleTenant",
            "MicrosoftAppTenantId": self.tenant,
            "HEARBACK_OPENID_METADATA_URL": f"{self.login_url}/v1/.well-known/openidconfiguration",
            "HEARBACK_TOKEN_ISSUER": self.tokens.issuer,
            "HEARBACK_LOGIN_URL": self.login_url,
            "HEARBACK_SERVICE_HOSTS": LOOPBACK,
            "HEARBACK_SERVICE_URL": self.service_url,
        }

    async def _serve(self, routes: Sequence[web.RouteDef]) -> str:
        """Start a server and return its base URL."""
        application = web.Application(client_max_size=0)  # the connector measures by itself
        application.add_routes(routes)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._servers.append(runner)
        await web.TCPSite(runner, LOOPBACK, 0).start()
        _, port = runner.addresses[0][:2]
        return f"http://{LOOPBACK}:{port}"
