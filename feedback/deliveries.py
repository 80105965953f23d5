"""What happens to a delivery on its way: planned, sending, and how it ended. Answers are in answers.py.

Every change is conditional on the state it leaves, so two workers, or a worker and an answer, never undo each other.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feedback.people import Person
from feedback.runs import Delivery, DeliveryState, Run
from store.contract import Change, Conflict, Create, Op, Patch, Store, Where

SLICE = 100  # people in one piece of work; also the most that one batch may write


class Outcome(msgspec.Struct, frozen=True):
    """How sending to one person ended. `at` is when; `activity_id` names the message, where one was sent."""

    person: str
    state: DeliveryState
    at: datetime
    reason: str = ""
    activity_id: str = ""


def planned(run: Run, person: Person, slice_: int) -> Delivery:
    """Return the delivery of a survey to a person: planned, or excluded with the reason."""
    reason = why_excluded(person)
    state = DeliveryState.EXCLUDED if reason else DeliveryState.PLANNED
    return Delivery(run=run.run, id=person.id, state=state, slice=slice_, reason=reason)


def why_excluded(person: Person) -> str:
    """Return why nothing may be sent to a person, or an empty text."""
    if person.has_opted_out:
        return "opted out"
    if person.conversation is None:
        return "unreachable: no conversation yet"
    return f"unreachable: {person.unreachable}" if person.unreachable else ""


async def write_planned(store: Store, run: str, slice_: Sequence[Delivery]) -> int:
    """Write up to 100 deliveries and return how many are new. Those that exist stay as they are."""
    changes: list[Change] = [Create(_doc(one)) for one in slice_]
    try:
        return len(await store.batch("runs", run, changes))
    except Conflict:
        return sum([await _write_new(store, one) for one in slice_])


async def mark_sending(store: Store, run: str, people: Sequence[str]) -> list[str]:
    """Record that these planned deliveries are about to be sent. Returns those that still were planned."""
    return await _move(store, run, [_sending(person) for person in people])


async def record_outcomes(store: Store, run: str, outcomes: Sequence[Outcome]) -> None:
    """Write how sending ended. An answer that came first keeps its state and gets the message's id."""
    moved = await _move(store, run, [_ended(one) for one in outcomes])
    for one in outcomes:
        if one.person not in moved and one.activity_id:
            note = {"activity_id": one.activity_id, "sent_at": msgspec.to_builtins(one.at)}
            await store.patch("runs", run, Patch(id=one.person, set=note))


async def replan(store: Store, run: str, people: Sequence[str], state: DeliveryState) -> list[str]:
    """Plan again those that are still in a state, and return them."""
    return await _move(store, run, [_from(state, person, {"state": "planned", "reason": ""}) for person in people])


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


def _sending(person: str) -> Patch:
    return _from(DeliveryState.PLANNED, person, {"state": DeliveryState.SENDING.value})


def _ended(outcome: Outcome) -> Patch:
    news: dict[str, object] = {"state": outcome.state.value, "reason": outcome.reason}
    if outcome.activity_id:
        news |= {"activity_id": outcome.activity_id, "sent_at": msgspec.to_builtins(outcome.at)}
    # A worker that was slow, not dead, may still learn that its card arrived after it had been given up for doubtful.
    known = (DeliveryState.SENDING, DeliveryState.UNCONFIRMED)
    leaves = known if outcome.state is DeliveryState.SENT else known[:1]
    return Patch(id=outcome.person, set=news, when=[Where("state", Op.IN, [state.value for state in leaves])])


def _from(state: DeliveryState, person: str, news: dict[str, object]) -> Patch:
    return Patch(id=person, set=news, when=[Where("state", Op.EQ, state.value)])
