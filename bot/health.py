"""What the operator's probes ask: whether the process is alive, and whether it can do its work."""

from collections.abc import Mapping
from typing import Protocol

from aiohttp import web

from store.contract import Incomplete, Locked, StoreError

OK, SILENT = "ok", "does not answer"


class Answers(Protocol):
    """Something that is asked over a line: the store, the queue."""

    async def ping(self) -> None:
        """Answer. Raises `StoreError`."""


class Works(Protocol):
    """Something that is at work at all times."""

    @property
    def is_well(self) -> bool:
        """Whether the last thing it did ended as it should."""


class Health:
    """How the parts are that the service cannot do without, by name."""

    def __init__(self, answering: Mapping[str, Answers], working: Mapping[str, Works]) -> None:
        self._answering = answering
        self._working = working

    async def show(self, _request: web.Request) -> web.Response:
        """Answer `GET /readyz`: say by name which part answers; 503 when one does not."""
        words = {name: await _answer(part) for name, part in self._answering.items()}
        words |= {name: OK if part.is_well else SILENT for name, part in self._working.items()}
        return web.json_response(words, status=200 if set(words.values()) == {OK} else 503)


async def show_alive(_request: web.Request) -> web.Response:
    """Answer `GET /healthz`."""
    return web.json_response({"status": "alive"})


async def _answer(part: Answers) -> str:
    """Say how a part is. What the deployment has left out is named, and that a store is locked."""
    try:
        await part.ping()
    except (Incomplete, Locked) as known:
        return str(known)
    except StoreError:
        return SILENT
    return OK
