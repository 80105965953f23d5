"""Reminders: whom one is for, and the record that makes each reach a person at most once.

The record is a list of numbers in the delivery. Whoever sends a reminder claims it first, as with `sending`: a crash in
between costs that person this reminder, and never sends it twice.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import msgspec

from feedback.runs.deliveries import Outcome
from feedback.runs.runs import Delivery, DeliveryState, deliveries
from store.contract import Conflict, Op, Patch, Store, Where

AWAITED = frozenset({DeliveryState.SENT, DeliveryState.UNCONFIRMED})  # written to, perhaps, and no answer yet


def may_remind(delivery: Delivery, now: datetime) -> bool:
    """Say whether somebody still waits to be asked again: who declined does not, nor who has said when, until then."""
    is_snoozed = delivery.snoozed_until is not None and delivery.snoozed_until > now
    return delivery.state in AWAITED and not delivery.has_declined and not is_snoozed


async def awaited(store: Store, run: str, *, slice_: int | None = None) -> AsyncIterator[str]:
    """Give the people in a run, or in one slice of it, who have not answered and have not declined to."""
    async for one in deliveries(store, run, states=AWAITED, slice_=slice_):
        if not one.has_declined:
            yield one.id


async def claim_reminder(store: Store, run: str, people: Sequence[str], number: int) -> list[str]:
    """Record that up to 100 people are about to be reminded, and return those who still may be.

    Left out are those who have answered meanwhile, and those who got this reminder or a later one.
    """
    claims = [_claim(person, number) for person in people]
    if not claims:
        return []
    try:
        await store.batch("runs", run, claims)
    except Conflict:
        return [claim.id for claim in claims if await _holds(store, run, claim)]
    return [claim.id for claim in claims]


async def record_reminder(store: Store, delivery: Delivery, outcome: Outcome) -> None:
    """Record that a reminder was sent, or may have been. Its card is the one that counts from then on."""
    times = [*delivery.reminded_at, outcome.at]
    news: dict[str, object] = {"reminded_at": msgspec.to_builtins(times)}
    if outcome.activity_id:
        news["activity_id"] = outcome.activity_id
    await store.patch("runs", delivery.run, Patch(id=delivery.id, set=news))
    if outcome.state is DeliveryState.SENT:
        doubtful = Where("state", Op.EQ, DeliveryState.UNCONFIRMED.value)
        sent = {"state": DeliveryState.SENT.value}
        with contextlib.suppress(Conflict):  # it was in no doubt, or has been answered
            await store.patch("runs", delivery.run, Patch(delivery.id, set=sent, unset=("reason",), when=[doubtful]))


def _claim(person: str, number: int) -> Patch:
    """Take the earlier numbers along: a reminder that comes late is not followed by the one before it."""
    states = Where("state", Op.IN, sorted(state.value for state in AWAITED))
    news = {"reminders": list(range(1, number + 1))}
    return Patch(id=person, set=news, when=[states, Where("reminders", Op.LACKS, number)])


async def _holds(store: Store, run: str, claim: Patch) -> bool:
    try:
        await store.patch("runs", run, claim)
    except Conflict:
        return False
    return True
