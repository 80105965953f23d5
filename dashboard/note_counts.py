"""How many notes there are, for many visitors: counted once in a while where there are many, and always where not."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from feedback.note_lists import count_notes
from feedback.notes import NoteKind
from store.contract import Store

GOOD_FOR = timedelta(minutes=1)
MANY = 2_000  # counting more of them takes longer than everything else about their page


class NoteCounts:
    """Keeps what was counted of late. It is counted for one visitor at a time; the others wait for it."""

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._counts: Mapping[NoteKind, int] = {}
        self._at: datetime | None = None
        self._counting = asyncio.Lock()

    async def look(self) -> Mapping[NoteKind, int]:
        """Return how many there are of each kind: of few as of now, of many as of a minute ago at most."""
        async with self._counting:
            if self._at is None or sum(self._counts.values()) < MANY or self._now() - self._at >= GOOD_FOR:
                self._counts, self._at = await count_notes(self._store), self._now()
            return self._counts
