"""What one person sees of the chat: messages with updates applied and deletions gone, and how to wait for them.

Knows nothing about how messages arrive.
"""

import asyncio
from collections.abc import Callable
from typing import Literal

import msgspec

from simulator.cards import with_card
from simulator.payload import Json, text

Wanted = int | Callable[[Json], bool]


class NothingCame(AssertionError):
    """What a person waited for did not come in time."""


class Event(msgspec.Struct, frozen=True):
    """Something the bot did in this chat. A deletion has an empty activity."""

    what: Literal["send", "update", "delete"]
    id: str
    activity: Json


class View:
    """The bot's side of one personal chat, as the person's client shows it."""

    __slots__ = ("_changed", "history", "messages")

    def __init__(self) -> None:
        self.messages: dict[str, Json] = {}
        self.history: list[Event] = []
        self._changed: asyncio.Condition | None = None  # thousands of people never wait, so made on demand

    async def send(self, activity: Json) -> None:
        """Show a new activity. One that is no message (typing, say) is only remembered."""
        key = text(activity, "id")
        if activity.get("type") == "message":
            self.messages[key] = activity
        await self._note(Event("send", key, activity))

    async def update(self, activity: Json) -> None:
        """Show this instead of the message with the same id."""
        key = text(activity, "id")
        self.messages[key] = activity
        await self._note(Event("update", key, activity))

    async def delete(self, key: str) -> None:
        """Take a message away."""
        del self.messages[key]
        await self._note(Event("delete", key, {}))

    async def replace_card(self, key: str, card: Json) -> None:
        """Show another card in a message, as a client does with the answer to an invoke."""
        if key in self.messages:
            self.messages[key] = with_card(self.messages[key], card)
            await self._tell()

    async def received(self, wanted: Wanted, timeout_s: float) -> list[Json]:
        """Wait for a number of messages, or for one that fits, and return those. Raises `NothingCame`."""
        self._changed = changed = self._changed or asyncio.Condition()
        try:
            async with asyncio.timeout(timeout_s), changed:
                await changed.wait_for(lambda: self._has(wanted))
        except TimeoutError:
            message = f"waited {timeout_s} s for {wanted}; the chat has {len(self.messages)} messages"
            raise NothingCame(message) from None
        return self._matching(wanted)

    def _has(self, wanted: Wanted) -> bool:
        return len(self._matching(wanted)) >= (wanted if isinstance(wanted, int) else 1)

    def _matching(self, wanted: Wanted) -> list[Json]:
        return [each for each in self.messages.values() if isinstance(wanted, int) or wanted(each)]

    async def _note(self, event: Event) -> None:
        self.history.append(event)
        await self._tell()

    async def _tell(self) -> None:
        if self._changed is not None:
            async with self._changed:
                self._changed.notify_all()
