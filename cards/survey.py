"""The card that asks: a page of a survey with its inputs, for the first time, again, or to change an answer.

Knows what an answer looks like in an input, not whether it is a good one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cards.elements import (
    Card,
    Color,
    Element,
    Style,
    banner,
    card,
    escape,
    excerpt,
    execute,
    heading,
    hint,
    text,
    verbatim,
)
from cards.inputs import INPUT_PREFIX, REQUIRED, asked, raw
from cards.promises import concept, promised
from cards.size import fits
from feedback.language import ENGLISH, mark, say, say_number, speaking
from feedback.runs.runs import Run
from feedback.surveys.branching import asked_on, next_page, previous_page, progress
from feedback.surveys.questions import Answers, Kind, Question
from feedback.surveys.surveys import Survey
from feedback.surveys.translations import languages_of, survey_in

__all__ = ["INPUT_PREFIX", "Position", "can_show_answers", "preview_card", "survey_card", "survey_fits"]

_TEXT_S = 25  # seconds that one written answer takes, roughly
_CLICK_S = 8  # and one that is chosen
_MINUTE_S = 60
_MAX_PROBLEM = 160
_LONGEST_PROBLEM = "😀" * 60 + "x" * 100  # they quote up to 60 characters of the question
_MAX_NOTICE = 300
_REMINDER = mark("Reminder: you have not answered this yet. Answers are still welcome.")
_LONGEST_NAME = "x" * 100  # of a run


@dataclass(frozen=True, slots=True)
class Position:
    """Where somebody is in a survey: page, step and arm, and what is stored, which decides what is asked."""

    page: int = 0
    step: int = 0
    kept: Answers = field(default_factory=dict)
    arm: str = ""


@dataclass(frozen=True, slots=True)
class _Filling:
    """What is in a survey card besides its survey. `shown` is what the page's inputs hold, `kept` what is stored."""

    shown: Mapping[str, object]
    problems: Mapping[str, str]
    revision: int = 0
    notice: str = ""
    is_reminder: bool = False
    withheld: tuple[str, ...] = ()
    page: int = 0
    step: int = 0
    kept: Answers | None = None
    arm: str = ""

    def questions(self, survey: Survey) -> list[Question]:
        """Return the page's questions; all of them, where nothing is known about the answers."""
        return list(survey.paged[self.page]) if self.kept is None else asked_on(survey, self.page, self.kept)


_NOTHING: Mapping[str, object] = {}
_NO_PROBLEMS: Mapping[str, str] = {}
_START = Position()


def survey_card(
    run: Run,
    *,
    answers: Mapping[str, object] = _NOTHING,
    problems: Mapping[str, str] = _NO_PROBLEMS,
    revision: int = 0,
    notice: str = "",
    is_reminder: bool = False,
    at: Position = _START,
) -> Card:
    """Return a page of a run's survey. `answers` and `problems` go by question id; `notice` is a sentence of ours.

    Answers are filled in as typed or as stored. Where all of them make the card too large, the longest texts are left
    out and named in the action's data under "keep": an empty input of theirs leaves the stored answer as it is.
    """
    filling = _Filling(
        answers, problems, revision, notice, is_reminder, page=at.page, step=at.step, kept=at.kept, arm=at.arm
    )
    whole = _filled(run.survey, run.run, filling)
    for question_id in _longest_first(filling.questions(run.survey), answers):
        if fits(whole):
            break
        filling = replace(filling, withheld=(*filling.withheld, question_id))
        whole = _filled(run.survey, run.run, filling)
    return whole


def can_show_answers(run: Run, answers: Mapping[str, object], page: int = 0, arm: str = "") -> bool:
    """Say whether a card has room for all these answers. Ask it of unsaved ones: nothing else keeps them."""
    filling = _Filling(answers, _every_problem(run.survey), 0, "x" * _MAX_NOTICE, page=page, arm=arm)
    return fits(_filled(run.survey, run.run, filling))


def preview_card(survey: Survey, page: int = 0, arm: str = "") -> Card:
    """Return a page as people will see it, without a button that does anything. Questions with conditions are shown."""
    filling = _Filling(_NOTHING, _NO_PROBLEMS, page=page, arm=arm)
    who = f", arm {arm} of {len(survey.arms)} arms" if arm else ""
    several = f", page {page + 1} of {len(survey.paged)}" if survey.pages else ""
    conditional = [question for question in survey.paged[page] if question.ask_if]
    some = "Some questions" if len(conditional) < len(survey.paged[page]) else "The questions of this page"
    body = [
        banner(f"Preview — this is what people will see{several}{who}", color=Color.ACCENT),
        *_intro(survey, filling),
        *_questions(survey, filling),
        *([hint(f"{some} are asked only of those whose earlier answers fit.")] if conditional else []),
        hint(f"Here people find the button **{_button(survey, filling)}**."),
    ]
    return card(body, fallback=f"Preview of the survey “{escape(survey.title)}”")


def survey_fits(survey: Survey) -> bool:
    """Say whether every page's card is small enough at its largest: filled in, with a problem at every question.

    That is held in English and in the languages that the survey is translated into, and with every arm.
    """
    return all(_fits_in(survey, language) for language in sorted({ENGLISH, *languages_of(survey)}))


def _fits_in(survey: Survey, language: str) -> bool:
    arms = [one.id for one in survey.arms] or [""]
    with speaking(language):
        shown = survey_in(survey, language)
        return all(_page_fits(shown, page, arm) for page in range(len(survey.paged)) for arm in arms)


