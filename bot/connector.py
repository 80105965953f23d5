"""The Bot Framework connector: what every outbound call asks for.

Owns the REST protocol and the translation of its errors; must not know why something is sent.
The rows of the error table are Microsoft's ("Status codes from bot conversational APIs", 2024-10-03).
"""

import contextlib
import math
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import quote, urlsplit

import msgspec
from yarl import URL

from bot.bot_token import BotToken
from bot.turn import CARD_TYPE
from bot.wire import Wire
from broadcast.messenger import Card, Doubtful, Rejected, Retriable, SendError, Throttled, TooLarge, Unreachable
from feedback.people.people import Conversation

SERVICES = 1024  # service addresses remembered; Teams has a handful
_RETRY = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,  # our token was not accepted; the next one may be
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


class Connector:
    """Sends to Teams. Every call is one request; nothing is tried again here."""

    def __init__(
        self,
        wire: Wire,
        *,
        token: BotToken | None,
        is_allowed: Callable[[str], bool],
        clock: Callable[[], float],
        app_id: str = "",
    ) -> None:
        self._wire = wire
        self._bot_id = f"28:{app_id}"
        self._token = token
        self._clock = clock
        self._is_allowed = is_allowed
        self._origin = lru_cache(SERVICES)(self._checked)

    async def send(self, service_url: str, conversation: str, activity: Json, *, reply_to: str = "") -> str:
        """Post an activity and return its id. Raises one of the `SendError`s."""
        tail = f"/{_part(reply_to)}" if reply_to else ""
        body = await self._call("POST", service_url, f"{_path(conversation)}/activities{tail}", activity)
        return _id_in(body)

    async def update(self, service_url: str, conversation: str, activity_id: str, activity: Json) -> None:
        """Put an activity in the place of one that was sent. Raises one of the `SendError`s."""
        path = f"{_path(conversation)}/activities/{_part(activity_id)}"
        await self._call("PUT", service_url, path, activity)

    async def delete(self, service_url: str, conversation: str, activity_id: str) -> None:
        """Delete an activity that was sent. Raises one of the `SendError`s."""
        await self._call("DELETE", service_url, f"{_path(conversation)}/activities/{_part(activity_id)}", None)

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
        origin = self._origin(service_url)
        if not origin:
            msg = "the service address is not on the allow list"
            raise Unreachable(msg)
        authorization = "" if self._token is None else await self._token.header()
        data = None if activity is None else msgspec.json.encode(activity)
        status, body, retry_after = await self._wire.call(method, origin + path, data, authorization)
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return body
        if status == HTTPStatus.UNAUTHORIZED and self._token is not None:
            self._token.drop(authorization)
        raise error_for(status, body, wait_asked_for(retry_after, self._clock()))

    def _checked(self, service_url: str) -> str:
        """Return a service's address without the slash at its end; empty where it is not on the allow list."""
        if not self._is_allowed(service_url):
            return ""
        url = URL(service_url)
        return f"{url.origin()}{url.raw_path.rstrip('/')}"


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


def error_for(status: int, body: bytes, retry_after_s: float | None) -> SendError:
    """Return what an error answer of the connector means to the sender."""
    reason = _reason(status, body)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(reason, retry_after_s=retry_after_s)
    if status in _RETRY:
        return Retriable(reason)
    if status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        return Unreachable(reason)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLarge(reason)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.NOT_IMPLEMENTED:
        return Rejected(reason)
    return Doubtful(reason)


def wait_asked_for(retry_after: str, now: float) -> float | None:
    """Return for how long to wait, given as seconds or as a date; None where neither can be read."""
    with contextlib.suppress(ValueError):
        seconds = float(retry_after)
        return max(seconds, 0.0) if math.isfinite(seconds) else None
    with contextlib.suppress(ValueError):
        return max(parsedate_to_datetime(retry_after).timestamp() - now, 0.0)
    return None


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
    return f"/v3/conversations/{_part(conversation)}"


def _part(text: str) -> str:
    """Return a text as one part of an address. Raises `Rejected` for what no quoting keeps one."""
    if text in {".", ".."}:
        msg = "the address of the chat is none"
        raise Rejected(msg)
    return quote(text, safe="")


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
