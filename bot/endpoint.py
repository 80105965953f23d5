"""`POST /api/messages`: from an HTTP request to a turn. The one place where errors become status codes.

What a client sent wrong is always a 4xx with no detail; 5xx means that something on our side is not there.
"""

import logging
from http import HTTPStatus

import msgspec
from aiohttp import web
from botbuilder.core import InvokeResponse
from botbuilder.core.bot import Bot

from bot.activities import NotAnActivity, read_activity, to_botbuilder
from bot.adapter import HearbackAdapter
from bot.auth import Claims, Forbidden, Gate, KeysUnavailable, TokenVerifier, Unauthenticated
from broadcast.messenger import SendError

MAX_BODY = 512 * 1024  # Teams messages have up to about 100 KB
_ENCODER = msgspec.json.Encoder()

log = logging.getLogger(__name__)


class MessagesEndpoint:
    """Answers the channel. Without a verifier (dev) every caller on this machine is believed."""

    def __init__(self, adapter: HearbackAdapter, bot: Bot, *, gate: Gate, verifier: TokenVerifier | None) -> None:
        self._adapter = adapter
        self._bot = bot
        self._gate = gate
        self._verifier = verifier

    async def handle(self, request: web.Request) -> web.Response:
        """Handle one request."""
        if request.content_type != "application/json":
            return _status(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            claims = await self._claims(request)
            incoming = read_activity(await request.read())
            self._gate.check(incoming.caller, claims)
        except Unauthenticated:
            return _status(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
        except Forbidden:
            return _status(HTTPStatus.FORBIDDEN)
        except NotAnActivity:
            return _status(HTTPStatus.BAD_REQUEST)
        except KeysUnavailable:
            return _status(HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "5"})
        try:
            response = await self._adapter.process(to_botbuilder(incoming), self._bot)
        except SendError as error:  # what was asked is done; only the reply is lost
            log.warning("reply not sent (%s), reference %s", error.reason, incoming.id)
            response = None
        return _status(HTTPStatus.OK) if response is None else _invoke_response(response)

    async def _claims(self, request: web.Request) -> Claims | None:
        if self._verifier is None:
            return None
        return await self._verifier.verify(request.headers.get("Authorization"))


def _status(status: HTTPStatus, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, headers=headers)


def _invoke_response(response: InvokeResponse) -> web.Response:
    if response.body is None:
        return web.Response(status=response.status)
    return web.Response(status=response.status, body=_ENCODER.encode(response.body), content_type="application/json")
