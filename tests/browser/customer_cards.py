"""Every card that a customer gets to see, in a language, with answers and mistakes as people make them. Sample data."""

from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from bot.answering import MARKED, OUTDATED
from cards.elements import Card
from cards.errors import not_saved_card, refusal_card
from cards.help import welcome_card
from cards.pauses import declined_card, later_card, snoozed_card, typing_card
from cards.survey import Position, survey_card
from cards.thanks import closed_card, moved_card, thanks_card, withdrawn_card
from feedback.errors import AnswersRefused, NotYourSurvey
from feedback.language import say, speaking
from feedback.runs.runs import Delivery, DeliveryState, Draft, Run, RunState
from feedback.runs.translated_runs import run_in
from feedback.surveys.checking import check_answers
from feedback.surveys.questions import Answers
from feedback.surveys.survey_files import read_survey
from tests.browser.surveys import IN_LANGUAGES

EVERY_KIND = read_survey((Path(__file__).parent / "every_kind.yaml").read_text(encoding="utf-8"))
_PAGES = read_survey(IN_LANGUAGES)
_NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
_ANSWERS: Answers = {
    "nps": 9,
    "rating": 4,
    "csat": 2,
    "ces": 6,
    "choice": "sometimes",
    "choices": ["phone", "laptop"],
    "image": "light",
    "ranking": ["speed", "documentation", "reliability"],
    "matrix": {"search": "good", "sync": "poor"},
    "yes": True,
    "number": 1234.5,
    "date": "2024-02-29",
    "text": "https://example.com/a-very-long-address-without-any-place-to-break-it/because-people-paste-such-things",
}
_MISTAKES: dict[str, object] = {"nps": "eleven", "number": "many", "date": "soon", "ranking": ["speed", "speed", ""]}


def customer_cards(language: str) -> dict[str, Card]:
    """Return the cards by name, as somebody who reads a language gets them."""
    with speaking(language):
        return {**_asking(language), **_afterwards(language)}


def _asking(language: str) -> dict[str, Card]:
    every, pages = _run(language, "every"), _run(language, "pages")
    test = _run(language, "test")
    half: Answers = {"score": 4, "why": "Search 2.0"}
    return {
        "first-page": survey_card(pages),
        "every-kind": survey_card(every),
        "every-kind-filled-in": survey_card(every, answers=_ANSWERS, revision=1),
        "mistakes": survey_card(every, answers=_MISTAKES, problems=_problems(every), notice=say(MARKED)),
        "resumed-page": survey_card(pages, answers=half, at=Position(1, 2, half)),
        "reminder": survey_card(pages, is_reminder=True),
        "anonymous-concept": survey_card(test, at=Position(arm="calm")),
    }


def _afterwards(language: str) -> dict[str, Card]:
    every = _run(language, "every")
    closed, hushed = replace(every, state=RunState.CLOSED), replace(_run(language, "test"), state=RunState.CLOSED)
    answered = Delivery(every.run, "t:o", DeliveryState.ANSWERED, 0, answers=_ANSWERS, revision=1, answered_at=_NOW)
    half = Delivery(every.run, "t:o", DeliveryState.SENT, 0, draft=Draft("text", {"nps": 9}))
    return {
        "typing": typing_card(every),
        "later": later_card(every, half),
        "snoozed": snoozed_card(every, half, _NOW),
        "not-for-me": declined_card(every),
        "thanks": thanks_card(every, answered),
        "thanks-already": thanks_card(every, answered, notice=say(OUTDATED)),
        "closed": closed_card(closed, answered),
        "closed-half-way": closed_card(closed, half),
        "closed-anonymous": closed_card(hushed, replace(answered, answers={})),
        "withdrawn": withdrawn_card(replace(every, state=RunState.RECALLED), None),
        "further-down": moved_card(every),
        "welcome": welcome_card("Sample Customer"),
        "not-saved": not_saved_card(say("That"), "4f1c"),
        "refused": refusal_card(NotYourSurvey()),
    }


def _run(language: str, which: str) -> Run:
    test = replace(EVERY_KIND, questions=EVERY_KIND.questions[:1], is_anonymous=True, threshold=5)
    survey = {"every": replace(EVERY_KIND, arms=()), "pages": _PAGES, "test": test}[which]
    return run_in(Run("sample-1", survey, "customers", RunState.SENT, _NOW, "t:a", people=40), language)


def _problems(run: Run) -> dict[str, str]:
    """Return what is wrong with the mistakes, and with what is missing, in the words that people get."""
    try:
        check_answers(run.survey, _MISTAKES)
    except AnswersRefused as refused:
        return {one.question: one.sentence for one in refused.problems}
    raise AssertionError
