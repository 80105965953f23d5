"""Surveys answered bit by bit: a page of a card, or a typed answer, is kept as it comes.

A draft is one conditional write for each bit, on the step that was read, so two devices never undo each other. It
leaves the delivery in its state: only the last page makes it `answered`. What comes from a card that is older than the
draft adds to it and never empties it, and leads to where the person is.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from feedback.answers.anonymous import write_draft
from feedback.answers.answers import at_step, find_answered, fingerprint, record_answer, refuse_when_over
from feedback.errors import AnswersRefused, Problem
from feedback.runs.runs import Delivery, DeliveryState, Draft, Run
from feedback.surveys.branching import asked_on, next_page, page_of, previous_page, still_asked
from feedback.surveys.checking import check_some, missing, unknown
from feedback.surveys.questions import Answers, Question
from store.contract import Conflict, Op, Patch, Store, Uncertain, Where

ATTEMPTS = 5  # a page is kept again this often when another device keeps one at the same time
MOST_SEEN = 50


class Sheet(msgspec.Struct, frozen=True):
    """A page as it was filled in: what was entered, and the revision and the step that its card was made from."""

    page: int
    raw: Mapping[str, object]
    revision: int = 0
    step: int = 0


class Kept(msgspec.Struct, frozen=True):
    """What keeping a page led to. `page` is the one to go on with; None: that was the last, and the survey is answered.

    `is_late`: the survey had been answered already and the page says something else, so nothing was written.
    """

    delivery: Delivery
    page: int | None
    problems: tuple[Problem, ...] = ()  # what earlier pages lack now that other questions are asked
    is_late: bool = False


async def keep_page(store: Store, run: Run, person: str, sheet: Sheet, now: datetime) -> Kept:
    """Check and keep a page, and say which comes next; durable when it returns.

    Raises `RunIsClosed`, `RunIsRecalled`, `NotYourSurvey` or `AnswersRefused`, or `Conflict` where others were first
    again and again.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await _keep_once(store, run, person, sheet, now)
        except (Conflict, Uncertain):
            continue  # look again at what is there now
    return await _keep_once(store, run, person, sheet, now)


