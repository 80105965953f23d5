"""Tells people that a run has as many answers as they wanted to wait for, or is over before that: once each.

The wish is in the store (feedback/wishes.py), so a restart forgets nobody. What is kept to be told, and by whom, is
outbox.py's business, as it is with webhooks. Who is no longer allowed to read results is told nothing.
"""

import logging
from collections.abc import Callable
from datetime import datetime

import msgspec

from broadcast.counting import OVER, counted_in
from broadcast.outbox import Ending, Kinds, Outbox, written
from broadcast.sender import GAVE_UP, Message, Sends
from broadcast.steady import Steady
from feedback.errors import RunUnknown
from feedback.people.people import Person, find_person
from feedback.results.results import CatchesUp
from feedback.results.tally_tree import find_tally
from feedback.runs.deliveries import Outcome
from feedback.runs.runs import DeliveryState, Run, find_run
from feedback.wishes import (
    BOOK,
    DUE,
    GIVEN_UP,
    TOLD,
    Wish,
    clear_told,
    fall_due,
    forget_wish,
    waiting_wishes,
)
from store.contract import Store

EVERY_S = 15.0
DELAYS_S = (1800, 7200, 21_600, 86_400)  # before each further try; sending one gives up within a quarter of an hour

log = logging.getLogger(__name__)


class Come(msgspec.Struct, frozen=True):
    """What somebody waited for: their wish, and how far its run has come."""

    wish: Wish
    run: Run
    answered: int


RenderCome = Callable[[Come], Message]


class Teller(Steady):
    """Looks whether wishes have come true, and tells their people. Several may, in one process or in many."""

    def __init__(
        self,
        store: Store,
        sender: Sends,
        tallier: CatchesUp,
        *,
        render: RenderCome,
        may_read: Callable[[Person], bool],
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(idle_s=EVERY_S, pauses="nobody is told what they wait for")
        self._store = store
        self._sender = sender
        self._tallier = tallier
        self._render = render
        self._may_read = may_read
        self._now = now
        self._outbox = Outbox(store, BOOK, Wish, Kinds(DUE, TOLD, GIVEN_UP), delays_s=DELAYS_S, now=now)

    async def _work_off(self) -> None:
        await self.tick()

    async def tick(self) -> None:
        """Let what has come true fall due, then tell it."""
        await self._notice()
        if await self._outbox.empty(self._tell):
            await clear_told(self._store)

    async def _notice(self) -> None:
        by_run: dict[str, list[Wish]] = {}
        async for wish in waiting_wishes(self._store):
            by_run.setdefault(wish.run, []).append(wish)
        for name, wishes in by_run.items():
            run = await self._run(name)
            if run is None:
                for wish in wishes:
                    await forget_wish(self._store, wish.run, wish.author)
                continue
            cell = await counted_in(self._store, self._tallier, run)
            if cell is None:
                continue
            for wish in wishes:
                if run.state in OVER or cell.answered >= wish.answers:
                    await fall_due(self._store, wish, at=written(self._now()))

    async def _tell(self, wish: Wish) -> Ending:
        """Send one person their message; where it is in doubt whether it arrived, it is not sent again."""
        run, person = await self._run(wish.run), await find_person(self._store, wish.author)
        if run is None or person is None or not self._may_read(person):
            return Ending.NEVER
        cell = (await find_tally(self._store, run.run)).everybody
        outcome = await self._sender.send(person, self._render(Come(wish, run, cell.answered)), _nothing_against)
        if outcome.state in {DeliveryState.SENT, DeliveryState.UNCONFIRMED}:
            return Ending.TAKEN
        log.warning("somebody who waited for %s could not be told: %s", run.run, outcome.reason)
        return Ending.AGAIN if outcome.reason.startswith(GAVE_UP) else Ending.NEVER

    async def _run(self, name: str) -> Run | None:
        try:
            return await find_run(self._store, name)
        except RunUnknown:
            return None


async def _nothing_against() -> Outcome | None:
    return None
