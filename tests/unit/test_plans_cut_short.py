"""Plans that were cut short, or that two write at a time: nobody is lost, and the run ends."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import time
from unittest.mock import AsyncMock

import pytest

from broadcast.broadcaster import Approvals, Broadcaster
from broadcast.messenger import Doubtful, Retriable, Unreachable
from broadcast.planning import ABANDONED
from broadcast.sender import Message
from broadcast.slices import Slice, next_number, write_slices
from broadcast.worker import Worker
from feedback.people.people import Contact, Conversation, meet
from feedback.runs.contacts import ContactRules, QuietHours
from feedback.runs.progress import progress
from feedback.runs.runs import DeliveryState, Run, RunState, find_run
from store.contract import Store, Unavailable
from tests.conftest import Clock
from tests.unit.test_worker import BY, POLICY, SURVEY, House

HOUR = 3600


def _sample(_run: Run, _language: str, _arm: str) -> Message:
    return Message({}, "Sample")


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


def _cut_short(house: House, after: int) -> Callable[[], None]:
    """Let the store fail after so many batches in runs, until the function that is returned is called."""
    batch, made = house.store.batch, Counter[str]()

    async def failing(container: str, partition: str, changes: object) -> object:
        made[container] += 1
        if container == "runs" and made[container] > after:
            msg = "away"
            raise Unavailable(msg)
        return await batch(container, partition, changes)  # type: ignore[arg-type]

    with_failures = pytest.MonkeyPatch()
    with_failures.setattr(house.store, "batch", failing)
    return with_failures.undo


@contextlib.contextmanager
def _dying_before_the_queue(house: House) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as dying:
        dying.setattr(house.queue, "put", AsyncMock(side_effect=asyncio.CancelledError))
        yield


async def _ended(house: House, run: Run, people: int) -> None:
    await house.worker.drain()
    found = await progress(house.store, await find_run(house.store, run.run))
    assert found.run.state is RunState.SENT
    assert (found.run.people, found.by_state) == (people, {DeliveryState.SENT: people})
    assert set(house.sent.values()) == {1}
    assert len(house.sent) == people


async def test_a_run_that_is_held_before_its_plan_is_whole_goes_on_with_the_plan(house: House) -> None:
    await house.populate(350)
    mend = _cut_short(house, 4)  # two slices, each with a batch of its own for the document
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    mend()
    await house.broadcaster.hold(run)
    await house.broadcaster.planning.carry_on()
    went_on = await house.broadcaster.go_on(run)
    assert (went_on.state, went_on.people) == (RunState.SENDING, 350)
    await _ended(house, run, 350)


async def test_who_came_meanwhile_is_in_a_plan_that_is_carried_on(house: House) -> None:
    await house.populate(250)
    mend = _cut_short(house, 4)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    mend()
    chat = Conversation("a:new", "https://smba.example/", "29:new", "28:b")
    await meet(house.store, Contact("away", "!before all others", "Sample", "en", chat), house.clock.now())
    await house.broadcaster.planning.carry_on()
    await _ended(house, run, 251)


async def test_a_run_that_is_held_and_goes_on_while_it_is_planned_is_not_called_sent_too_early(house: House) -> None:
    await house.populate(250)
    planning = await _in_the_middle_of_planning(house)
    await house.broadcaster.hold(planning.run)
    both = asyncio.gather(planning.task, house.broadcaster.go_on(planning.run))
    planning.go_on.set()
    await both
    await _ended(house, planning.run, 250)


async def test_a_plan_that_takes_long_is_finished_beside_whoever_asked(house: House, clock: Clock) -> None:
    await house.populate(250)
    hasty = _broadcaster(house, ContactRules(), clock, patience_s=0.0)
    planning = await _in_the_middle_of_planning(house, hasty)
    run = await planning.task
    assert (run.state, run.people) == (RunState.PLANNING, 0)
    assert (await hasty.start(SURVEY, "everyone", by=BY)).run == run.run, "the same again is the same run"
    planning.go_on.set()
    async with asyncio.timeout(60):
        while True:
            await house.worker.drain()
            if (await find_run(house.store, run.run)).state is RunState.SENT:
                break
            await asyncio.sleep(0.01)
    await _ended(house, run, 250)


async def test_a_plan_that_nobody_writes_any_more_is_carried_on_with(house: House, clock: Clock) -> None:
    await house.populate(250)
    planning = await _in_the_middle_of_planning(house)
    planning.task.cancel()  # and what it began is never gone on with: its process is gone
    other = _broadcaster(house, ContactRules(), clock)
    await other.planning.carry_on()
    clock.pass_s(ABANDONED.total_seconds() - 1)
    await other.planning.carry_on()
    assert (await find_run(house.store, "pulse-1")).state is RunState.PLANNING, "somebody may still be at it"
    clock.pass_s(1)
    await other.planning.carry_on()
    await _ended(house, planning.run, 250)


async def test_a_plan_that_is_whole_and_in_no_queue_is_queued_by_others(house: House, clock: Clock) -> None:
    """Its process died between the last slice and the queue."""
    await house.populate(250)
    with _dying_before_the_queue(house), pytest.raises(asyncio.CancelledError):
        await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await _looked_at_by_others(house, clock)
    await _ended(house, await find_run(house.store, "pulse-1"), 250)


async def test_whoever_is_sent_to_again_is_queued_by_others(house: House, clock: Clock) -> None:
    await house.populate(3)
    house.trouble["a:0"] = Doubtful("no answer")
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    house.trouble.clear()
    with _dying_before_the_queue(house), pytest.raises(asyncio.CancelledError):
        await house.broadcaster.resend(run)
    await _looked_at_by_others(house, clock)
    await _ended(house, run, 3)


async def test_what_is_in_the_queue_is_not_put_there_again(house: House, clock: Clock) -> None:
    await house.populate(3)
    await house.broadcaster.start(SURVEY, "everyone", by=BY)
    with pytest.MonkeyPatch.context() as watched:
        watched.setattr(house.queue, "put", AsyncMock(side_effect=AssertionError))
        await _looked_at_by_others(house, clock)


async def _looked_at_by_others(house: House, clock: Clock) -> None:
    other = _broadcaster(house, ContactRules(), clock)
    await other.planning.carry_on()
    assert (await find_run(house.store, "pulse-1")).state is RunState.SENDING
    clock.pass_s(ABANDONED.total_seconds())
    await other.planning.carry_on()


async def test_a_plan_that_grows_is_left_to_whoever_writes_it(house: House, clock: Clock) -> None:
    await house.populate(250)
    planning = await _in_the_middle_of_planning(house)
    other = _broadcaster(house, ContactRules(), clock)
    await other.planning.carry_on()
    clock.pass_s(ABANDONED.total_seconds())
    await write_slices(house.store, [Slice("pulse-1", await next_number(house.store, "pulse-1"))])  # it grows
    await other.planning.carry_on()
    assert (await find_run(house.store, "pulse-1")).state is RunState.PLANNING
    planning.go_on.set()
    await planning.task
    await _ended(house, planning.run, 250)


class _Planning:
    """A run in the middle of being planned."""

    def __init__(self, run: Run, task: "asyncio.Task[Run]", go_on: asyncio.Event) -> None:
        self.run, self.task, self.go_on = run, task, go_on


async def _in_the_middle_of_planning(house: House, broadcaster: Broadcaster | None = None) -> _Planning:
    batch, reached, go_on = house.store.batch, asyncio.Event(), asyncio.Event()
    batches = Counter[str]()

    async def slow(container: str, partition: str, changes: object) -> object:
        batches[container] += 1
        if container == "runs" and batches[container] == 4:
            reached.set()
            await go_on.wait()
        return await batch(container, partition, changes)  # type: ignore[arg-type]

    patch = pytest.MonkeyPatch()
    patch.setattr(house.store, "batch", slow)
    task = asyncio.create_task((broadcaster or house.broadcaster).start(SURVEY, "everyone", by=BY))
    await reached.wait()
    patch.undo()
    return _Planning(await find_run(house.store, "pulse-1"), task, go_on)


async def test_who_is_planned_for_one_run_has_that_contact_when_another_is_planned(house: House, clock: Clock) -> None:
    await house.populate(3)
    rules = ContactRules(contacts_per_30_days=1, quiet=QuietHours(start=time(0), end=time(0)))
    sparing = _broadcaster(house, rules, clock)
    first = await sparing.start(SURVEY, "everyone", by=BY)
    second = await sparing.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    assert await house.states(first.run) == {DeliveryState.SENT: 3}
    assert await house.states(second.run) == {DeliveryState.EXCLUDED: 3}


def _broadcaster(house: House, rules: ContactRules, clock: Clock, *, patience_s: float | None = None) -> Broadcaster:
    approvals, wake = Approvals(above=10_000, per_second=50), house.worker.wake
    return Broadcaster(
        house.store, house.queue, POLICY, rules, approvals, now=clock.now, wake=wake, patience_s=patience_s
    )


async def test_a_card_that_is_late_does_not_leave_in_quiet_hours(house: House, clock: Clock) -> None:
    await house.populate(120)
    quiet = QuietHours()  # from 20:00 to 8:00; it is 9:00
    worker = Worker(house.store, house.queue, house.sender, render=_sample, now=clock.now, quiet=quiet)
    broadcaster = _broadcaster(house, ContactRules(quiet=quiet), clock)
    run = await broadcaster.start(SURVEY, "everyone", by=BY)
    await broadcaster.hold(run)
    await worker.drain()
    clock.pass_s(12 * HOUR)
    await broadcaster.go_on(run)
    await worker.drain()
    assert await house.states(run.run) == {DeliveryState.PLANNED: 120}
    assert (await find_run(house.store, run.run)).state is RunState.SENDING
    standing = await broadcaster.standing(await find_run(house.store, run.run))
    assert standing.waits_until is not None
    assert (standing.waits_until.hour, standing.waits_until.minute) == (8, 0)
    clock.pass_s(11 * HOUR)
    await worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: 120}
    assert set(house.sent.values()) == {1}


async def test_who_was_given_up_in_an_outage_is_sent_to_again_and_who_cannot_be_reached_is_not(house: House) -> None:
    await house.populate(3)
    house.trouble = {"a:0": Retriable("503"), "a:1": Unreachable("403 BotDisabledByAdmin")}
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.FAILED: 2, DeliveryState.SENT: 1}
    house.trouble = {}
    assert await house.broadcaster.resend(run) == 1
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.FAILED: 1, DeliveryState.SENT: 2}
    assert house.sent == {"a:0": 1, "a:2": 1}
