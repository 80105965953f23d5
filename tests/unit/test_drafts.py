"""Drafts and pauses on a store: two devices, repeats, quiet hours, and nobody asked twice."""

import asyncio
import random
from datetime import time, timedelta

import pytest

from broadcast.editor import Editor
from broadcast.limiter import Limiter
from broadcast.messenger import Card, Unreachable
from broadcast.sender import Message, Sender
from broadcast.snoozing import Snoozing
from feedback.answers.answers import record_answer
from feedback.answers.drafts import Sheet, keep_page, leave_page
from feedback.answers.snoozes import come_back, decline, due_snoozes, snooze, snooze_of
from feedback.errors import AnswersRefused, NotYourSurvey, RunIsClosed
from feedback.people.people import Conversation, Person, find_person, set_opt_out
from feedback.runs.contacts import QuietHours
from feedback.runs.reminders import awaited
from feedback.runs.runs import Delivery, DeliveryState, Run, RunState, close_run, create_run, find_delivery, move_run
from feedback.surveys.questions import Comparison, Condition, Kind, Question
from feedback.surveys.surveys import Page, Survey
from store.contract import Store
from tests.conftest import Clock

ME = "t:me"
SURVEY = Survey(
    "s",
    "T",
    (
        Question("a", Kind.NPS, "A?", required=True),
        Question("b", Kind.TEXT, "B?"),
        Question("c", Kind.TEXT, "C?", required=True, ask_if=Condition("a", Comparison.AT_MOST, 6)),
        Question("d", Kind.YES_NO, "D?"),
    ),
    pages=(Page(2), Page(1), Page(1)),
)


