"""What speaks against sending, for the people of one slice: read for all of them at once, and again when it is old.

Reading it for each card would cost two requests for each delivery, more than everything else together.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from feedback.people.people import Person, find_people
from feedback.runs.deliveries import Outcome, why_excluded
from feedback.runs.runs import DeliveryState, Run, RunState, find_run
from store.contract import Store

FRESH_S = 2.0  # a card that waits longer than this is not sent on what was known before
REMEMBERED = 64  # runs; more are seldom sent at a time
CANCELLED = "the run was stopped"
GONE = "no longer known"
GOING_OUT = frozenset({RunState.PLANNING, RunState.SENDING})
STOPPED = frozenset({RunState.CLOSED, RunState.CANCELLED, RunState.FAILED, RunState.RECALLED})


class GoingOut:
    """The runs that were going out no longer than `FRESH_S` ago. One that was not is read again whenever it is asked.

    Shared by all slices of a process, since there are thousands of them and few runs.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._known: dict[str, tuple[Run, datetime]] = {}
        self._lock = asyncio.Lock()

    async def find(self, run: str) -> Run:
        """Return a run. Raises `RunUnknown`."""
        if (known := self._fresh(run)) is not None:
            return known
        async with self._lock:  # all who wait together wait for one answer
            if (known := self._fresh(run)) is not None:
                return known
            self.forget(run)
            read_at = self._now()
            found = await find_run(self._store, run)
            if found.state in GOING_OUT:
                self._keep(found, read_at)
            return found

    def forget(self, run: str) -> None:
        """Let the run be read again by whoever asks next."""
        self._known.pop(run, None)

    def _fresh(self, run: str) -> Run | None:
        known = self._known.get(run)
        return known[0] if known is not None and is_fresh(known[1], self._now()) else None

    def _keep(self, run: Run, read_at: datetime) -> None:
        while len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[run.run] = (run, read_at)


class Objections:
    """The people of a slice and their run, as they were no longer than `FRESH_S` ago when somebody asks."""

    def __init__(
        self, store: Store, runs: GoingOut, run: str, keys: Sequence[str], *, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._runs = runs
        self._run = run
        self._keys = keys
        self._now = now
        self._people: dict[str, Person] = {}
        self._read_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def people(self, keys: Sequence[str]) -> list[Person]:
        """Return those of some who are known, in the order of their keys."""
        await self._read()
        return [self._people[key] for key in keys if key in self._people]

    async def against(self, person: Person) -> Outcome | None:
        """Return what to record instead of sending a card now; None when nothing speaks against it.

        Somebody whose run is held meanwhile stays planned.
        """
        await self._read()
        known = self._people.get(person.id)
        if known is None:
            return self._instead(person, DeliveryState.FAILED, GONE)
        if reason := why_excluded(known):
            return self._instead(person, DeliveryState.EXCLUDED, reason)
        run = await self._runs.find(self._run)
        if run.state in STOPPED:
            return self._instead(person, DeliveryState.CANCELLED, why_stopped(run))
        if run.state is RunState.HELD:
            return self._instead(person, DeliveryState.PLANNED, "")
        return None

    async def _read(self) -> None:
        if self._is_fresh():
            return
        async with self._lock:  # all of a slice wait together, and one question is enough for them
            if not self._is_fresh():
                read_at = self._now()
                self._people = {one.id: one for one in await find_people(self._store, self._keys)}
                self._read_at = read_at

    def _is_fresh(self) -> bool:
        return self._read_at is not None and is_fresh(self._read_at, self._now())

    def _instead(self, person: Person, state: DeliveryState, reason: str) -> Outcome:
        return Outcome(person=person.id, state=state, at=self._now(), reason=reason)


def is_fresh(read_at: datetime, now: datetime) -> bool:
    """Say whether what was read then may still be gone by."""
    return (now - read_at).total_seconds() <= FRESH_S


def why_stopped(run: Run) -> str:
    """Return what to tell about those in a stopped run who were not written to."""
    return run.reason or CANCELLED
