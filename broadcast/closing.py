"""Closes the cards of a run that takes no more answers: every card that somebody has says so from then on.

A slice is closed as a whole and done again as a whole after a crash, because the same card twice changes nothing.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence

from broadcast.editor import Editor
from broadcast.lease import HeldSlice
from broadcast.sender import Message
from feedback.language import speaking
from feedback.people.people import Person, find_people, language_of
from feedback.runs.runs import Delivery, DeliveryState, Run, deliveries, find_run
from store.contract import Store

CHUNK = 25  # cards on their way at a time, as in sending
HAVE_A_CARD = frozenset({DeliveryState.SENT, DeliveryState.UNCONFIRMED, DeliveryState.ANSWERED})

RenderClosed = Callable[[Run, Delivery], Message]

log = logging.getLogger(__name__)


class Closing:
    """The job “close” of a slice."""

    def __init__(self, store: Store, editor: Editor, *, render: RenderClosed) -> None:
        self._store = store
        self._editor = editor
        self._render = render

    async def work(self, held: HeldSlice) -> None:
        """Close every card of a slice that Teams gave us a name for. What cannot be closed is logged by count."""
        run, number = await find_run(self._store, held.slice.run), held.slice.number
        found = deliveries(self._store, run.run, states=HAVE_A_CARD, slice_=number)
        cards = [one async for one in found if one.activity_id]
        ends: Counter[str] = Counter()
        for start in range(0, len(cards), CHUNK):
            ends.update(await self._close(run, cards[start : start + CHUNK]))
        for reason, count in sorted(ends.items()):
            if reason:
                log.warning("%d cards of %s stay open: %s", count, run.run, reason)
        await held.finish([])

    async def _close(self, run: Run, cards: Sequence[Delivery]) -> list[str]:
        people = await find_people(self._store, [one.id for one in cards])
        card_of = {one.id: one for one in cards}
        return await asyncio.gather(
            *(
                self._editor.replace(one, card_of[one.id].activity_id, self._message(run, card_of[one.id], one))
                for one in people
            )
        )

    def _message(self, run: Run, card: Delivery, person: Person) -> Message:
        with speaking(language_of(person)):
            return self._render(run, card)
