"""A connector that takes every message and counts them by conversation: `python -m benchmarks.channel <port>`.

Does as little else as it can, so that it is not what is measured. `GET /counts` tells, `DELETE /counts` forgets.
"""

import sys
from collections import Counter

import uvloop
from aiohttp import web

from benchmarks.baselines import HOST


class Channel:
    """Messages by conversation."""

    def __init__(self) -> None:
        self.got: Counter[str] = Counter()

    async def take(self, request: web.Request) -> web.Response:
        """Count a message."""
        await request.read()
        self.got[request.match_info["conversation"]] += 1
        return web.json_response({"id": "sample"})

    async def tell(self, _request: web.Request) -> web.Response:
        """Say how many messages came, to how many conversations, and how many the busiest of them got."""
        counts = {
            "messages": self.got.total(),
            "conversations": len(self.got),
            "most": max(self.got.values(), default=0),
        }
        return web.json_response(counts)

    async def forget(self, _request: web.Request) -> web.Response:
        """Begin to count anew."""
        self.got.clear()
        return web.json_response({})


def main(port: int, channel: Channel) -> None:
    """Serve until told to stop."""
    app = web.Application()
    app.router.add_post("/v3/conversations/{conversation}/activities", channel.take)
    app.router.add_post(
        "/v3/conversations/{conversation}/activities/{activity}", channel.take
    )  # a reply, as stock sends
    app.router.add_get("/counts", channel.tell)
    app.router.add_delete("/counts", channel.forget)
    web.run_app(app, host=HOST, port=port, print=None, access_log=None, loop=uvloop.new_event_loop())


if __name__ == "__main__":
    main(int(sys.argv[1]), Channel())
