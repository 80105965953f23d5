"""Coverage for many visitors: worked out once in a while for each run, whoever asks. Counts nothing itself."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from feedback.results.coverage import Coverage, coverage_of
from feedback.runs.runs import Run
from store.contract import Store

GOOD_FOR = timedelta(minutes=1)
KEPT = 50  # runs


class Looked(msgspec.Struct, frozen=True):
    """What was found, and when."""

    coverage: Coverage
    at: datetime


class Coverages:
    """Keeps what was worked out of late. One run is looked at by one visitor at a time; the others wait for it."""

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._kept: OrderedDict[str, Looked] = OrderedDict()
        self._looking = asyncio.Lock()

    async def look(self, run: Run) -> Looked:
        """Return who was heard in a run, at most a minute old. Raises `TooManyToLookAt`."""
        async with self._looking:
            found = self._kept.get(run.run)
            if found is None or self._now() - found.at >= GOOD_FOR:
                found = Looked(await coverage_of(self._store, run), self._now())
                self._kept[run.run] = found
            self._kept.move_to_end(run.run)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return found
