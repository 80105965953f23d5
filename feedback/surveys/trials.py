"""Trying out a survey before it is sent: pages are checked as real answers are, and nothing is kept."""

from collections.abc import Mapping

import msgspec

from feedback.errors import AnswersRefused, Problem
from feedback.surveys.branching import asked_on, next_page, previous_page, still_asked
from feedback.surveys.checking import check_answers, check_some, missing, unknown
from feedback.surveys.questions import Answers
from feedback.surveys.surveys import Survey


class Tried(msgspec.Struct, frozen=True):
    """What trying a page led to: the answers so far, and the page to show; None: that was the last."""

    answers: Answers
    page: int | None
    problems: tuple[Problem, ...] = ()


def try_page(survey: Survey, page: int, earlier: Mapping[str, object], raw: Mapping[str, object]) -> Tried:
    """Check a page as it was filled in. `earlier` are answers to other pages, as a card brought them back."""
    known = answers_in(survey, earlier)
    here = asked_on(survey, page, known)
    given, problems = check_some(here, raw)
    problems += unknown(survey.questions, raw)
    answers = {name: one for name, one in known.items() if name not in {question.id for question in here}} | given
    wrong = {one.question for one in problems}
    problems += [one for one in missing(here, answers) if one.question not in wrong]
    if problems:
        return Tried(answers, page, tuple(problems))
    following = next_page(survey, page, answers)
    if following is not None:
        return Tried(answers, following)
    try:
        return Tried(check_answers(survey, still_asked(survey, answers)), None)
    except AnswersRefused as refused:  # a page that was passed is asked now
        lacking = refused.problems[0].question
        first = next(number for number, some in enumerate(survey.paged) if lacking in {one.id for one in some})
        return Tried(answers, first, refused.problems)


def go_back(survey: Survey, page: int, earlier: Mapping[str, object], raw: Mapping[str, object]) -> Tried:
    """Return the page before, with what was entered on this one where it can be kept."""
    known = answers_in(survey, earlier) | check_some(survey.paged[page], raw)[0]
    return Tried(known, previous_page(survey, page, known) or 0)


def answers_in(survey: Survey, raw: Mapping[str, object]) -> Answers:
    """Return what of some answers can be kept; the rest is left out."""
    return check_some(survey.questions, raw)[0]
