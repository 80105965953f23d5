"""What speaks against sending, for the people of one chunk: read for all of them at once, and again when it is old.

Reading it for each card would cost two requests for each delivery, more than everything else together.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from feedback.deliveries import Outcome, why_excluded
from feedback.people import Person, find_people
from feedback.runs import DeliveryState, Run, RunState, find_run
from store.contract import Store

FRESH_S = 2.0  # a card that waits longer than this is not sent on what was known before
CANCELLED = "the run was stopped"
GONE = "no longer known"
STOPPED = frozenset({RunState.CLOSED, RunState.CANCELLED, RunState.FAILED})


class Objections:
    """The people of a chunk and their run, as they were no longer than `FRESH_S` ago when somebody asks."""

    def __init__(
        self, store: Store, run: Run, keys: Sequence[str], *, read_at: datetime, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._run = run
        self._keys = keys
        self._now = now
        self._people: dict[str, Person] = {}
        self._read_at = read_at  # of the run, which is read before its people
        self._lock = asyncio.Lock()

    async def people(self) -> list[Person]:
        """Return those who are known, in the order of their keys."""
        if not self._people:
            await self._read_people()
        return list(self._people.values())

    async def against(self, person: Person) -> Outcome | None:
        """Return what to record instead of sending a card now; None when nothing speaks against it.

        Somebody whose run is held meanwhile stays planned.
        """
        if not self._is_fresh():
            await self._read_again()
        known = self._people.get(person.id)
        if known is None:
            return self._instead(person, DeliveryState.FAILED, GONE)
        if reason := why_excluded(known):
            return self._instead(person, DeliveryState.EXCLUDED, reason)
        if self._run.state in STOPPED:
            return self._instead(person, DeliveryState.CANCELLED, why_stopped(self._run))
        if self._run.state is RunState.HELD:
            return self._instead(person, DeliveryState.PLANNED, "")
        return None

    def _is_fresh(self) -> bool:
        return (self._now() - self._read_at).total_seconds() <= FRESH_S

    async def _read_again(self) -> None:
        async with self._lock:  # all of a chunk wait together, and one question is enough for them
            if not self._is_fresh():
                read_at = self._now()
                self._run = await find_run(self._store, self._run.run)
                await self._read_people()
                self._read_at = read_at

    async def _read_people(self) -> None:
        self._people = {one.id: one for one in await find_people(self._store, self._keys)}

    def _instead(self, person: Person, state: DeliveryState, reason: str) -> Outcome:
        return Outcome(person=person.id, state=state, at=self._now(), reason=reason)


def why_stopped(run: Run) -> str:
    """Return what to tell about those in a stopped run who were not written to."""
    return run.reason or CANCELLED
