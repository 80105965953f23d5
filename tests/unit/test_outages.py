"""When nobody's card gets through: runs wait instead of failing everybody, one card is tried, and they go on."""

import asyncio
import random
from collections import Counter
from datetime import time, timedelta

import pytest

from broadcast.broadcaster import Approvals, Broadcaster
from broadcast.limiter import Limiter
from broadcast.messenger import Doubtful, Rejected, Retriable, SendError, Throttled, Unreachable
from broadcast.outage import IN_A_ROW, Breaker
from broadcast.probing import Probing
from broadcast.sender import Message, Sender
from broadcast.sending import CHUNK
from broadcast.slices import Slice, advance, take_hold
from broadcast.store_queue import StoreQueue
from broadcast.worker import PER_TENANT, Worker
from feedback.errors import RunIsOver
from feedback.people.people import Contact, Conversation, find_person, meet, set_opt_out
from feedback.runs.contacts import ContactRules, QuietHours
from feedback.runs.outages import LONGEST_PAUSE, begin_outage, claim_probe, due_probes
from feedback.runs.progress import progress
from feedback.runs.runs import DeliveryState, Run, RunState, deliveries, find_run
from store.contract import Store
from tests.conftest import Clock
from tests.unit.test_worker import BY, POLICY, SURVEY
from tests.unit.test_worker import House as Broadcasting

NEVER = QuietHours(time(0), time(0))


