"""What broadcasting needs from a channel, and the ways a send can end. Errors are named by what the sender can do."""

from typing import Protocol

import msgspec

from feedback.people.people import Conversation

Card = dict[str, object] | msgspec.Raw  # as data, or encoded already: one card for many people is encoded once


class SendError(Exception):
    """The message was not, or not surely, delivered. `reason` is short and safe to show."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Throttled(SendError):
    """Not delivered: the channel asks to wait `retry_after_s` seconds (None: it did not say how long)."""

    def __init__(self, reason: str, *, retry_after_s: float | None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Retriable(SendError):
    """Not delivered, and worth trying again after a pause."""


class Unreachable(SendError):
    """Not delivered, and nothing more can be sent to this person until they write to the bot."""


class Rejected(SendError):
    """Not delivered: the channel refuses this message, which need not say anything about any other."""


class TooLarge(Rejected):
    """Not delivered: the message is too large, whoever it is for."""


class Doubtful(SendError):
    """It may have been delivered: the connection broke, or the channel failed, after the request had left."""


class Messenger(Protocol):
    """Writes to people. Every call is one request to the channel, tried once."""

    async def send_card(self, to: Conversation, card: Card, summary: str) -> str:
        """Send a card and return the id of the new message. `summary` is what a notification shows.

        Raises one of the `SendError`s.
        """

    async def update_card(self, to: Conversation, activity_id: str, card: Card, summary: str) -> None:
        """Put a card in the place of one that was sent. Raises one of the `SendError`s."""

    async def delete_card(self, to: Conversation, activity_id: str) -> None:
        """Delete a message that was sent. Raises one of the `SendError`s."""


class Doorbell(Protocol):
    """Opens chats with people. Every call is one request to the channel, tried once."""

    async def create_conversation(self, service_url: str, tenant: str, object_id: str) -> Conversation:
        """Open the personal chat with somebody who never wrote, or find it; nobody sees anything of it.

        Doing it again gives the same chat. Raises one of the `SendError`s: `Unreachable` where the app is not
        installed for the person.
        """
