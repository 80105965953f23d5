"""A worker among others: it leaves them their part, and takes over from the dead as soon as it may."""

import asyncio

import pytest

from broadcast.messenger import Card
from broadcast.queue import LEASE_S
from broadcast.sending import CHUNK
from broadcast.slices import Slice, take_hold
from broadcast.store_queue import WORK
from broadcast.worker import PER_TENANT, WAITING
from feedback.people.people import Contact, Conversation, meet
from feedback.runs.runs import DeliveryState
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Survey
from store.contract import Op, Store, Where
from tests.conftest import Clock
from tests.unit.test_worker import House

SURVEY = Survey(id="pulse", title="Sample", questions=(Question(id="q", kind=Kind.TEXT, text="Why?"),))
BY = "home:boss"
SLICES = 11


class Slow(House):
    """A channel that takes nothing until it is told to go on."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, clock)
        self.goes_on, self.all_at_work = asyncio.Event(), asyncio.Event()
        self._waiting = 0

    async def send_card(self, to: Conversation, card: Card, summary: str) -> str:
        self._waiting += 1
        if self._waiting == PER_TENANT * CHUNK:
            self.all_at_work.set()
        await self.goes_on.wait()
        return await super().send_card(to, card, summary)

    async def populate(self, count: int) -> None:
        chats = [
            Conversation(f"a:{number}", "https://smba.example/", f"29:{number}", "28:b") for number in range(count)
        ]
        people = [Contact("away", f"{number:04d}", "Sample", "en", chat) for number, chat in enumerate(chats)]
        await asyncio.gather(*(meet(self.store, one, self.clock.now()) for one in people))

    async def taken(self) -> int:
        """Return how many messages of the queue somebody has."""
        is_later = Where("due_at", Op.GT, self.clock.time())
        found = await self.store.query("state", where=[Where("kind", Op.EQ, WORK), is_later], limit=100)
        return len(found.docs)


@pytest.fixture
def slow(embedded: Store, clock: Clock) -> Slow:
    return Slow(embedded, clock)


async def test_of_a_run_to_one_tenant_a_worker_leaves_in_the_queue_what_it_cannot_work_on_yet(slow: Slow) -> None:
    await slow.populate(SLICES * 100)
    await slow.broadcaster.start(SURVEY, "everyone", by=BY)
    working = asyncio.create_task(slow.worker.drain())
    async with asyncio.timeout(60):
        await slow.all_at_work.wait()
        while await slow.taken() < PER_TENANT + WAITING:  # noqa: ASYNC110 - a condition in the store
            await asyncio.sleep(0.01)
    left = 0
    while await slow.queue.take() is not None:
        left += 1
    assert left >= SLICES - PER_TENANT - WAITING - 1
    working.cancel()
    slow.goes_on.set()
    await asyncio.wait({working})


async def test_what_a_dead_one_held_is_taken_over_when_its_time_is_over_and_not_a_lease_later(
    embedded: Store, clock: Clock
) -> None:
    house = House(embedded, clock)
    await house.populate(3)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    left_s = 4.0
    assert left_s < LEASE_S
    assert await take_hold(embedded, Slice(run.run, 0), now=clock.time(), lease_s=left_s) is not None
    await house.worker.drain()
    assert not house.sent
    clock.pass_s(left_s)
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: 3}
