"""Cards that wait for the budget: what is said meanwhile still reaches them, without a question for each card."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import pytest

from broadcast.limiter import Limiter
from broadcast.objections import FRESH_S, GoingOut, Objections
from broadcast.sender import Message, Sender
from broadcast.windows import Call
from broadcast.worker import Worker
from feedback.people.people import set_opt_out
from feedback.runs.runs import DeliveryState, Run, RunState, close_run, find_run
from store.contract import Doc, Page, Store, Where
from tests.conftest import Clock
from tests.unit.test_worker import BY, SURVEY, House

PEOPLE = 20


class Gate(Limiter):
    """Lets one card through, and the others when it is opened."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(1000, clock=clock.time, sleep=clock.sleep)
        self.is_first = True
        self.opened = asyncio.Event()

    async def acquire(self, tenant: str, conversation: str, kind: Call = Call.SEND, *, live: bool = False) -> None:
        await super().acquire(tenant, conversation, kind, live=live)
        if not self.is_first:
            await self.opened.wait()
        self.is_first = False


class Waiting(House):
    """A house in which all cards but the first wait."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, clock)
        self.gate = Gate(clock)
        self.sender = Sender(self, self.gate, now=clock.now, sleep=clock.sleep, chance=random.Random(1))
        self.worker = Worker(
            store, self.queue, self.sender, render=lambda _run, _language, _arm: Message({}, "Sample"), now=clock.now
        )

    async def send_meanwhile(self, happens: Callable[[Run], Awaitable[object]], wait_s: float = FRESH_S + 1) -> Run:
        """Send a run; while all but the first of its cards wait, let something happen."""
        await self.populate(PEOPLE)
        run = await self.broadcaster.start(SURVEY, "everyone", by=BY)
        work = asyncio.create_task(self.worker.drain())
        await asyncio.wait_for(self.on_send.wait(), 60)
        await happens(run)
        self.clock.pass_s(wait_s)
        self.gate.opened.set()
        await work
        return await find_run(self.store, run.run)


class Asked:
    """A store that counts what is read of people, and which runs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.questions: Counter[str] = Counter()

    async def get(self, container: str, partition: str, doc_id: str) -> Doc | None:
        self.questions[container] += 1
        return await self._store.get(container, partition, doc_id)

    async def query(self, container: str, *, where: Sequence[Where] = (), limit: int = 100) -> Page:
        self.questions[container] += 1
        return await self._store.query(container, where=where, limit=limit)


def _objections(store: Store, run: Run, keys: Sequence[str], clock: Clock) -> Objections:
    return Objections(store, GoingOut(store, clock.now), run.run, keys, now=clock.now)


@pytest.fixture
def house(embedded: Store, clock: Clock) -> Waiting:
    return Waiting(embedded, clock)


async def test_stop_reaches_a_card_that_waits_for_the_budget(house: Waiting) -> None:
    run = await house.send_meanwhile(lambda _: set_opt_out(house.store, "away:0007", has_opted_out=True))
    assert await house.states(run.run) == {DeliveryState.SENT: PEOPLE - 1, DeliveryState.EXCLUDED: 1}
    assert "a:7" not in house.sent


async def test_a_hold_reaches_cards_that_wait_and_leaves_them_planned(house: Waiting) -> None:
    run = await house.send_meanwhile(house.broadcaster.hold)
    assert run.state is RunState.HELD
    assert await house.states(run.run) == {DeliveryState.SENT: 1, DeliveryState.PLANNED: PEOPLE - 1}
    assert sum(house.sent.values()) == 1
    await house.broadcaster.go_on(run)
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: PEOPLE}
    assert set(house.sent.values()) == {1}


@pytest.mark.parametrize("how", ["cancel", "close"])
async def test_a_run_that_is_over_reaches_cards_that_wait(how: str, house: Waiting) -> None:
    def end(run: Run) -> Awaitable[Run]:
        return house.broadcaster.cancel(run) if how == "cancel" else close_run(house.store, run)

    run = await house.send_meanwhile(end)
    assert await house.states(run.run) == {DeliveryState.SENT: 1, DeliveryState.CANCELLED: PEOPLE - 1}
    assert sum(house.sent.values()) == 1


async def test_what_speaks_against_it_is_read_for_a_chunk_and_again_only_when_it_is_old(
    house: Waiting, clock: Clock
) -> None:
    await house.populate(PEOPLE)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    keys = [f"away:{number:04d}" for number in range(PEOPLE)]
    asked = Asked(house.store)
    objections = _objections(cast("Store", asked), run, keys, clock)
    people = await objections.people(keys)
    assert len(people) == PEOPLE
    for _ in range(2):
        assert set(await asyncio.gather(*(objections.against(one) for one in people))) == {None}
    assert asked.questions == {"people": 1, "runs": 1}
    clock.pass_s(FRESH_S + 0.1)
    await asyncio.gather(*(objections.against(one) for one in people))
    assert asked.questions == {"people": 2, "runs": 2}


async def test_somebody_who_is_gone_while_their_card_waits_is_asked_about_again(house: Waiting, clock: Clock) -> None:
    await house.populate(1)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    objections = _objections(house.store, run, ["away:0000"], clock)
    (person,) = await objections.people(["away:0000"])
    await house.store.delete("people", person.id, person.id)
    assert await objections.against(person) is None
    clock.pass_s(FRESH_S + 0.1)
    outcome = await objections.against(person)
    assert outcome is not None
    assert (outcome.state, outcome.reason) == (DeliveryState.FAILED, "no longer known")
