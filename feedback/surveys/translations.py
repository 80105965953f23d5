"""A survey in the language of whoever reads it: its own translations take the place of what was written first.

Ids, kinds, conditions and pictures stay what they are, so answers and what is counted of them know no language.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from msgspec.structs import replace

from feedback.surveys.questions import Choice, Question
from feedback.surveys.surveys import Arm, Page, Survey


class Translated(Protocol):
    """Words in one language."""

    @property
    def language(self) -> str:
        """The language's tag."""


T = TypeVar("T", bound=Translated)


def survey_in(survey: Survey, language: str) -> Survey:
    """Return a survey in a language. What is not translated stays as it was written."""
    if language not in languages_of(survey):
        return survey
    own = _find(survey.locales, language)
    return replace(
        survey,
        title=own.title if own else survey.title,
        intro=own.intro if own else survey.intro,
        pages=tuple(_page_in(page, language) for page in survey.pages),
        questions=tuple(_question_in(question, language) for question in survey.questions),
        arms=tuple(_arm_in(arm, language) for arm in survey.arms),
    )


def languages_of(survey: Survey) -> set[str]:
    """Return the languages that a survey has any translation in."""
    parts: Iterable[Sequence[Translated]] = (
        survey.locales,
        *(page.locales for page in survey.pages),
        *(question.locales for question in survey.questions),
        *(arm.locales for arm in survey.arms),
    )
    return {one.language for some in parts for one in some}


def _page_in(page: Page, language: str) -> Page:
    own = _find(page.locales, language)
    return replace(page, title=own.title) if own else page


def _arm_in(arm: Arm, language: str) -> Arm:
    own = _find(arm.locales, language)
    return replace(arm, text=own.text, alt=own.alt) if own else arm


def _question_in(question: Question, language: str) -> Question:
    own = _find(question.locales, language)
    if own is None:
        return question
    return replace(
        question,
        text=own.text,
        help=own.help,
        choices=_choices_in(question.choices, own.choices),
        rows=_choices_in(question.rows, own.rows),
    )


def _choices_in(asked: Sequence[Choice], own: Sequence[Choice]) -> tuple[Choice, ...]:
    texts = {one.id: one for one in own}
    return tuple(
        replace(one, text=texts[one.id].text, alt=texts[one.id].alt or one.alt) if one.id in texts else one
        for one in asked
    )


def _find(words: Sequence[T], language: str) -> T | None:
    return next((one for one in words if one.language == language), None)
