"""The worker: what it leaves behind when a run is closed, when it was killed, and when somebody else took over."""

import asyncio
import contextlib
import random
from collections import Counter
from datetime import time
from unittest.mock import AsyncMock

import pytest

from broadcast.broadcaster import Approvals, Broadcaster
from broadcast.limiter import Limiter
from broadcast.messenger import Card, Doubtful, SendError, Unreachable
from broadcast.sender import Message, Sender
from broadcast.slices import Grip, Slice, advance, sending_now, take_hold, take_up
from broadcast.store_queue import StoreQueue
from broadcast.worker import Worker
from feedback.answers.answers import record_answer
from feedback.errors import ApprovalMissing, AudienceEmpty, AudienceUnknown, RunIsOver
from feedback.people.people import Contact, Conversation, Policy, find_person, meet
from feedback.runs.contacts import ContactRules, QuietHours
from feedback.runs.deliveries import Outcome
from feedback.runs.progress import progress
from feedback.runs.runs import DeliveryState, RunState, close_run, deliveries, find_run, move_run
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Survey
from store.contract import Store, Unavailable
from tests.conftest import Clock

SURVEY = Survey(id="pulse", title="Sample", questions=(Question(id="q", kind=Kind.TEXT, text="Why?"),))
POLICY = Policy(home_tenants=frozenset({"home"}))
BY = "home:boss"


class House:
    """Broadcasting on a store, with a channel that does as it is told."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.sent: Counter[str] = Counter()
        self.trouble: dict[str, SendError] = {}
        self.on_send = asyncio.Event()
        self.queue = StoreQueue(store, clock=clock.time)
        limiter = Limiter(1000, clock=clock.time, sleep=clock.sleep)
        self.sender = Sender(self, limiter, now=clock.now, sleep=clock.sleep, chance=random.Random(1))
        self.worker = Worker(
            store, self.queue, self.sender, render=lambda _run, _language, _arm: Message({}, "Sample"), now=clock.now
        )
        rules = ContactRules(quiet=QuietHours(start=time(0), end=time(0)))
        approvals = Approvals(above=10_000, per_second=50)
        self.broadcaster = Broadcaster(
            store, self.queue, POLICY, rules, approvals, now=clock.now, wake=self.worker.wake
        )

    async def send_card(self, to: Conversation, card: Card, summary: str) -> str:
        assert (card, summary) in [({}, "Sample"), ({}, "Reminder")]
        self.on_send.set()
        if to.id in self.trouble:
            raise self.trouble[to.id]
        self.sent[to.id] += 1
        return f"activity-{to.id}"

    async def update_card(self, to: Conversation, activity_id: str, card: Card, summary: str) -> None:
        raise AssertionError((to, activity_id, card, summary))

    async def delete_card(self, to: Conversation, activity_id: str) -> None:
        raise AssertionError((to, activity_id))

    async def populate(self, count: int) -> None:
        for number in range(count):
            chat = Conversation(f"a:{number}", "https://smba.example/", f"29:{number}", "28:b")
            await meet(self.store, Contact("away", f"{number:04d}", "Sample", "en", chat), self.clock.now())

    async def states(self, run: str) -> Counter[DeliveryState]:
        return Counter([one.state async for one in deliveries(self.store, run)])


async def _never(*_: object, **__: object) -> None:
    raise AssertionError


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


async def test_everybody_gets_one_card_and_one_state(house: House) -> None:
    await house.populate(230)
    run = await house.broadcaster.start(SURVEY, " Customers ", by=BY)
    assert run.people == 230
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: 230}
    assert set(house.sent.values()) == {1}
    found = await progress(house.store, await find_run(house.store, run.run))
    assert found.people == 230
    assert found.run.state is RunState.SENT


async def test_each_end_is_recorded_with_its_reason(house: House) -> None:
    await house.populate(3)
    house.trouble = {"a:0": Unreachable("403 BotDisabledByAdmin"), "a:1": Doubtful("no answer")}
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    found = await progress(house.store, run)
    assert found.by_state == {DeliveryState.FAILED: 1, DeliveryState.UNCONFIRMED: 1, DeliveryState.SENT: 1}
    assert set(found.by_reason) == {"failed: unreachable: 403 BotDisabledByAdmin", "unconfirmed: no answer"}
    gone = await find_person(house.store, "away:0000")
    assert gone is not None
    assert gone.unreachable == "403 BotDisabledByAdmin"
    again = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    assert (await house.states(again.run))[DeliveryState.EXCLUDED] == 1


async def test_what_a_dead_worker_left_in_sending_is_unconfirmed_and_sent_again_only_on_command(house: House) -> None:
    await house.populate(5)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    grip = await take_hold(house.store, Slice(run.run, 0, "away"), now=house.clock.time(), lease_s=15)
    assert grip is not None
    await advance(house.store, grip, [], ["away:0000", "away:0001"], until=house.clock.time() + 15)
    assert (await progress(house.store, run, sending=await sending_now(house.store, run.run))).by_state == {
        DeliveryState.SENDING: 2,
        DeliveryState.PLANNED: 3,
    }
    await house.worker.drain()
    assert not house.sent  # the one who holds it may still be alive
    house.clock.pass_s(16)
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.UNCONFIRMED: 2, DeliveryState.SENT: 3}
    assert "a:0" not in house.sent
    assert await house.broadcaster.resend(run) == 2
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: 5}
    assert await house.broadcaster.resend(run) == 0


async def test_a_slice_whose_holder_died_just_now_is_not_taken_for_done(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease runs out between two looks at the slice: the first finds it held, the second nobody's."""
    await house.populate(5)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    grip = await take_hold(house.store, Slice(run.run, 0, "away"), now=house.clock.time(), lease_s=15)
    assert grip is not None
    await advance(house.store, grip, [], [], until=house.clock.time() + 15)
    house.clock.pass_s(14.9)

    async def slowly(store: Store, slice_: Slice, *, now: float) -> Grip | None:
        found = await take_up(store, slice_, now=now)
        house.clock.pass_s(0.2)
        return found

    monkeypatch.setattr("broadcast.worker.take_up", slowly)
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: 5}
    assert (await find_run(house.store, run.run)).state is RunState.SENT


