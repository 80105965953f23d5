"""Ballots: what somebody answers in an anonymous run while it is open, apart from their delivery.

A ballot's id is a keyed hash of the person, and the key belongs to the run alone; so the same person always finds the
same ballot, and nobody without the key can say whose it is. The delivery says only that they answered, and on which
day. Both are written at once, and only while the key says that the run is open. sealing.py destroys the key; what all
this promises, and what not, is in docs/anonymity.md.
"""

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from secrets import token_hex

import msgspec

from feedback.errors import NotYourSurvey, RunIsClosed, RunIsRecalled
from feedback.runs.runs import Delivery, DeliveryState, Draft, Run, find_delivery
from feedback.surveys.questions import Answers
from store.contract import Change, Conflict, Create, Doc, Missing, Op, Patch, Replace, Store, Uncertain, Where

KEY_DOC = "ballot-key"
BALLOT = "ballot"  # the kind
ATTEMPTS = 5
MOST_MARKS = 50
_KEY_BYTES = 32


class Key(msgspec.Struct, frozen=True):
    """What ties people to ballots. Once it `is_open` no more, no ballot changes."""

    key: str  # hexadecimal
    is_open: bool = True
    arms: dict[str, str] | None = None  # arm -> what its answers are sealed as; None until that is settled


class Ballot(msgspec.Struct, frozen=True, omit_defaults=True):
    """One person's answers in an anonymous run. It holds nobody's name and no time."""

    id: str
    run: str
    kind: str = BALLOT
    arm: str = ""
    answers: Answers = {}
    revision: int = 0
    draft: Draft | None = None
    step: int = 0
    marks: tuple[str, ...] = ()  # fingerprints of what was recorded, so that the same card twice counts once


class Cast(msgspec.Struct, frozen=True):
    """What casting a ballot led to, seen by the person whose ballot it is."""

    delivery: Delivery
    is_repeat: bool = False


async def open_ballots(store: Store, run: Run, *, new_key: Callable[[int], str] = token_hex) -> None:
    """Make a run's key. Harmless to repeat: a key that is there stays."""
    doc: Doc = {"id": KEY_DOC, "run": run.run, "kind": KEY_DOC, "key": new_key(_KEY_BYTES), "is_open": True}
    doc["created_at"] = msgspec.to_builtins(run.created_at)  # keys are looked for by it, over all runs
    try:
        await store.create("runs", doc)
    except Conflict:
        return


async def find_key(store: Store, run: Run) -> Key | None:
    """Return a run's key, or None where it is destroyed."""
    doc = await store.get("runs", run.run, KEY_DOC)
    return None if doc is None else msgspec.convert(doc, Key)


async def with_ballot(store: Store, run: Run, delivery: Delivery) -> Delivery:
    """Return a person's delivery with what they answered, for their own eyes; of other runs, as it is."""
    if not run.survey.is_anonymous:
        return delivery
    ballot, _ = await _find(store, run, await find_key(store, run), delivery.id)
    return _seen(delivery, ballot)


async def own_ballot(store: Store, run: Run, person: str) -> Doc | None:
    """Return what a person's ballot holds, for that person alone; None where there is none, or it is sealed."""
    if not run.survey.is_anonymous:
        return None
    _, doc = await _find(store, run, await find_key(store, run), person)
    return None if doc is None else {name: doc[name] for name in ("run", "kind", "answers", "draft") if name in doc}


