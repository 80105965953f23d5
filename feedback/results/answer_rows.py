"""The answers of a run one by one, for files: the only place where they leave Hearback person by person.

Whatever may not be given away of an answer is kept back here, and nowhere above. Of an anonymous run nothing leaves
that shown_results.py does not show: no person, no time, and no two answers of the same person beside each other. Each
row is one answer to one question, and each question has an order of its own. What is left out has its figures alone:
whole numbers and days, which results show no finer than counted, and which of several choices somebody combined.
"""

import hashlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TypeVar

import msgspec

from feedback.ahead import ahead
from feedback.results.sealing import Sealed, find_sealed_tally, sealed_answers
from feedback.results.shown_results import anonymous_results
from feedback.results.tallies import Cell
from feedback.runs.runs import DeliveryState, Run
from feedback.surveys.questions import Answer, Answers, Kind, Question
from store.contract import MAX_BATCH, Op, Store, Where
from store.pages import documents
from store.shapes import Reading, pages_made

DELIVERY = "delivery"
ONLY_COUNTED = frozenset({Kind.CHOICES, Kind.NUMBER, Kind.DATE})  # in an anonymous run
T = TypeVar("T")


class AnswerRow(msgspec.Struct, frozen=True, gc=False):
    """What one person answered, and when for the last time, as it is kept. `attributes` are those known about them now.

    Of an anonymous run it is one answer of nobody; all else is empty.
    """

    person: str  # person id
    answered_at: str | None  # ISO 8601: most files give it so, and time enough goes by without reading it
    revision: int  # how many times they have sent answers
    attributes: Mapping[str, str]
    answers: Answers
    arm: str = ""  # of a concept test


class _Given(msgspec.Struct, frozen=True, gc=False):
    """What files need of a delivery."""

    id: str
    kind: str = ""
    answered_at: str | None = None
    answers: Answers = {}
    revision: int = 0
    arm: str = ""


class _Known(msgspec.Struct, frozen=True, gc=False):
    """What files need of a person."""

    id: str
    attributes: dict[str, str] = {}


async def answers_made(store: Store, run: Run, make: Callable[[Sequence[AnswerRow]], T]) -> AsyncGenerator[T, None]:
    """Give what `make` makes of everybody who answered, in the order of their ids, up to a thousand at a time.

    It makes it of the next while somebody takes the last, perhaps in another thread, and must not wait. Memory holds
    few times that many. Of an anonymous run: what may be shown, question after question. Memory holds the ids of all
    answers.
    """
    if run.survey.is_anonymous:
        async with aclosing(_of_nobody(store, run)) as rows:
            async for some in rows:
                yield make(some)
        return
    reading = Reading(_Given, _Known, "people", lambda given, known: make(_rows(given, known)))
    where = [Where("state", Op.EQ, DeliveryState.ANSWERED.value)]  # by the index alone; the kind is looked at below
    async with aclosing(ahead(pages_made(store, reading, "runs", partition=run.run, where=where))) as pages:
        async for page in pages:
            yield page


def _rows(given: Sequence[_Given], known: Sequence[_Known]) -> list[AnswerRow]:
    people = {one.id: one.attributes for one in known}
    return [
        AnswerRow(one.id, one.answered_at, one.revision, people.get(one.id, {}), one.answers, one.arm)
        for one in given
        if one.kind == DELIVERY
    ]


async def _of_nobody(store: Store, run: Run) -> AsyncGenerator[Sequence[AnswerRow], None]:
    sealed = None if run.takes_answers else await find_sealed_tally(store, run)
    shown = anonymous_results(run, Cell(), sealed, {}).questions
    parts = [(one.question, part) for one in shown if not one.is_withheld for part in _parts(one.question)]
    ids = [one.id async for one in sealed_answers(store, run)] if parts else []
    for question, part in parts:
        mixed = sorted(ids, key=lambda one: _place(f"{question.id}|{part}|{one}"))
        for start in range(0, len(mixed), MAX_BATCH):
            answers = await _answers(store, run, question, part, mixed[start : start + MAX_BATCH])
            yield [AnswerRow("", None, 0, {}, {question.id: one}) for one in answers]


async def _answers(store: Store, run: Run, question: Question, part: str, ids: Sequence[str]) -> list[Answer]:
    """Return what was answered to a part of a question by some, in the order of their ids given."""
    where = [Where("id", Op.IN, list(ids))]
    docs = [one async for one in documents(store, "runs", partition=run.run, where=where, limit=len(ids))]
    given = {one.id: one.answers[question.id] for one in _read(docs) if question.id in one.answers}
    found = (_part_of(question, part, given[one]) for one in ids if one in given)
    return [one for one in found if one is not None]


def _read(docs: Sequence[Mapping[str, object]]) -> list[Sealed]:
    return msgspec.convert(docs, list[Sealed])


def _parts(question: Question) -> list[str]:
    """Return the parts of a question that leave one by one: the rows of a matrix, else all of it or nothing."""
    if question.kind in ONLY_COUNTED:
        return []
    return [one.id for one in question.rows] if question.kind is Kind.MATRIX else [""]


def _part_of(question: Question, part: str, answer: Answer) -> Answer | None:
    match question.kind:
        case Kind.MATRIX:
            return {part: answer[part]} if isinstance(answer, dict) and part in answer else None
        case Kind.RANKING:
            return answer[:1] if isinstance(answer, list) else None  # as in results: what was put first
        case _:
            return answer


def _place(words: str) -> bytes:
    return hashlib.blake2b(words.encode(), digest_size=16).digest()