async def test_a_run_closed_while_it_is_sent_stops(house: House) -> None:
    await house.populate(120)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await close_run(house.store, run)
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.CANCELLED: 120}
    assert not house.sent
    with pytest.raises(RunIsOver):
        await house.broadcaster.resend(await find_run(house.store, run.run))


async def test_a_plan_cut_short_is_finished_at_the_next_start(house: House) -> None:
    await house.populate(150)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    planning = frozenset(RunState)
    await move_run(house.store, run, RunState.PLANNING, leaving=planning)  # as if it had died before the last write
    await house.store.delete("runs", run.run, "away:0149")
    await house.broadcaster.recover()
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: 150}
    assert set(house.sent.values()) == {1}


async def test_a_worker_told_to_stop_records_what_it_sent(house: House) -> None:
    await house.populate(60)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    work = asyncio.create_task(house.worker.run())
    await asyncio.wait_for(house.on_send.wait(), 60)
    work.cancel()
    await asyncio.wait({work})
    counts = await house.states(run.run)
    assert counts[DeliveryState.SENDING] == 0
    assert counts[DeliveryState.SENT] == sum(house.sent.values()) > 0
    assert await house.queue.take() is not None  # handed back, nobody waits for a lease


async def test_an_audience_nobody_is_in_makes_no_run(house: House) -> None:
    with pytest.raises(AudienceEmpty):
        await house.broadcaster.start(SURVEY, "customers", by=BY)
    with pytest.raises(AudienceUnknown):
        await house.broadcaster.start(SURVEY, "the moon", by=BY)
    assert (await house.store.query("runs")).docs == []


async def test_runs_of_a_survey_are_numbered(house: House) -> None:
    await house.populate(1)
    names = [(await house.broadcaster.start(SURVEY, "everyone", by=BY)).run for _ in range(3)]
    assert names == ["pulse-1", "pulse-2", "pulse-3"]