async def leave_page(store: Store, run: Run, person: str, sheet: Sheet, *, goes_back: bool = False) -> Kept:
    """Keep what was entered on a page that is not complete, and return the page to go on with: the same, or the last.

    What was entered and cannot be kept raises `AnswersRefused`. See `keep_page` for the rest.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await _leave_once(store, run, person, sheet, goes_back=goes_back)
        except (Conflict, Uncertain):
            continue
    return await _leave_once(store, run, person, sheet, goes_back=goes_back)


async def keep_typed(store: Store, run: Run, delivery: Delivery, answers: Answers, at: str) -> Delivery:
    """Keep a draft as it is after a typed answer. Raises `Conflict` where the draft has gone on meanwhile."""
    seen = delivery.draft.seen if delivery.draft else ()
    return await _write(store, run, delivery, Draft(at=at, answers=answers, seen=seen))


def where_they_are(run: Run, delivery: Delivery) -> int:
    """Return the page to show somebody: where they are, or the first that is asked."""
    at = page_of(run.survey, delivery.draft.at) if delivery.draft else 0
    if asked_on(run.survey, at, delivery.filled_in):
        return at
    after = next_page(run.survey, at, delivery.filled_in)
    return after if after is not None else previous_page(run.survey, at, delivery.filled_in) or 0


async def _keep_once(store: Store, run: Run, person: str, sheet: Sheet, now: datetime) -> Kept:
    delivery = await _open(store, run, person)
    known = delivery.filled_in
    here = asked_on(run.survey, sheet.page, known)
    if _is_late(delivery, sheet):
        return _late(run, delivery, sheet)
    given, problems = _checked(run, here, sheet)
    mark = fingerprint(sheet.step, given)
    if delivery.draft and mark in delivery.draft.seen:
        return Kept(delivery, where_they_are(run, delivery))
    is_older = delivery.draft is not None and sheet.step != delivery.step
    answers = _merged(known, here, given, keeps=is_older)
    problems += missing(here, answers)
    if problems:
        raise AnswersRefused(tuple(problems))
    page = next_page(run.survey, sheet.page, answers)
    if is_older and page is not None:
        page = max(page, where_they_are(run, delivery))
    if page is None:
        return await _finish(store, run, delivery, answers, now)
    seen = (*(delivery.draft.seen if delivery.draft else ()), mark)[-MOST_SEEN:]
    draft = Draft(at=run.survey.paged[page][0].id, answers=answers, seen=seen)
    return Kept(await _write(store, run, delivery, draft), page)


async def _finish(store: Store, run: Run, delivery: Delivery, answers: Answers, now: datetime) -> Kept:
    """Make a draft the answers; where an earlier page lacks something now, return that page with what it lacks."""
    complete = still_asked(run.survey, answers)
    try:
        kept = await record_answer(
            store, run, delivery.id, complete, revision=delivery.revision, now=now, step=delivery.step
        )
    except AnswersRefused as refused:
        page = page_of(run.survey, refused.problems[0].question)
        draft = Draft(at=refused.problems[0].question, answers=answers)
        return Kept(await _write(store, run, delivery, draft), page, problems=refused.problems)
    return Kept(kept.delivery, None)


async def _leave_once(store: Store, run: Run, person: str, sheet: Sheet, *, goes_back: bool) -> Kept:
    delivery = await _open(store, run, person)
    known = delivery.filled_in
    here = asked_on(run.survey, sheet.page, known)
    if _is_late(delivery, sheet):
        return _late(run, delivery, sheet)
    given, problems = _checked(run, here, sheet)
    if problems:
        raise AnswersRefused(tuple(problems))
    is_older = delivery.draft is not None and sheet.step != delivery.step
    answers = _merged(known, here, given, keeps=is_older)
    page = (previous_page(run.survey, sheet.page, answers) or 0) if goes_back else sheet.page
    at = run.survey.paged[page][0].id
    if answers == known and (delivery.draft is None or delivery.draft.at == at) and not goes_back:
        return Kept(delivery, page)
    seen = delivery.draft.seen if delivery.draft else ()
    return Kept(await _write(store, run, delivery, Draft(at=at, answers=answers, seen=seen)), page)


async def _open(store: Store, run: Run, person: str) -> Delivery:
    refuse_when_over(run)
    return await find_answered(store, run, person)


def _is_late(delivery: Delivery, sheet: Sheet) -> bool:
    """Say whether a page comes from a card that was made before the survey was answered."""
    return delivery.draft is None and delivery.revision != sheet.revision


def _late(run: Run, delivery: Delivery, sheet: Sheet) -> Kept:
    given, _ = check_some(run.survey.paged[sheet.page], sheet.raw)
    is_new = any(delivery.answers.get(name) != answer for name, answer in given.items())
    return Kept(delivery, sheet.page if is_new else None, is_late=is_new)


def _checked(run: Run, here: list[Question], sheet: Sheet) -> tuple[Answers, list[Problem]]:
    given, problems = check_some(here, sheet.raw)
    return given, problems + unknown(run.survey.questions, sheet.raw)


def _merged(known: Answers, here: list[Question], given: Answers, *, keeps: bool) -> Answers:
    """Return the draft with a page in it. An empty input empties its answer, unless the card is older (`keeps`)."""
    emptied = set() if keeps else {one.id for one in here}
    return {name: answer for name, answer in known.items() if name not in emptied} | given


async def _write(store: Store, run: Run, delivery: Delivery, draft: Draft) -> Delivery:
    """Write the draft over the one that was read. Whoever works on a survey has changed their mind about declining."""
    if run.survey.is_anonymous:
        return await write_draft(store, run, delivery, draft)
    news: dict[str, object] = {"draft": msgspec.to_builtins(draft), "snoozed_until": None}
    if delivery.has_declined:
        news["reason"] = ""
    when = [Where("state", Op.NE, DeliveryState.RECALLED.value), at_step(delivery.step)]
    if delivery.revision:
        when.append(Where("revision", Op.EQ, delivery.revision))
    else:
        when.append(Where("state", Op.NE, DeliveryState.ANSWERED.value))
    patch = Patch(id=delivery.id, set=news, add={"step": 1}, when=when)
    return msgspec.convert(await store.patch("runs", run.run, patch), Delivery)
