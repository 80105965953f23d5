"""A message that Teams refuses: when the run fails early, when it goes on, and what becomes of everybody."""

from collections import Counter

import pytest

from broadcast.messenger import Card, Rejected, SendError, TooLarge, Unreachable
from broadcast.refusals import ENOUGH, why_hopeless
from broadcast.sender import REASONS
from broadcast.sending import CHUNK
from broadcast.worker import PER_TENANT
from feedback.errors import RunIsOver
from feedback.people.people import Conversation
from feedback.runs.deliveries import Outcome
from feedback.runs.runs import DeliveryState, RunState, find_run
from store.contract import Store
from tests.conftest import Clock
from tests.unit.test_worker import BY, SURVEY, House

MANY = 600
UNDER_WAY = CHUNK * PER_TENANT  # cards that may have left before anybody knows

LARGE, REFUSED, GONE = (
    REASONS[TooLarge] + "413 MessageSizeTooBig",
    REASONS[Rejected] + "400 BadArgument",
    REASONS[Unreachable] + "403 BotDisabledByAdmin",
)
FAILED, SENT, DOUBT = DeliveryState.FAILED, DeliveryState.SENT, DeliveryState.UNCONFIRMED

# How a chunk ended, and what the run fails for, if it does.
Ends = list[tuple[DeliveryState, str, int]]
TABLE: list[tuple[str, Ends, str]] = [
    ("413 at the first person", [(FAILED, LARGE, 1)], "413 MessageSizeTooBig"),
    ("413 and nobody reachable", [(FAILED, LARGE, 1), (FAILED, GONE, 20)], "413 MessageSizeTooBig"),
    ("413 and doubt", [(FAILED, LARGE, 1), (DOUBT, "500", 3)], "413 MessageSizeTooBig"),
    ("413 for one, and others got it", [(FAILED, LARGE, 1), (SENT, "", 1)], ""),
    ("400 for several", [(FAILED, REFUSED, 5)], "400 BadArgument"),
    ("400 for one fewer", [(FAILED, REFUSED, 4)], ""),
    ("400 for one", [(FAILED, REFUSED, 1), (FAILED, GONE, 20)], ""),
    ("400 for many, and one got it", [(FAILED, REFUSED, 20), (SENT, "", 1)], ""),
    ("nobody reachable", [(FAILED, GONE, 25)], ""),
    ("everybody got it", [(SENT, "", 25)], ""),
    ("nobody", [], ""),
]


class Refusing(House):
    """A channel that refuses everybody, but for some."""

    def __init__(self, store: Store, clock: Clock, error: SendError) -> None:
        super().__init__(store, clock)
        self.error = error
        self.takes: set[str] = set()
        self.asked: Counter[str] = Counter()

    async def send_card(self, to: Conversation, card: Card, summary: str) -> str:
        self.asked[to.id] += 1
        if to.id in self.takes:
            return await super().send_card(to, card, summary)
        raise self.error


@pytest.mark.parametrize(("ends", "reason"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
async def test_when_a_run_has_no_hope(ends: Ends, reason: str, embedded: Store, clock: Clock) -> None:
    house = House(embedded, clock)
    await house.populate(1)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    outcomes = [
        Outcome(person=f"away:{number}-{place}", state=state, at=clock.now(), reason=why)
        for place, (state, why, count) in enumerate(ends)
        for number in range(count)
    ]
    expected = f"Teams refused the message: {reason}" if reason else ""
    assert await why_hopeless(embedded, run, outcomes) == expected


async def test_refusals_count_no_more_once_somebody_has_the_card(embedded: Store, clock: Clock) -> None:
    house = House(embedded, clock)
    await house.populate(1)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    refused = [Outcome(person=f"p:{n}", state=FAILED, at=clock.now(), reason=LARGE) for n in range(20)]
    assert await why_hopeless(embedded, run, refused) == ""


@pytest.mark.parametrize("error", [TooLarge("413 MessageSizeTooBig"), Rejected("400 BadArgument")])
async def test_a_refused_message_stops_at_the_first_people(error: SendError, embedded: Store, clock: Clock) -> None:
    house = Refusing(embedded, clock, error)
    await house.populate(MANY)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    states = await house.states(run.run)
    assert states.keys() == {FAILED, DeliveryState.CANCELLED}
    assert states.total() == MANY
    assert 0 < states[FAILED] == house.asked.total() <= UNDER_WAY
    found = await find_run(embedded, run.run)
    assert (found.state, found.reason) == (RunState.FAILED, f"Teams refused the message: {error.reason}")
    docs = [await embedded.get("runs", run.run, f"away:{n:04d}") for n in range(MANY)]
    reasons = {str(doc["reason"]) for doc in docs if doc is not None and doc["state"] == "cancelled"}
    assert reasons == {found.reason}
    for change in (house.broadcaster.hold, house.broadcaster.go_on, house.broadcaster.resend):
        with pytest.raises(RunIsOver):
            await change(run)
    assert await house.queue.take() is None


async def test_one_persons_400_does_not_stop_the_run(embedded: Store, clock: Clock) -> None:
    house = Refusing(embedded, clock, Rejected("400 BadArgument"))
    await house.populate(MANY)
    house.takes = {f"a:{n}" for n in range(1, MANY)}
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    assert await house.states(run.run) == {SENT: MANY - 1, FAILED: 1}
    assert (await find_run(embedded, run.run)).state is RunState.SENT


async def test_many_refusals_do_not_stop_a_run_whose_card_others_have(embedded: Store, clock: Clock) -> None:
    house = Refusing(embedded, clock, Rejected("400 BadArgument"))
    await house.populate(MANY)
    house.takes = {f"a:{n}" for n in range(UNDER_WAY)}
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    assert await house.states(run.run) == {SENT: UNDER_WAY, FAILED: MANY - UNDER_WAY}


async def test_few_people_all_refused_are_told_one_by_one(embedded: Store, clock: Clock) -> None:
    house = Refusing(embedded, clock, Rejected("400 BadArgument"))
    few = ENOUGH[Rejected] - 1
    await house.populate(few)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    assert await house.states(run.run) == {FAILED: few}
    assert (await find_run(embedded, run.run)).state is RunState.SENT
