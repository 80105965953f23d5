"""The connector on the wire: the address it calls, the body it sends, and whom it refuses to call."""

import time
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.connector import Connector
from bot.wire import Wire as Client
from bot.wire import open_wire
from broadcast.messenger import Card, Rejected, Unreachable
from feedback.people.people import Conversation

CARD: dict[str, object] = {"type": "AdaptiveCard", "body": [{"type": "TextBlock", "text": "Grüße “you”"}]}


class Wire:
    """A service that takes everything and remembers what came."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.types: list[str] = []
        self.bodies: list[dict[str, object]] = []
        self.cookies: list[str] = []
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._take)
        self.server = TestServer(app)

    async def _take(self, request: web.Request) -> web.Response:
        self.paths.append(f"{request.method} {request.raw_path}")
        self.types.append(request.headers.get("Content-Type", ""))
        self.cookies.append(request.headers.get("Cookie", ""))
        body = await request.read()
        self.bodies.append(msgspec.json.decode(body) if body else {})
        return web.json_response({"id": "1:é"}, headers={"Set-Cookie": "of=ours; Path=/"})

    def chat(self, conversation: str, path: str = "") -> Conversation:
        return Conversation(conversation, f"http://127.0.0.1:{self.server.port}{path}", "29:1", "28:b")


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire()
    await wire.server.start_server()
    yield wire
    await wire.server.close()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with open_wire() as client:
        yield client


def _connector(client: Client, is_allowed: Callable[[str], bool] = lambda _: True) -> Connector:
    return Connector(client, token=None, is_allowed=is_allowed, clock=time.time)


@pytest.mark.parametrize(
    ("conversation", "path", "called"),
    [
        ("a:1Bc-_d", "/", "/v3/conversations/a%3A1Bc-_d/activities"),
        ("a:1", "", "/v3/conversations/a%3A1/activities"),
        (
            "19:x@thread.v2;messageid=7",
            "/emea/",
            "/emea/v3/conversations/19%3Ax%40thread.v2%3Bmessageid%3D7/activities",
        ),
        ("../%2e?x#y z", "/a%20b", "/a%20b/v3/conversations/..%2F%252e%3Fx%23y%20z/activities"),
        ("ü", "/", "/v3/conversations/%C3%BC/activities"),
    ],
)
async def test_a_conversation_is_one_part_of_the_address_whatever_is_in_it(
    conversation: str, path: str, called: str, wire: Wire, client: Client
) -> None:
    connector = _connector(client)
    assert await connector.send_card(wire.chat(conversation, path), CARD, "Sample") == "1:é"
    assert wire.paths == [f"POST {called}"]
    assert wire.types == ["application/json"]


@pytest.mark.parametrize("card", [CARD, msgspec.Raw(msgspec.json.encode(CARD))], ids=["as data", "encoded"])
async def test_a_card_arrives_the_same_encoded_or_not(card: Card, wire: Wire, client: Client) -> None:
    connector, chat = _connector(client), wire.chat("a:1", "/")
    await connector.send_card(chat, card, "Sample")
    await connector.update_card(chat, "1:é", card, "Sample")
    assert wire.paths[1] == "PUT /v3/conversations/a%3A1/activities/1%3A%C3%A9"
    for body in wire.bodies:
        assert body == {
            "type": "message",
            "from": {"id": "28:b"},
            "recipient": {"id": "29:1"},
            "conversation": {"id": "a:1"},
            "summary": "Sample",
            "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": CARD}],
        }
    assert wire.cookies == ["", ""], "what one service sets is nobody's business"


async def test_an_address_that_is_not_allowed_is_never_called_and_each_is_checked(wire: Wire, client: Client) -> None:
    connector = _connector(client, lambda url: url.endswith("/good/"))
    await connector.send_card(wire.chat("a:1", "/good/"), CARD, "Sample")
    for _ in range(2):
        with pytest.raises(Unreachable, match="allow list"):
            await connector.send_card(wire.chat("a:1", "/bad/"), CARD, "Sample")
    assert len(wire.paths) == 1


@pytest.mark.parametrize("conversation", [".", ".."])
async def test_what_would_be_another_address_is_never_called(conversation: str, wire: Wire, client: Client) -> None:
    with pytest.raises(Rejected, match="address"):
        await _connector(client).send_card(wire.chat(conversation, "/"), CARD, "Sample")
    with pytest.raises(Rejected, match="address"):
        await _connector(client).delete_card(wire.chat("a:1", "/"), conversation)
    assert wire.paths == []
