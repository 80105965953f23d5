"""Taking a run back: whose cards that concerns, and the record of what became of each.

Whoever has answered stays `answered` with their answers. A card that could not be taken back leaves its delivery in
the state it has, with the reason.
"""

import contextlib
from collections.abc import Mapping, Sequence

from feedback.runs.runs import DeliveryState
from store.contract import Change, Conflict, Op, Patch, Store, Where

TO_RECALL = frozenset({DeliveryState.SENT, DeliveryState.UNCONFIRMED})
NOT_RECALLED = "not taken back: "
NO_RECEIPT = "it is not known which message it was"


async def record_recalls(store: Store, run: str, ends: Mapping[str, str], *, gone: Sequence[str] = ()) -> list[str]:
    """Record what became of up to 100 cards: person -> why it is still there, or an empty text.

    The cards of those who are `gone` do not exist any more. Returns those whose delivery was answered meanwhile.
    """
    patches = [_ended(person, reason, is_gone=person in gone) for person, reason in ends.items()]
    if not patches:
        return []
    try:
        changes: list[Change] = list(patches)
        await store.batch("runs", run, changes)
    except Conflict:
        return [one.id for one in patches if not await _holds(store, run, one)]
    return []


def _ended(person: str, reason: str, *, is_gone: bool) -> Patch:
    """Return the change that records an end. An answer that came between looking and recording counts."""
    states = [*TO_RECALL, DeliveryState.RECALLED] if is_gone else [*TO_RECALL]
    when = [Where("state", Op.IN, sorted(state.value for state in states))]
    if reason:
        return Patch(id=person, set={"reason": NOT_RECALLED + reason}, when=when)
    unset = ["reason", "activity_id"] if is_gone else ["reason"]
    return Patch(id=person, set={"state": DeliveryState.RECALLED.value}, unset=unset, when=when)


async def _holds(store: Store, run: str, patch: Patch) -> bool:
    with contextlib.suppress(Conflict):
        await store.patch("runs", run, patch)
        return True
    return False
