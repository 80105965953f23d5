"""Which questions are asked, and on which page, given the answers so far. Conditions look at earlier pages only.

Pure rules over a survey and its answers. An answer that is missing, or to a question that is not asked, makes no
condition hold.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from feedback.surveys.questions import Answer, Answers, Comparison, Condition, Question


class Paged(Protocol):
    """Whatever has questions on pages; a survey, in practice."""

    @property
    def questions(self) -> tuple[Question, ...]:
        """All questions in order."""

    @property
    def paged(self) -> Sequence[tuple[Question, ...]]:
        """The questions of each page."""


class Progress(msgspec.Struct, frozen=True):
    """Where somebody is: the page, counted from 1, of how many. Until branches are settled there may be fewer."""

    page: int
    at_most: int
    is_settled: bool


def holds(condition: Condition, answers: Mapping[str, Answer]) -> bool:
    """Say whether a condition holds for these answers."""
    return _verdict(condition, answers, frozenset()) is True


def asked(survey: Paged, answers: Mapping[str, Answer]) -> list[Question]:
    """Return the questions that are asked with these answers, in order."""
    known: dict[str, Answer] = {}
    found = []
    for question in survey.questions:
        if question.ask_if is None or holds(question.ask_if, known):
            found.append(question)
            if question.id in answers:
                known[question.id] = answers[question.id]
    return found


def still_asked(survey: Paged, answers: Mapping[str, Answer]) -> Answers:
    """Return the answers without those to questions that are not asked."""
    return {one.id: answers[one.id] for one in asked(survey, answers) if one.id in answers}


def asked_on(survey: Paged, page: int, answers: Mapping[str, Answer]) -> list[Question]:
    """Return the questions of a page that are asked."""
    ids = {one.id for one in survey.paged[page]}
    return [one for one in asked(survey, answers) if one.id in ids]


def page_of(survey: Paged, question_id: str) -> int:
    """Return the page that a question is on; the first one for an unknown question."""
    found = (n for n, questions in enumerate(survey.paged) if any(one.id == question_id for one in questions))
    return next(found, 0)


def next_page(survey: Paged, page: int, answers: Mapping[str, Answer]) -> int | None:
    """Return the next page with a question to ask, or None after the last."""
    return next((one for one in range(page + 1, len(survey.paged)) if asked_on(survey, one, answers)), None)


def previous_page(survey: Paged, page: int, answers: Mapping[str, Answer]) -> int | None:
    """Return the page before with a question to ask, or None before the first."""
    return next((one for one in range(page - 1, -1, -1) if asked_on(survey, one, answers)), None)


def progress(survey: Paged, page: int, answers: Mapping[str, Answer]) -> Progress:
    """Say how far somebody on a page is. Pages ahead count as long as what is still to be answered can bring them."""
    before = sum(bool(asked_on(survey, one, answers)) for one in range(page))
    ids_before = {one.id for questions in survey.paged[:page] for one in questions}
    settled = {name: answer for name, answer in still_asked(survey, answers).items() if name in ids_before}
    unsettled = {one.id for one in survey.paged[page]}
    at_most, is_settled = before + 1, True
    for questions in survey.paged[page + 1 :]:
        verdicts = {one.id: _verdict(one.ask_if, settled, unsettled) if one.ask_if else True for one in questions}
        unsettled |= {name for name, verdict in verdicts.items() if verdict is not False}
        at_most += any(verdict is not False for verdict in verdicts.values())
        is_settled = is_settled and (True in verdicts.values() or None not in verdicts.values())
    return Progress(before + 1, at_most, is_settled)


def _verdict(condition: Condition, answers: Mapping[str, Answer], unsettled: frozenset[str] | set[str]) -> bool | None:
    """Say whether a condition holds; None while that depends on questions that are unsettled."""
    if condition.all or condition.any:
        parts = [_verdict(one, answers, unsettled) for one in condition.all or condition.any]
        decisive = not condition.all  # one that holds settles “any”, one that does not settles “all”
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive
    if condition.question in unsettled:
        return None
    return condition.question in answers and _compares(condition, answers[condition.question])


def _compares(condition: Condition, answer: Answer) -> bool:
    value = condition.value
    if condition.compare is Comparison.INCLUDES:
        return isinstance(answer, list) and value in answer
    if condition.compare is Comparison.IS:
        return answer == value and isinstance(answer, bool) == isinstance(value, bool)
    if isinstance(answer, str) and isinstance(value, str):  # days, as year-month-day
        return answer <= value if condition.compare is Comparison.AT_MOST else answer >= value
    if isinstance(answer, str | list | dict) or isinstance(value, str):
        return False
    return answer <= value if condition.compare is Comparison.AT_MOST else answer >= value
