"""Sends a slice in chunks. Before a chunk leaves, its people are written down as on their way.

What an earlier worker left there may or may not have arrived, so it becomes `unconfirmed`. After each chunk it looks
whether the channel refuses the message itself (refusals.py): then the run fails, and nobody else is bothered.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from broadcast.lease import HeldSlice
from broadcast.messenger import Unreachable
from broadcast.objections import GONE, STOPPED, GoingOut, Objections, why_stopped
from broadcast.refusals import refusal, why_hopeless
from broadcast.rendering import Render
from broadcast.sender import REASONS, Sends
from feedback.errors import RunIsOver
from feedback.people.people import Person, language_of, mark_unreachable
from feedback.runs.contacts import QuietHours, next_allowed
from feedback.runs.deliveries import Outcome
from feedback.runs.runs import DeliveryState, Run, RunState, fail_run
from store.contract import MAX_BATCH, Store

CHUNK = 50  # people on their way between two records; as many may be in doubt after a crash
RECORDED = MAX_BATCH - 1  # outcomes in one write, beside the slice's own document
STOP_S = 10.0  # how long a stop waits for cards on their way
LEFT_BEHIND = "the service stopped while it was being sent"
UNREACHABLE = REASONS[Unreachable]

log = logging.getLogger(__name__)


class Sending:
    """The job “send” of a slice."""

    def __init__(
        self, store: Store, sender: Sends, *, render: Render, now: Callable[[], datetime], quiet: QuietHours
    ) -> None:
        self._store = store
        self._sender = sender
        self._render = render
        self._now = now
        self._quiet = quiet
        self._runs = GoingOut(store, now)

    async def work(self, held: HeldSlice) -> datetime | None:
        """Send to everybody of a slice who is still planned, unless their run is held or over.

        Whoever is in their quiet hours by now stays planned; returns when the first of those are over.
        """
        left = held.flying
        outcomes = self._all(left, DeliveryState.UNCONFIRMED, LEFT_BEHIND)
        waiting = [*held.waiting]
        later: dict[str, datetime] = {}
        objections = Objections(self._store, self._runs, held.slice.run, waiting, now=self._now)
        while waiting:
            run = await self._runs.find(held.slice.run)
            if run.state is RunState.HELD:
                await held.finish(outcomes, is_done=False)
                return None
            if run.state in STOPPED:
                outcomes += self._all([*later, *waiting], DeliveryState.CANCELLED, why_stopped(run))
                later = {}
                break
            asleep = await self._asleep(run, waiting[:CHUNK], objections)
            later |= asleep
            chunk, rest = [one for one in waiting[:CHUNK] if one not in asleep], waiting[CHUNK:]
            if not chunk:
                waiting = rest
                continue
            await held.step(outcomes, chunk)
            ended = await self._send_chunk(held, run, chunk, objections)
            outcomes = [one for one in ended if one.state is not DeliveryState.PLANNED]
            if refusal(ended):
                await held.step(outcomes)  # recorded first, whatever comes of the question
                outcomes = []
                await self._fail_if_hopeless(run, ended)
            waiting = [*(one.person for one in ended if one.state is DeliveryState.PLANNED), *rest]
        while len(outcomes) > RECORDED:
            await held.step(outcomes[:RECORDED])
            outcomes = outcomes[RECORDED:]
        due = min(later.values(), default=None)
        await held.finish(outcomes, is_done=not later, due=due)
        return due

    async def _asleep(self, run: Run, chunk: Sequence[str], objections: Objections) -> dict[str, datetime]:
        """Return who is in their quiet hours, with the end of these. Whoever started the run asked for it."""
        now = self._now()
        people = [one for one in await objections.people(chunk) if one.id != run.created_by]
        allowed = {one.id: next_allowed(one, now, self._quiet) for one in people}
        return {one: at for one, at in allowed.items() if at > now}

    async def _send_chunk(
        self, held: HeldSlice, run: Run, chunk: Sequence[str], objections: Objections
    ) -> list[Outcome]:
        """Send to a chunk; told to stop, wait for those on their way and record how they ended."""
        sending = asyncio.ensure_future(self._send_all(run, chunk, held.arms, objections))
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            done, _ = await asyncio.wait({sending}, timeout=STOP_S)
            if done:
                ended = [one for one in sending.result() if one.state is not DeliveryState.PLANNED]
                await asyncio.shield(held.step(ended))
            raise

    async def _send_all(
        self, run: Run, chunk: Sequence[str], arms: Mapping[str, str], objections: Objections
    ) -> list[Outcome]:
        people = await objections.people(chunk)
        outcomes = await asyncio.gather(
            *(self._send_to(run, person, arms.get(person.id, ""), objections) for person in people)
        )
        for one in outcomes:
            if one.state is DeliveryState.FAILED and one.reason.startswith(UNREACHABLE):
                await mark_unreachable(self._store, one.person, one.reason.removeprefix(UNREACHABLE))
        gone = sorted(set(chunk) - {one.id for one in people})
        return [*outcomes, *self._all(gone, DeliveryState.FAILED, GONE)]

    async def _send_to(self, run: Run, person: Person, arm: str, objections: Objections) -> Outcome:
        message = self._render(run, language_of(person), arm)
        return await self._sender.send(person, message, lambda: objections.against(person))

    async def _fail_if_hopeless(self, run: Run, ended: Sequence[Outcome]) -> None:
        reason = await why_hopeless(self._store, run, ended)
        if reason:
            with contextlib.suppress(RunIsOver):
                await fail_run(self._store, run, reason)
                self._runs.forget(run.run)
                log.error("%s has failed: %s", run.run, reason)

    def _all(self, people: Sequence[str], state: DeliveryState, reason: str) -> list[Outcome]:
        return [Outcome(person=one, state=state, at=self._now(), reason=reason) for one in people]
