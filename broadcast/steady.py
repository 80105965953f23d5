"""A part that is always at work: it works until there is no more to do, rests, and works again.

Knows nothing of what the work is.
"""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod

from store.contract import StoreError

log = logging.getLogger(__name__)


class Steady(ABC):
    """Works when woken, and every `idle_s` seconds. `pauses` is what the log says when the store is away."""

    def __init__(self, *, idle_s: float, pauses: str) -> None:
        self._idle_s = idle_s
        self._pauses = pauses
        self._woken = asyncio.Event()
        self.is_well = True  # whether the last thing it did ended as it should

    def wake(self) -> None:
        """Look now: there is something new to do."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled. A store that is away is waited for; faults of ours end it."""
        while True:
            self._woken.clear()
            try:
                await self._work_off()
                self.is_well = True
            except StoreError as error:
                self.is_well = False
                log.error("%s: the store does not answer: %s", self._pauses, error)  # noqa: TRY400 - of these come many
            await self._rest()

    @abstractmethod
    async def _work_off(self) -> None:
        """Do all that there is to do now."""

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._idle_s):  # Python 3.11's `wait_for` may swallow a cancellation
                await self._woken.wait()
