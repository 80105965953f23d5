"""First contact: chats opened ahead of the card, on the budget, kept unless the person was faster."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import time

import msgspec
import pytest

from bot.connector import error_for
from broadcast.broadcaster import Approvals, Broadcaster
from broadcast.limiter import Limiter
from broadcast.messenger import Card, Doubtful, Rejected, Retriable, SendError, Throttled, Unreachable
from broadcast.opening import LOOK_AT, NO_ADDRESS, REMEMBER_S, Addresses, FirstContact, Opener, Opening
from broadcast.sender import MAX_TRIES, Message, Sender
from broadcast.slices import AHEAD, OPEN_CHATS, Slice, open_slices, take_hold
from broadcast.store_queue import StoreQueue
from broadcast.windows import Call
from broadcast.worker import Job, Worker
from feedback.contacts import ContactRules, QuietHours
from feedback.panels import import_panel
from feedback.people import (
    Contact,
    Conversation,
    Person,
    Policy,
    find_person,
    keep_conversation,
    mark_unopened,
    meet,
    set_opt_out,
)
from feedback.people_files import Listed, PeopleFile
from feedback.questions import Kind, Question
from feedback.runs import DeliveryState, Run, RunState, deliveries, find_run, move_run, progress
from feedback.surveys import Survey
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
            render=lambda _run: Message({}, "Sample"),
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


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


async def test_chats_are_opened_before_any_card_leaves_and_each_costs_two_requests(house: House) -> None:
    run = await house.start(230)
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 230}
    assert set(house.teams.opened.values()) == set(house.teams.cards.values()) == {1}
    assert house.limiter.calls == {Call.CREATE: 230, Call.SEND: 230}
    for number in range(3):  # whatever a slice's neighbours do, its own cards come after all of its chats
        mine = [one.split()[0] for one in house.teams.order if int(one[-4:]) // 100 == number]
        assert mine == ["open"] * (len(mine) // 2) + ["card"] * (len(mine) // 2)
    assert (await find_run(house.store, run.run)).state is RunState.SENT
    assert await open_slices(house.store, run.run, AHEAD) == []


async def test_the_next_run_finds_the_chats_that_were_opened(house: House) -> None:
    await house.start(30)
    await house.worker.drain()
    again = await house.broadcaster.start(SURVEY, "panel insiders", by=BY)
    assert await open_slices(house.store, again.run, AHEAD) == []
    await house.worker.drain()
    assert house.limiter.calls == {Call.CREATE: 30, Call.SEND: 60}


async def test_whoever_has_not_installed_the_app_is_failed_once_and_tried_again_when_they_have_spoken(
    house: House,
) -> None:
    house.teams.trouble = {"0001": [NOT_INSTALLED]}
    run = await house.start(3)
    await house.worker.drain()
    found = await progress(house.store, run)
    assert found.by_state == {DeliveryState.SENT: 2, DeliveryState.FAILED: 1}
    assert found.by_reason == {"failed: unreachable: 403 ForbiddenOperationException": 1}
    second = await house.broadcaster.start(SURVEY, "panel insiders", by=BY)
    await house.worker.drain()
    assert house.teams.opened["0001"] == 1
    assert (await progress(house.store, second)).by_reason == {
        "excluded: unreachable: 403 ForbiddenOperationException": 1
    }
    await house.speak("0001")
    third = await house.broadcaster.start(SURVEY, "panel insiders", by=BY)
    await house.worker.drain()
    assert await house.states(third) == {DeliveryState.SENT: 3}
    assert house.teams.opened["0001"] == 1
    assert house.teams.cards["a:own-0001"] == 1


async def test_without_the_job_ahead_the_chat_is_opened_right_before_the_card(house: House) -> None:
    house.worker = house.new_worker({OPEN_CHATS: lambda held: held.finish([])})  # somebody else was there, and left
    house.teams.trouble = {"0002": [NOT_INSTALLED]}
    run = await house.start(30)
    await house.worker.drain()
    found = await progress(house.store, run)
    assert found.by_state == {DeliveryState.SENT: 29, DeliveryState.FAILED: 1}
    assert found.by_reason == {"failed: unreachable: 403 ForbiddenOperationException": 1}
    gone = await find_person(house.store, "away:0002")
    assert gone is not None
    assert gone.unreachable == "403 ForbiddenOperationException"


@pytest.mark.parametrize(
    ("error", "tries", "state"),
    [
        (error_for(429, b"{}", "3"), 2, DeliveryState.SENT),
        (Retriable("503"), 2, DeliveryState.SENT),
        (Doubtful("no answer from the channel in time"), 2, DeliveryState.SENT),
        (error_for(403, b'{"error": {"code": "ForbiddenOperationException"}}', None), 1, DeliveryState.FAILED),
        (error_for(404, b'{"error": {"code": "ConversationNotFound"}}', None), 1, DeliveryState.FAILED),
        (Rejected("400 BadArgument"), 1, DeliveryState.FAILED),
    ],
)
async def test_each_answer_of_the_channel_has_its_end(
    error: SendError, tries: int, state: DeliveryState, house: House
) -> None:
    await house.panel(1)
    house.teams.trouble = {"0000": [error]}
    person = await find_person(house.store, "away:0000")
    assert person is not None
    outcome = await house.first.send(person, Message({}, "Sample"), _nothing)
    assert (outcome.state, house.teams.opened["0000"]) == (state, tries)
    assert state is DeliveryState.SENT or error.reason in outcome.reason
    known = await find_person(house.store, "away:0000")
    assert known is not None
    assert known.unreachable == (error.reason if isinstance(error, Unreachable) else "")


async def test_a_channel_that_stays_busy_is_given_up_and_asked_again_by_the_next_run(house: House) -> None:
    house.teams.trouble = {"0000": [Throttled("429", retry_after_s=1.0)] * (2 * MAX_TRIES)}
    run = await house.start(1)
    await house.worker.drain()
    found = await progress(house.store, run)
    assert found.by_reason == {"failed: gave up: 429": 1}
    again = await house.broadcaster.start(SURVEY, "panel insiders", by=BY)
    await house.worker.drain()
    assert await house.states(again) == {DeliveryState.SENT: 1}


async def test_a_chat_that_the_person_told_meanwhile_wins(house: House) -> None:
    house.teams.meanwhile = house.speak
    run = await house.start(1)
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 1}
    assert house.teams.cards == {"a:own-0000": 1}
    person = await find_person(house.store, "away:0000")
    assert person is not None
    assert person.conversation is not None
    assert person.conversation.user_id == "29:0000"


async def test_whoever_writes_while_they_are_found_unreachable_gets_their_card(house: House) -> None:
    house.teams.meanwhile = house.speak
    house.teams.trouble = {"0000": [NOT_INSTALLED]}
    run = await house.start(1)
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 1}
    person = await find_person(house.store, "away:0000")
    assert person is not None
    assert person.unreachable == ""


async def test_whoever_says_stop_before_their_chat_is_opened_is_left_alone(house: House) -> None:
    run = await house.start(2)
    await set_opt_out(house.store, "away:0001", has_opted_out=True)
    await house.worker.drain()
    assert (await progress(house.store, run)).by_reason == {"excluded: opted out": 1}
    assert house.teams.opened == {"0000": 1}


async def test_chats_are_opened_in_quiet_hours_and_cards_wait(embedded: Store, clock: Clock) -> None:
    house = House(embedded, clock, QuietHours(start=time(0), end=time(12)))
    run = await house.start(30)
    await house.worker.drain()
    assert (house.teams.opened.total(), house.teams.cards.total()) == (30, 0)
    assert await house.states(run) == {DeliveryState.PLANNED: 30}
    clock.pass_s(4 * 3600)
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 30}
    assert house.limiter.calls == {Call.CREATE: 30, Call.SEND: 30}


async def test_a_held_run_opens_nothing_until_it_goes_on(house: House) -> None:
    run = await house.start(30)
    await house.broadcaster.hold(run)
    await house.worker.drain()
    assert not house.teams.order
    assert len(await open_slices(house.store, run.run, AHEAD)) == 1
    await house.broadcaster.go_on(run)
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 30}


async def test_a_cancelled_run_opens_nothing(house: House) -> None:
    run = await house.start(30)
    await house.broadcaster.cancel(run)
    await house.worker.drain()
    assert not house.teams.order
    assert await house.states(run) == {DeliveryState.CANCELLED: 30}
    assert await open_slices(house.store, run.run, AHEAD) == []


async def test_cards_wait_while_somebody_opens_their_chats(house: House) -> None:
    run = await house.start(30)
    ahead = Slice(run.run, 0, "away", job=OPEN_CHATS)
    assert await take_hold(house.store, ahead, now=house.clock.time(), lease_s=15) is not None
    await house.worker.drain()
    assert not house.teams.order
    house.clock.pass_s(16)  # whoever held it has died
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 30}
    assert set(house.teams.cards.values()) == {1}


async def test_a_worker_that_dies_while_it_opens_chats_leaves_nobody_in_doubt(house: House) -> None:
    stuck, opened = asyncio.Event(), 0

    async def stop_at_the_tenth(_object_id: str) -> None:
        nonlocal opened
        opened += 1
        if opened >= 10:
            stuck.set()
            await asyncio.Event().wait()

    house.teams.meanwhile = stop_at_the_tenth
    run = await house.start(60)
    work = asyncio.create_task(house.worker.run())
    await asyncio.wait_for(stuck.wait(), 5)
    work.cancel()
    await asyncio.wait({work})
    assert await house.states(run) == {DeliveryState.PLANNED: 60}
    house.teams.meanwhile = None
    await house.broadcaster.recover()
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 60}
    assert set(house.teams.cards.values()) == {1}
    assert max(house.teams.opened.values()) <= 2


async def test_a_plan_cut_short_opens_the_chats_at_the_next_start(house: House) -> None:
    run = await house.start(150)
    await move_run(house.store, run, RunState.PLANNING, leaving=frozenset(RunState))
    await house.store.delete("runs", run.run, "away:0149")
    await house.broadcaster.recover()
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 150}
    assert house.limiter.calls == {Call.CREATE: 150, Call.SEND: 150}


# --- where chats are opened


async def test_chats_are_opened_where_their_tenant_was_heard_from(house: House) -> None:
    await house.panel(3)
    await house.speak("0002")
    run = await house.broadcaster.start(SURVEY, "panel insiders", by=BY)
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 3}
    assert house.teams.addresses == {"https://smba.example/heard/"}


async def test_of_a_tenant_nobody_was_heard_from_chats_are_opened_where_the_settings_say(house: House) -> None:
    await house.start(LOOK_AT + 1)
    await house.worker.drain()
    assert house.teams.addresses == {DEFAULT}


async def test_an_address_that_is_not_allowed_is_never_used(house: House) -> None:
    chat = Conversation("a:1", "https://elsewhere.example/", "29:1", "28:b")
    await meet(house.store, Contact("away", "1", "Sample", "en", chat), house.clock.now())
    assert await house.addresses().of("away") == DEFAULT
    with pytest.raises(Rejected, match=NO_ADDRESS):
        await house.addresses("https://elsewhere.example/").of("away")


async def test_without_an_address_nobody_is_marked_as_unreachable(embedded: Store, clock: Clock) -> None:
    house = House(embedded, clock)
    opener = Opener(
        embedded, house.teams, house.limiter, house.addresses(""), sleep=clock.sleep, chance=random.Random(1)
    )
    await house.panel(1)
    person = await find_person(embedded, "away:0000")
    assert person is not None
    with pytest.raises(Rejected, match=NO_ADDRESS):
        await opener.open(person, _no_objection)
    assert await find_person(embedded, "away:0000") == person
    assert not house.limiter.calls


async def test_a_tenants_address_is_looked_up_once_in_a_while(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses, looked = house.addresses(""), 0

    async def look(*_: object) -> list[Person]:
        nonlocal looked
        looked += 1
        return []

    monkeypatch.setattr("broadcast.opening.neighbours", look)
    for _ in range(5):
        with pytest.raises(Rejected):
            await addresses.of("away")
    assert looked == 1
    house.clock.pass_s(REMEMBER_S)
    with pytest.raises(Rejected):
        await addresses.of("away")
    assert looked == 2


# --- what is kept


async def test_what_is_kept_of_an_opened_chat_follows_what_the_person_says_later(house: House) -> None:
    await house.panel(1)
    opened = Conversation("a:away:0000", DEFAULT, "0000", "28:b")
    kept = await keep_conversation(house.store, "away:0000", opened)
    assert kept is not None
    assert kept.conversation == opened
    said = await house.speak("0000")
    assert said.conversation is not None
    assert said.conversation.user_id == "29:0000"
    again = await keep_conversation(house.store, "away:0000", opened)
    assert again is not None
    assert again.conversation == said.conversation


async def test_nothing_is_kept_about_somebody_who_is_no_longer_known(house: House) -> None:
    assert await keep_conversation(house.store, "away:gone", Conversation("a", DEFAULT, "u", "b")) is None
    assert await mark_unopened(house.store, "away:gone", "403") is None
    assert msgspec.to_builtins(await find_person(house.store, "away:gone")) is None


async def _nothing() -> None:
    """Nothing speaks against it."""


async def _no_objection() -> bool:
    return False
