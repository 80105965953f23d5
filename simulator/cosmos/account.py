"""The stand-in as a server: HTTPS on loopback, in the event loop of whoever starts it."""

import asyncio
import base64
import hashlib
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Self

import msgspec
from aiohttp import web

from simulator.cosmos.auth import Doorkeeper
from simulator.cosmos.calls import Answer, Call, parts_of
from simulator.cosmos.certificate import server_context, write_certificate
from simulator.cosmos.counting import Meter, Totals
from simulator.cosmos.documents import Documents
from simulator.cosmos.metadata import Metadata
from simulator.cosmos.refusals import Refusal
from simulator.cosmos.resources import Holdings
from simulator.cosmos.snapshot import load, save
from simulator.cosmos.troubles import Troubles, hung, reset_before
from simulator.faults import Fault, suffer
from simulator.ids import Clock, now
from simulator.payload import Json, listing, mapping, text

_MAX_REQUEST = 8 * 1024 * 1024  # above every limit of the protocol, so that those are met first
_ENCODE = msgspec.json.Encoder().encode


def key_from(seed: str) -> str:
    """Return a key for the account that follows from a word; it protects nothing."""
    return base64.b64encode(hashlib.sha512(seed.encode()).digest()).decode()


class CosmosStandIn:
    """`async with CosmosStandIn() as account`: an account at `account.url`, opened by `account.key`.

    Clients trust `account.certificate`, or verify nothing. `clock` decides about times and expiry. With `snapshot`, a
    file, what is stored outlives the server: it is read at the start and written at the end.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        key: str = "",
        ranges: int = 2,
        clock: Clock = now,
        accepts_token: Callable[[str], bool] | None = None,
        snapshot: Path | None = None,
    ) -> None:
        self.key = key or key_from("stand-in")
        self.port = port
        self.troubles = Troubles()
        self.holdings = Holdings(ranges)
        self._clock = clock
        self._doorkeeper = Doorkeeper(self.key, accepts_token)
        self._snapshot = snapshot
        self._meter = Meter()
        self._documents = Documents(self.holdings, self._now)
        self._metadata = Metadata(self.holdings, self._now, lambda: self.url)
        self._folder = tempfile.TemporaryDirectory(prefix="cosmos-stand-in-")
        self._closing = asyncio.Event()
        self._outage: Fault | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self.certificate = Path(self._folder.name) / "certificate.pem"

    @property
    def url(self) -> str:
        """Return the address of the account."""
        return f"https://127.0.0.1:{self.port}/"

    async def __aenter__(self) -> Self:
        if self._snapshot is not None and self._snapshot.exists():
            load(self._snapshot, self.holdings)
        self._tls = server_context(*write_certificate(Path(self._folder.name)))
        app = web.Application(client_max_size=_MAX_REQUEST)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._break_connections()
            await self._runner.cleanup()
        self.save()
        self._folder.cleanup()

    def prepare(self, database: str, containers: list[Json]) -> None:
        """Make a database and its containers, as described in the words of the protocol, unless they are there."""
        self._made("dbs", {"id": database}, is_there=database in self.holdings.databases)
        for settings in containers:
            is_there = text(settings, "id") in self.holdings.database(database).containers
            self._made(f"dbs/{database}/colls", settings, is_there=is_there)

    def save(self) -> None:
        """Write the snapshot, if there is one."""
        if self._snapshot is not None:
            save(self._snapshot, self.holdings)

    def counters(self) -> Totals:
        """Return what was asked and what it cost."""
        return self._meter.totals()

    def reset_counters(self) -> None:
        """Count again from nought."""
        self._meter.reset()

    @asynccontextmanager
    async def outage(self, *, hangs: bool = False) -> AsyncIterator[None]:
        """For the time of the block nobody is served: connections are refused and broken, or nothing is answered."""
        await self.go_down(hangs=hangs)
        try:
            yield
        finally:
            await self.come_back()

    async def go_down(self, *, hangs: bool = False) -> None:
        """Begin an outage."""
        self._outage = hung() if hangs else reset_before()
        if not hangs and self._site is not None:
            await self._site.stop()
            self._site = None
            await self._break_connections()

    async def come_back(self) -> None:
        """End an outage. Requests that hang are broken off."""
        self._outage = None
        self._closing.set()
        self._closing = asyncio.Event()
        if self._site is None:
            await self._listen()

    async def _listen(self) -> None:
        if self._runner is None:
            msg = "the stand-in has not been started"
            raise RuntimeError(msg)
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls, reuse_address=True)
        await self._site.start()
        address: tuple[str, int] = self._runner.addresses[0]
        self.port = address[1]

    async def _break_connections(self) -> None:
        """Break off all connections; a farewell by TLS would wait for clients that are gone already."""
        server = self._runner.server if self._runner else None
        for connection in server.connections if server else ():
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.read() if request.can_read_body else b""
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(request.method, parts_of(request.raw_path), headers, body)

        async def work() -> web.Response:
            return self._answered(call)

        fault = self._outage or self.troubles.pick(call)
        if fault is None:
            return self._answered(call)
        self._meter.add_fault()
        return await suffer(fault, request, work, self._closing)

    def _answered(self, call: Call) -> web.Response:
        try:
            self._doorkeeper.check(call.verb, call.kind, call.link, call.headers)
            answer = self._served(call)
        except Refusal as refusal:
            answer = _refused(refusal)
        self._meter.add(call.name or "unknown", int(answer.status), answer.charge)
        headers = {
            **answer.headers,
            "x-ms-request-charge": f"{answer.charge:.2f}",
            "x-ms-activity-id": call.headers.get("x-ms-activity-id", ""),
            "x-ms-version": call.headers.get("x-ms-version", ""),
        }
        return web.Response(status=answer.status, body=answer.body, headers=headers, content_type="application/json")

    def _served(self, call: Call) -> Answer:
        is_of_documents = call.kind == "docs" and call.name
        return self._documents.answer(call) if is_of_documents else self._metadata.answer(call)

    def _made(self, address: str, settings: Json, *, is_there: bool) -> None:
        if not is_there:
            self._metadata.answer(Call("POST", tuple(address.split("/")), {}, _ENCODE(settings)))

    def _now(self) -> float:
        return self._clock().timestamp()


def _refused(refusal: Refusal) -> Answer:
    headers = {**refusal.headers, **({"x-ms-substatus": str(refusal.substatus)} if refusal.substatus else {})}
    body = _ENCODE({"code": refusal.code, "message": refusal.message})
    charge = 0.0 if refusal.status == HTTPStatus.UNAUTHORIZED else 1.0
    return Answer(refusal.status, body, charge, headers)


def described(description: object) -> tuple[str, list[Json]]:
    """Return the database and the containers of a description: `{"database": …, "containers": [settings, …]}`."""
    return text(description, "database"), [mapping(one) for one in listing(mapping(description).get("containers"))]
