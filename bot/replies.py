"""Calls to Teams that belong to a turn: within the tenant's budget, before all broadcasting, while somebody waits.

What Teams did not take is tried again as long as the turn has time; what may have arrived is not. Knows no activities.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from broadcast.limiter import Limiter
from broadcast.messenger import Retriable, Throttled
from broadcast.sender import pause_s
from broadcast.windows import Call

TURN_S = 10.0  # Teams gives a bot 10 to 15 s for a turn
MAX_TRIES = 4
NO_BUDGET = "no budget for it within the turn"

T = TypeVar("T")


class Chat(msgspec.Struct, frozen=True):
    """Whom a call is for, and until when somebody waits for it."""

    tenant: str
    conversation: str
    until: float


class Replies:
    """Makes the calls of turns."""

    def __init__(
        self,
        limiter: Limiter,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        chance: random.Random,
    ) -> None:
        self._limiter = limiter
        self._clock = clock
        self._sleep = sleep
        self._chance = chance

    def deadline(self) -> float:
        """Return until when the calls of a turn that begins now may wait."""
        return self._clock() + TURN_S

    async def make(self, call: Callable[[], Awaitable[T]], chat: Chat, kind: Call = Call.SEND) -> T:
        """Make a call, again where Teams did not take it and there is time. Raises `SendError`."""
        for attempt in range(1, MAX_TRIES):
            await self._wait_for_budget(chat, kind)
            try:
                return await self._once(call, chat)
            except (Throttled, Retriable) as error:
                pause = pause_s(error, attempt, self._chance)
                if self._clock() + pause >= chat.until:
                    raise
            await self._sleep(pause)
        await self._wait_for_budget(chat, kind)
        return await self._once(call, chat)

    async def _wait_for_budget(self, chat: Chat, kind: Call) -> None:
        try:
            async with asyncio.timeout(chat.until - self._clock()):
                await self._limiter.acquire(chat.tenant, chat.conversation, kind, live=True)
        except TimeoutError as error:
            raise Throttled(NO_BUDGET, retry_after_s=None) from error

    async def _once(self, call: Callable[[], Awaitable[T]], chat: Chat) -> T:
        try:
            return await call()
        except Throttled as error:
            self._limiter.throttled(chat.tenant, error.retry_after_s)
            raise