async def test_a_resend_cut_short_is_found_at_the_next_start(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.populate(3)
    house.trouble = {"a:1": Doubtful("no answer")}
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    house.trouble = {}

    async def killed(_run: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(house.broadcaster, "_queue_open", killed)
        with pytest.raises(KeyboardInterrupt):
            await house.broadcaster.resend(run)
    assert (await house.states(run.run))[DeliveryState.PLANNED] == 1
    await house.broadcaster.recover()
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: 3}


async def test_a_run_whose_last_step_was_cut_off_is_called_sent_at_the_next_start(house: House) -> None:
    await house.populate(3)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    await move_run(house.store, run, RunState.SENDING, leaving=frozenset(RunState))  # as if killed just before
    await house.broadcaster.recover()
    assert (await find_run(house.store, run.run)).state is RunState.SENT


@pytest.mark.parametrize("trouble", [Unavailable("away"), asyncio.CancelledError()])
async def test_a_run_that_could_not_be_called_sent_is_called_so_by_whoever_works_next(
    house: House, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    """The store is away, or the service stops, after everybody was written to and before the run says so."""
    await house.populate(3)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    with monkeypatch.context() as patched, contextlib.suppress(type(trouble)):
        patched.setattr("broadcast.worker.call_sent", AsyncMock(side_effect=trouble))
        await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: 3}
    assert (await find_run(house.store, run.run)).state is RunState.SENDING
    house.clock.pass_s(house.queue.lease_s + 1)
    await house.worker.drain()
    assert (await find_run(house.store, run.run)).state is RunState.SENT
    assert set(house.sent.values()) == {1}


async def test_a_held_run_sends_nothing_until_it_goes_on(house: House) -> None:
    await house.populate(120)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.broadcaster.hold(run)
    await house.worker.drain()
    assert not house.sent
    assert await house.states(run.run) == {DeliveryState.PLANNED: 120}
    await house.broadcaster.recover()
    await house.worker.drain()
    assert not house.sent, "a restart does not end a hold"
    await house.broadcaster.go_on(run)
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: 120}
    with pytest.raises(RunIsOver):
        await house.broadcaster.go_on(run)


async def test_a_cancelled_run_accounts_for_everybody_and_stays_cancelled(house: House) -> None:
    await house.populate(120)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.broadcaster.hold(run)
    await house.broadcaster.cancel(run)
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.CANCELLED: 120}
    assert (await find_run(house.store, run.run)).state is RunState.CANCELLED
    for change in (house.broadcaster.hold, house.broadcaster.go_on, house.broadcaster.cancel, house.broadcaster.resend):
        with pytest.raises(RunIsOver):
            await change(run)


async def test_two_workers_share_a_run_and_nobody_gets_two_cards(house: House) -> None:
    await house.populate(450)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    other = Worker(
        house.store,
        house.queue,
        house.sender,
        render=lambda _run, _language, _arm: Message({}, "Sample"),
        now=house.clock.now,
    )
    await asyncio.gather(house.worker.drain(), other.drain())
    assert await house.states(run.run) == {DeliveryState.SENT: 450}
    assert set(house.sent.values()) == {1}


async def test_outcomes_are_kept_together_when_an_answer_was_faster(house: House) -> None:
    """Answers overtake receipts; a stop at that moment may not leave a slice done and its people planned."""
    await house.populate(3)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    grip = await take_hold(house.store, Slice(run.run, 0, "away"), now=house.clock.time(), lease_s=15)
    assert grip is not None
    await record_answer(house.store, run, "away:0001", {"q": "So"}, revision=0, now=house.clock.now())
    outcomes = [
        Outcome(person=f"away:{n:04d}", state=DeliveryState.SENT, at=house.clock.now(), activity_id=f"id-{n}")
        for n in range(3)
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(house.store, "replace", _never)  # one write, so that nothing can come between
        patched.setattr(house.store, "patch", _never)
        await advance(house.store, grip, outcomes, (), until=0.0, state="done")
    assert await house.states(run.run) == {DeliveryState.SENT: 2, DeliveryState.ANSWERED: 1}
    assert [one.activity_id async for one in deliveries(house.store, run.run)] == ["id-0", "id-1", "id-2"]


async def test_a_planned_send_to_many_people_is_refused_where_nobody_can_approve_it(house: House) -> None:
    await house.populate(3)
    few = Approvals(above=2, per_second=50)
    broadcaster = Broadcaster(
        house.store, house.queue, POLICY, ContactRules(), few, now=house.clock.now, wake=house.worker.wake
    )
    with pytest.raises(ApprovalMissing):
        await broadcaster.start(SURVEY, "everyone", by=BY, name="pulse-s1.2026-11-24")
    assert (await house.store.query("runs")).docs == []
