"""One person, one card: when to try again, when to stop, and what the end is called.

Tries again only where the channel said that nothing was delivered. Whatever may have been delivered ends
`unconfirmed` and is never sent again by itself.
"""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

import msgspec

from broadcast.limiter import Limiter
from broadcast.messenger import (
    Card,
    Doubtful,
    Messenger,
    Rejected,
    Retriable,
    SendError,
    Throttled,
    TooLarge,
    Unreachable,
)
from feedback.people.people import Person
from feedback.runs.deliveries import Outcome
from feedback.runs.runs import DeliveryState

MAX_TRIES = 6
GAVE_UP = "gave up: "  # what a reason begins with where nothing was delivered, and it may go better another day
FIRST_PAUSE_S = 1.0
MAX_PAUSE_S = 30.0
MAX_RETRY_AFTER_S = 120.0  # longer than this is treated as this
REASONS: dict[type[SendError], str] = {  # what a reason begins with, for those who act on it
    Unreachable: "unreachable: ",
    TooLarge: "too large: ",
    Rejected: "refused: ",
}


class Message(msgspec.Struct, frozen=True):
    """A card and the line that notifications show for it."""

    card: Card
    summary: str


Objection = Callable[[], Awaitable[Outcome | None]]  # what to record instead of a try; None: nothing speaks against it


class Sends(Protocol):
    """Brings a card to a person."""

    async def send(self, person: Person, message: Message, objection: Objection) -> Outcome:
        """Return how it ended. Never raises a `SendError`."""


class Sender:
    """Sends one card to one person, within the limits, as often as it takes and no more."""

    def __init__(
        self,
        messenger: Messenger,
        limiter: Limiter,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        chance: random.Random,
    ) -> None:
        self._messenger = messenger
        self._limiter = limiter
        self._now = now
        self._sleep = sleep
        self._chance = chance

    async def send(self, person: Person, message: Message, objection: Objection) -> Outcome:
        """Return how it ended: sent, failed or unconfirmed. Never raises a `SendError`.

        When a try may leave it asks for an objection: people may say stop while their card waits for its turn.
        """
        problem: SendError | None = None
        for attempt in range(MAX_TRIES):
            if problem is not None:
                await self._sleep(pause_s(problem, attempt, self._chance))
            try:
                await self._wait_for_turn(person)
                if (instead := await objection()) is not None:
                    return instead
                return self._outcome(person, DeliveryState.SENT, activity_id=await self._try(person, message))
            except (Throttled, Retriable) as error:
                problem = error
            except Doubtful as error:
                return self._outcome(person, DeliveryState.UNCONFIRMED, reason=error.reason)
            except SendError as error:
                return self._outcome(person, DeliveryState.FAILED, reason=REASONS.get(type(error), "") + error.reason)
        reason = problem.reason if problem is not None else ""
        return self._outcome(person, DeliveryState.FAILED, reason=f"{GAVE_UP}{reason}")

    async def _wait_for_turn(self, person: Person) -> None:
        if person.conversation is not None:
            await self._limiter.acquire(person.tenant, person.conversation.id)

    async def _try(self, person: Person, message: Message) -> str:
        if person.conversation is None:
            msg = "no conversation yet"
            raise Unreachable(msg)
        try:
            return await self._messenger.send_card(person.conversation, message.card, message.summary)
        except Throttled as error:
            self._limiter.throttled(person.tenant, error.retry_after_s)
            raise

    def _outcome(self, person: Person, state: DeliveryState, *, reason: str = "", activity_id: str = "") -> Outcome:
        return Outcome(person=person.id, state=state, at=self._now(), reason=reason, activity_id=activity_id)


def pause_s(problem: SendError, attempt: int, chance: random.Random) -> float:
    """Return how long to wait before the next try: as told, or a random part of a growing pause ("full jitter")."""
    if isinstance(problem, Throttled) and problem.retry_after_s is not None:
        return min(problem.retry_after_s, MAX_RETRY_AFTER_S)
    return chance.uniform(0, min(MAX_PAUSE_S, FIRST_PAUSE_S * 2.0**attempt))
