"""The answers of a run one by one, for files: the only place where they leave Hearback person by person.

Whatever may not be given away of an answer is kept back here, and nowhere above.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

import msgspec

from feedback.people import find_people
from feedback.questions import Answers
from feedback.runs import PAGE, Delivery, DeliveryState, Run, deliveries
from store.contract import MAX_BATCH, Store


class AnswerRow(msgspec.Struct, frozen=True):
    """What one person answered, and when for the last time. `attributes` are those known about them now."""

    person: str  # person id
    answered_at: datetime | None
    revision: int  # how many times they have sent answers
    attributes: Mapping[str, str]
    answers: Answers


async def answer_rows(store: Store, run: Run) -> AsyncIterator[Sequence[AnswerRow]]:
    """Give everybody who answered, in the order of their ids, up to a thousand at a time; memory holds no more."""
    group: list[Delivery] = []
    async for one in deliveries(store, run.run, states=frozenset({DeliveryState.ANSWERED})):
        group.append(one)
        if len(group) == PAGE:
            yield await _rows(store, group)
            group = []
    if group:
        yield await _rows(store, group)


async def _rows(store: Store, group: Sequence[Delivery]) -> list[AnswerRow]:
    keys = [one.id for one in group]
    parts = (keys[start : start + MAX_BATCH] for start in range(0, len(keys), MAX_BATCH))
    found = await asyncio.gather(*(find_people(store, part) for part in parts))
    people = {one.id: one.attributes for some in found for one in some}
    return [AnswerRow(one.id, one.answered_at, one.revision, people.get(one.id, {}), one.answers) for one in group]
