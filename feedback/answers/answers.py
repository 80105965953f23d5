"""Answers: one conditional write for each, harmless to repeat. An answer to an answered survey is an edit.

Whoever answers has the card, whatever is known about its way to them: an answer may be faster than the news that the
card arrived, and a card given up for lost may still be on somebody's screen.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec

from feedback.answers.anonymous import cast, with_ballot
from feedback.errors import NotYourSurvey, RunIsClosed, RunIsRecalled
from feedback.runs.runs import Delivery, DeliveryState, Run, RunState, find_delivery
from feedback.surveys.checking import check_answers
from feedback.surveys.questions import Answers
from store.contract import Conflict, Missing, Op, Patch, Store, Uncertain, Where

ATTEMPTS = 5  # answers are kept again this often when others are kept at the same time
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
    if run.survey.is_anonymous:
        done = await cast(store, run, person, answers, mark=fingerprint(revision, answers), now=now, step=step)
        is_outdated = done.is_repeat and done.delivery.answers != answers
        return Recorded(done.delivery, is_repeat=done.is_repeat, is_outdated=is_outdated)
    if not revision and step is None:
        try:
            return await _record_first(store, run, person, answers, now)
        except (Conflict, Uncertain):  # not the first, or there is something to clear away, or perhaps it is kept
            pass
    for _ in range(ATTEMPTS - 1):
        try:
            return await _record_over(store, run, person, answers, revision=revision, now=now, step=step)
        except (Conflict, Uncertain):
            if step is not None:
                raise
    return await _record_over(store, run, person, answers, revision=revision, now=now, step=step)


async def _record_first(store: Store, run: Run, person: str, answers: Answers, now: datetime) -> Recorded:
    """Keep the first answers of somebody of whom nothing else is kept: in most surveys this is every answer.

    So it is as little as an answer can be, without a mark: who has one revision and says the same has said it before.
    Raises `Conflict` or `Uncertain`.
    """
    news: dict[str, object] = {
        "state": DeliveryState.ANSWERED.value,
        "answers": answers,
        "answered_at": msgspec.to_builtins(now),
        "revision": 1,
    }
    when = [Where("state", Op.NE, DeliveryState.RECALLED.value)]
    when += [Where(field, Op.MISSING) for field in ("revision", "step", "snoozed_until", "reason")]
    try:
        doc = await store.patch("runs", run.run, Patch(id=person, set=news, when=when, is_signed=False))
    except Missing as error:
        raise NotYourSurvey from error
    return Recorded(delivery=msgspec.convert(doc, Delivery))


async def _record_over(
    store: Store, run: Run, person: str, answers: Answers, *, revision: int, now: datetime, step: int | None
) -> Recorded:
    """Keep answers over whatever is there, with a mark of them and of the first ones, or return the repeated answer.

    Raises `Conflict` where it has changed since it was read, or the draft has gone on; and `Uncertain`.
    """
    doc = await store.get("runs", run.run, person)
    if doc is None:
        raise NotYourSurvey
    found = msgspec.convert(doc, Delivery)
    if found.state is DeliveryState.RECALLED:
        raise RunIsRecalled
    mark = _mark(revision, answers)
    marks = {name for name in doc if name.startswith(MARK)}
    first = {_mark(0, found.answers)} if found.revision == 1 and not marks else set[str]()
    if mark in marks | first:
        return Recorded(delivery=found, is_repeat=True, is_outdated=found.answers != answers)
    if step is not None and found.step != step:
        raise Conflict
    news: dict[str, object] = {
        "state": DeliveryState.ANSWERED.value,
        "answers": answers,
        "answered_at": msgspec.to_builtins(now),
        "reason": "",
        "draft": None,  # emptied, not removed: removing what is not there costs some engines another request
        "snoozed_until": None,
        "revision": found.revision + 1,
        mark: revision,
        **dict.fromkeys(first, 0),
    }
    when = [Where("state", Op.NE, DeliveryState.RECALLED.value), Where(mark, Op.MISSING)]
    is_revision = Where("revision", Op.EQ, found.revision) if found.revision else Where("revision", Op.MISSING)
    when += [is_revision] if step is None else [is_revision, at_step(step)]
    return Recorded(
        delivery=msgspec.convert(await store.patch("runs", run.run, Patch(id=person, set=news, when=when)), Delivery)
    )


def at_step(step: int) -> Where:
    """Return the condition that a draft has been written so many times."""
    return Where("step", Op.EQ, step) if step else Where("step", Op.MISSING)


def refuse_when_over(run: Run) -> None:
    """Raise `RunIsClosed` or `RunIsRecalled` where a run takes no more answers."""
    if run.state is RunState.CLOSED:
        raise RunIsClosed
    if run.state is RunState.RECALLED:
        raise RunIsRecalled


async def find_answered(store: Store, run: Run, person: str) -> Delivery:
    """Return a person's delivery with their answers, for them alone. Raises `NotYourSurvey` or `RunIsRecalled`."""
    delivery = await find_delivery(store, run.run, person)
    if delivery is None:
        raise NotYourSurvey
    if delivery.state is DeliveryState.RECALLED:
        raise RunIsRecalled
    return await with_ballot(store, run, delivery)


def fingerprint(revision: int, answers: Answers) -> str:
    """Return what the same answers from the same card have in common."""
    body = msgspec.json.encode([revision, _plain(answers)], order="deterministic")
    return hashlib.blake2b(body, digest_size=9).hexdigest()


def _mark(revision: int, answers: Answers) -> str:
    return f"{MARK}{fingerprint(revision, answers)}"


def _plain(answers: Answers) -> dict[str, object]:
    """Return answers as they are stored: some engines keep 5.0 as 5."""
    return {name: int(one) if isinstance(one, float) and one.is_integer() else one for name, one in answers.items()}
