"""Closing and reminding, slice by slice: what the channel does to it, and what a stop leaves behind."""

import random
from collections import Counter

import pytest
from msgspec import structs

from broadcast.closing import Closing
from broadcast.editor import Editor
from broadcast.limiter import Limiter
from broadcast.messenger import Card, Doubtful, Rejected, Retriable, SendError, Throttled, TooLarge, Unreachable
from broadcast.recalling import Recalling
from broadcast.reminding import Reminding
from broadcast.sender import MAX_TRIES, Message
from broadcast.slices import CLOSE, RECALL, REMIND, Slice, advance, open_slices, take_hold
from broadcast.worker import Worker
from feedback.answers.answers import record_answer
from feedback.people.people import Conversation, Person, find_person, set_opt_out
from feedback.runs.contacts import ContactRules
from feedback.runs.runs import Delivery, DeliveryState, Run, RunState, find_delivery, find_run
from store.contract import Patch, Store
from tests.conftest import Clock
from tests.unit.test_worker import BY, SURVEY
from tests.unit.test_worker import House as Broadcasting

CHAT = Conversation("a:1", "https://smba.example/", "29:1", "28:b")


class House(Broadcasting):
    """Broadcasting with what follows sending; it counts what takes the place of each card."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, clock)
        self.put: Counter[tuple[str, str]] = Counter()  # activity id and what was put there
        self.errors: list[SendError] = []
        self.rules = ContactRules(contacts_per_30_days=100)
        self.refused: dict[str, SendError] = {}  # what is put -> how that always ends
        limiter = Limiter(1000, clock=clock.time, sleep=clock.sleep)
        self.editor = Editor(store, self, limiter, sleep=clock.sleep, chance=random.Random(1))
        self.worker = self.make_worker()

    def make_worker(self) -> Worker:
        def closed(_run: Run, _delivery: Delivery) -> Message:
            return Message({}, "closed")

        def withdrawn(_run: Run, delivery: Delivery) -> Message:
            return Message({}, f"withdrawn {delivery.state.value}")

        def sample(_run: Run, _language: str, _arm: str) -> Message:
            return Message({}, "Sample")

        def again(_run: Run, _delivery: Delivery) -> Message:
            return Message({}, "Reminder")

        def moved(_run: Run, _delivery: Delivery) -> Message:
            return Message({}, "moved")

        now = self.clock.now
        rules = self.rules
        reminding = Reminding(
            self.store, self.sender, self.editor, render=again, render_moved=moved, rules=rules, now=now
        )
        recalling = Recalling(self.store, self.editor, render=withdrawn)
        jobs = {
            CLOSE: Closing(self.store, self.editor, render=closed).work,
            REMIND: reminding.work,
            RECALL: recalling.work,
        }
        return Worker(self.store, self.queue, self.sender, render=sample, now=now, jobs=jobs)

    async def send_card(self, to: Conversation, card: Card, summary: str) -> str:
        return f"{await super().send_card(to, card, summary)}-{self.sent[to.id]}"

    async def update_card(self, to: Conversation, activity_id: str, card: Card, summary: str) -> None:
        assert (card, activity_id.split("-")[1]) == ({}, to.id)
        if self.errors:
            raise self.errors.pop(0)
        if summary in self.refused:
            raise self.refused[summary]
        self.put[activity_id, summary] += 1

    async def delete_card(self, to: Conversation, activity_id: str) -> None:
        await self.update_card(to, activity_id, {}, "deleted")

    async def sent_run(self, people: int) -> Run:
        await self.populate(people)
        run = await self.broadcaster.start(SURVEY, "everyone", by=BY)
        await self.worker.drain()
        return run

    async def delivery(self, run: Run, number: int) -> Delivery:
        found = await find_delivery(self.store, run.run, f"away:{number:04d}")
        assert found is not None
        return found


async def _person(house: House, key: str) -> Person:
    found = await find_person(house.store, key)
    assert found is not None
    return found


def _moved(state: RunState) -> Patch:
    return Patch(id="run", set={"state": state.value})


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


async def test_every_card_of_a_closed_run_is_closed_once(house: House) -> None:
    run = await house.sent_run(230)
    await house.broadcaster.close(run)
    await house.worker.drain()
    assert house.put == {(f"activity-a:{number}-1", "closed"): 1 for number in range(230)}
    await house.broadcaster.close(run)
    await house.worker.drain()
    assert set(house.put.values()) == {1}, "what is done is not done again"
    assert await house.states(run.run) == {DeliveryState.SENT: 230}


async def test_closing_that_was_cut_off_is_done_by_whoever_comes_next(house: House) -> None:
    run = await house.sent_run(3)
    await house.broadcaster.close(run)
    slice_ = Slice(run.run, 0, "away", job=CLOSE)
    assert await take_hold(house.store, slice_, now=house.clock.time(), lease_s=15) is not None  # and then it dies
    await house.make_worker().drain()
    assert not house.put
    house.clock.pass_s(16)
    await house.make_worker().drain()
    assert len(house.put) == 3


async def test_a_slice_is_closed_only_after_its_last_card_has_left(house: House) -> None:
    await house.populate(2)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    grip = await take_hold(house.store, Slice(run.run, 0, "away"), now=house.clock.time(), lease_s=15)
    assert grip is not None
    await advance(house.store, grip, [], ["away:0000"], until=house.clock.time() + 15)
    await house.broadcaster.close(run)
    await house.worker.drain()
    assert [one.job for one in await open_slices(house.store, run.run, "follow-up")] == [CLOSE]
    for _ in range(2):  # first what was left on its way, then what follows
        house.clock.pass_s(16)
        await house.worker.drain()
    assert await open_slices(house.store, run.run, "follow-up") == []
    assert await house.states(run.run) == {DeliveryState.UNCONFIRMED: 1, DeliveryState.CANCELLED: 1}


async def test_a_run_closed_while_on_hold_leaves_nobody_planned(house: House) -> None:
    await house.populate(120)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.broadcaster.hold(run)
    await house.worker.drain()
    await house.broadcaster.close(run)
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.CANCELLED: 120}
    assert not house.sent


@pytest.mark.parametrize(
    ("errors", "closed"),
    [
        ([Throttled("429", retry_after_s=3.0), Retriable("503"), Doubtful("no answer")], True),
        ([Retriable("503")] * MAX_TRIES, False),
        ([Rejected("400")], False),
        ([Unreachable("404")], False),
    ],
)
async def test_closing_tries_again_where_it_helps_and_not_for_ever(
    errors: list[SendError], *, closed: bool, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    run = await house.sent_run(1)
    house.errors = errors
    await house.broadcaster.close(run)
    await house.worker.drain()
    assert house.put.total() == closed
    assert house.errors == []
    assert ("1 cards of pulse-1 stay open" in caplog.text) is not closed
    assert await open_slices(house.store, run.run, "follow-up") == []


async def test_the_cards_of_those_who_cannot_be_reached_are_left_alone(house: House) -> None:
    editor = house.editor
    nowhere = Person(id="t:1", tenant="t", object_id="1")
    assert await editor.replace(nowhere, "activity-1", Message({}, "closed")) == "unreachable"
    blocked = structs.replace(nowhere, conversation=CHAT, unreachable="403 ConversationBlockedByUser")
    assert await editor.replace(blocked, "activity-1", Message({}, "closed")) == f"unreachable: {blocked.unreachable}"
    assert not house.put


@pytest.mark.parametrize(
    ("error", "marked"),
    [
        (Unreachable("403 ConversationBlockedByUser"), "403 ConversationBlockedByUser"),
        (Unreachable("403 MessageWritesBlocked"), "403 MessageWritesBlocked"),
        (Unreachable("404 ConversationNotFound"), "404 ConversationNotFound"),
        (Unreachable("404"), "404"),
        (Unreachable("404 ActivityNotFoundInConversation"), ""),
        (Rejected("400 BadSyntax"), ""),
        (TooLarge("413"), ""),
    ],
)
@pytest.mark.parametrize("is_removed", [False, True])
async def test_whoever_shuts_us_out_of_a_change_is_written_to_no_more_until_they_write(
    error: SendError, marked: str, *, is_removed: bool, house: House
) -> None:
    await house.populate(2)
    person = await _person(house, "away:0000")
    house.errors = [error]
    if is_removed:
        problem = await house.editor.remove(person, "activity-a:0-1")
        why = "" if "ActivityNotFound" in error.reason else error.reason
        assert problem == (f"unreachable: {marked}" if marked else why)
    else:
        problem = await house.editor.replace(person, "activity-a:0-1", Message({}, "closed"))
        assert problem == (f"unreachable: {marked}" if marked else error.reason)
    assert (await _person(house, "away:0000")).unreachable == marked
    assert (await _person(house, "away:0001")).unreachable == ""
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    reached = DeliveryState.EXCLUDED if marked else DeliveryState.SENT
    assert (await house.delivery(run, 0)).state is reached
    if marked:
        await house.populate(1)  # they write
        assert (await _person(house, "away:0000")).unreachable == ""


async def test_whoever_is_found_shut_while_a_run_closes_gets_no_reminder_of_another(house: House) -> None:
    first = await house.sent_run(2)
    second = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    house.errors = [Unreachable("403 BotDisabledByAdmin")]
    await house.broadcaster.close(first)
    await house.worker.drain()
    (shut,) = [number for number in range(2) if (await _person(house, f"away:{number:04d}")).unreachable]
    await house.broadcaster.remind(second, 1)
    await house.worker.drain()
    assert (house.sent[f"a:{shut}"], house.sent[f"a:{1 - shut}"]) == (2, 3)


async def test_a_reminder_goes_to_those_awaited_once_and_replaces_the_older_card(house: House) -> None:
    run = await house.sent_run(30)
    await record_answer(house.store, run, "away:0000", {"q": "So"}, revision=0, now=house.clock.now())
    await set_opt_out(house.store, "away:0001", has_opted_out=True)
    for _ in range(2):
        await house.broadcaster.remind(run, 1)
        await house.worker.drain()
    assert [house.sent[f"a:{number}"] for number in range(30)] == [1, 1, *([2] * 28)]
    assert house.put == {(f"activity-a:{number}-1", "moved"): 1 for number in range(2, 30)}
    reminded = await house.delivery(run, 2)
    assert (reminded.activity_id, len(reminded.reminded_at)) == ("activity-a:2-2", 1)
    await house.broadcaster.close(run)
    await house.worker.drain()
    assert house.put["activity-a:2-2", "closed"] == 1
    assert house.put["activity-a:0-1", "closed"] == 1


async def test_a_reminder_that_failed_half_way_is_not_sent_twice(house: House) -> None:
    run = await house.sent_run(2)
    house.trouble = {"a:0": Unreachable("403 Blocked"), "a:1": Doubtful("no answer")}
    await house.broadcaster.remind(run, 1)
    await house.worker.drain()
    house.trouble = {}
    await house.broadcaster.remind(run, 1)
    await house.worker.drain()
    assert set(house.sent.values()) == {1}
    assert not house.put
    gone = await find_person(house.store, "away:0000")
    assert gone is not None
    assert gone.unreachable == "403 Blocked"
    assert (await house.delivery(run, 1)).activity_id == "activity-a:1-1"
    assert len((await house.delivery(run, 1)).reminded_at) == 1, "it may have arrived, so it counts as a contact"


@pytest.mark.parametrize("state", [RunState.CLOSED, RunState.CANCELLED, RunState.HELD])
async def test_a_run_that_takes_no_more_cards_reminds_nobody(state: RunState, house: House) -> None:
    run = await house.sent_run(2)
    await house.store.patch("runs", run.run, _moved(state))
    await house.broadcaster.remind(run, 1)
    await house.worker.drain()
    assert set(house.sent.values()) == {1}


async def test_a_reminder_ends_the_doubt_whether_a_card_arrived(house: House) -> None:
    await house.populate(1)
    house.trouble = {"a:0": Doubtful("no answer")}
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    house.trouble = {}
    assert (await house.delivery(run, 0)).state is DeliveryState.UNCONFIRMED
    await house.broadcaster.remind(run, 1)
    await house.worker.drain()
    assert (await house.delivery(run, 0)).state is DeliveryState.SENT


async def test_a_run_started_under_a_name_is_carried_on_with_and_not_doubled(house: House) -> None:
    await house.populate(3)
    for _ in range(2):
        run = await house.broadcaster.start(SURVEY, "everyone", by=BY, name="pulse-s1.2026-11-24")
        assert run.run == "pulse-s1.2026-11-24"
    await house.worker.drain()
    await house.broadcaster.start(SURVEY, "everyone", by=BY, name="pulse-s1.2026-11-24")
    await house.worker.drain()
    assert set(house.sent.values()) == {1}
    assert (await find_run(house.store, run.run)).state is RunState.SENT


async def test_a_reminder_is_a_contact_and_nobody_gets_one_too_many(house: House) -> None:
    house.rules = ContactRules(contacts_per_30_days=2)
    house.worker = house.make_worker()
    run = await house.sent_run(2)
    await house.broadcaster.remind(run, 1)  # the second contact
    await house.worker.drain()
    assert set(house.sent.values()) == {2}
    await house.broadcaster.remind(run, 2)  # one too many
    await house.worker.drain()
    assert set(house.sent.values()) == {2}
    house.clock.pass_s(31 * 24 * 3600)
    await house.broadcaster.remind(run, 3)
    await house.worker.drain()
    assert set(house.sent.values()) == {3}
