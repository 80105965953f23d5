"""The people of a run, by state and reason: a page at a time for reading, all of them for a file.

Never their answers: who said what is for results.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import msgspec

from feedback.people.people import Person, find_people
from feedback.runs.progress import reasons_of
from feedback.runs.runs import Delivery, DeliveryState, Run, deliveries
from store.contract import MAX_BATCH, Op, Store, Where

ON_A_PAGE = 10
MOST_REASONS = 100  # that one question may name


class Listed(msgspec.Struct, frozen=True):
    """One person in a run, as an admin sees them. The name is empty where we know none."""

    id: str
    name: str
    state: DeliveryState
    reason: str = ""
    sent_at: datetime | None = None
    reminded_at: datetime | None = None  # the last time
    answered_at: datetime | None = None


class ListPage(msgspec.Struct, frozen=True):
    """A part of a list: `total` is how long all of it is, `after` where the next page begins, empty at the end."""

    run: Run
    state: DeliveryState
    words: str  # that the reason has to contain
    rows: Sequence[Listed]
    total: int
    after: str = ""


async def page_of(store: Store, run: Run, state: DeliveryState, *, words: str = "", after: str = "") -> ListPage:
    """Return those in a state whose reason contains the words, in the order of their ids, beginning behind one id.

    Those being sent right now are still planned.
    """
    stored = DeliveryState.PLANNED if state is DeliveryState.SENDING else state
    where = [Where("kind", Op.EQ, "delivery"), Where("state", Op.EQ, stored.value)]
    if words:
        reasons = [one for one in await reasons_of(store, run, stored) if words.casefold() in one.casefold()]
        where.append(Where("reason", Op.IN, reasons[:MOST_REASONS]))
    total = (await store.tally("runs", run.run, "state", where=where)).get(stored.value, 0)
    later = [*where, Where("id", Op.GT, after)] if after else where
    page = await store.query("runs", partition=run.run, where=later, limit=ON_A_PAGE + 1)
    found = [msgspec.convert(doc, Delivery) for doc in page.docs]
    rows = await _named(store, found[:ON_A_PAGE])
    more = found[ON_A_PAGE - 1].id if len(found) > ON_A_PAGE else ""
    return ListPage(run=run, state=stored, words=words, rows=rows, total=total, after=more)


async def everybody_in(store: Store, run: Run, *, state: DeliveryState | None = None) -> AsyncIterator[Listed]:
    """Give everybody in a run, or in one state, in the order of their ids. Memory holds a hundred of them."""
    group: list[Delivery] = []
    states = None if state is None else frozenset({state})
    async for one in deliveries(store, run.run, states=states):
        group.append(one)
        if len(group) == MAX_BATCH:
            for row in await _named(store, group):
                yield row
            group = []
    for row in await _named(store, group):
        yield row


async def _named(store: Store, found: Sequence[Delivery]) -> list[Listed]:
    people = {one.id: one for one in await find_people(store, [one.id for one in found])}
    return [_listed(one, people.get(one.id)) for one in found]


def _listed(one: Delivery, person: Person | None) -> Listed:
    return Listed(
        id=one.id,
        name=person.name if person is not None else "",
        state=one.state,
        reason=one.reason,
        sent_at=one.sent_at,
        reminded_at=one.reminded_at[-1] if one.reminded_at else None,
        answered_at=one.answered_at,
    )
