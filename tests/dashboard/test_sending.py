"""A download that breaks off leaves nothing open."""

import asyncio
from collections.abc import AsyncGenerator

import aiohttp
from aiohttp import web

from dashboard.sending import send_file


async def test_whoever_goes_away_ends_the_making_of_their_file() -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            ended.set()

    blocks = endless()  # held here, so that nothing but the sending can close it

    async def download(request: web.Request) -> web.StreamResponse:
        return await send_file(request, "people.csv", blocks, {})

    app = web.Application()
    app.router.add_get("/", download)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession() as session, session.get(f"http://{host}:{port}/") as reply:
        assert (await reply.content.readexactly(10)) == b"x" * 10
        reply.close()
    await ended.wait()
    await runner.cleanup()
