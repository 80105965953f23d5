"""Puts one card in the place of another that a person has, or takes it away: within the limits, again where it helps.

Doing either twice changes nothing, so unlike a send it is also tried again where it may have arrived. Whoever cannot be
reached is marked so, as in sending: nothing more goes to them until they write.
"""

import random
from collections.abc import Awaitable, Callable

from broadcast.limiter import Limiter
from broadcast.messenger import Doubtful, Messenger, Retriable, SendError, Throttled, Unreachable
from broadcast.sender import MAX_TRIES, Message, pause_s
from broadcast.windows import Call
from feedback.people.people import Conversation, Person, mark_unreachable
from store.contract import Store

UNREACHABLE = "unreachable"
NO_CARD = "ActivityNotFoundInConversation"  # says something of one card, and nothing of the chat that it was in


class Editor:
    """Replaces and removes cards, on the same budget as everything that is sent."""

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        limiter: Limiter,
        *,
        sleep: Callable[[float], Awaitable[None]],
        chance: random.Random,
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._limiter = limiter
        self._sleep = sleep
        self._chance = chance

    async def replace(self, person: Person, activity_id: str, message: Message, *, tries: int = MAX_TRIES) -> str:
        """Return why the card could not be replaced, or an empty text. Never raises a `SendError`."""

        async def put(to: Conversation) -> None:
            await self._messenger.update_card(to, activity_id, message.card, message.summary)

        return await self._edit(person, put, tries)

    async def remove(self, person: Person, activity_id: str) -> str:
        """Return why the card could not be deleted, or an empty text; also where it is gone already.

        Never raises a `SendError`.
        """

        async def delete(to: Conversation) -> None:
            await self._messenger.delete_card(to, activity_id)

        problem = await self._edit(person, delete, MAX_TRIES)
        return "" if NO_CARD in problem else problem

    async def _edit(self, person: Person, edit: Callable[[Conversation], Awaitable[None]], tries: int) -> str:
        if person.conversation is None or person.unreachable:
            return f"{UNREACHABLE}: {person.unreachable}" if person.unreachable else UNREACHABLE
        problem: SendError | None = None
        for attempt in range(tries):
            if problem is not None:
                await self._sleep(pause_s(problem, attempt, self._chance))
            await self._limiter.acquire(person.tenant, person.conversation.id, Call.UPDATE)
            try:
                await edit(person.conversation)
            except Throttled as error:
                self._limiter.throttled(person.tenant, error.retry_after_s)
                problem = error
            except (Retriable, Doubtful) as error:
                problem = error
            except Unreachable as error:
                return await self._give_up(person, error)
            except SendError as error:
                return error.reason
            else:
                return ""
        return f"gave up: {problem.reason if problem is not None else ''}"

    async def _give_up(self, person: Person, error: Unreachable) -> str:
        """Write nothing more to somebody who has shut us out; a card that is gone has shut nobody out."""
        if NO_CARD in error.reason:
            return error.reason
        await mark_unreachable(self._store, person.id, error.reason)
        return f"{UNREACHABLE}: {error.reason}"