def _page_fits(survey: Survey, page: int, arm: str) -> bool:
    questions = survey.paged[page]
    filling = _Filling(
        shown={question.id: _longest_answer(question) for question in questions},
        problems=_every_problem(survey),
        revision=1_000_000,
        notice="x" * _MAX_NOTICE,
        is_reminder=True,
        withheld=tuple(question.id for question in questions if question.kind is Kind.TEXT),
        page=page,
        step=1_000_000,
        arm=arm,
    )
    return fits(_filled(survey, _LONGEST_NAME, filling)) and fits(preview_card(survey, page, arm))


def _filled(survey: Survey, run: str, filling: _Filling) -> Card:
    notice = excerpt(filling.notice, _MAX_NOTICE)
    title = escape(survey.title)
    what = say("Reminder: {title}", title=title) if filling.is_reminder else say("Survey: {title}", title=title)
    by_typing = say("To answer by typing, write: answer {run}", run=escape(run))
    return card(
        [
            *([banner(notice, color=Color.ATTENTION)] if notice else []),
            *([text(say(_REMINDER), is_bold=True)] if filling.is_reminder else []),
            *_intro(survey, filling),
            *_questions(survey, filling),
        ],
        _buttons(survey, run, filling),
        fallback=f"{what}. {by_typing}",
    )


def _buttons(survey: Survey, run: str, filling: _Filling) -> list[Element]:
    data: dict[str, object] = {"run": run, "rev": filling.revision}
    if survey.pages:
        data["page"] = filling.page
    if filling.step:
        data["step"] = filling.step
    if filling.arm:
        data["arm"] = filling.arm
    if filling.withheld:
        data["keep"] = list(filling.withheld)
    buttons = [execute(_button(survey, filling), "answer", data, style=Style.POSITIVE)]
    if filling.page and (filling.kept is None or previous_page(survey, filling.page, filling.kept) is not None):
        buttons.append(execute(say("Back"), "back", data))
    if not filling.revision:
        buttons.append(execute(say("Later"), "later", data))
    buttons.append(execute(say("Answer by typing"), "type", data, is_secondary=True))
    if not filling.revision:
        buttons.append(execute(say("Not for me"), "decline", data, is_secondary=True))
    return buttons


def _intro(survey: Survey, filling: _Filling) -> list[Element]:
    intro = [verbatim(survey.intro)] if survey.intro and not filling.page else []
    title = survey.page_title(filling.page)
    own = [text(escape(title), is_bold=True)] if title else []
    words = [] if filling.page else promised(survey)
    shown = concept(survey, filling.arm)
    return [heading(escape(survey.title)), *intro, *words, hint(_length(survey, filling)), *own, *shown]


def _length(survey: Survey, filling: _Filling) -> str:
    """Say how much there is to do. With pages, how far one is: no more than is known."""
    has_required = any(question.required for question in filling.questions(survey))
    required = [say("Those marked {mark} need an answer.", mark=say(REQUIRED))] if has_required else []
    return " ".join([_how_far(survey, filling) if survey.pages else _how_much(survey), *required])


def _how_much(survey: Survey) -> str:
    number = len(survey.questions)
    return say_number("{n} question, {time}.", "{n} questions, {time}.", number, time=_takes(survey))


def _how_far(survey: Survey, filling: _Filling) -> str:
    found = progress(survey, filling.page, filling.kept or {})
    where = {"page": found.page, "of": found.at_most}
    whole = say("Page {page} of {of}", **where) if found.is_settled else say("Page {page} of at most {of}", **where)
    if filling.page:
        return say("{page}.", page=whole)
    return say("{page}, {time} in all.", page=whole, time=_takes(survey))


def _takes(survey: Survey) -> str:
    texts = sum(question.kind is Kind.TEXT for question in survey.questions)
    seconds = texts * _TEXT_S + (len(survey.questions) - texts) * _CLICK_S
    if seconds < _MINUTE_S:
        return say("less than a minute")
    return say_number("about {n} minute", "about {n} minutes", round(seconds / _MINUTE_S))


def _questions(survey: Survey, filling: _Filling) -> list[Element]:
    return [
        element
        for question in filling.questions(survey)
        for element in asked(
            question,
            answer=filling.shown.get(question.id),
            problem=excerpt(filling.problems.get(question.id, ""), _MAX_PROBLEM),
            is_kept=question.id in filling.withheld,
        )
    ]


def _button(survey: Survey, filling: _Filling) -> str:
    is_last = filling.page == len(survey.paged) - 1
    if not is_last and filling.kept is not None:
        found = progress(survey, filling.page, filling.kept)
        is_last = found.is_settled and next_page(survey, filling.page, filling.kept) is None
    if not is_last:
        return say("Next")
    if len(survey.questions) == 1:
        return say("Save my answer") if filling.revision else say("Send my answer")
    return say("Save my answers") if filling.revision else say("Send my answers")


def _longest_first(questions: list[Question], answers: Mapping[str, object]) -> list[str]:
    texts = [question.id for question in questions if question.kind is Kind.TEXT and answers.get(question.id)]
    return sorted(texts, key=lambda question_id: len(raw(answers[question_id]).encode()), reverse=True)


def _longest_answer(question: Question) -> object:
    longest = max((choice.id for choice in question.choices), key=len, default="")
    match question.kind:
        case Kind.CHOICES:
            return [choice.id for choice in question.choices]
        case Kind.CHOICE | Kind.IMAGE_CHOICE:
            return longest
        case Kind.RANKING:
            return [longest] * len(question.choices)
        case Kind.MATRIX:
            return {row.id: longest for row in question.rows}
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
