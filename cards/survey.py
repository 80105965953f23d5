"""The card that asks: a survey with its inputs, for the first time, again after a mistake, or to change an answer.

Knows what an answer looks like in an input, not whether it is a good one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cards.elements import (
    Card,
    Color,
    Element,
    Style,
    banner,
    card,
    counted,
    escape,
    excerpt,
    execute,
    heading,
    hint,
    text,
    verbatim,
)
from cards.inputs import INPUT_PREFIX, asked, raw
from cards.size import fits
from feedback.questions import Kind, Question
from feedback.runs import Run
from feedback.surveys import Survey

__all__ = ["INPUT_PREFIX", "can_show_answers", "preview_card", "survey_card", "survey_fits"]

_TEXT_S = 25  # seconds that one written answer takes, roughly
_CLICK_S = 8  # and one that is chosen
_MINUTE_S = 60
_MAX_PROBLEM = 160
_LONGEST_PROBLEM = "😀" * 60 + "x" * 100  # they quote up to 60 characters of the question
_MAX_NOTICE = 300
_REMINDER = "Reminder: you have not answered this yet. Answers are still welcome."
_LONGEST_NAME = "x" * 100  # of a run


@dataclass(frozen=True, slots=True)
class _Filling:
    """What is in a survey card besides its survey."""

    answers: Mapping[str, object]
    problems: Mapping[str, str]
    revision: int = 0
    notice: str = ""
    is_reminder: bool = False
    kept: tuple[str, ...] = ()


_EMPTY = _Filling(answers={}, problems={})


def survey_card(
    run: Run,
    *,
    answers: Mapping[str, object] = _EMPTY.answers,
    problems: Mapping[str, str] = _EMPTY.problems,
    revision: int = 0,
    notice: str = "",
    is_reminder: bool = False,
) -> Card:
    """Return a run's survey. `answers` and `problems` go by question id; `notice` is a sentence of ours.

    Answers are filled in as typed or as stored. Where all of them make the card too large, the longest texts are left
    out and named in the action's data under "keep": an empty input of theirs leaves the stored answer as it is.
    """
    filling = _Filling(answers, problems, revision, notice, is_reminder)
    whole = _filled(run.survey, run.run, filling)
    for question_id in _longest_first(run.survey, answers):
        if fits(whole):
            break
        filling = replace(filling, kept=(*filling.kept, question_id))
        whole = _filled(run.survey, run.run, filling)
    return whole


def can_show_answers(run: Run, answers: Mapping[str, object]) -> bool:
    """Say whether a card has room for all these answers. Ask it of unsaved ones: nothing else keeps them."""
    filling = _Filling(answers, _every_problem(run.survey), 0, "x" * _MAX_NOTICE)
    return fits(_filled(run.survey, run.run, filling))


def preview_card(survey: Survey) -> Card:
    """Return the card as people will see it, without a button that does anything."""
    body = [
        banner("Preview — this is what people will see", color=Color.ACCENT),
        *_intro(survey),
        *_questions(survey, _EMPTY),
        hint(f"Here people find the button **{_button(survey, 0)}**."),
    ]
    return card(body, fallback=f"Preview of the survey “{escape(survey.title)}”")


def survey_fits(survey: Survey) -> bool:
    """Say whether this survey's card is small enough at its largest: filled in, with a problem at every question."""
    filling = _Filling(
        answers={question.id: _longest_answer(question) for question in survey.questions},
        problems=_every_problem(survey),
        revision=1_000_000,
        notice="x" * _MAX_NOTICE,
        is_reminder=True,
        kept=tuple(question.id for question in survey.questions if question.kind is Kind.TEXT),
    )
    return fits(_filled(survey, _LONGEST_NAME, filling)) and fits(preview_card(survey))


def _filled(survey: Survey, run: str, filling: _Filling) -> Card:
    notice = excerpt(filling.notice, _MAX_NOTICE)
    data: dict[str, object] = {"run": run, "rev": filling.revision}
    if filling.kept:
        data["keep"] = list(filling.kept)
    return card(
        [
            *([banner(notice, color=Color.ATTENTION)] if notice else []),
            *([text(_REMINDER, is_bold=True)] if filling.is_reminder else []),
            *_intro(survey),
            *_questions(survey, filling),
        ],
        [execute(_button(survey, filling.revision), "answer", data, style=Style.POSITIVE)],
        fallback=f"{'Reminder' if filling.is_reminder else 'Survey'}: {escape(survey.title)}",
    )


def _intro(survey: Survey) -> list[Element]:
    intro = [verbatim(survey.intro)] if survey.intro else []
    return [heading(escape(survey.title)), *intro, hint(_length(survey))]


def _length(survey: Survey) -> str:
    texts = sum(question.kind is Kind.TEXT for question in survey.questions)
    seconds = texts * _TEXT_S + (len(survey.questions) - texts) * _CLICK_S
    is_quick = seconds < _MINUTE_S
    takes = "less than a minute" if is_quick else f"about {counted(round(seconds / _MINUTE_S), 'minute')}"
    required = " Those marked * need an answer." if any(question.required for question in survey.questions) else ""
    return f"{counted(len(survey.questions), 'question')}, {takes}.{required}"


def _questions(survey: Survey, filling: _Filling) -> list[Element]:
    return [
        element
        for question in survey.questions
        for element in asked(
            question,
            answer=filling.answers.get(question.id),
            problem=excerpt(filling.problems.get(question.id, ""), _MAX_PROBLEM),
            is_kept=question.id in filling.kept,
        )
    ]


def _button(survey: Survey, revision: int) -> str:
    answers = "answer" if len(survey.questions) == 1 else "answers"
    return f"Save my {answers}" if revision else f"Send my {answers}"


def _longest_first(survey: Survey, answers: Mapping[str, object]) -> list[str]:
    texts = [question.id for question in survey.questions if question.kind is Kind.TEXT and answers.get(question.id)]
    return sorted(texts, key=lambda question_id: len(raw(answers[question_id]).encode()), reverse=True)


def _longest_answer(question: Question) -> object:
    match question.kind:
        case Kind.CHOICES:
            return [choice.id for choice in question.choices]
        case Kind.CHOICE:
            return max((choice.id for choice in question.choices), key=len, default="")
        case Kind.NUMBER:
            return -1.2345678901234567e-300
        case Kind.DATE:
            return "2000-12-31"
        case Kind.YES_NO:
            return False
        case _:
            return 5


def _every_problem(survey: Survey) -> dict[str, str]:
    return {question.id: _LONGEST_PROBLEM for question in survey.questions}
