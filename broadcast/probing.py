"""Sees whether an outage is over: tries one card, and lets the runs that wait go on when it gets through.

The person of that card is written down as on their way first, as in sending. Where Teams says that nothing was
delivered they stay planned; in doubt they are `unconfirmed`, so a probe costs one person at most.
"""

import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from broadcast.lease import HeldSlice
from broadcast.objections import GONE
from broadcast.outage import is_lost
from broadcast.rendering import Render
from broadcast.sender import Sends
from broadcast.sending import LEFT_BEHIND, UNREACHABLE
from broadcast.slices import LeaseLost, Slice, open_slices, take_up
from feedback.errors import RunIsOver
from feedback.people.people import Person, find_people, find_person, language_of, mark_unreachable
from feedback.runs.contacts import QuietHours, next_allowed
from feedback.runs.deliveries import Outcome, why_excluded
from feedback.runs.outages import claim_probe, due_probes
from feedback.runs.runs import DeliveryState, Run, find_run
from store.contract import Store

log = logging.getLogger(__name__)


class _Busy(Exception):
    """Somebody else holds a slice."""


class Probing:
    """Something the ticker does beside its own. `go_on` lets a run go on."""

    def __init__(
        self,
        store: Store,
        sends: Sends,
        go_on: Callable[[Run], Awaitable[Run]],
        *,
        render: Render,
        quiet: QuietHours,
        lease_s: float,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._sends = sends
        self._go_on = go_on
        self._render = render
        self._quiet = quiet
        self._lease_s = lease_s
        self._now = now

    async def tick(self) -> None:
        """Try one card for all the runs whose time it is; they go on together, or wait on together."""
        due = await due_probes(self._store, self._now())
        claims = [await claim_probe(self._store, one, self._now()) for one in due]
        runs = [one for one in claims if one is not None]
        for run in runs:
            try:
                outcome = await self._try(run)
            except _Busy:
                return  # it is seen next time
            if outcome is None:
                continue  # nobody of it can be written to now
            if not _got_through(outcome):
                return
            break
        for run in runs:
            with contextlib.suppress(RunIsOver):  # an admin was first
                await self._go_on(run)
                log.warning("%s goes on: cards get through again", run.run)

    async def _try(self, run: Run) -> Outcome | None:
        """Send to the first person of a run to whom it may be sent now, and return how that ended; None for nobody.

        Raises `_Busy` where others still hold what is left of it.
        """
        is_busy = False
        for slice_ in await open_slices(self._store, run.run):
            if slice_.due > self._now().timestamp():
                continue
            try:
                outcome = await self._try_in(run, slice_)
            except (LeaseLost, _Busy):
                is_busy = True
            else:
                if outcome is not None:
                    return outcome
        if is_busy:
            raise _Busy
        return None

    async def _try_in(self, run: Run, slice_: Slice) -> Outcome | None:
        grip = await take_up(self._store, slice_, now=self._clock())
        if grip is None:
            raise _Busy
        async with HeldSlice(self._store, grip, self._clock, lease_s=self._lease_s) as held:
            left = [self._ended(one, DeliveryState.UNCONFIRMED, LEFT_BEHIND) for one in held.flying]
            person = await self._somebody(run, held.waiting)
            if person is None:
                await held.finish(left, is_done=False)
                return None
            await held.step(left, [person.id])
            message = self._render(run, language_of(person), held.arms.get(person.id, ""))
            outcome = await self._sends.send(person, message, lambda: self._objection(run, person))
            if outcome.state is DeliveryState.FAILED and outcome.reason.startswith(UNREACHABLE):
                await mark_unreachable(self._store, person.id, outcome.reason.removeprefix(UNREACHABLE))
            await held.finish([] if _stays_planned(outcome) else [outcome], is_done=False)
            return outcome

    async def _somebody(self, run: Run, waiting: tuple[str, ...]) -> Person | None:
        now = self._now()
        for one in await find_people(self._store, waiting):
            is_awake = one.id == run.created_by or next_allowed(one, now, self._quiet) <= now
            if is_awake and not why_excluded(one):
                return one
        return None

    async def _objection(self, run: Run, person: Person) -> Outcome | None:
        """Say what to record instead of a try: the person has left, or an admin has decided about the run."""
        known = await find_person(self._store, person.id)
        if known is None:
            return self._ended(person.id, DeliveryState.FAILED, GONE)
        if reason := why_excluded(known):
            return self._ended(person.id, DeliveryState.EXCLUDED, reason)
        is_waiting = (await find_run(self._store, run.run)).is_in_outage
        return None if is_waiting else self._ended(person.id, DeliveryState.PLANNED)

    def _ended(self, person: str, state: DeliveryState, reason: str = "") -> Outcome:
        return Outcome(person=person, state=state, at=self._now(), reason=reason)

    def _clock(self) -> float:
        return self._now().timestamp()


def _got_through(outcome: Outcome) -> bool:
    """Say whether Teams took a card, or said of one person why not: it is there again."""
    return outcome.state in {DeliveryState.SENT, DeliveryState.FAILED} and not is_lost(outcome)


def _stays_planned(outcome: Outcome) -> bool:
    """Say whether nothing was delivered for certain, so that the person's turn still comes."""
    is_refused = outcome.state is DeliveryState.FAILED and is_lost(outcome)
    return is_refused or outcome.state is DeliveryState.PLANNED
