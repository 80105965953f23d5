"""Puts together what takes the activities of Teams. What is outside of this room comes in as arguments, time too."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.adapter import HearbackAdapter
from bot.auth import Gate, TokenVerifier
from bot.connector import Connector
from bot.endpoint import MessagesEndpoint
from bot.guides import GuideRoom
from bot.handler import FeedbackBot
from bot.meetings import Meetings
from bot.once import Once
from bot.readers import Readers
from bot.replies import Replies
from bot.router import Router
from bot.turn import File, Parts
from broadcast.assembly import Broadcast, Timing
from dialogs.answer import AnswerDialog
from dialogs.note import NoteDialog
from dialogs.sketch import Desk, SketchDialog
from feedback.links import Links
from feedback.people.people import Policy, Role, find_person
from feedback.results.tallier import Tallier
from feedback.runs.contacts import QuietHours
from store.contract import Store


@dataclass(frozen=True, slots=True)
class Doors:
    """Who may come in, and how files come. Without a `verifier` whoever reaches the bot is believed."""

    gate: Gate
    verifier: TokenVerifier | None
    fetch_file: Callable[[File], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class House:
    """What the operator has settled: roles, quiet hours, where links lead, and a key of its own."""

    policy: Policy
    quiet: QuietHours
    links: Links
    mark_key: bytes  # of the marks of messages


@dataclass(frozen=True, slots=True)
class Bot:
    """What takes the activities of Teams. `meetings` has to be kept at work."""

    endpoint: MessagesEndpoint
    meetings: Meetings


def put_together(
    store: Store,
    connector: Connector,
    broadcast: Broadcast,
    tallier: Tallier,
    doors: Doors,
    house: House,
    timing: Timing,
) -> Bot:
    """Return what takes the activities of Teams. Nothing of it is at work yet."""
    now, quiet = timing.now, house.quiet
    readers = Readers()
    meetings = Meetings(store, now, met=readers.learn)
    parts = Parts(
        store=store,
        policy=house.policy,
        broadcaster=broadcast.broadcaster,
        clock=now,
        fetch_file=doors.fetch_file,
        is_allowed_tenant=doors.gate.is_allowed_tenant,
        wake_ticker=broadcast.ticker.wake,
        meet_later=meetings.add,
        tallier=tallier,
        watcher=broadcast.watcher,
        links=house.links,
        readers=readers,
        quiet=quiet,
    )
    dialogs = [
        NoteDialog(store, now),
        AnswerDialog(store, now, quiet, answered=tallier.wake),
        SketchDialog(Desk(store, now), _writers(store, house.policy)),
    ]
    router = Router(parts, GuideRoom(store, dialogs), Once(store, now, key=house.mark_key))
    replies = Replies(broadcast.limiter, clock=timing.clock, sleep=timing.sleep, chance=timing.chance)
    adapter = HearbackAdapter(connector, replies)
    endpoint = MessagesEndpoint(adapter, FeedbackBot(parts, router), gate=doors.gate, verifier=doors.verifier)
    return Bot(endpoint, meetings)


def _writers(store: Store, policy: Policy) -> Callable[[str], Awaitable[bool]]:
    """Return what says whether somebody may write surveys."""

    async def may_write(author: str) -> bool:
        person = await find_person(store, author)
        return person is not None and policy.role_of(person).includes(Role.ADMIN)

    return may_write
