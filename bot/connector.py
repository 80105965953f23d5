"""The Bot Framework connector: one pooled client and one cached token for every outbound call.

Owns the REST protocol and the translation of its errors; must not know why something is sent.
The rows of the error table are Microsoft's ("Status codes from bot conversational APIs", 2024-10-03).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec
from aiohttp import BytesPayload
from yarl import URL

from bot.turn import CARD_TYPE
from broadcast.messenger import Card, Doubtful, Rejected, Retriable, SendError, Throttled, TooLarge, Unreachable
from feedback.people import Conversation

TOKEN_SCOPE = "https://api.botframework.com/.default"  # noqa: S105 - the name of a scope
TOKEN_MARGIN_S = 300.0  # fetch a new token this long before the old one ends
TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
JSON = "application/json"
CONNECTIONS = (
    500  # to Teams at once: 20 tenants, 50 requests a second each, a third of a second for an answer; and room
)
SERVICES = 1024  # service addresses remembered; Teams has a handful
_RETRY = frozenset(
    {
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)

Json = dict[str, object]


class _ErrorBody(msgspec.Struct, rename="camel"):
    code: str = ""
    sub_code: str = ""


class _ErrorEnvelope(msgspec.Struct):
    error: _ErrorBody = msgspec.field(default_factory=_ErrorBody)


class _Created(msgspec.Struct):
    id: str = ""


class _TokenReply(msgspec.Struct):
    access_token: str
    expires_in: float


class _Service(NamedTuple):
    """A service's address, and its path without the slash at its end."""

    origin: URL
    path: str


class NotAccepted(Retriable):
    """Not delivered: our token was not accepted. The next one may be."""


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
        self._token = ""
        self._renew_at = 0.0
        self._lock = asyncio.Lock()

    async def get(self) -> str:
        """Return a token that is good for some minutes. Raises `Retriable` when none can be had."""
        if self._clock() < self._renew_at:
            return self._token
        async with self._lock:
            if self._clock() >= self._renew_at:
                await self._fetch()
        return self._token

    def drop(self, header: str) -> None:
        """Forget the token that was not accepted, so that the next try has another."""
        if header == f"Bearer {self._token}":
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
        self._token = found.access_token
        self._renew_at = self._clock() + max(found.expires_in - TOKEN_MARGIN_S, found.expires_in / 2)


@asynccontextmanager
async def open_session() -> AsyncIterator[aiohttp.ClientSession]:
    """Give the one pooled client. It keeps no cookies: nobody we call sets any that we should send back."""
    connections = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(
        connector=connections, cookie_jar=aiohttp.DummyCookieJar(), timeout=TIMEOUT
    ) as session:
        yield session