class House(Broadcasting):
    """Broadcasting that waits out outages. `error` is what every card meets with, until it is None."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, clock)
        self.error: SendError | None = None
        self.tried: Counter[str] = Counter()
        self.quiet = NEVER
        self.queue = StoreQueue(store, clock=clock.time, lease_s=1e7)  # nobody renews a lease in time that is not real
        limiter = Limiter(1000, clock=clock.time, sleep=self.sleep)
        self.sender = Sender(self, limiter, now=clock.now, sleep=self.sleep, chance=random.Random(1))
        self.breaker = Breaker(store, self.sender, now=clock.now, sleep=self.sleep)
        self.worker = Worker(store, self.queue, self.breaker, render=_sample, now=clock.now)
        rules, approvals = ContactRules(quiet=NEVER), Approvals(above=10_000, per_second=50)
        self.broadcaster = Broadcaster(
            store, self.queue, POLICY, rules, approvals, now=clock.now, wake=self.worker.wake
        )
        self.probing = self.make_probing()

    async def sleep(self, seconds: float) -> None:
        """Let time pass as it does where many sleep side by side: once for all of them."""
        until = self.clock.now() + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        self.clock.moment = max(self.clock.moment, until)

    def make_probing(self) -> Probing:
        return Probing(
            self.store,
            self.sender,
            self.broadcaster.go_on,
            render=_sample,
            quiet=self.quiet,
            lease_s=self.queue.lease_s,
            now=self.clock.now,
        )

    async def send_card(self, to: Conversation, card: object, summary: str) -> str:
        self.tried[to.id] += 1
        if self.error is not None:
            raise self.error
        return await super().send_card(to, card, summary)  # type: ignore[arg-type]

    async def in_outage(self, people: int, error: SendError) -> Run:
        """Return a run that met with an outage and waits."""
        await self.populate(people)
        self.error = error
        run = await self.broadcaster.start(SURVEY, "everyone", by=BY)
        await self.worker.drain()
        return await find_run(self.store, run.run)

    async def later(self) -> None:
        """Look again, when it is time to."""
        self.clock.pass_s(LONGEST_PAUSE.total_seconds())
        await self.probing.tick()

    async def run(self, run: Run) -> Run:
        return await find_run(self.store, run.run)


def _sample(_run: Run, _language: str, _arm: str) -> Message:
    return Message({}, "Sample")


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (Doubtful("500"), DeliveryState.UNCONFIRMED),
        (Doubtful("no answer from the channel in time"), DeliveryState.UNCONFIRMED),
        (Retriable("503"), DeliveryState.FAILED),
        (Retriable("the channel cannot be reached"), DeliveryState.FAILED),
        (Throttled("429", retry_after_s=None), DeliveryState.FAILED),
        (Retriable("401"), DeliveryState.FAILED),
    ],
)
async def test_an_outage_costs_a_few_and_the_others_stay_planned_until_it_is_over(
    error: SendError, lost: DeliveryState, house: House
) -> None:
    run = await house.in_outage(200, error)
    assert (run.state, run.is_in_outage) == (RunState.HELD, True)
    assert error.reason in run.outage
    states = await house.states(run.run)
    assert set(states) == {lost, DeliveryState.PLANNED}
    assert states.total() == 200
    assert IN_A_ROW <= states[lost] <= PER_TENANT * CHUNK, "those who were under way, at most"
    for _ in range(3):  # it lasts
        await house.later()
        await house.worker.drain()
    assert (await house.run(run)).is_in_outage
    during = await house.states(run.run)
    assert during[lost] - states[lost] <= (3 if lost is DeliveryState.UNCONFIRMED else 0), "a probe costs one at most"
    house.error = None
    await house.later()
    await house.worker.drain()
    after = await house.states(run.run)
    assert after == {DeliveryState.SENT: 200 - during[lost], lost: during[lost]}
    assert set(house.sent.values()) == {1}
    over = await house.run(run)
    assert (over.state, over.outage, over.probe_at, over.probes) == (RunState.SENT, "", None, 0)


@pytest.mark.parametrize(
    "error", [Unreachable("403 BotDisabledByAdmin"), Rejected("400 BadSyntax")], ids=["blocked", "refused"]
)
async def test_people_who_are_refused_by_name_are_no_outage(error: SendError, house: House) -> None:
    await house.populate(60)
    house.trouble = {f"a:{number}": error for number in range(59)}
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    assert not (await house.run(run)).is_in_outage
    assert (await house.states(run.run))[DeliveryState.PLANNED] == 0


async def test_now_and_then_a_card_that_arrives_ends_the_count(house: House) -> None:
    await house.populate(100)
    house.trouble = {f"a:{number}": Doubtful("500") for number in range(100) if number % (IN_A_ROW - 5)}
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    assert (await house.run(run)).state is RunState.SENT
    assert (await house.states(run.run))[DeliveryState.UNCONFIRMED] == len(house.trouble)


async def test_fewer_than_so_many_people_are_no_outage(house: House) -> None:
    run = await house.in_outage(IN_A_ROW - 1, Doubtful("500"))
    assert run.state is RunState.SENT
    assert await house.states(run.run) == {DeliveryState.UNCONFIRMED: IN_A_ROW - 1}


async def test_every_run_that_goes_out_waits_and_one_probe_is_for_all(house: House) -> None:
    await house.populate(40)
    house.error = Retriable("503")
    runs = [await house.broadcaster.start(SURVEY, "everyone", by=BY) for _ in range(3)]
    await house.worker.drain()
    assert [(await house.run(one)).is_in_outage for one in runs] == [True] * 3
    house.tried.clear()
    await house.later()
    assert len(house.tried) == 1, "one person of one run"
    assert [(await house.run(one)).is_in_outage for one in runs] == [True] * 3
    house.error = None
    await house.later()
    await house.worker.drain()
    assert [(await house.run(one)).state for one in runs] == [RunState.SENT] * 3


async def test_of_two_instances_one_looks(house: House) -> None:
    run = await house.in_outage(100, Retriable("503"))
    house.clock.pass_s(60)
    (due,) = await due_probes(house.store, house.clock.now())
    claims = [await claim_probe(house.store, due, house.clock.now()) for _ in range(2)]
    assert [one is None for one in claims] == [False, True]
    assert await due_probes(house.store, house.clock.now()) == []
    house.tried.clear()
    await house.make_probing().tick()
    assert not house.tried
    assert (await house.run(run)).probes == 1


async def test_looks_are_further_and_further_apart_but_never_beyond_the_longest_pause(house: House) -> None:
    run = await house.in_outage(100, Retriable("503"))
    pauses = []
    for _ in range(8):
        waits = await house.run(run)
        assert waits.probe_at is not None
        house.clock.moment = waits.probe_at
        claimed = await claim_probe(house.store, waits, house.clock.now())
        assert claimed is not None
        assert claimed.probe_at is not None
        pauses.append((claimed.probe_at - house.clock.now()).total_seconds())
    assert pauses == [30, 60, 120, 240, 300, 300, 300, 300]


async def test_an_admin_may_go_on_at_once(house: House) -> None:
    run = await house.in_outage(100, Retriable("503"))
    house.error = None
    went_on = await house.broadcaster.go_on(run)
    assert (went_on.state, went_on.outage, went_on.probe_at) == (RunState.SENDING, "", None)
    await house.worker.drain()
    assert (await house.run(run)).state is RunState.SENT


async def test_an_admin_who_holds_it_is_waited_for_whatever_teams_does(house: House) -> None:
    run = await house.in_outage(100, Retriable("503"))
    held = await house.broadcaster.hold(run)
    assert (held.state, held.is_in_outage) == (RunState.HELD, False)
    house.error = None
    house.tried.clear()
    await house.later()
    await house.worker.drain()
    assert not house.tried
    with pytest.raises(RunIsOver, match="held"):
        await house.broadcaster.hold(run)
    await house.broadcaster.go_on(run)
    await house.worker.drain()
    assert (await house.run(run)).state is RunState.SENT


@pytest.mark.parametrize("end", ["cancel", "close", "recall"])
async def test_a_run_that_was_ended_meanwhile_is_not_tried(end: str, house: House) -> None:
    run = await house.in_outage(100, Retriable("503"))
    await getattr(house.broadcaster, end)(run)
    house.error = None
    house.tried.clear()
    await house.later()
    assert not house.tried
    assert not (await house.run(run)).is_in_outage


async def test_who_is_known_to_be_on_the_way_from_a_killed_process_is_in_doubt_and_not_tried(house: House) -> None:
    run = await house.in_outage(100, Retriable("503"))
    planned = await _planned(house, run)
    grip = await take_hold(house.store, Slice(run.run, 0, "away"), now=house.clock.time(), lease_s=15)
    assert grip is not None
    await advance(house.store, grip, [], planned[:2], until=house.clock.time() + 15)
    house.error = None
    house.tried.clear()
    await house.later()
    assert list(house.tried) == [f"a:{int(planned[2].rpartition(':')[2])}"]
    await house.worker.drain()
    states = await house.states(run.run)
    assert states[DeliveryState.UNCONFIRMED] == 2
    assert set(house.sent.values()) == {1}


async def test_a_probe_skips_who_has_left_and_who_is_asleep(house: House) -> None:
    run = await house.in_outage(100, Retriable("503"))
    planned = await _planned(house, run)
    await set_opt_out(house.store, planned[0], has_opted_out=True)
    tenant, _, number = planned[1].partition(":")
    chat = Conversation(f"a:{int(number)}", "https://smba.example/", f"29:{number}", "28:b")
    auckland = Contact(tenant, number, "Sample", "en", chat, time_zone="Pacific/Auckland")  # 22:00 there, and later
    await meet(house.store, auckland, house.clock.now())
    house.quiet = QuietHours()
    house.error = None
    house.tried.clear()
    house.clock.pass_s(60)
    await house.make_probing().tick()
    assert list(house.tried) == [f"a:{int(planned[2].rpartition(':')[2])}"]
    assert (await house.run(run)).state is RunState.SENDING


async def test_a_run_with_nobody_to_write_to_now_goes_on_without_a_probe(house: House) -> None:
    run = await house.in_outage(100, Retriable("503"))
    house.quiet = QuietHours(start=time(9), end=time(23))
    house.tried.clear()
    house.clock.pass_s(60)
    await house.make_probing().tick()
    assert not house.tried
    assert (await house.run(run)).state is RunState.SENDING


async def test_a_probe_that_is_refused_by_name_says_that_teams_is_there(house: House) -> None:
    run = await house.in_outage(100, Retriable("503"))
    house.error = Unreachable("403 ConversationBlockedByUser")
    await house.later()
    assert (await house.run(run)).state is RunState.SENDING
    (blocked,) = [key for key in await _failed(house, run) if "unreachable" in key]
    assert blocked == "failed: unreachable: 403 ConversationBlockedByUser"
    marked = [await find_person(house.store, f"away:{number:04d}") for number in range(100)]
    reasons = [one.unreachable for one in marked if one is not None and one.unreachable]
    assert reasons == ["403 ConversationBlockedByUser"]


async def test_only_a_run_that_goes_out_begins_to_wait(house: House) -> None:
    await house.populate(2)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.broadcaster.hold(run)
    assert not await begin_outage(house.store, run, reason="503", now=house.clock.now())
    assert not (await house.run(run)).is_in_outage
    await house.broadcaster.cancel(run)
    assert not await begin_outage(house.store, run, reason="503", now=house.clock.now())
    assert (await house.run(run)).state is RunState.CANCELLED


async def _planned(house: House, run: Run) -> list[str]:
    """Return who is planned in the first slice, in order."""
    states = frozenset({DeliveryState.PLANNED})
    return sorted([one.id async for one in deliveries(house.store, run.run, states=states, slice_=0)])


async def _failed(house: House, run: Run) -> list[str]:
    return list((await progress(house.store, await house.run(run))).by_reason)
