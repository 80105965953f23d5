"""Meets people a moment later and many at once: those who press a button on a card, which works without that.

An answer then costs one write and no reading of who it comes from. What a crash loses is made up for when the person
comes again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from feedback.people.people import Contact, Person, meet_all, person_id
from store.contract import Store, StoreError

TOGETHER = 500  # people looked up at once
WAIT_S = 5.0  # for others to come
MAX_WAITING = 10_000

log = logging.getLogger(__name__)


class Meetings:
    """Whom to meet."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        room: int = MAX_WAITING,
        met: Callable[[Person], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sleep = sleep
        self._room = room
        self._met = met
        self._waiting: dict[str, Contact] = {}
        self._come = asyncio.Event()

    def add(self, contact: Contact) -> None:
        """Meet somebody soon. When too many wait, those who come are left out."""
        if len(self._waiting) < self._room:
            self._waiting[person_id(contact.tenant, contact.object_id)] = contact
            self._come.set()

    async def run(self) -> None:
        """Meet people until cancelled."""
        while True:
            await self._come.wait()
            await self._sleep(WAIT_S)
            await self.meet_waiting()

    async def meet_waiting(self) -> None:
        """Meet everybody who waits now."""
        self._come.clear()
        while self._waiting:
            some = list(self._waiting)[:TOGETHER]
            contacts = [self._waiting.pop(one) for one in some]
            try:
                for person in await meet_all(self._store, contacts, self._clock()):
                    self._met(person)
            except StoreError as error:
                log.warning("%d people are met when they come again: %s", len(contacts), error)
