"""What a command or a card action works with, and what it gives back. Knows nothing of HTTP or botbuilder."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from feedback.contacts import QuietHours
from feedback.dry_run import DryRun
from feedback.people import Person, Policy, Role
from feedback.runs import Run
from feedback.surveys import Survey
from store.contract import Store

Card = dict[str, object]

CARD_TYPE = "application/vnd.microsoft.card.adaptive"


class Reply(msgspec.Struct, frozen=True):
    """One message to the person: a card, with a summary for notifications, or plain text."""

    text: str = ""
    card: Card | None = None


class File(msgspec.Struct, frozen=True):
    """Something attached to a message: its text, or where it can be fetched."""

    name: str
    text: str = ""
    url: str = ""


class Broadcaster(Protocol):
    """Sends runs."""

    async def foretell(self, audience: str, *, by: str) -> DryRun:
        """Return what a run to an audience would do now. Raises `Refusal`."""

    async def start(self, survey: Survey, audience: str, *, by: str) -> Run:
        """Write a run and its deliveries, and begin to send; or propose it to another admin. Raises `Refusal`."""

    async def approve(self, name: str, *, by: str) -> Run:
        """Begin to send a proposed run. Raises `Refusal`."""

    async def close(self, run: Run) -> Run:
        """Take no more answers and send no more cards; the cards people have say so."""

    async def resend(self, run: Run) -> int:
        """Send again to those whose delivery is unconfirmed, and return how many they are. Raises `Refusal`."""

    async def hold(self, run: Run) -> Run:
        """Send no more cards of a run for now. Raises `Refusal`."""

    async def go_on(self, run: Run) -> Run:
        """Go on with a run that is held. Raises `Refusal`."""

    async def cancel(self, run: Run) -> Run:
        """Send no more cards of a run, ever. Raises `Refusal`."""


class Guides(Protocol):
    """The guided conversations of one chat."""

    async def begin(self, name: str, facts: dict[str, str]) -> None:
        """Start one; it asks its first question itself."""

    async def remembered(self) -> dict[str, object] | None:
        """Return what is stored about the one under way; None when there is none."""

    async def cancel(self) -> str:
        """Stop the one under way, and return its name; nothing where there was none."""


class Parts(msgspec.Struct, frozen=True):
    """What the bot is made of, handed to every turn."""

    store: Store
    policy: Policy
    broadcaster: Broadcaster
    clock: Callable[[], datetime]
    fetch_file: Callable[[File], Awaitable[str]]
    is_allowed_tenant: Callable[[str], bool]
    wake_ticker: Callable[[], None]  # something new may be due
    quiet: QuietHours = QuietHours()


class Turn(msgspec.Struct, frozen=True):
    """One message or card action of one person. `source` names it, the same when it is delivered again."""

    parts: Parts
    person: Person
    role: Role
    source: str
    guides: Guides
    text: str = ""  # what follows the command
    files: Sequence[File] = ()

    @property
    def store(self) -> Store:
        """Where documents are kept."""
        return self.parts.store

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return self.parts.clock()


Handler = Callable[[Turn], Awaitable[list[Reply]]]
