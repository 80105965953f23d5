"""The servers to measure beside the product, each its own process: `python -m benchmarks.baselines <name> <port>`.

botbuilder: the stock CloudAdapter with a card invoke that does nothing, and no tokens checked.
aiohttp: reads the same JSON and returns a small one. raw: what the load generator reaches when a server does nothing.
All of them run on uvloop, as the product does.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

import uvloop
from aiohttp import web
from botbuilder.core import ActivityHandler, InvokeResponse, TurnContext
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botbuilder.schema import AdaptiveCardInvokeResponse

from benchmarks.load import message_length

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HOST = "127.0.0.1"
DONE: dict[str, object] = {
    "statusCode": 200,
    "type": "application/vnd.microsoft.card.adaptive",
    "value": {"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "TextBlock", "text": "Done."}]},
}
RAW_REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class NoAuthentication:
    """The settings botbuilder reads. Without an app id it believes everybody."""

    APP_ID = ""
    APP_PASSWORD = ""


class Noop(ActivityHandler):  # type: ignore[misc]  # botbuilder ships no types
    """Answers every invoke, and does nothing."""

    async def on_invoke_activity(self, turn_context: TurnContext) -> InvokeResponse:
        """Answer an invoke."""
        del turn_context
        body = AdaptiveCardInvokeResponse(status_code=DONE["statusCode"], type=DONE["type"], value=DONE["value"])
        return InvokeResponse(status=HTTPStatus.OK.value, body=body)


class Raw(asyncio.Protocol):
    """Answers every request with the same bytes. One request is under way at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's own class says less than it is

    def data_received(self, data: bytes) -> None:
        """Answer when the request is complete."""
        self._got += data
        is_complete = 0 < message_length(self._got) <= len(self._got)
        if is_complete and self._transport is not None:
            self._got = b""
            self._transport.write(RAW_REPLY)


def botbuilder_handler() -> Handler:
    """Return the stock adapter with a bot that does nothing."""
    adapter, bot = CloudAdapter(ConfigurationBotFrameworkAuthentication(NoAuthentication())), Noop()

    async def messages(request: web.Request) -> web.StreamResponse:
        response: web.StreamResponse = await adapter.process(request, bot)
        return response

    return messages


async def read_and_answer(request: web.Request) -> web.StreamResponse:
    """Do the least that a web server can do with JSON."""
    await request.json()
    return web.json_response(DONE)


def serve_app(handler: Handler, port: int) -> None:
    """Serve on aiohttp until told to stop."""
    app = web.Application()
    app.router.add_post("/api/messages", handler)
    web.run_app(app, host=HOST, port=port, print=None, access_log=None, loop=uvloop.new_event_loop())


async def serve_raw(port: int) -> None:
    """Serve until told to stop."""
    server = await asyncio.get_running_loop().create_server(Raw, HOST, port)
    await server.serve_forever()


def main(name: str, port: int) -> None:
    """Run one of the servers."""
    match name:
        case "botbuilder":
            serve_app(botbuilder_handler(), port)
        case "aiohttp":
            serve_app(read_and_answer, port)
        case "raw":
            uvloop.run(serve_raw(port))
        case _:
            sys.exit(f"There is no baseline called {name!r}.")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
