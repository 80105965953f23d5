"""Broadcasting in waves on a store, for tests: people of segments, who answer when they are told to."""

from collections import Counter
from collections.abc import Mapping

from broadcast.waves import WaveMaster
from feedback.answers.answers import record_answer
from feedback.people.people import Contact, Conversation, meet
from feedback.results.tallier import Tallier
from feedback.runs.contacts import ContactRules, QuietHours
from feedback.runs.runs import DeliveryState, Run, deliveries, find_run
from feedback.runs.wave_words import Waves
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Survey
from feedback.waves import Book, find_book
from store.contract import Patch, Store
from tests.conftest import Clock
from tests.unit.test_worker import BY, House

STARS = Survey("stars", "Sample", (Question("q", Kind.RATING, "How good?", required=True),))
RULES = ContactRules(quiet=QuietHours())


class WaveHouse(House):
    """A house with somebody who looks at the waves."""

    def __init__(self, store: Store, clock: Clock, rules: ContactRules = RULES) -> None:
        super().__init__(store, clock)
        self.rules = rules
        self.tallier = Tallier(store, clock.now, name="sample")

    def master(self) -> WaveMaster:
        return WaveMaster(self.store, self.queue, self.tallier, self.rules, now=self.clock.now, wake=self.worker.wake)

    async def settle(self, sizes: Mapping[str, int]) -> None:
        """Let people move in: so many of each size; an empty size is none."""
        for size, count in sizes.items():
            for number in range(count):
                name = f"{size or 'none'}-{number:03d}"
                chat = Conversation(f"a:{name}", "https://smba.example/", f"29:{name}", "28:b")
                await meet(self.store, Contact("away", name, "Sample", "en", chat), self.clock.now())
                key = f"away:{name}"
                if size:
                    await self.store.patch("people", key, Patch(key, set={"attributes": {"size": size}}))

    async def start(self, waves: Waves, survey: Survey = STARS) -> Run:
        return await self.broadcaster.start(survey, "customers", by=BY, waves=waves)

    async def answer(self, run: Run, person: str, stars: int) -> None:
        found = await find_run(self.store, run.run)
        await record_answer(self.store, found, person, {"q": str(stars)}, revision=0, now=self.clock.now())

    async def asked(self, run: Run, size: str = "") -> list[str]:
        """Return who of a size has the card."""
        return sorted(
            [
                one.id
                async for one in deliveries(self.store, run.run)
                if one.state in {DeliveryState.SENT, DeliveryState.ANSWERED} and one.id.startswith(f"away:{size}")
            ]
        )

    async def wave_leaves(self) -> None:
        """Send what may leave, and see that it has left."""
        for _ in range(2):
            await self.master().tick()
            await self.worker.drain()
        await self.master().tick()

    async def book(self, run: Run) -> Book:
        found = await find_book(self.store, run.run)
        assert found is not None
        return found[0]

    async def reasons(self, run: Run) -> Counter[str]:
        return Counter([one.reason async for one in deliveries(self.store, run.run) if one.reason])
