"""Takes the cards of a run back: deletes each, or puts in its place that the survey was withdrawn.

Whoever has answered keeps their answers and a card that shows them. The same card withdrawn twice changes nothing, so
what was cut off is done again; what is recorded as recalled is not.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence

from broadcast.editor import UNREACHABLE, Editor
from broadcast.lease import HeldSlice
from broadcast.sender import Message
from broadcast.slices import RECALL_DELETING
from feedback.language import speaking
from feedback.people.people import Person, find_people, language_of
from feedback.runs.recalls import NO_RECEIPT, TO_RECALL, record_recalls
from feedback.runs.runs import Delivery, DeliveryState, Run, deliveries, find_delivery, find_run
from store.contract import Store

CHUNK = 25  # cards on their way at a time, as in sending
HAVE_A_CARD = TO_RECALL | {DeliveryState.ANSWERED}
GONE = "no longer known"

RenderWithdrawn = Callable[[Run, Delivery], Message]

log = logging.getLogger(__name__)


class Recalling:
    """The job “recall” of a slice."""

    def __init__(self, store: Store, editor: Editor, *, render: RenderWithdrawn) -> None:
        self._store = store
        self._editor = editor
        self._render = render

    async def work(self, held: HeldSlice) -> None:
        """Take back every card of a slice. What could not be is recorded with its reason, and may be tried again."""
        run, is_deleting = await find_run(self._store, held.slice.run), held.slice.job == RECALL_DELETING
        states = HAVE_A_CARD | {DeliveryState.RECALLED} if is_deleting else HAVE_A_CARD
        found = deliveries(self._store, run.run, states=states, slice_=held.slice.number)
        cards = [one async for one in found if one.activity_id or one.state in TO_RECALL]
        for start in range(0, len(cards), CHUNK):
            await held.step([])  # a slice that somebody else has taken is theirs to recall
            await self._recall_all(run, cards[start : start + CHUNK], is_deleting=is_deleting)
        await held.finish([])

    async def _recall_all(self, run: Run, cards: Sequence[Delivery], *, is_deleting: bool) -> None:
        people = {one.id: one for one in await find_people(self._store, [one.id for one in cards])}
        answered = [one for one in cards if one.state is DeliveryState.ANSWERED]
        unanswered = [one for one in cards if one.state is not DeliveryState.ANSWERED]
        gone: list[str] = []
        ends = await asyncio.gather(
            *(self._recall(run, one, people.get(one.id), gone if is_deleting else None) for one in unanswered)
        )
        reasons = dict(zip((one.id for one in unanswered), ends, strict=True))
        late = await record_recalls(self._store, run.run, reasons, gone=gone)
        found = [await find_delivery(self._store, run.run, person) for person in late]
        answered += [one for one in found if one is not None and one.state is DeliveryState.ANSWERED]
        await self._withdraw_answered(run, answered, people)

    async def _recall(self, run: Run, card: Delivery, person: Person | None, gone: list[str] | None) -> str:
        """Return why a card is still there, or an empty text. With `gone` it is deleted, if it can be."""
        if person is None:
            return GONE
        if not card.activity_id:
            return NO_RECEIPT
        if gone is not None:
            problem = await self._editor.remove(person, card.activity_id)
            if not problem:
                gone.append(card.id)
            if not problem or problem.startswith(UNREACHABLE):
                return problem
        if card.state is DeliveryState.RECALLED:
            return ""
        return await self._editor.replace(person, card.activity_id, self._message(run, card, person))

    async def _withdraw_answered(self, run: Run, cards: Sequence[Delivery], people: dict[str, Person]) -> None:
        """Show those who have answered what is kept. What fails is logged by count: nothing can be changed there."""
        known = [one for one in cards if one.id in people and one.activity_id]
        ends = await asyncio.gather(
            *(
                self._editor.replace(people[one.id], one.activity_id, self._message(run, one, people[one.id]))
                for one in known
            )
        )
        for reason, count in sorted(Counter(ends).items()):
            if reason:
                log.warning("%d cards with answers in %s still offer to change them: %s", count, run.run, reason)

    def _message(self, run: Run, card: Delivery, person: Person) -> Message:
        with speaking(language_of(person)):
            return self._render(run, card)
