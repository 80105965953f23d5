"""Answers: one conditional write for each, harmless to repeat. An answer to an answered survey is an edit.

Whoever answers has the card, whatever is known about its way to them: an answer may be faster than the news that the
card arrived, and a card given up for lost may still be on somebody's screen.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec

from feedback.checking import check_answers
from feedback.errors import NotYourSurvey, RunIsClosed, RunIsRecalled
from feedback.questions import Answers
from feedback.runs import Delivery, DeliveryState, Run, RunState, find_delivery
from store.contract import Conflict, Missing, Op, Patch, Store, Uncertain, Where

MARK = "h_"  # begins the name of a field that says: these answers were recorded


class Recorded(msgspec.Struct, frozen=True):
    """What an answer led to. `is_repeat`: this very answer had been recorded before, so nothing was written."""

    delivery: Delivery
    is_repeat: bool = False
    is_outdated: bool = False  # it is a repeat, and other answers have taken its place since


async def record_answer(
    store: Store,
    run: Run,
    person: str,
    raw: Mapping[str, object],
    *,
    revision: int,
    now: datetime,
    step: int | None = None,
) -> Recorded:
    """Check and keep a person's answers to a whole run; durable when it returns, and whatever was a draft is gone.

    `raw` is question id -> what was entered; `revision` is the one the person was looking at. The same answers sent
    again from the same card change nothing. Raises `RunIsClosed`, `RunIsRecalled`, `NotYourSurvey` or
    `AnswersRefused`; with a `step` also `Conflict`, where the draft has gone on from there.
    """
    refuse_when_over(run)
    answers = check_answers(run.survey, raw)
    mark = f"{MARK}{fingerprint(revision, answers)}"
    news: dict[str, object] = {
        "state": DeliveryState.ANSWERED.value,
        "answers": answers,
        "answered_at": msgspec.to_builtins(now),
        "reason": "",
        "draft": None,  # emptied, not removed: removing what is not there costs some engines another request
        "snoozed_until": None,
        mark: revision,
    }
    when = [Where("state", Op.NE, DeliveryState.RECALLED.value), Where(mark, Op.MISSING)]
    if step is not None:
        when.append(at_step(step))
    patch = Patch(id=person, set=news, add={"revision": 1}, when=when)
    try:
        doc = await store.patch("runs", run.run, patch)
    except Missing as error:
        raise NotYourSurvey from error
    except (Conflict, Uncertain) as cause:
        return await _explain(store, run, person, mark, answers, step, cause)
    return Recorded(delivery=msgspec.convert(doc, Delivery))


def at_step(step: int) -> Where:
    """Return the condition that a draft has been written so many times."""
    return Where("step", Op.EQ, step) if step else Where("step", Op.MISSING)


def refuse_when_over(run: Run) -> None:
    """Raise `RunIsClosed` or `RunIsRecalled` where a run takes no more answers."""
    if run.state is RunState.CLOSED:
        raise RunIsClosed
    if run.state is RunState.RECALLED:
        raise RunIsRecalled


async def _explain(
    store: Store, run: Run, person: str, mark: str, answers: Answers, step: int | None, cause: Conflict | Uncertain
) -> Recorded:
    """Return the repeated answer as it stands, whoever kept it: perhaps the very write whose outcome was in doubt.

    Raises `NotYourSurvey` or `RunIsRecalled` when it was no repeat, or the doubt where it remains one.
    """
    doc = await store.get("runs", run.run, person)
    if doc is None:
        raise NotYourSurvey
    if mark not in doc and step is not None and doc.get("step", 0) != step:
        raise Conflict
    if mark not in doc and isinstance(cause, Uncertain) and doc.get("state") != DeliveryState.RECALLED.value:
        raise cause
    if mark not in doc:
        raise RunIsRecalled
    delivery = msgspec.convert(doc, Delivery)
    return Recorded(delivery=delivery, is_repeat=True, is_outdated=delivery.answers != answers)


async def find_answered(store: Store, run: Run, person: str) -> Delivery:
    """Return a person's own delivery. Raises `NotYourSurvey` where they have none, or `RunIsRecalled`."""
    delivery = await find_delivery(store, run.run, person)
    if delivery is None:
        raise NotYourSurvey
    if delivery.state is DeliveryState.RECALLED:
        raise RunIsRecalled
    return delivery


def fingerprint(revision: int, answers: Answers) -> str:
    """Return what the same answers from the same card have in common."""
    body = msgspec.json.encode([revision, answers], order="deterministic")
    return hashlib.blake2b(body, digest_size=9).hexdigest()
