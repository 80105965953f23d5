"""Broadcasting to people who never wrote, for tests, and a channel that opens chats and does as it is told."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import time

from broadcast.broadcaster import Approvals, Broadcaster
from broadcast.limiter import Limiter
from broadcast.messenger import Card, SendError, Unreachable
from broadcast.opening import Addresses, FirstContact, Opener, Opening
from broadcast.sender import Message, Sender
from broadcast.slices import OPEN_CHATS
from broadcast.store_queue import StoreQueue
from broadcast.windows import Call
from broadcast.worker import Job, Worker
from feedback.people.panels import import_panel
from feedback.people.people import (
    Contact,
    Conversation,
    Person,
    Policy,
    meet,
)
from feedback.people.people_files import Listed, PeopleFile
from feedback.runs.contacts import ContactRules, QuietHours
from feedback.runs.runs import DeliveryState, Run, deliveries
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Survey
from store.contract import Store
from tests.conftest import Clock

SURVEY = Survey(id="pulse", title="Sample", questions=(Question(id="q", kind=Kind.TEXT, text="Why?"),))
BY = "home:boss"
DEFAULT = "https://smba.example/teams/"
NOT_INSTALLED = Unreachable("403 ForbiddenOperationException")
NEVER_QUIET = QuietHours(start=time(0), end=time(0))


class Teams:
    """A channel that opens chats and takes cards, and does as it is told."""

    def __init__(self) -> None:
        self.opened: Counter[str] = Counter()
        self.cards: Counter[str] = Counter()
        self.order: list[str] = []
        self.addresses: set[str] = set()
        self.trouble: dict[str, list[SendError]] = {}
        self.meanwhile: Callable[[str], Awaitable[object]] | None = None

    async def create_conversation(self, service_url: str, tenant: str, object_id: str) -> Conversation:
        self.addresses.add(service_url)
        self.opened[object_id] += 1
        self.order.append(f"open {object_id}")
        if self.meanwhile is not None:
            await self.meanwhile(object_id)
        if self.trouble.get(object_id):
            raise self.trouble[object_id].pop(0)
        return Conversation(f"a:{tenant}:{object_id}", service_url, object_id, "28:b")

    async def send_card(self, to: Conversation, card: Card, summary: str) -> str:
        assert (card, summary) == ({}, "Sample")
        self.cards[to.id] += 1
        self.order.append(f"card {to.id}")
        return f"activity-{to.id}"

    async def update_card(self, to: Conversation, activity_id: str, card: Card, summary: str) -> None:
        raise AssertionError((to, activity_id, card, summary))

    async def delete_card(self, to: Conversation, activity_id: str) -> None:
        raise AssertionError((to, activity_id))


class CountingLimiter(Limiter):
    """Counts what it was asked for, by kind."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(1000, clock=clock.time, sleep=clock.sleep)
        self.calls: Counter[Call] = Counter()

    async def acquire(self, tenant: str, conversation: str, kind: Call = Call.SEND, *, live: bool = False) -> None:
        self.calls[kind] += 1
        await super().acquire(tenant, conversation, kind, live=live)


class House:
    """Broadcasting to people from a panel's file."""

    def __init__(self, store: Store, clock: Clock, quiet: QuietHours = NEVER_QUIET) -> None:
        self.store, self.clock, self.teams = store, clock, Teams()
        self.limiter = CountingLimiter(clock)
        self.queue = StoreQueue(store, clock=clock.time)
        chance = random.Random(1)
        sender = Sender(self.teams, self.limiter, now=clock.now, sleep=clock.sleep, chance=chance)
        self.opener = Opener(store, self.teams, self.limiter, self.addresses(), sleep=clock.sleep, chance=chance)
        self.first = FirstContact(sender, self.opener, now=clock.now)
        self.worker = self.new_worker({OPEN_CHATS: Opening(store, self.opener, now=clock.now).work})
        policy, approvals = Policy(home_tenants=frozenset({"home"})), Approvals(above=10_000, per_second=50)
        self.broadcaster = Broadcaster(
            store, self.queue, policy, ContactRules(quiet=quiet), approvals, now=clock.now, wake=self.worker.wake
        )

    def addresses(self, default: str = DEFAULT) -> Addresses:
        def is_allowed(url: str) -> bool:
            return url.startswith("https://smba.")

        return Addresses(self.store, default=default, is_allowed=is_allowed, clock=self.clock.time)

    def new_worker(self, jobs: Mapping[str, Job]) -> Worker:
        return Worker(
            self.store,
            self.queue,
            self.first,
            render=lambda _run, _language, _arm: Message({}, "Sample"),
            now=self.clock.now,
            jobs=jobs,
        )

    async def panel(self, count: int) -> None:
        file = PeopleFile(tuple(Listed("away", f"{number:04d}") for number in range(count)))
        await import_panel(self.store, "insiders", file, by=BY, now=self.clock.now())

    async def start(self, count: int) -> Run:
        await self.panel(count)
        return await self.broadcaster.start(SURVEY, "panel insiders", by=BY)

    async def states(self, run: Run) -> Counter[DeliveryState]:
        return Counter([one.state async for one in deliveries(self.store, run.run)])

    async def speak(self, object_id: str) -> Person:
        chat = Conversation(f"a:own-{object_id}", "https://smba.example/heard/", f"29:{object_id}", "28:b")
        return await meet(self.store, Contact("away", object_id, "Sample", "en", chat), self.clock.now())
