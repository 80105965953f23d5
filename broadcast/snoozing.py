"""Asks those again who said “later”, when it is due and outside their quiet hours.

A snooze is claimed before its card leaves: a crash in between costs the person this reminder, and nobody gets it twice.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from broadcast.editor import Editor
from broadcast.reminding import OPEN_FOR_ANSWERS, Render, follow_up
from broadcast.sender import Sender
from feedback.answers.snoozes import Snooze, claim, due_snoozes, postpone
from feedback.errors import RunUnknown
from feedback.language import speaking
from feedback.people.people import Person, find_person, language_of
from feedback.runs.contacts import QuietHours, next_allowed
from feedback.runs.deliveries import Outcome, why_excluded
from feedback.runs.reminders import may_remind
from feedback.runs.runs import DeliveryState, Run, RunState, find_delivery, find_run
from store.contract import Store

OPEN = OPEN_FOR_ANSWERS | {RunState.HELD, RunState.CANCELLED}  # whoever has a card may still answer it


class Snoozing:
    """Looks at the snoozes that are due. Several may, in one process or in many."""

    def __init__(
        self,
        store: Store,
        sender: Sender,
        editor: Editor,
        quiet: QuietHours,
        *,
        render: Render,
        render_moved: Render,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._sender = sender
        self._editor = editor
        self._quiet = quiet
        self._render = render
        self._render_moved = render_moved
        self._now = now

    async def tick(self) -> None:
        """Ask everybody again whose time has come, or move it past their quiet hours."""
        while found := await due_snoozes(self._store, self._now()):
            await asyncio.gather(*(self._attend(one) for one in found))

    async def _attend(self, one: Snooze) -> None:
        person, run = await find_person(self._store, one.person), await self._run(one)
        now = self._now()
        if person is not None and run is not None:
            allowed = next_allowed(person, now, self._quiet)
            if allowed > now:
                await postpone(self._store, one, allowed)
                return
        is_mine = await claim(self._store, one)
        if not is_mine or person is None or run is None or await self._objection(run, person) is not None:
            return
        delivery = await find_delivery(self._store, run.run, person.id)
        if delivery is None:
            return
        with speaking(language_of(person)):
            message, moved = self._render(run, delivery), self._render_moved(run, delivery)
        outcome = await self._sender.send(person, message, lambda: self._objection(run, person))
        await follow_up(self._store, self._editor, person, delivery, outcome, moved)

    async def _run(self, one: Snooze) -> Run | None:
        try:
            return await find_run(self._store, one.run)
        except RunUnknown:
            return None

    async def _objection(self, run: Run, person: Person) -> Outcome | None:
        """Say why not to ask again: answered, declined, stopped or closed meanwhile."""
        known = await find_person(self._store, person.id)
        delivery = await find_delivery(self._store, run.run, person.id)
        is_open = (await find_run(self._store, run.run)).state in OPEN
        if is_open and known and not why_excluded(known) and delivery and may_remind(delivery, self._now()):
            return None
        return Outcome(person=person.id, state=DeliveryState.CANCELLED, at=self._now())
