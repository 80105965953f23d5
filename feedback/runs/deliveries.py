"""What happens to a delivery on its way: planned, and how sending it ended. Answers are in answers.py.

Every change is conditional on the state it leaves, so two workers, or a worker and an answer, never undo each other.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feedback.people.audience_words import value_form
from feedback.people.mixes import segment_of
from feedback.people.people import Person
from feedback.runs.runs import Delivery, DeliveryState, Run
from store.contract import MAX_BATCH, Change, Conflict, Create, Op, Patch, Store, Where

COMPANY = "company"  # the attribute
LONGEST_COMPANY = 60  # characters of a name that are kept
SLICE = 100  # people in one piece of work; also the most that one batch may write


class Outcome(msgspec.Struct, frozen=True):
    """How sending to one person ended. `at` is when; `activity_id` names the message, where one was sent."""

    person: str
    state: DeliveryState
    at: datetime
    reason: str = ""
    activity_id: str = ""


def planned(run: Run, person: Person, slice_: int, reason: str, arm: str = "") -> Delivery:
    """Return the delivery of a survey to a person: planned, or excluded with the reason.

    It keeps where they belong as of now, for weighting, unless the survey is anonymous.
    """
    state = DeliveryState.EXCLUDED if reason else DeliveryState.PLANNED
    new = Delivery(run=run.run, id=person.id, state=state, slice=slice_, reason=reason, arm=arm)
    if run.survey.is_anonymous:
        return new
    segment = segment_of(run.mix, person.attributes) if run.mix is not None else ""
    company = value_form(person.attributes.get(COMPANY, ""))[:LONGEST_COMPANY]
    return msgspec.structs.replace(new, segment=segment, company=company)


def why_excluded(person: Person) -> str:
    """Return why nothing may be sent to a person, or an empty text. Somebody who never wrote may be written to."""
    if person.has_opted_out:
        return "opted out"
    return f"unreachable: {person.unreachable}" if person.unreachable else ""


async def write_planned(store: Store, run: str, slice_: Sequence[Delivery]) -> int:
    """Write up to 100 deliveries and return how many are new. Those that exist stay as they are."""
    changes: list[Change] = [Create(_doc(one)) for one in slice_]
    try:
        return len(await store.batch("runs", run, changes))
    except Conflict:
        return sum([await _write_new(store, one) for one in slice_])


async def without_delivery(store: Store, run: str, people: Sequence[Person]) -> list[Person]:
    """Return those of up to 500 people who have no delivery in a run yet."""
    keys = [one.id for one in people]
    known: set[object] = set()
    for start in range(0, len(keys), MAX_BATCH):
        where = [Where("kind", Op.EQ, "delivery"), Where("id", Op.IN, keys[start : start + MAX_BATCH])]
        known |= {doc["id"] for doc in (await store.query("runs", partition=run, where=where, limit=MAX_BATCH)).docs}
    return [one for one in people if one.id not in known]


def ended(outcome: Outcome) -> Patch:
    """Return the change that records an outcome. It holds only for a delivery that still waits for one.

    A worker that was slow, not dead, may still learn that its card arrived after it had been given up for doubtful.
    """
    news: dict[str, object] = {"state": outcome.state.value}
    if outcome.reason:
        news["reason"] = outcome.reason
    if outcome.activity_id:
        news["activity_id"] = outcome.activity_id
    if outcome.state in {DeliveryState.SENT, DeliveryState.UNCONFIRMED}:  # in doubt, it counts as a contact too
        news["sent_at"] = msgspec.to_builtins(outcome.at)
    gone = () if outcome.reason else ("reason",)
    return Patch(id=outcome.person, set=news, unset=gone, when=[Where("state", Op.IN, _waiting(outcome))])


async def late(store: Store, run: str, outcome: Outcome) -> Patch | None:
    """Return the change that records an outcome as the delivery is now; None where there is nothing to record."""
    doc = await store.get("runs", run, outcome.person)
    if doc is not None and doc["state"] in _waiting(outcome):
        return ended(outcome)
    return None if doc is None else _noted(outcome)


async def record_one(store: Store, run: str, outcome: Outcome) -> None:
    """Record one outcome. An answer that came first keeps its state and gets the message's id."""
    try:
        await store.patch("runs", run, ended(outcome))
    except Conflict:
        if (note := _noted(outcome)) is not None:
            await store.patch("runs", run, note)


def _waiting(outcome: Outcome) -> list[str]:
    """Return the states that an outcome ends."""
    waiting = [DeliveryState.PLANNED.value]
    return [*waiting, DeliveryState.UNCONFIRMED.value] if outcome.state is DeliveryState.SENT else waiting


def _noted(outcome: Outcome) -> Patch | None:
    """Return the change that gives a delivery that has its state already the message's id."""
    note = {"activity_id": outcome.activity_id, "sent_at": msgspec.to_builtins(outcome.at)}
    return Patch(id=outcome.person, set=note) if outcome.activity_id else None


async def replan(store: Store, run: str, people: Sequence[str], state: DeliveryState) -> list[str]:
    """Plan again those that are still in a state, and return them."""
    when = [Where("state", Op.EQ, state.value)]
    planned_again = {"state": DeliveryState.PLANNED.value}
    return await _move(store, run, [Patch(one, set=planned_again, unset=("reason",), when=when) for one in people])


async def _move(store: Store, run: str, patches: Sequence[Patch]) -> list[str]:
    """Make the patches whose conditions hold, in one batch where all do, and return their people."""
    if not patches:
        return []
    try:
        await store.batch("runs", run, patches)
    except Conflict:
        return [patch.id for patch in patches if await _moves(store, run, patch)]
    return [patch.id for patch in patches]


async def _moves(store: Store, run: str, patch: Patch) -> bool:
    try:
        await store.patch("runs", run, patch)
    except Conflict:
        return False
    return True


async def _write_new(store: Store, delivery: Delivery) -> int:
    try:
        await store.create("runs", _doc(delivery))
    except Conflict:
        return 0
    return 1


def _doc(delivery: Delivery) -> dict[str, object]:
    doc: dict[str, object] = msgspec.to_builtins(delivery)
    return {**doc, "kind": "delivery"}
