"""What a command or a card action works with, and what it gives back. Knows nothing of HTTP or botbuilder."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from bot.readers import Readers
from feedback.audit import Record, record_change
from feedback.links import Links
from feedback.people.people import Contact, Person, Policy, Role
from feedback.results.tallier import Tallier
from feedback.runs.contacts import QuietHours
from feedback.runs.dry_run import DryRun
from feedback.runs.runs import Run
from feedback.runs.wave_words import Waves
from feedback.standing import Standing
from feedback.surveys.surveys import Survey
from store.contract import Store

Card = dict[str, object]

CARD_TYPE = "application/vnd.microsoft.card.adaptive"


class Reply(msgspec.Struct, frozen=True):
    """One message to the person: a card, with a summary for notifications, or plain text.

    A card that `watches` a run is kept up to date for a while.
    """

    text: str = ""
    card: Card | None = None
    watches: str = ""  # name of the run
    language: str = ""  # where it is not the one spoken in the turn


class File(msgspec.Struct, frozen=True):
    """Something attached to a message: its text, or where it can be fetched."""

    name: str
    text: str = ""
    url: str = ""


class Broadcaster(Protocol):
    """Sends runs."""

    async def foretell(self, audience: str, *, by: str) -> DryRun:
        """Return what a run to an audience would do now. Raises `Refusal`."""

    def needs_approval(self, people: int) -> bool:
        """Say whether a send to so many people needs a second admin."""

    async def start(self, survey: Survey, audience: str, *, by: str, waves: Waves | None = None) -> Run:
        """Write a run and its deliveries, and begin to send; or propose it to another admin. Raises `Refusal`."""

    async def approve(self, name: str, *, by: str, seen: int = 0) -> Run:
        """Begin to send a proposed run; `seen` is for how many people `by` was asked. Raises `Refusal`."""

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

    async def recall(self, run: Run, *, is_deleting: bool = False) -> Run:
        """Take back the cards of a run, and send no more. Raises `Refusal`."""

    async def standing(self, run: Run) -> Standing:
        """Return where a run stands now."""


class Watcher(Protocol):
    """Keeps cards about runs up to date."""

    async def begin(self, run: str, person: str, activity_id: str) -> None:
        """Let a card move, and an older one of the same person about the same run no more."""

    async def end(self, run: str, person: str) -> None:
        """Let a person's card about a run stay as it is."""


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
    meet_later: Callable[[Contact], None]
    tallier: Tallier
    watcher: Watcher
    links: Links
    readers: Readers
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

    async def record(self, what: str, on: str, *, before: str = "", after: str = "") -> None:
        """Keep who changed what; to be called when it is done."""
        record = Record(at=self.now, who=self.person.id, what=what, on=on, before=before, after=after)
        await record_change(self.store, record)


Handler = Callable[[Turn], Awaitable[list[Reply]]]