class House:
    """One run that one person has been sent; it counts what they are sent again."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.sent: list[str] = []
        self.put: list[str] = []
        self.is_gone = False
        limiter = Limiter(1000, clock=clock.time, sleep=clock.sleep)
        sender = Sender(self, limiter, now=clock.now, sleep=clock.sleep, chance=random.Random(1))
        editor = Editor(store, self, limiter, sleep=clock.sleep, chance=random.Random(1))
        self.snoozing = Snoozing(
            store,
            sender,
            editor,
            QuietHours(time(20), time(8)),
            render=lambda _run, delivery: Message({}, f"again at step {delivery.step}"),
            render_moved=lambda _run, _delivery: Message({}, "moved"),
            now=clock.now,
        )

    async def send_card(self, to: Conversation, card: Card, summary: str) -> str:
        assert (to.id, card) == ("chat", {})
        if self.is_gone:
            msg = "blocked"
            raise Unreachable(msg)
        self.sent.append(summary)
        return f"card-{len(self.sent) + 1}"

    async def update_card(self, to: Conversation, activity_id: str, card: Card, summary: str) -> None:
        assert (to.id, card) == ("chat", {})
        self.put.append(f"{activity_id}: {summary}")

    async def delete_card(self, to: Conversation, activity_id: str) -> None:
        raise NotImplementedError

    async def make_run(self) -> Run:
        person = Person(ME, "t", "me", conversation=Conversation("chat", "https://example.com", "29:1", "28:1"))
        await self.store.create(
            "people",
            {
                "id": ME,
                "tenant": "t",
                "object_id": "me",
                "conversation": {
                    "id": "chat",
                    "service_url": "https://example.com",
                    "user_id": "29:1",
                    "bot_id": "28:1",
                },
            },
        )
        assert await find_person(self.store, ME) == person
        run = await create_run(self.store, SURVEY, "me", by=ME, now=self.clock.now())
        run = await move_run(self.store, run, RunState.SENT, leaving=set(RunState))
        await self.store.create(
            "runs", {"id": ME, "run": run.run, "kind": "delivery", "state": "sent", "slice": 0, "activity_id": "card-1"}
        )
        return run

    async def delivery(self, run: Run) -> Delivery:
        found = await find_delivery(self.store, run.run, ME)
        assert found is not None
        return found

    async def tick_after(self, span: timedelta) -> None:
        self.clock.moment += span
        await self.snoozing.tick()


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


async def test_pages_from_two_devices_at_the_same_moment_are_both_kept(house: House) -> None:
    run = await house.make_run()
    now = house.clock.now()
    first, second = Sheet(0, {"a": "9"}), Sheet(0, {"a": "9", "b": "from the phone"})
    await asyncio.gather(keep_page(house.store, run, ME, first, now), keep_page(house.store, run, ME, second, now))
    delivery = await house.delivery(run)
    assert delivery.filled_in == {"a": 9, "b": "from the phone"}
    assert (delivery.state, delivery.step) == (DeliveryState.SENT, 2)


async def test_a_page_that_comes_twice_is_kept_once_even_after_it_was_changed(house: House) -> None:
    run = await house.make_run()
    sheet = Sheet(0, {"a": "9", "b": "first"})
    kept = await keep_page(house.store, run, ME, sheet, house.clock.now())
    assert kept.page == 2
    changed = Sheet(0, {"a": "9", "b": "second"}, step=kept.delivery.step)
    await keep_page(house.store, run, ME, changed, house.clock.now())
    again = await keep_page(house.store, run, ME, sheet, house.clock.now())
    assert again.page == 2
    assert (await house.delivery(run)).filled_in["b"] == "second"


async def test_emptying_an_answer_on_the_newest_card_empties_it(house: House) -> None:
    run = await house.make_run()
    kept = await leave_page(house.store, run, ME, Sheet(0, {"a": "9", "b": "words"}))
    await leave_page(house.store, run, ME, Sheet(0, {"a": "9", "b": ""}, step=kept.delivery.step))
    assert (await house.delivery(run)).filled_in == {"a": 9}


async def test_what_an_older_page_lacks_now_is_asked_before_it_ends(house: House) -> None:
    run = await house.make_run()
    now = house.clock.now()
    old = await keep_page(house.store, run, ME, Sheet(0, {"a": "9"}), now)
    await keep_page(house.store, run, ME, Sheet(0, {"a": "3"}), now)  # an older copy
    kept = await keep_page(house.store, run, ME, Sheet(2, {"d": "true"}, step=old.delivery.step + 1), now)
    assert kept.page == 1
    assert [one.question for one in kept.problems] == ["c"]
    assert (await house.delivery(run)).state is DeliveryState.SENT


async def test_refused_pages_write_nothing(house: House) -> None:
    run = await house.make_run()
    for raw in ({}, {"a": "11"}, {"a": "9", "zz": "1"}):
        with pytest.raises(AnswersRefused):
            await keep_page(house.store, run, ME, Sheet(0, raw), house.clock.now())
    with pytest.raises(AnswersRefused):
        await leave_page(house.store, run, ME, Sheet(0, {"a": "11"}))
    with pytest.raises(NotYourSurvey):
        await keep_page(house.store, run, "t:other", Sheet(0, {"a": "9"}), house.clock.now())
    closed = await close_run(house.store, run)
    with pytest.raises(RunIsClosed):
        await keep_page(house.store, closed, ME, Sheet(0, {"a": "9"}), house.clock.now())
    assert (await house.delivery(run)).step == 0


async def test_a_snooze_comes_when_it_is_due_and_once(house: House) -> None:
    run = await house.make_run()
    await leave_page(house.store, run, ME, Sheet(0, {"a": "9"}))
    await snooze(house.store, run, ME, house.clock.now() + timedelta(days=3))
    await house.tick_after(timedelta(days=2))
    assert house.sent == []
    house.clock.moment += timedelta(days=1)
    await asyncio.gather(*(house.snoozing.tick() for _ in range(4)))
    assert house.sent == ["again at step 1"]
    assert house.put == ["card-1: moved"]
    delivery = await house.delivery(run)
    assert (delivery.activity_id, delivery.snoozed_until, len(delivery.reminded_at)) == ("card-2", None, 1)
    assert await snooze_of(house.store, run.run, ME) is None


async def test_a_snooze_waits_for_the_end_of_the_quiet_hours(house: House) -> None:
    run = await house.make_run()
    await snooze(house.store, run, ME, house.clock.now() + timedelta(hours=12))  # 21:00
    await house.tick_after(timedelta(hours=13))
    assert house.sent == []
    await house.tick_after(timedelta(hours=10))  # 08:00
    assert len(house.sent) == 1


async def test_snoozing_again_moves_the_time(house: House) -> None:
    run = await house.make_run()
    await snooze(house.store, run, ME, house.clock.now() + timedelta(days=1))
    await snooze(house.store, run, ME, house.clock.now() + timedelta(days=7))
    await house.tick_after(timedelta(days=2))
    assert house.sent == []
    await house.tick_after(timedelta(days=5))
    assert len(house.sent) == 1


@pytest.mark.parametrize("what", ["answered", "declined", "came back", "stopped", "closed"])
async def test_whoever_no_longer_waits_is_not_asked_again(what: str, house: House) -> None:
    run = await house.make_run()
    await snooze(house.store, run, ME, house.clock.now() + timedelta(days=1))
    match what:
        case "answered":
            await record_answer(house.store, run, ME, {"a": "9"}, revision=0, now=house.clock.now())
        case "declined":
            await decline(house.store, run, ME)
        case "came back":
            await come_back(house.store, run, ME)
        case "stopped":
            await set_opt_out(house.store, ME, has_opted_out=True)
        case "closed":
            await close_run(house.store, run)
    await house.tick_after(timedelta(days=2))
    assert house.sent == []
    assert await due_snoozes(house.store, house.clock.now()) == []


async def test_whoever_cannot_be_reached_is_marked(house: House) -> None:
    run = await house.make_run()
    await snooze(house.store, run, ME, house.clock.now() + timedelta(days=1))
    house.is_gone = True
    await house.tick_after(timedelta(days=1))
    person = await find_person(house.store, ME)
    assert person is not None
    assert person.unreachable == "blocked"


async def test_declining_is_a_reason_that_answers_and_coming_back_take_away(house: House) -> None:
    run = await house.make_run()
    assert [one async for one in awaited(house.store, run.run)] == [ME]
    declined = await decline(house.store, run, ME)
    assert declined.has_declined
    assert [one async for one in awaited(house.store, run.run)] == []
    assert not (await come_back(house.store, run, ME)).has_declined
    await decline(house.store, run, ME)
    await record_answer(house.store, run, ME, {"a": "9"}, revision=0, now=house.clock.now())
    assert (await decline(house.store, run, ME)).state is DeliveryState.ANSWERED