async def cast(
    store: Store, run: Run, person: str, answers: Answers, *, mark: str, now: datetime, step: int | None
) -> Cast:
    """Make these the person's answers; durable when it returns. `mark` is what the same answers have in common.

    Raises `RunIsClosed`, `RunIsRecalled`, `NotYourSurvey`; with a `step` also `Conflict`, where the draft has gone on.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await _cast_once(store, run, person, answers, mark, now, step)
        except Uncertain:
            continue  # look whether it was kept; where not, it is still harmless to do it again
        except Conflict:
            if step is not None:
                raise
    return await _cast_once(store, run, person, answers, mark, now, step)


async def write_draft(store: Store, run: Run, seen: Delivery, draft: Draft) -> Delivery:
    """Write a draft over the one that was seen. Raises `RunIsClosed`, or `Conflict` where it has gone on meanwhile."""
    ballot, doc = await _find(store, run, await find_key(store, run), seen.id)
    if (ballot.revision, ballot.step) != (seen.revision, seen.step):
        raise Conflict
    news: dict[str, object] = {"snoozed_until": None} | ({"reason": ""} if seen.has_declined else {})
    after = msgspec.structs.replace(ballot, draft=draft, step=ballot.step + 1, arm=seen.arm)
    return _seen(await _write(store, run, seen.id, news, after, doc), after)


async def _cast_once(
    store: Store, run: Run, person: str, answers: Answers, mark: str, now: datetime, step: int | None
) -> Cast:
    delivery = await find_delivery(store, run.run, person)
    if delivery is None:
        raise NotYourSurvey
    ballot, doc = await _find(store, run, await find_key(store, run), person)
    if mark in ballot.marks:
        return Cast(_seen(delivery, ballot), is_repeat=True)
    if delivery.state is DeliveryState.RECALLED:
        raise RunIsRecalled
    if step is not None and ballot.step != step:
        raise Conflict
    after = msgspec.structs.replace(
        ballot,
        arm=delivery.arm,
        answers=answers,
        revision=ballot.revision + 1,
        draft=None,
        marks=(*ballot.marks, mark)[-MOST_MARKS:],
    )
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    news: dict[str, object] = {
        "state": DeliveryState.ANSWERED.value,
        "answered_at": msgspec.to_builtins(day),
        "reason": "",
        "snoozed_until": None,
    }
    return Cast(_seen(await _write(store, run, person, news, after, doc), after))


async def _write(
    store: Store, run: Run, person: str, news: dict[str, object], ballot: Ballot, before: Doc | None
) -> Delivery:
    """Write delivery and ballot at once, while the run is open. Raises `RunIsClosed` or `Conflict`."""
    if not ballot.id:  # the key is destroyed
        raise RunIsClosed
    body: Doc = msgspec.to_builtins(ballot)
    doc: Doc = {**body, "kind": BALLOT}
    changes: list[Change] = [
        Patch(KEY_DOC, add={"writes": 1}, when=[Where("is_open", Op.EQ, value=True)]),
        Patch(person, set=news, when=[Where("state", Op.NE, DeliveryState.RECALLED.value)]),
        Create(doc) if before is None else Replace(doc, str(before["_etag"])),
    ]
    try:
        _, delivery, _ = await store.batch("runs", run.run, changes)
    except (Conflict, Missing):
        key = await find_key(store, run)
        if key is None or not key.is_open:
            raise RunIsClosed from None
        raise Conflict from None
    return msgspec.convert(delivery, Delivery)


async def _find(store: Store, run: Run, key: Key | None, person: str) -> tuple[Ballot, Doc | None]:
    """Return a person's ballot, an empty one where there is none yet or no way to know, and its document."""
    if key is None:
        return Ballot("", run.run), None
    name = ballot_id(key, run, person)
    doc = await store.get("runs", run.run, name)
    return (Ballot(name, run.run), None) if doc is None else (msgspec.convert(doc, Ballot), doc)


def ballot_id(key: Key, run: Run, person: str) -> str:
    """Return the id of a person's ballot: HMAC-SHA-256 (RFC 2104) of run and person under the run's key."""
    return f"{BALLOT}-{keyed(key, f'{run.run}|{person}')}"


def keyed(key: Key, text: str) -> str:
    """Return a text's hash under a key, in hexadecimal."""
    return hmac.digest(bytes.fromhex(key.key), text.encode(), "sha256").hex()


def _seen(delivery: Delivery, ballot: Ballot) -> Delivery:
    return msgspec.structs.replace(
        delivery, answers=ballot.answers, revision=ballot.revision, draft=ballot.draft, step=ballot.step
    )
