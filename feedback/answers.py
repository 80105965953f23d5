"""Answers: one conditional write for each, harmless to repeat. An answer to an answered survey is an edit."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec

from feedback.errors import NotYourSurvey, RunIsClosed
from feedback.questions import Answers, check_answers
from feedback.runs import Delivery, DeliveryState, Run, RunState, find_delivery
from store.contract import Conflict, Missing, Op, Patch, Store, Where

# Whoever answers has the card, whatever we know about its way to them: an answer may be faster than the news that the
# card has arrived.
ANSWERABLE = (
    DeliveryState.PLANNED,
    DeliveryState.SENT,
    DeliveryState.ANSWERED,
    DeliveryState.SENDING,
    DeliveryState.UNCONFIRMED,
)


class Recorded(msgspec.Struct, frozen=True):
    """What an answer led to. `is_repeat`: this very answer had been recorded before, so nothing was written."""

    delivery: Delivery
    is_edit: bool
    is_repeat: bool = False


async def record_answer(
    store: Store, run: Run, person: str, raw: Mapping[str, object], *, revision: int, now: datetime
) -> Recorded:
    """Check and keep a person's answers to a run; durable when it returns.

    `raw` is question id -> what was entered; `revision` is the one the person was looking at. The same answers sent
    again from the same card change nothing. Raises `RunIsClosed`, `NotYourSurvey` or `AnswersRefused`.
    """
    if run.state is RunState.CLOSED:
        raise RunIsClosed
    answers = check_answers(run.survey, raw)
    mark = f"h_{_fingerprint(revision, answers)}"
    news: dict[str, object] = {
        "state": DeliveryState.ANSWERED.value,
        "answers": answers,
        "answered_at": msgspec.to_builtins(now),
        "reason": "",
        mark: revision,
    }
    when = [Where("state", Op.IN, [state.value for state in ANSWERABLE]), Where(mark, Op.MISSING)]
    try:
        doc = await store.patch("runs", run.run, Patch(id=person, set=news, add={"revision": 1}, when=when))
    except Missing as error:
        raise NotYourSurvey from error
    except Conflict:
        return await _explain(store, run, person, mark)
    delivery = msgspec.convert(doc, Delivery)
    return Recorded(delivery=delivery, is_edit=delivery.revision > 1)


async def _explain(store: Store, run: Run, person: str, mark: str) -> Recorded:
    """Return the repeated answer as it stands. Raises `NotYourSurvey` when it was no repeat."""
    doc = await store.get("runs", run.run, person)
    if doc is None or mark not in doc:
        raise NotYourSurvey
    delivery = msgspec.convert(doc, Delivery)
    return Recorded(delivery=delivery, is_edit=delivery.revision > 1, is_repeat=True)


async def find_answered(store: Store, run: Run, person: str) -> Delivery:
    """Return a person's own delivery. Raises `NotYourSurvey` where they have none that was sent."""
    delivery = await find_delivery(store, run.run, person)
    if delivery is None or delivery.state not in ANSWERABLE:
        raise NotYourSurvey
    return delivery


def _fingerprint(revision: int, answers: Answers) -> str:
    body = msgspec.json.encode([revision, answers], order="deterministic")
    return hashlib.blake2b(body, digest_size=9).hexdigest()
