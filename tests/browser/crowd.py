"""Hundreds of people beside the one in the window: known to the bot, and written to at a server of this machine."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from feedback.people.people import Contact, Conversation, meet
from store.sqlite import open_sqlite


@asynccontextmanager
async def listening_crowd() -> AsyncIterator[str]:
    """Take every card that is sent or replaced, and give the address to send to."""
    numbers = itertools.count()

    async def take(_request: web.Request) -> web.Response:
        return web.json_response({"id": f"taken-{next(numbers)}"})

    app = web.Application()
    app.router.add_post("/v3/conversations/{conversation}/activities", take)
    app.router.add_put("/v3/conversations/{conversation}/activities/{activity}", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def introduce(database: Path, tenant: str, people: int, service_url: str) -> None:
    """Let the bot know so many people. It must not be running."""
    store = await open_sqlite(database)
    try:
        for number in range(people):
            key = f"99999999-0000-0000-0000-{number:012d}"
            chat = Conversation(f"crowd-{number}", service_url, f"29:{number}", "28:bot")
            await meet(store, Contact(tenant, key, f"Sample Person {number}", "en-US", chat), datetime.now(UTC))
    finally:
        await store.close()
