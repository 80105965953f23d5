"""Broadcasting as the ticker sees it, for tests: it can fail before and after everything it does."""

import asyncio
from collections import Counter

from broadcast.schedule import Ticker
from feedback.runs.runs import Run, RunState, find_run, move_run
from feedback.runs.schedules import (
    Occurrence,
    Schedule,
    latest_occurrences,
    make_schedule,
)
from feedback.runs.timing import read_schedule, read_send
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Survey
from store.contract import Conflict, Doc, Store
from tests.conftest import Clock

SURVEY = Survey(id="pulse", title="Sample", questions=(Question(id="q", kind=Kind.TEXT, text="Why?"),))
ZONE = "Europe/Berlin"
DAY = 86_400


class Killed(Exception):
    """The process ends here."""


class House:
    """Broadcasting as the ticker sees it: runs are created under their names, jobs are noted."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.created: Counter[str] = Counter()
        self.asked: list[str] = []
        self.jobs: list[str] = []
        self.faults: list[Exception | None] = []  # before it, after it, before the next one …
        self.gate: asyncio.Event | None = None
        self.entered = asyncio.Event()

    def ticker(self) -> Ticker:
        return Ticker(self.store, self.start, self.remind, self.close, self.clock.now)

    async def start(self, schedule: Schedule, occurrence: Occurrence) -> None:
        self.asked.append(occurrence.run)
        self.entered.set()
        self._fault()
        run = Run(
            run=occurrence.run,
            survey=SURVEY,
            audience=schedule.audience,
            state=RunState.SENDING,
            created_at=self.clock.now(),
            created_by=schedule.owner,
        )
        try:
            await self.store.create("runs", _run_doc(run))
            self.created[run.run] += 1
        except Conflict:
            assert (await find_run(self.store, run.run)).survey == SURVEY
        if self.gate is not None:
            await self.gate.wait()
        self._fault()

    async def remind(self, run: str, number: int) -> None:
        self._fault()
        self.jobs.append(f"remind {run} {number}")
        self._fault()

    async def close(self, run: str) -> None:
        self._fault()
        assert (await find_run(self.store, run)).state is RunState.CLOSED
        self.jobs.append(f"close {run}")
        self._fault()

    async def plan(self, words: str) -> Schedule:
        read = read_schedule if "every" in words else read_send
        timing = read(words, now=self.clock.now(), zone=ZONE).timing
        assert timing is not None
        return await make_schedule(self.store, "pulse", "customers", timing, owner="home:boss", now=self.clock.now())

    async def run_sent(self, name: str) -> None:
        await move_run(self.store, await find_run(self.store, name), RunState.SENT, leaving=set(RunState))

    async def states(self, schedule: Schedule) -> list[str]:
        return [one.state.value for one in reversed(await latest_occurrences(self.store, schedule, limit=100))]

    async def tick_after(self, seconds: float) -> None:
        self.clock.pass_s(seconds)
        await self.ticker().tick()

    def _fault(self) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault


def _run_doc(run: Run) -> Doc:
    return {
        "id": "run",
        "run": run.run,
        "kind": "run",
        "survey": {"id": SURVEY.id, "title": SURVEY.title, "questions": [{"id": "q", "kind": "text", "text": "Why?"}]},
        "audience": run.audience,
        "state": run.state.value,
        "created_at": run.created_at.isoformat(),
        "created_by": run.created_by,
    }
