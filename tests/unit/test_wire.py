"""Requests on the wire: what was answered, what cannot have left, and what may have arrived."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from bot.wire import Answer, Patience, open_wire
from broadcast.messenger import Doubtful, Rejected, Retriable, SendError
from simulator.cosmos.certificate import server_context, write_certificate

SOON = timedelta(seconds=0.3)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """A server that does with each connection what it is told to."""

    def __init__(self, talk: Conversation) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = ""
        self._talk = talk

    @asynccontextmanager
    async def listening(self, context: ssl.SSLContext | None = None) -> AsyncIterator["Peer"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._talk(reader, writer)
        finally:
            writer.close()

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """Return one request, its body included; empty at the end."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        request = head + await reader.readexactly(length)
        self.requests.append(request)
        return request


def _saying(*answers: bytes) -> Peer:
    """Return a peer that gives these answers on each connection, one for each request, and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            if not await peer.read(reader):
                return
            writer.write(answer)
            await writer.drain()

    peer = Peer(talk)
    return peer


async def _call(peer: Peer, body: bytes | None = b"{}", authorization: str = "") -> Answer:
    async with open_wire(patience=Patience(total=SOON)) as wire:
        return await wire.call("POST", f"{peer.url}/v3/a%3A1", body, authorization)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (OK, Answer(200, b"{}", "")),
        (
            b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
            Answer(202, b"{}", ""),
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Answer(204, b"", "")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, Answer(200, b"{}", "")),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", Answer(200, b"until the end", "")),
        (b"HTTP/1.1 429 Slow\r\nretry-after: 7\r\nContent-Length: 0\r\n\r\n", Answer(429, b"", "7")),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nno!", Answer(500, b"no!", "")),
        (b"HTTP/1.1 307 There\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", Answer(307, b"", "")),
    ],
    ids=["a length", "chunks", "no body", "continue", "no length", "429", "500", "redirect"],
)
async def test_an_answer_is_given_back_whatever_it_says(said: bytes, answer: Answer) -> None:
    async with _saying(said).listening() as peer:
        assert await _call(peer) == answer
    assert len(peer.requests) == 1, "nothing is tried again, and no redirect is followed"


async def test_a_packed_answer_is_unpacked() -> None:
    packed = gzip.compress(b'{"id":"1"}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    async with _saying(head + packed).listening() as peer:
        assert (await _call(peer)).body == b'{"id":"1"}'


async def test_a_request_says_what_it_is_and_who_asks() -> None:
    async with _saying(OK).listening() as peer:
        await _call(peer, b'{"a":1}', "Bearer sample")
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    lines = {line.lower() for line in head.split(b"\r\n")}
    assert {b"post /v3/a%3a1 http/1.1", b"content-type: application/json", b"authorization: bearer sample"} <= lines
    assert {b"content-length: 7", b"user-agent: hearback"} <= lines
    assert body == b'{"a":1}'


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SMTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["hung up", "no HTTP", "half an answer", "not packed as it says"],
)
async def test_what_breaks_after_a_request_has_left_is_in_doubt(said: bytes) -> None:
    async with _saying(said).listening() as peer:
        with pytest.raises(Doubtful, match="the connection broke"):
            await _call(peer)
    assert len(peer.requests) == 1


async def test_whoever_does_not_answer_in_time_leaves_it_in_doubt_and_is_hung_up_on() -> None:
    hung_up = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await peer.read(reader)
        await reader.read()
        hung_up.set()

    peer = Peer(say_nothing)
    async with peer.listening():
        with pytest.raises(Doubtful, match="in time"):
            await _call(peer)
        async with asyncio.timeout(60):
            await hung_up.wait()


async def test_a_call_that_is_cancelled_ends_at_once_and_gives_its_place_back_when_its_time_is_over() -> None:
    asked = asyncio.Event()

    async def answer_the_second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.read(reader)
        if len(peer.requests) > 1:
            writer.write(OK)
            await writer.drain()
        asked.set()
        await reader.read()

    peer = Peer(answer_the_second)
    async with peer.listening(), open_wire(connections=1, patience=Patience(total=SOON)) as wire, asyncio.timeout(60):
        call = asyncio.create_task(wire.call("POST", f"{peer.url}/", b"{}", ""))
        await asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        answer = None
        while answer is None:
            with suppress(SendError):  # its time is that of the first one, too
                answer = await wire.call("POST", f"{peer.url}/", b"{}", "")
        assert answer.status == 200


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:1/", Retriable),
        ("http://nobody.invalid/", Retriable),
        ("not an address", Rejected),
        ("http://", Rejected),
        ("ftp://127.0.0.1/", Rejected),
    ],
)
async def test_what_cannot_have_left_is_not_in_doubt(url: str, error: type[SendError]) -> None:
    async with open_wire(patience=Patience(total=timedelta(seconds=5))) as wire:
        with pytest.raises(error) as caught:
            await wire.call("POST", url, b"{}", "")
    assert type(caught.value) is error


async def test_a_connection_that_is_not_made_in_time_is_not_in_doubt() -> None:
    async def never_encrypt(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with Peer(never_encrypt).listening() as peer, open_wire(patience=Patience(connect=SOON)) as wire:
        with pytest.raises(Retriable, match="in time"):
            await wire.call("POST", peer.url.replace("http", "https"), b"{}", "")


async def test_a_peer_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    peer = _saying(OK)
    async with peer.listening(server_context(*write_certificate(tmp_path))), open_wire() as wire:
        with pytest.raises(Retriable, match="cannot be reached"):
            await wire.call("POST", peer.url, b"{}", "")
    assert peer.requests == []


async def test_a_peer_that_the_system_trusts_is_spoken_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))  # as a company adds one of its own
    peer = _saying(OK)
    async with peer.listening(context), open_wire() as wire:
        assert (await wire.call("POST", peer.url, b"{}", "")).status == 200


async def test_a_connection_is_used_again_and_one_that_was_closed_meanwhile_is_not() -> None:
    peer = _saying(OK, OK)
    async with peer.listening(), open_wire() as wire:
        for _ in range(4):
            assert (await wire.call("POST", f"{peer.url}/", b"{}", "")).status == 200
    assert len(peer.requests) == 4
    assert peer.connections == 2


async def test_no_more_leave_at_a_time_than_there_are_connections_and_who_waits_in_vain_has_not_left() -> None:
    go_on, inside = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.read(reader)
        inside.set()
        await go_on.wait()
        writer.write(OK)
        await writer.drain()

    peer = Peer(slow)
    async with peer.listening(), open_wire(connections=1, patience=Patience(pool=SOON)) as wire:
        first = asyncio.create_task(wire.call("POST", f"{peer.url}/", b"{}", ""))
        await inside.wait()
        with pytest.raises(Retriable, match="in time"):
            await wire.call("POST", f"{peer.url}/", b"{}", "")
        assert peer.connections == 1
        go_on.set()
        assert (await first).status == 200


async def test_an_environment_that_names_a_proxy_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with _saying(OK).listening() as peer:
        assert (await _call(peer)).status == 200
