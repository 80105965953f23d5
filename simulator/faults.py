"""What can go wrong with one request, and how it is acted out. Knows HTTP, not Teams."""

import asyncio
import math
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Literal

import msgspec
from aiohttp import web

from simulator.payload import Json

FOREVER = math.inf
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset instead of a farewell


class Fault(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """A trouble to run into.

    `status` answers with that status, `headers` and `body` instead of doing the work; without it the work is
    done after the delay. `delay_s` may be `FOREVER`. `delivered` does the work first, so that the trouble hits
    only the answer. `drop` resets the connection before or after the work.
    """

    status: int | None = None
    headers: Mapping[str, str] = {}
    body: Json | None = None
    delay_s: float = 0.0
    delivered: bool = False
    drop: Literal["before", "after"] | None = None


async def suffer(
    fault: Fault, request: web.Request, work: Callable[[], Awaitable[web.Response]], closing: asyncio.Event
) -> web.Response:
    """Act the fault out. Delays end, without the work being done, when the server closes."""
    answer = await work() if fault.delivered or fault.drop == "after" else None
    is_closing = await _pause(fault.delay_s, closing)
    if fault.drop or is_closing:
        return _reset(request)
    if fault.status is not None:
        body = None if fault.body is None else msgspec.json.encode(fault.body)
        return web.Response(status=fault.status, headers=fault.headers, body=body, content_type="application/json")
    return answer or await work()


async def _pause(delay_s: float, closing: asyncio.Event) -> bool:
    if delay_s > 0:
        with suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), None if delay_s == FOREVER else delay_s)
            return True
    return False


def _reset(request: web.Request) -> web.Response:
    transport = request.transport
    if transport is not None:
        plug = transport.get_extra_info("socket")
        if plug is not None:  # by TLS, there is none any more where the client has hung up
            with socket.socket(fileno=os.dup(plug.fileno())) as twin:
                twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        transport.abort()
    return web.Response()  # never leaves: the connection is gone
