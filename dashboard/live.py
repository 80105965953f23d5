"""A run while it moves, as server-sent events: the same piece of the page again, whenever it has changed.

Everybody who watches a run shares one reading of the store every few seconds. Nothing is counted here.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from aiohttp import web

from dashboard.templating import Templates
from dashboard.views import LiveRun, live_run
from feedback.results.tally_tree import find_tally
from feedback.runs.runs import Run, find_run
from feedback.standing import Standing
from store.contract import Store, StoreError

EVERY = timedelta(seconds=2)
LONGEST = timedelta(minutes=10)  # then the browser comes again by itself, and is looked at anew
KEPT = 100  # runs

Still = Callable[[], Awaitable[bool]]


class Live:
    """Reads runs for those who watch them."""

    def __init__(
        self,
        store: Store,
        stand: Callable[[Run], Awaitable[Standing]],
        templates: Templates,
        *,
        now: Callable[[], datetime],
        every: timedelta = EVERY,
    ) -> None:
        self._store = store
        self._stand = stand
        self._templates = templates
        self._now = now
        self.every = every
        self._kept: dict[str, tuple[datetime, str]] = {}
        self._reading: dict[str, asyncio.Lock] = {}
        self._closing = asyncio.Event()

    async def read(self, name: str) -> LiveRun:
        """Return a run as it is now. Raises `RunUnknown`."""
        run = await find_run(self._store, name)
        return live_run(await self._stand(run), await find_tally(self._store, name))

    async def standing(self, run: Run) -> Standing:
        """Return where a run stands now."""
        return await self._stand(run)

    def shown(self, live: LiveRun) -> str:
        """Return the piece of the page that moves."""
        return self._templates.render("live.html", live=live)

    async def stream(
        self, request: web.Request, name: str, headers: dict[str, str], may_stay: Still
    ) -> web.StreamResponse:
        """Send the piece of the page whenever it changes, until the visitor leaves or may no longer stay."""
        response = web.StreamResponse(
            headers={**headers, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        last, ends_at = "", self._now() + LONGEST
        with contextlib.suppress(ConnectionResetError, StoreError):
            while self._now() < ends_at and await may_stay():
                piece = await self._newest(name)
                await response.write(_event(piece) if piece != last else b": nothing new\n\n")
                last = piece
                if await self._is_closing():
                    break
        return response

    def forget(self) -> None:
        """Read every run anew, whatever was read a moment ago."""
        self._kept.clear()

    async def close(self) -> None:
        """Let everybody go: the service stops."""
        self._closing.set()

    async def _newest(self, name: str) -> str:
        """Return the piece of the page, at most a moment old, read once however many ask."""
        async with self._reading.setdefault(name, asyncio.Lock()):
            at, piece = self._kept.get(name, (None, ""))
            if at is None or self._now() - at >= self.every:
                at, piece = self._now(), self.shown(await self.read(name))
                self._kept[name] = (at, piece)
            while len(self._kept) > KEPT:
                oldest = next(iter(self._kept))
                del self._kept[oldest]
            return piece

    async def _is_closing(self) -> bool:
        """Wait a moment, and say whether the service stops."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), self.every.total_seconds())
        return self._closing.is_set()


def _event(piece: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in piece.splitlines())
    return f"{lines}\n".encode()
