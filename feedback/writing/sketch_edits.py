"""What can be done to the survey in a sketch: questions in and out and about, pages, conditions.

What the result may look like is decided by the reader of survey files alone: whatever stands in a sketch can be
exported and imported again. Questions are counted from 0.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from feedback.errors import Refusal, SurveyFileRefused
from feedback.surveys.choice_files import slug
from feedback.surveys.questions import Comparison, Condition, Question
from feedback.surveys.survey_files import read_survey, write_survey
from feedback.surveys.surveys import Page, Survey
from feedback.writing.sketch_locales import fitting_question, titled_page

_WORDS_IN_ID = 4
_LONGEST_ID = 32


class _Opened(NamedTuple):
    """A page whose questions are being changed; its size is counted when that is done."""

    page: Page
    questions: list[Question]


class NotTaken(Refusal):
    """{sentence}"""  # noqa: D400 - the sentence has its own end


def add_question(survey: Survey, question: Question) -> Survey:
    """Return the survey with one more question, at its end."""
    pages = _pages(survey)
    pages[-1].questions.append(question)
    return _checked(survey, pages)


def put_question(survey: Survey, place: int, question: Question) -> Survey:
    """Return the survey with another question in a place, and with the translations that still fit it."""
    page, at = _find(survey, place)
    pages = _pages(survey)
    pages[page].questions[at] = fitting_question(survey.questions[place], question)
    return _checked(survey, pages)


def delete_question(survey: Survey, place: int) -> Survey:
    """Return the survey without a question; a page that is empty then is gone too."""
    page, at = _find(survey, place)
    pages = _pages(survey)
    del pages[page].questions[at]
    return _checked(survey, pages)


def move_question(survey: Survey, place: int, to: int) -> Survey:
    """Return the survey with a question in another place, on the page of the question that was there."""
    page, at = _find(survey, place)
    there, other = _find(survey, to)
    pages = _pages(survey)
    question = pages[page].questions.pop(at)
    pages[there].questions.insert(other, question)
    return _checked(survey, pages)


def begin_page(survey: Survey, place: int, title: str = "") -> Survey:
    """Return the survey with a page beginning at a question, which gets the title."""
    page, at = _find(survey, place)
    pages = _pages(survey)
    known, questions = pages[page]
    if at == 0:
        pages[page] = _Opened(titled_page(known, title), questions)
    else:
        pages[page : page + 1] = [_Opened(known, questions[:at]), _Opened(Page(0, title), questions[at:])]
    return _checked(survey, pages)


def join_pages(survey: Survey, place: int) -> Survey:
    """Return the survey with the page of a question joined to the one before."""
    page, _ = _find(survey, place)
    if page == 0:
        raise NotTaken(sentence="This question is on the first page already.")
    pages = _pages(survey)
    joined = pages.pop(page)
    pages[page - 1].questions.extend(joined.questions)
    return _checked(survey, pages)


def ask_only_if(survey: Survey, place: int, earlier: int, compare: Comparison, value: str) -> Survey:
    """Return the survey with a question that depends on one comparison with an earlier answer.

    Where both are on one page, a new page begins at the question: conditions look at earlier pages.
    """
    if earlier >= place:
        sentence = f"Question {earlier + 1} does not come before question {place + 1}. Move one of them first."
        raise NotTaken(sentence=sentence)
    if _find(survey, place)[0] == _find(survey, earlier)[0]:
        survey = begin_page(survey, place)
    fields = json.loads(write_survey(survey, as_json=True))
    asked = [one for page in fields["pages"] for one in page["questions"]]
    asked[place]["ask_if"] = {"question": survey.questions[earlier].id, compare.value: value}
    return replace(survey, questions=_read(fields).questions)


def ask_always(survey: Survey, place: int) -> Survey:
    """Return the survey with a question that everybody is asked."""
    return put_question(survey, place, replace(survey.questions[place], ask_if=None))


def looks_at(condition: Condition) -> set[str]:
    """Return the ids of the questions that a condition looks at."""
    parts = [*condition.all, *condition.any]
    return {one for part in parts for one in looks_at(part)} if parts else {condition.question}


def id_of_question(text: str, taken: Sequence[str]) -> str:
    """Return an id for a question, from its first words; by number where nothing is left of them or it is taken."""
    words = slug(text).lstrip("0123456789-").split("-")
    made = "-".join(words[:_WORDS_IN_ID])[:_LONGEST_ID].strip("-")
    if made and made not in taken:
        return made
    return next(one for number in range(len(taken) + 1, 1000) if (one := f"q{number}") not in taken)


def id_of_survey(title: str, instead: str) -> str:
    """Return an id for a survey, from its title."""
    return slug(title).lstrip("0123456789-") or instead


def page_of_place(survey: Survey, place: int) -> int:
    """Return the page of a question, from 0."""
    return _find(survey, place)[0]


def check(survey: Survey) -> Survey:
    """Return the survey where it could be imported as it is. Raises `NotTaken` with what is in the way."""
    if survey.questions:
        _read(json.loads(write_survey(survey, as_json=True)))
    return survey


def _checked(survey: Survey, pages: Sequence[_Opened]) -> Survey:
    """Return the survey with these pages, without pages where one is enough."""
    kept = [one for one in pages if one.questions]
    questions = tuple(question for one in kept for question in one.questions)
    is_paged = len(kept) > 1 or any(one.page.title for one in kept)
    sized = tuple(replace(one.page, size=len(one.questions)) for one in kept) if is_paged else ()
    return check(replace(survey, questions=questions, pages=sized))


def _read(fields: Mapping[str, object]) -> Survey:
    """Return the survey that a file with these fields would be."""
    try:
        return read_survey(json.dumps(dict(fields), ensure_ascii=False))
    except SurveyFileRefused as refused:
        said = " ".join(problem.message[:1].upper() + problem.message[1:] for problem in refused.problems[:3])
        raise NotTaken(sentence=f"Nothing was changed. {said}") from refused


def _pages(survey: Survey) -> list[_Opened]:
    pages = survey.pages or (Page(0),)
    return [_Opened(page, list(questions)) for page, questions in zip(pages, survey.paged, strict=True)]


def _find(survey: Survey, place: int) -> tuple[int, int]:
    """Return the page of a question, and its place on it."""
    for page, questions in enumerate(survey.paged):
        if place < len(questions):
            return page, place
        place -= len(questions)
    raise NotTaken(sentence="There is no such question.")
