"""Later, and not for me: what somebody says about a survey instead of answering it.

A snooze is a line in a book of the ledger, found by when it is due, and a time in the delivery; the delivery decides.
The line is written first: one without the delivery's word does nothing, so a crash in between promises nothing.
"""

import contextlib
from datetime import UTC, datetime

import msgspec

from feedback.answers.anonymous import with_ballot
from feedback.answers.answers import find_answered, refuse_when_over
from feedback.runs.runs import DECLINED, Delivery, DeliveryState, Run
from store.contract import Conflict, Doc, Missing, Op, Patch, Store, Uncertain, Where

BOOK = "snoozes"
MOST_DAYS = 30
STILL_SNOOZED = Where("snoozed_until", Op.GT, "")  # the person has said nothing else since
_UNANSWERED = frozenset(DeliveryState) - {DeliveryState.ANSWERED, DeliveryState.RECALLED}


class Snooze(msgspec.Struct, frozen=True):
    """Somebody who wants to be asked again. The id is "<run>|<person>"."""

    id: str
    run: str
    person: str
    at: datetime


async def snooze(store: Store, run: Run, person: str, until: datetime) -> Delivery:
    """Ask somebody again at a time; durable when it returns. Whoever has answered meanwhile is not asked again.

    Raises `RunIsClosed` or `NotYourSurvey`.
    """
    delivery = await _open(store, run, person)
    until = until.astimezone(UTC).replace(microsecond=0)
    await _put(store, Snooze(f"{run.run}|{person}", run.run, person, until))
    news: dict[str, object] = {"snoozed_until": msgspec.to_builtins(until)}
    return await _say(store, run, delivery, news | _undeclined(delivery))


async def decline(store: Store, run: Run, person: str) -> Delivery:
    """Keep that a survey is not for somebody: no reminders of it. Nothing changes for whoever has answered."""
    delivery = await _open(store, run, person)
    news: dict[str, object] = {"state": DeliveryState.SENT.value, "reason": DECLINED}  # whoever pressed it has the card
    return await _say(store, run, delivery, news | {"snoozed_until": None})


async def come_back(store: Store, run: Run, person: str) -> Delivery:
    """Take back a snooze or a decline, where there is one. Raises `RunIsClosed` or `NotYourSurvey`."""
    delivery = await _open(store, run, person)
    if delivery.snoozed_until is None and not delivery.has_declined:
        return delivery
    return await _say(store, run, delivery, {"snoozed_until": None, **_undeclined(delivery)})


async def due_snoozes(store: Store, now: datetime, limit: int = 25) -> list[Snooze]:
    """Return the snoozes that are due, longest first."""
    where = [Where("at", Op.LE, _stamp(now))]
    page = await store.query("ledger", partition=BOOK, where=where, order="at", limit=limit)
    return [msgspec.convert(doc, Snooze) for doc in page.docs]


async def postpone(store: Store, one: Snooze, until: datetime) -> None:
    """Look at a snooze again at another time, unless somebody else has taken it."""
    patch = Patch(id=one.id, set={"at": _stamp(until)}, when=[Where("at", Op.EQ, _stamp(one.at))])
    with contextlib.suppress(Conflict, Missing):
        await store.patch("ledger", BOOK, patch)


async def claim(store: Store, one: Snooze) -> bool:
    """Say whether a snooze is still to be acted upon, by the caller alone. It is gone then: nobody is asked twice."""
    doc = await store.get("ledger", BOOK, one.id)
    if doc is None or doc["at"] != _stamp(one.at):
        return False
    if "is_taken" in doc:  # whoever took it has died before it was gone, or is about to remove it
        await _remove(store, doc)
        return False
    try:
        # Taken first: unlike a deletion whose outcome nobody told, it can be recognised as one's own.
        is_free = [Where("at", Op.EQ, doc["at"]), Where("is_taken", Op.MISSING)]
        taken = await store.patch("ledger", BOOK, Patch(one.id, set={"is_taken": True}, when=is_free))
        await _remove(store, taken)
        patch = Patch(id=one.person, set={"snoozed_until": None}, when=[STILL_SNOOZED, _unanswered()])
        await store.patch("runs", one.run, patch)
    except (Conflict, Missing):
        return False
    return True


async def _remove(store: Store, line: Doc) -> None:
    """Remove a line that was taken, unless the person has asked for another time since."""
    with contextlib.suppress(Conflict, Missing, Uncertain):
        await store.delete("ledger", BOOK, str(line["id"]), etag=str(line["_etag"]))


async def snooze_of(store: Store, run: str, person: str) -> Doc | None:
    """Return what the book holds about one person's delivery."""
    return await store.get("ledger", BOOK, f"{run}|{person}")


async def _open(store: Store, run: Run, person: str) -> Delivery:
    refuse_when_over(run)
    return await find_answered(store, run, person)


def _undeclined(delivery: Delivery) -> dict[str, object]:
    return {"reason": ""} if delivery.has_declined else {}


async def _say(store: Store, run: Run, delivery: Delivery, news: dict[str, object]) -> Delivery:
    patch = Patch(id=delivery.id, set=news, when=[_unanswered()])
    try:
        said = msgspec.convert(await store.patch("runs", run.run, patch), Delivery)
    except Conflict:  # answered meanwhile
        return await find_answered(store, run, delivery.id)
    return await with_ballot(store, run, said)


async def _put(store: Store, one: Snooze) -> None:
    doc: Doc = {**msgspec.to_builtins(one), "at": _stamp(one.at), "book": BOOK, "kind": "snooze"}
    try:
        await store.create("ledger", doc)
    except Conflict:
        with contextlib.suppress(Missing):  # it has come due this very moment
            await store.patch("ledger", BOOK, Patch(id=one.id, set={"at": _stamp(one.at)}, unset=("is_taken",)))
            return
        await store.create("ledger", doc)


def _unanswered() -> Where:
    return Where("state", Op.IN, sorted(state.value for state in _UNANSWERED))


def _stamp(at: datetime) -> str:
    return str(msgspec.to_builtins(at.astimezone(UTC).replace(microsecond=0)))
