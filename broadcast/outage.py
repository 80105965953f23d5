"""Notices that nobody's card gets through any more, and lets the runs that go out wait, instead of failing everybody.

What counts is people in a row, whoever they are: one who gets their card, or is refused it by name, ends the count.
The runs wait in the store (feedback/runs/outages.py), so every instance leaves them alone; probing.py sees when it is
over.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from broadcast.objections import FRESH_S
from broadcast.sender import GAVE_UP, Message, Objection, Sends
from feedback.people.people import Person
from feedback.runs.deliveries import Outcome
from feedback.runs.outages import begin_outage
from feedback.runs.runs import DeliveryState, RunState, unfinished_runs
from store.contract import Store, StoreError

IN_A_ROW = 20  # people whose cards were lost, one after the other
SETTLES_S = 2 * FRESH_S  # until every slice of this process has seen that its run waits

log = logging.getLogger(__name__)


class Breaker:
    """Sends as what it is given does, until nothing gets through: then whoever waits for their turn stays planned."""

    def __init__(
        self, store: Store, sends: Sends, *, now: Callable[[], datetime], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._store = store
        self._sends = sends
        self._now = now
        self._sleep = sleep
        self._in_a_row = 0
        self._noticed_at: datetime | None = None

    async def send(self, person: Person, message: Message, objection: Objection) -> Outcome:
        """Return how it ended; `planned` for somebody to whom nothing was sent, because nothing gets through."""
        if self._is_out():
            await self._sleep(FRESH_S)  # by then it is known that the run waits, and nobody asks again
            return self._not_now(person)

        async def unless_out() -> Outcome | None:
            return self._not_now(person) if self._is_out() else await objection()

        outcome = await self._sends.send(person, message, unless_out)
        if is_lost(outcome):
            self._in_a_row += 1
            if self._in_a_row >= IN_A_ROW and not self._is_out():
                await self._notice(outcome.reason)
        elif outcome.state in {DeliveryState.SENT, DeliveryState.FAILED}:
            self._in_a_row = 0
        return outcome

    async def _notice(self, reason: str) -> None:
        """Let every run that goes out wait. Where the store is away too, the next in a row try it again."""
        self._in_a_row, self._noticed_at = 0, self._now()
        try:
            for run in await unfinished_runs(self._store):
                is_waiting = run.state is RunState.SENDING
                if is_waiting and await begin_outage(self._store, run, reason=reason, now=self._now()):
                    log.error("%s waits: nobody's card gets through: %s", run.run, reason)
        except StoreError:
            log.warning("nobody's card gets through, and the store does not take that runs wait", exc_info=True)

    def _is_out(self) -> bool:
        at = self._noticed_at
        return at is not None and (self._now() - at).total_seconds() <= SETTLES_S

    def _not_now(self, person: Person) -> Outcome:
        return Outcome(person=person.id, state=DeliveryState.PLANNED, at=self._now())


def is_lost(outcome: Outcome) -> bool:
    """Say whether nothing got through to the channel, or no answer from it: every try failed, or it is in doubt."""
    if outcome.state is DeliveryState.UNCONFIRMED:
        return True
    return outcome.state is DeliveryState.FAILED and outcome.reason.startswith(GAVE_UP)
