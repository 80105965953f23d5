"""How the simulated Teams posts to a bot, whatever that answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from simulator import Teams
from simulator.payload import Json, text

ADAPTIVE = "application/vnd.microsoft.card.adaptive"
GO: Json = {"type": "AdaptiveCard", "version": "1.5", "actions": [{"type": "Action.Execute", "title": "Go"}]}


@pytest.fixture
async def teams() -> AsyncIterator[Teams]:
    async with Teams() as running:
        yield running


def serving(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> TestServer:
    application = web.Application()
    application.router.add_post("/", handler)
    return TestServer(application)


async def test_anything_at_all_can_be_posted(teams: Teams) -> None:
    seen: list[tuple[str, bytes]] = []

    async def take(request: web.Request) -> web.Response:
        seen.append((request.content_type, await request.read()))
        return web.Response(status=415, text="no")

    async with serving(take) as server:
        teams.bot_url = str(server.make_url("/"))
        exchange = await teams.post(b"{broken", headers={"Content-Type": "text/plain"})
    assert seen == [("text/plain", b"{broken")]
    assert (exchange.status, exchange.body) == (415, "no")


async def test_a_bot_that_takes_too_long_is_given_up() -> None:
    waiting = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await waiting.wait()
        return web.Response()

    async with Teams(patience_s=0.05) as teams, serving(hang) as server:
        teams.bot_url = str(server.make_url("/"))
        with pytest.raises(TimeoutError):
            await teams.person("Ana Sample").say("there")
        waiting.set()
        assert "[TimeoutError]" in teams.transcript.text()


async def test_an_invoke_answered_with_words_leaves_the_card_as_it_is(teams: Teams) -> None:
    answers: list[Json] = [
        {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": "Saved"},
        {"statusCode": 500, "type": "application/vnd.microsoft.error", "value": {"code": "x", "message": "Not saved"}},
    ]
    expected = ["Saved", "Not saved"]

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(answers.pop(0))

    ana = teams.person("Ana Sample")
    await ana.view.send({"type": "message", "id": "1", "attachments": [{"contentType": ADAPTIVE, "content": GO}]})
    async with serving(answer) as server:
        teams.bot_url = str(server.make_url("/"))
        exchanges = [await ana.press("Go"), await ana.press("Go")]
    assert [(exchange.notice, exchange.card) for exchange in exchanges] == [(words, {}) for words in expected]
    assert ana.card() == GO


async def test_an_exchange_holds_what_the_bot_sent_meanwhile_but_not_what_it_changed(teams: Teams) -> None:
    ana = teams.person("Ana Sample")
    await ana.view.send({"type": "message", "id": "0", "text": "from before"})

    async def greet(request: web.Request) -> web.Response:
        assert request.headers["x-ms-conversation-id"] == ana.who.conversation
        assert request.headers["x-ms-tenant-id"] == teams.tenant
        kind = (await request.json())["type"]
        await ana.view.update({"type": "message", "id": "0", "text": "changed"})
        await ana.view.send({"type": "message", "id": kind, "text": kind})
        return web.Response()

    async with serving(greet) as server:
        teams.bot_url = str(server.make_url("/"))
        exchange = await ana.install()
    assert exchange.status == 200
    assert exchange.texts == ["installationUpdate", "conversationUpdate"]
    assert ana.texts == ["changed", *exchange.texts]


async def test_an_installation_that_the_bot_refuses_is_not_pursued(teams: Teams) -> None:
    heard: list[str] = []

    async def refuse(request: web.Request) -> web.Response:
        heard.append((await request.json())["type"])
        return web.Response(status=503)

    async with serving(refuse) as server:
        teams.bot_url = str(server.make_url("/"))
        assert (await teams.person("Ana Sample").install()).status == 503
    assert heard == ["installationUpdate"]


async def test_a_bot_that_is_not_there_is_noticed(teams: Teams) -> None:
    teams.bot_url = "http://127.0.0.1:1/api/messages"
    with pytest.raises(aiohttp.ClientConnectorError):
        await teams.person("Ana Sample").say("there")
    assert "[ClientConnectorError]" in teams.transcript.text("Ana Sample")


async def test_an_attached_file_can_be_fetched_by_its_link_only(teams: Teams) -> None:
    attachment = teams.files.offer("audience list.csv", b"a,b")
    link = text(attachment, "content", "downloadUrl")
    async with aiohttp.ClientSession() as http:
        async with http.get(link) as response:
            assert await response.read() == b"a,b"
        async with http.get(link.replace("/files/", "/files/x")) as response:
            assert response.status == 404
