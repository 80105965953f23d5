"""The bot's own access token, by client credentials. Knows nothing of what it is used for."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import aiohttp
import msgspec

from broadcast.messenger import Retriable

TOKEN_SCOPE = "https://api.botframework.com/.default"  # noqa: S105 - the name of a scope
TOKEN_MARGIN_S = 300.0  # fetch a new token this long before the old one ends
TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)


class _TokenReply(msgspec.Struct):
    access_token: str
    expires_in: float


class BotToken:
    """The bot's own access token, fetched once for everybody and renewed before it ends."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        login_url: str,
        tenant: str,
        app_id: str,
        password: str,
        clock: Callable[[], float],
    ) -> None:
        self._session = session
        self._url = f"{login_url}/{tenant}/oauth2/v2.0/token"
        self._form = {
            "grant_type": "client_credentials",
            "client_id": app_id,
            "client_secret": password,
            "scope": TOKEN_SCOPE,
        }
        self._clock = clock
        self._header = ""
        self._renew_at = 0.0
        self._lock = asyncio.Lock()

    async def header(self) -> str:
        """Return what authorizes a request, good for some minutes. Raises `Retriable` when no token can be had."""
        if self._clock() < self._renew_at:
            return self._header
        async with self._lock:
            if self._clock() >= self._renew_at:
                await self._fetch()
        return self._header

    def drop(self, header: str) -> None:
        """Forget the token that was not accepted, so that the next try has another."""
        if header == self._header:
            self._renew_at = 0.0

    async def _fetch(self) -> None:
        try:
            async with self._session.post(self._url, data=self._form, timeout=TIMEOUT) as reply:
                body = await reply.read()
                if reply.status != HTTPStatus.OK:
                    msg = f"the login service answered {reply.status}"
                    raise Retriable(msg)
            found = msgspec.json.decode(body, type=_TokenReply)
        except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as error:
            msg = f"no token for the bot: {type(error).__name__}"
            raise Retriable(msg) from error
        self._header = f"Bearer {found.access_token}"
        self._renew_at = self._clock() + max(found.expires_in - TOKEN_MARGIN_S, found.expires_in / 2)
