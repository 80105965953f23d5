"""Which texts of a run there are, for many visitors: looked up once in a while, whoever asks. Keeps no text."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from feedback.runs.runs import Run
from feedback.texts.texts import Reading, read_places
from store.contract import Store

GOOD_FOR = timedelta(minutes=1)
KEPT = 3  # runs; the places of 50,000 texts take about 15 MB


class Readings:
    """Keeps what was looked up of late. One run is looked at for one visitor at a time; the others wait for it."""

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._kept: OrderedDict[str, tuple[Reading, datetime]] = OrderedDict()
        self._looking = asyncio.Lock()

    async def look(self, run: Run) -> Reading:
        """Return which texts of a run may be read, as of a minute ago at most; those themselves are read anew."""
        async with self._looking:
            reading, at = self._kept.get(run.run, (None, self._now()))
            if reading is None or self._now() - at >= GOOD_FOR:
                reading, at = await read_places(self._store, run), self._now()
            if not any(reading.places.values()):
                return reading  # not kept: the first texts may come any moment
            self._kept[run.run] = (reading, at)
            self._kept.move_to_end(run.run)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return reading
