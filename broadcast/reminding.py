"""Sends a survey again to those who have not answered, and points from the older card to the newer one.

A reminder is claimed before it leaves: a crash in between costs at most a chunk of people this reminder, and nobody
gets it twice.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from broadcast.editor import Editor
from broadcast.lease import HeldSlice
from broadcast.sender import Message, Sender
from feedback.language import speaking
from feedback.people.people import Person, find_people, find_person, language_of, mark_unreachable
from feedback.runs.contacts import ContactRules, next_allowed, over_budget
from feedback.runs.deliveries import Outcome, why_excluded
from feedback.runs.reminders import AWAITED, claim_reminder, may_remind, record_reminder
from feedback.runs.runs import Delivery, DeliveryState, Run, RunState, deliveries, find_delivery, find_run
from store.contract import Store

CHUNK = 25  # people whose reminder a crash may cost
OPEN_FOR_ANSWERS = frozenset({RunState.SENDING, RunState.SENT})
UNREACHABLE = "unreachable: "

Render = Callable[[Run, Delivery], Message]

log = logging.getLogger(__name__)


class Reminding:
    """The job “remind” of a slice. `render` is what is sent, `render_moved` what takes the older card's place."""

    def __init__(
        self,
        store: Store,
        sender: Sender,
        editor: Editor,
        *,
        render: Render,
        render_moved: Render,
        rules: ContactRules,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._sender = sender
        self._editor = editor
        self._render = render
        self._render_moved = render_moved
        self._rules = rules
        self._now = now

    async def work(self, held: HeldSlice) -> datetime | None:
        """Remind everybody of a slice who is still to answer; return when the next quiet hours of others are over."""
        number = int(held.slice.job.rpartition("-")[2])
        found = deliveries(self._store, held.slice.run, states=AWAITED, slice_=held.slice.number)
        waiting = [one async for one in found if may_remind(one, self._now())]
        quiet: set[datetime] = set()
        while waiting:
            run = await find_run(self._store, held.slice.run)
            if run.state not in OPEN_FOR_ANSWERS:
                quiet.clear()
                break
            chunk, waiting = waiting[:CHUNK], waiting[CHUNK:]
            await held.step([])  # a slice that somebody else has taken is theirs to remind
            quiet |= await self._remind_all(run, chunk, number)
        await held.finish([], is_done=not quiet)
        return min(quiet, default=None)

    async def _remind_all(self, run: Run, chunk: Sequence[Delivery], number: int) -> set[datetime]:
        """Remind those for whom it is not too late or too early in the day; return when it is no more for the others.

        Whoever started the run asked for it, at any hour.
        """
        known = [one for one in await find_people(self._store, [one.id for one in chunk]) if not why_excluded(one)]
        now = self._now()
        allowed = {one.id: next_allowed(one, now, self._rules.quiet) for one in known if one.id != run.created_by}
        quiet = {one: at for one, at in allowed.items() if at > now}
        people = await self._within_budget(run, [one for one in known if one.id not in quiet])
        claimed = set(await claim_reminder(self._store, run.run, [one.id for one in people], number))
        delivery_of = {one.id: one for one in chunk}
        await asyncio.gather(*(self._remind(run, one, delivery_of[one.id]) for one in people if one.id in claimed))
        return set(quiet.values())

    async def _within_budget(self, run: Run, people: Sequence[Person]) -> list[Person]:
        """Leave out those for whom a reminder is one contact too many by now. Whoever started the run asked for it."""
        asked = [one.id for one in people if one.id != run.created_by]
        over = await over_budget(self._store, asked, self._now(), limit=self._rules.contacts_per_30_days)
        if over:
            log.info("%d people in %s are not reminded: contact budget", len(over), run.run)
        return [one for one in people if one.id not in over]

    async def _remind(self, run: Run, person: Person, delivery: Delivery) -> None:
        with speaking(language_of(person)):
            message, moved = self._render(run, delivery), self._render_moved(run, delivery)
        outcome = await self._sender.send(person, message, lambda: self._objection(run, person))
        await follow_up(self._store, self._editor, person, delivery, outcome, moved)

    async def _objection(self, run: Run, person: Person) -> Outcome | None:
        """Say why not to remind any more: answered, stopped or closed while the reminder waited."""
        known, delivery = (
            await find_person(self._store, person.id),
            await find_delivery(self._store, run.run, person.id),
        )
        is_open = (await find_run(self._store, run.run)).state in OPEN_FOR_ANSWERS
        if is_open and known and not why_excluded(known) and delivery and may_remind(delivery, self._now()):
            return None
        return Outcome(person=person.id, state=DeliveryState.CANCELLED, at=self._now())


async def follow_up(
    store: Store, editor: Editor, person: Person, delivery: Delivery, outcome: Outcome, moved: Message
) -> None:
    """Record that somebody was asked again, or may have been, and point from the older card to the newer one."""
    if outcome.state is DeliveryState.FAILED and outcome.reason.startswith(UNREACHABLE):
        await mark_unreachable(store, person.id, outcome.reason.removeprefix(UNREACHABLE))
    if outcome.state not in {DeliveryState.SENT, DeliveryState.UNCONFIRMED}:
        return
    await record_reminder(store, delivery, outcome)
    known = await find_delivery(store, delivery.run, person.id)
    has_newer = outcome.activity_id and delivery.activity_id
    if has_newer and known is not None and known.state in AWAITED:  # thanks stay where they are
        await editor.replace(person, delivery.activity_id, moved)
