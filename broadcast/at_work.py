"""Keeps parts at work from the start to the end of the process. Knows nothing of what they do."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Protocol

from store.contract import StoreError

PAUSE_S = 5.0  # before a part that has failed is started again, or a store that is away is asked again

log = logging.getLogger("hearback")


class Part(Protocol):
    """Something that works until it is cancelled."""

    is_well: bool  # whether the last thing it did ended as it should

    async def run(self) -> None:
        """Work. What a fault of ours interrupts comes back from the store in the next run."""


class AtWork:
    """Everything that is at work beside the requests, by name."""

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._sleep = sleep
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def prepare(self, job: Callable[[], Awaitable[None]]) -> None:
        """Do what comes before all work; where the store is away, go on trying beside it."""
        if not await _is_done(job):
            self.do("preparation", self._until_done(job))

    def keep(self, parts: Mapping[str, Part]) -> None:
        """Start parts, and start each again when it fails."""
        for name, part in parts.items():
            self.do(name, self._keep_working(part, name))

    def do(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Begin some work."""
        self._tasks[name] = asyncio.create_task(work, name=name)

    async def stop(self, *, last: str) -> None:
        """End all work. What is named `last` ends after everything else: the others need it until they are done."""
        tasks = self._tasks.copy()
        latest = tasks.pop(last)
        await _cancel(*tasks.values())
        await _cancel(latest)

    async def _keep_working(self, part: Part, name: str) -> None:
        while True:
            work = asyncio.create_task(part.run())
            try:
                await asyncio.wait({work})
            finally:
                work.cancel()
                await asyncio.wait({work})
            part.is_well = False
            log.critical("the %s has failed and starts again", name, exc_info=work.exception())
            await self._sleep(PAUSE_S)

    async def _until_done(self, job: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._sleep(PAUSE_S)
            if await _is_done(job):
                log.info("the store answers")
                return


async def _is_done(job: Callable[[], Awaitable[None]]) -> bool:
    try:
        await job()
    except StoreError as error:
        # The message says it all, and a trace would hide it.
        log.error("not ready, waiting for the store: %s; asked again every %d s", error, PAUSE_S)  # noqa: TRY400
        return False
    return True


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