class Connector:
    """Sends to Teams. Every call is one request; nothing is tried again here."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        token: BotToken | None,
        is_allowed: Callable[[str], bool],
        app_id: str = "",
    ) -> None:
        self._session = session
        self._bot_id = f"28:{app_id}"
        self._token = token
        self._is_allowed = is_allowed
        self._service = lru_cache(SERVICES)(self._checked)

    async def send(self, service_url: str, conversation: str, activity: Json, *, reply_to: str = "") -> str:
        """Post an activity and return its id. Raises one of the `SendError`s."""
        tail = f"/{quote(reply_to, safe='')}" if reply_to else ""
        body = await self._call("POST", service_url, f"{_path(conversation)}/activities{tail}", activity)
        return _id_in(body)

    async def update(self, service_url: str, conversation: str, activity_id: str, activity: Json) -> None:
        """Put an activity in the place of one that was sent. Raises one of the `SendError`s."""
        path = f"{_path(conversation)}/activities/{quote(activity_id, safe='')}"
        await self._call("PUT", service_url, path, activity)

    async def delete(self, service_url: str, conversation: str, activity_id: str) -> None:
        """Delete an activity that was sent. Raises one of the `SendError`s."""
        await self._call("DELETE", service_url, f"{_path(conversation)}/activities/{quote(activity_id, safe='')}", None)

    async def send_card(self, to: Conversation, card: Card, summary: str) -> str:
        """Send a card to a person's chat and return the id of the message."""
        return await self.send(to.service_url, to.id, card_message(card, summary, to))

    async def update_card(self, to: Conversation, activity_id: str, card: Card, summary: str) -> None:
        """Put a card in the place of one that was sent."""
        await self.update(to.service_url, to.id, activity_id, card_message(card, summary, to))

    async def create_conversation(self, service_url: str, tenant: str, object_id: str) -> Conversation:
        """Open the personal chat with a person of a tenant by their Entra object id, or find it again."""
        body = await self._call("POST", service_url, "/v3/conversations", new_chat(self._bot_id, tenant, object_id))
        chat = _id_in(body)
        if not chat:
            msg = "the channel did not name the conversation"
            raise Doubtful(msg)
        return Conversation(id=chat, service_url=service_url, user_id=object_id, bot_id=self._bot_id)

    async def delete_card(self, to: Conversation, activity_id: str) -> None:
        """Delete a message that was sent to a person."""
        await self.delete(to.service_url, to.id, activity_id)

    async def _call(self, method: str, service_url: str, path: str, activity: Json | None) -> bytes:
        service = self._service(service_url)
        if service is None:
            msg = "the service address is not on the allow list"
            raise Unreachable(msg)
        headers = None if self._token is None else {"Authorization": f"Bearer {await self._token.get()}"}
        # Made here, because aiohttp would look through all the kinds of bodies that it knows, for every card.
        data = None if activity is None else BytesPayload(msgspec.json.encode(activity), content_type=JSON)
        try:
            # The path is quoted already; taken as it is, the address is not parsed for every card.
            url = service.origin.with_path(service.path + path, encoded=True)
            return await self._request(method, url, data, headers)
        except NotAccepted:
            if self._token is not None and headers is not None:
                self._token.drop(headers["Authorization"])
            raise

    def _checked(self, service_url: str) -> _Service | None:
        """Return a service's address, or None where it is not on the allow list."""
        if not self._is_allowed(service_url):
            return None
        url = URL(service_url)
        return _Service(url, url.raw_path.rstrip("/"))

    async def _request(self, method: str, url: URL, data: BytesPayload | None, headers: dict[str, str] | None) -> bytes:
        try:
            async with self._session.request(method, url, data=data, headers=headers, timeout=TIMEOUT) as reply:
                body = await reply.read()
                if reply.ok:
                    return body
                raise error_for(reply.status, body, reply.headers.get("Retry-After"))
        except aiohttp.ClientConnectorError as error:
            msg = "the channel cannot be reached"
            raise Retriable(msg) from error
        except aiohttp.ConnectionTimeoutError as error:
            msg = "the channel cannot be reached in time"
            raise Retriable(msg) from error
        except TimeoutError as error:
            msg = "no answer from the channel in time"
            raise Doubtful(msg) from error
        except aiohttp.ClientError as error:
            msg = "the connection broke"
            raise Doubtful(msg) from error


def card_message(card: Card, summary: str, to: Conversation) -> Json:
    """Return the activity that shows a card; `summary` is what notifications and screen readers say first."""
    return {
        "type": "message",
        "from": {"id": to.bot_id},
        "recipient": {"id": to.user_id},
        "conversation": {"id": to.id},
        "summary": summary,
        "attachments": [{"contentType": CARD_TYPE, "content": card}],
    }


def new_chat(bot_id: str, tenant: str, object_id: str) -> Json:
    """Return what asks for a personal chat. A member may be an Entra object id in the personal scope alone."""
    return {
        "bot": {"id": bot_id},
        "members": [{"id": object_id}],
        "isGroup": False,
        "tenantId": tenant,
        "channelData": {"tenant": {"id": tenant}},
    }


def error_for(status: int, body: bytes, retry_after: str | None) -> SendError:
    """Return what an error answer of the connector means to the sender."""
    reason = _reason(status, body)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(reason, retry_after_s=_seconds(retry_after))
    if status == HTTPStatus.UNAUTHORIZED:
        return NotAccepted(reason)
    if status in _RETRY:
        return Retriable(reason)
    if status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        return Unreachable(reason)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLarge(reason)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.NOT_IMPLEMENTED:
        return Rejected(reason)
    return Doubtful(reason)


def service_host_check(hosts: tuple[str, ...]) -> Callable[[str], bool]:
    """Return a check of service addresses against the allow list: exact hosts, or `.suffix`."""
    exact = {host for host in hosts if not host.startswith(".")}
    suffixes = tuple(host for host in hosts if host.startswith("."))

    def is_allowed(url: str) -> bool:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return False
        is_local = host in {"127.0.0.1", "localhost", "::1"}
        if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
            return False
        return host in exact or (bool(suffixes) and host.endswith(suffixes))

    return is_allowed


def _path(conversation: str) -> str:
    return f"/v3/conversations/{quote(conversation, safe='')}"


def _id_in(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Created).id
    except msgspec.MsgspecError:
        return ""


def _reason(status: int, body: bytes) -> str:
    try:
        error = msgspec.json.decode(body, type=_ErrorEnvelope).error
    except msgspec.MsgspecError:
        error = _ErrorBody()
    return " ".join(part for part in (str(status), error.code[:60], error.sub_code[:60]) if part)


def _seconds(text: str | None) -> float | None:
    try:
        return max(float(text), 0.0) if text else None
    except ValueError:
        return None
