"""What turns ask Cosmos DB: every request about documents that is made while Teams waits for an answer.

A request does not say why it is made. But what a turn starts, and what that starts in turn, runs in the turn's own
context; what is at work beside the turns does not.
"""

from collections import Counter
from contextvars import ContextVar
from http import HTTPStatus
from types import SimpleNamespace

from aiohttp import (
    ClientSession,
    TraceConfig,
    TraceRequestEndParams,
    TraceRequestExceptionParams,
    web,
)
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from benchmarks.panel import Wrong

_IN_TURN: ContextVar[bool] = ContextVar("in_turn", default=False)
_DOCUMENTS = "/docs"
_CHARGE = "x-ms-request-charge"


class Turns:
    """Counts while it goes. `amiss` are the requests that were refused or broke off: a turn should have none."""

    def __init__(self) -> None:
        self.count = 0
        self.requests = Counter[str]()
        self.amiss = Counter[str]()
        self.charge = 0.0

    @property
    def trace(self) -> TraceConfig:
        """What the client of the database has to tell of its requests."""
        made = TraceConfig()
        made.on_request_end.append(self._ended)
        made.on_request_exception.append(self._broke)
        return made

    @property
    def middleware(self) -> Middleware:
        """What the service has to pass every message through."""

        @web.middleware
        async def mark(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.count += 1
            token = _IN_TURN.set(True)
            try:
                return await handler(request)
            finally:
                _IN_TURN.reset(token)

        return mark

    def check(self, turns: int) -> None:
        """Raise `Wrong` unless there were so many turns, and none of their requests went amiss."""
        if self.count != turns or self.amiss:
            msg = f"{self.count} turns instead of {turns}; amiss: {dict(self.amiss)}"
            raise Wrong(msg)

    async def _ended(self, _session: ClientSession, _context: SimpleNamespace, told: TraceRequestEndParams) -> None:
        if not _is_counted(told.url):
            return
        name = _name(told.method, told.url)
        self.requests[name] += 1
        self.charge += float(told.response.headers.get(_CHARGE, "nan"))
        if told.response.status >= HTTPStatus.BAD_REQUEST:
            self.amiss[f"{name}: {told.response.status}"] += 1

    async def _broke(
        self, _session: ClientSession, _context: SimpleNamespace, told: TraceRequestExceptionParams
    ) -> None:
        if _is_counted(told.url):
            name = _name(told.method, told.url)
            self.requests[name] += 1
            self.amiss[f"{name}: {type(told.exception).__name__}"] += 1


def _is_counted(url: URL) -> bool:
    """Say whether a turn asks, and about documents: the SDK asks about an account and its containers once."""
    return _IN_TURN.get() and _DOCUMENTS in url.path


def _name(method: str, url: URL) -> str:
    """Return the verb and the container."""
    return f"{method} {url.path.partition('/colls/')[2].partition('/')[0]}"
