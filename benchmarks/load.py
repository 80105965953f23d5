"""A lean HTTP/1.1 load generator: requests made beforehand, keep-alive connections, no parsing beyond the length.

Latency counts from the moment a request was due. In an open loop that is its place in the schedule, not the moment
a connection was free, so a slow server cannot hide its queue. Knows nothing of what is sent.
"""

import asyncio
import gc
import itertools
import math
import re
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Protocol, cast

import msgspec

PATIENCE_S = 30.0  # beyond the time that a measurement takes
HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_TICK_S = 0.001  # the loop's timers know no less


class LoadFailed(Exception):
    """The server did not answer as an HTTP server should."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """The bytes to send, and whose they are."""

    key: str
    raw: bytes


class Reply(msgspec.Struct, frozen=True, gc=False):
    """One answered request. Times are in seconds of the same clock."""

    key: str
    due: float
    done: float
    raw: bytes

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.raw[9:12])

    @property
    def body(self) -> bytes:
        """What came after the headers."""
        return self.raw.partition(HEAD_END)[2]


async def closed_loop(port: int, requests: Iterable[Request], *, connections: int, seconds: float) -> list[Reply]:
    """Keep every connection busy with one request at a time until the time or the requests are over."""
    return await _drive(port, _Steady(requests, seconds), connections, seconds)


async def open_loop(
    port: int, requests: list[Request], *, connections: int, per_s: float, chance: Random
) -> list[Reply]:
    """Send all requests at random moments (a Poisson process), however slowly they are answered."""
    gaps = (chance.expovariate(per_s) for _ in requests)
    return await _drive(port, _Scheduled(requests, gaps), connections, len(requests) / per_s)


class _Source(Protocol):
    """What decides which request comes next."""

    def start(self, drive: "_Drive") -> None:
        """Begin: the connections are open."""

    def take(self) -> tuple[float, Request] | None:
        """Return what is due now and since when, or None."""

    def is_over(self) -> bool:
        """Say whether nothing more will come."""


class _Steady:
    """As much as the server can take, for a time."""

    def __init__(self, requests: Iterable[Request], seconds: float) -> None:
        self._requests = iter(requests)
        self._seconds = seconds
        self._until = 0.0

    def start(self, drive: "_Drive") -> None:
        self._until = time.perf_counter() + self._seconds
        drive.work()

    def take(self) -> tuple[float, Request] | None:
        now = time.perf_counter()
        request = next(self._requests, None) if now < self._until else None
        if request is None:
            self._until = now
            return None
        return now, request

    def is_over(self) -> bool:
        return time.perf_counter() >= self._until


class _Scheduled:
    """Every request at its own moment."""

    def __init__(self, requests: list[Request], gaps: Iterable[float]) -> None:
        moments = itertools.accumulate(gaps)
        self._plan = deque(zip(moments, requests, strict=True))
        self._started_at = 0.0

    def start(self, drive: "_Drive") -> None:
        self._started_at = time.perf_counter()
        self._tick(drive)

    def _tick(self, drive: "_Drive") -> None:
        """Hand out what is due, and come back when the next one is: up to a millisecond late, never early."""
        drive.work()
        if self._plan:
            wait = max(self._started_at + self._plan[0][0] - time.perf_counter(), _TICK_S)
            asyncio.get_running_loop().call_later(math.ceil(wait / _TICK_S) * _TICK_S, self._tick, drive)

    def take(self) -> tuple[float, Request] | None:
        if not self._plan or self._started_at + self._plan[0][0] > time.perf_counter():
            return None
        moment, request = self._plan.popleft()
        return self._started_at + moment, request

    def is_over(self) -> bool:
        return not self._plan


class _Drive:
    """The connections of one measurement: idle ones take what is due."""

    def __init__(self, source: _Source) -> None:
        self.replies: list[Reply] = []
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._source = source
        self._idle: deque[_Connection] = deque()
        self._busy = 0

    def join(self, connection: "_Connection") -> None:
        """Add an open connection."""
        self._idle.append(connection)

    def work(self) -> None:
        """Give idle connections what is due, and end when there will be nothing more."""
        while self._idle and (due := self._source.take()) is not None:
            self._busy += 1
            self._idle.popleft().send(*due)
        if not self._busy and self._source.is_over() and not self.ended.done():
            self.ended.set_result(None)

    def replied(self, connection: "_Connection", reply: Reply) -> None:
        """Keep a reply; its connection is free again."""
        self.replies.append(reply)
        self._busy -= 1
        self._idle.append(connection)
        self.work()

    def failed(self, why: str) -> None:
        """End the measurement: its figures would mean nothing."""
        if not self.ended.done():
            self.ended.set_exception(LoadFailed(why))


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, drive: _Drive) -> None:
        self._drive = drive
        self._transport: asyncio.WriteTransport | None = None
        self._request = Request("", b"")
        self._due = 0.0
        self._got = b""
        self._wanted = 0  # bytes of the whole reply; 0 while its head is incomplete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's own class says less than it is
        self._drive.join(self)

    def send(self, due: float, request: Request) -> None:
        """Send a request; the drive hears of the reply."""
        self._due, self._request = due, request
        self._got, self._wanted = b"", 0
        if self._transport is not None:
            self._transport.write(request.raw)

    def data_received(self, data: bytes) -> None:
        self._got = self._got + data if self._got else data
        self._wanted = self._wanted or message_length(self._got)
        if self._wanted < 0 or 0 < self._wanted < len(self._got):
            self._drive.failed(f"not one plain HTTP reply: {self._got[:200]!r}")
        elif len(self._got) == self._wanted:
            reply = Reply(self._request.key, self._due, time.perf_counter(), self._got)
            self._drive.replied(self, reply)

    def connection_lost(self, exc: Exception | None) -> None:
        self._drive.failed(f"the server closed the connection: {exc}")

    def close(self) -> None:
        """Let go of the connection."""
        if self._transport is not None:
            self._transport.close()


async def _drive(port: int, source: _Source, connections: int, seconds: float) -> list[Reply]:
    loop = asyncio.get_running_loop()
    drive = _Drive(source)
    opened: list[_Connection] = []
    try:
        for _ in range(connections):
            _, connection = await loop.create_connection(lambda: _Connection(drive), "127.0.0.1", port)
            opened.append(connection)
        with _no_collection():
            source.start(drive)
            async with asyncio.timeout(seconds + PATIENCE_S):
                await drive.ended
    finally:
        for connection in opened:
            connection.close()
    return drive.replies


def message_length(got: bytes) -> int:
    """Return how long the HTTP message is that begins like this: 0 when not known yet, -1 when it does not say."""
    head = got.find(HEAD_END)
    if head < 0:
        return 0
    found = _LENGTH.search(got, 0, head + 2)
    return head + len(HEAD_END) + int(found[1]) if found else -1


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the generator's own garbage collection, over all replies kept, out of what is measured."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
