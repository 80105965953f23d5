"""A run with answers, edits and everything else that moves a tally; and a stage on which talliers act in any order."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import strategies as st

from feedback.answers.answers import record_answer
from feedback.errors import Refusal
from feedback.runs.deliveries import Outcome, ended, write_planned
from feedback.runs.runs import Delivery, DeliveryState, Run, create_run, find_delivery
from feedback.surveys.questions import Choice, Kind, Question
from feedback.surveys.surveys import Survey
from store.contract import Conflict, Patch, Store

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
CHOICES = (Choice("a", "Apples"), Choice("b", "Bees"))
SURVEY = Survey(
    "sample",
    "Sample",
    (
        Question("nps", Kind.NPS, "How likely?"),
        Question("which", Kind.CHOICES, "Which?", choices=CHOICES),
        Question("much", Kind.NUMBER, "How much?"),
        Question("day", Kind.DATE, "When?"),
        Question("done", Kind.YES_NO, "Done?"),
        Question("why", Kind.TEXT, "Why?"),
    ),
)
SLICES = (0, 1, 99, 100, 250)  # in three groups
PEOPLE = {f"t:{number}": SLICES[number % len(SLICES)] for number in range(12)}

numbers = st.one_of(st.integers(-(10**12), 10**12), st.floats(-1e12, 1e12), st.sampled_from([0, -0.0, 0.1, 5e-324]))
answers = st.fixed_dictionaries(
    {},
    optional={
        "nps": st.integers(0, 10),
        "which": st.sampled_from([["a"], ["b"], ["a", "b"]]),
        "much": numbers,
        "day": st.dates(datetime(2026, 1, 1).date(), datetime(2026, 12, 31).date()).map(str),  # noqa: DTZ001
        "done": st.booleans(),
        "why": st.sampled_from(["Slow", "Fast", "Both"]),
    },
)


class Answer(msgspec.Struct, frozen=True):
    """Somebody answers, or answers again, so many minutes after the start."""

    person: str
    given: Mapping[str, object]
    minute: int

    async def happen(self, store: Store, run: Run) -> None:
        found = await find_delivery(store, run.run, self.person)
        if found is None:
            return
        try:
            now = NOW + timedelta(minutes=self.minute)
            await record_answer(store, run, self.person, self.given, revision=found.revision, now=now)
        except Refusal:  # recalled meanwhile
            return


class Move(msgspec.Struct, frozen=True):
    """A delivery comes into another state: it is sent, say, or taken back."""

    person: str
    state: DeliveryState

    async def happen(self, store: Store, run: Run) -> None:
        await store.patch("runs", run.run, Patch(self.person, set={"state": self.state.value}))


class Sending(msgspec.Struct, frozen=True):
    """Sending to somebody ends, if it had not yet."""

    person: str
    state: DeliveryState

    async def happen(self, store: Store, run: Run) -> None:
        try:
            await store.patch("runs", run.run, ended(Outcome(self.person, self.state, NOW, "sample reason")))
        except Conflict:
            return


Event = Answer | Move | Sending
people = st.sampled_from(sorted(PEOPLE))
events = st.lists(
    st.one_of(
        st.builds(Answer, people, answers, st.integers(0, 10_000)),
        st.builds(Answer, people, answers, st.integers(0, 10_000)),
        st.builds(Move, people, st.sampled_from([DeliveryState.RECALLED, DeliveryState.CANCELLED])),
        st.builds(Sending, people, st.sampled_from([DeliveryState.SENT, DeliveryState.FAILED])),
    ),
    max_size=12,
)


async def planned_run(store: Store) -> Run:
    """Write a run whose people are all planned, in slices of several groups, in segments and of companies."""
    run = await create_run(store, SURVEY, "customers", by="t:admin", now=NOW)
    await write_planned(store, run.run, [_planned(run, one, number) for one, number in PEOPLE.items()])
    return run


def _planned(run: Run, person: str, number: int) -> Delivery:
    segment, company = ("0.1", "1.0", "-.0")[len(person) % 3 - number % 2], f"sample {number % 3}"
    return Delivery(run.run, person, DeliveryState.PLANNED, number, segment=segment, company=company)


class Stage:
    """Lets actors take turns at the store: whoever wants to make a request waits until it is called up."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._busy = 0
        self._is_quiet = asyncio.Event()
        self._is_quiet.set()
        self._actors: dict[str, asyncio.Task[None]] = {}

    def play(self, name: str, act: Callable[[Store], Awaitable[None]]) -> None:
        """Let an actor begin."""

        async def acting() -> None:
            await act(_Gated(self._store, self, name))  # type: ignore[arg-type]  # forwards whatever it is asked

        self._waiting[name] = []
        self._actors[name] = asyncio.create_task(acting())

    async def perform(self, script: Sequence[tuple[str, int]], *, killed: Sequence[str] = ()) -> None:
        """Call up actors for so many requests each, as the script says; then kill some and let the rest finish."""
        for name, requests in script:
            for _ in range(requests):
                await self._settle()
                if self._waiting[name]:
                    self._call_up(name)
        await self._settle()
        for name in killed:
            self._actors[name].cancel()
            await asyncio.wait({self._actors[name]})
        while not all(one.done() for one in self._actors.values()):
            for name, some in self._waiting.items():
                if some:
                    self._call_up(name)
            await self._settle()
        for name, one in self._actors.items():
            if name not in killed:
                one.result()

    async def turn(self, name: str) -> None:
        """Wait to be called up."""
        called = asyncio.get_running_loop().create_future()
        self._waiting[name].append(called)
        try:
            await called
        finally:
            if called in self._waiting[name]:
                self._waiting[name].remove(called)

    def _call_up(self, name: str) -> None:
        self._busy += 1
        self._is_quiet.clear()
        called = self._waiting[name].pop(0)
        if not called.done():
            called.set_result(None)

    def over(self) -> None:
        """A request has been answered."""
        self._busy -= 1
        if not self._busy:
            self._is_quiet.set()

    async def _settle(self) -> None:
        """Return when everybody waits for a turn or is done."""
        for _ in range(10):
            await asyncio.sleep(0)
            await self._is_quiet.wait()


class _Gated:
    """A store at which an actor waits for its turn before each request."""

    def __init__(self, store: Store, stage: Stage, name: str) -> None:
        self._store = store
        self._stage = stage
        self._name = name

    def __getattr__(self, method: str) -> Callable[..., Awaitable[object]]:
        async def ask(*given: object, **named: object) -> object:
            await self._stage.turn(self._name)
            try:
                return await getattr(self._store, method)(*given, **named)
            finally:
                self._stage.over()

        return ask
