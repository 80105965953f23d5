"""Trying out a survey: the same checks and branches as for real answers, on cards that fit."""

from collections.abc import Mapping

import pytest

from cards.size import fits
from cards.trial import trial_card, tried_card
from feedback.surveys.checking import MAX_TEXT
from feedback.surveys.questions import Comparison, Condition, Kind, Question
from feedback.surveys.surveys import Page, Survey
from feedback.surveys.trials import Tried, go_back, try_page
from simulator.cards import action_titles, card_text

SURVEY = Survey(
    "s",
    "Sample",
    (
        Question("score", Kind.NPS, "How likely?", required=True),
        Question("why", Kind.TEXT, "Why so low?", required=True, ask_if=Condition("score", Comparison.AT_MOST, 6)),
        Question("more", Kind.TEXT, "What else?"),
    ),
    pages=(Page(1), Page(1), Page(1)),
)


def tried(page: int, raw: Mapping[str, object], **earlier: object) -> Tried:
    return try_page(SURVEY, page, earlier, raw)


def test_a_page_leads_to_the_next_that_is_asked() -> None:
    assert tried(0, {"score": "3"}) == Tried({"score": 3}, 1)
    assert tried(0, {"score": "9"}) == Tried({"score": 9}, 2)
    assert tried(2, {"more": " yes "}, score=9) == Tried({"score": 9, "more": "yes"}, None)


@pytest.mark.parametrize(
    ("page", "raw", "sentence"),
    [
        (0, {}, "please answer this question"),
        (0, {"score": "11"}, "whole number from 0 to 10"),
        (0, {"score": "9", "nope": "x"}, "unknown question"),
        (1, {"why": " "}, "please answer this question"),
        (2, {"more": "x" * (MAX_TEXT + 1)}, "4,000 characters"),
    ],
)
def test_what_real_answers_would_be_refused_for_is_refused(page: int, raw: Mapping[str, object], sentence: str) -> None:
    found = tried(page, raw, **({"score": 3} if page else {}))
    assert found.page == page
    assert [sentence in one.sentence for one in found.problems] == [True]


def test_answers_that_come_back_in_a_card_are_checked_again() -> None:
    found = tried(2, {}, score=99, why=7, nope=1)
    assert found.page == 0, "what was made up is left out, and asked for"
    assert tried(2, {}, score=9, why="not asked any more").answers == {"score": 9}


def test_going_back_keeps_what_can_be_kept() -> None:
    assert go_back(SURVEY, 2, {"score": 9}, {"more": "yes"}) == Tried({"score": 9, "more": "yes"}, 0)
    assert go_back(SURVEY, 1, {"score": 3}, {"why": "x" * (MAX_TEXT + 1)}) == Tried({"score": 3}, 0)
    assert go_back(SURVEY, 0, {}, {"score": "3"}).page == 0


def test_the_card_is_the_real_one_marked_as_a_test() -> None:
    first = trial_card(SURVEY, 7, answers={})
    assert first is not None
    assert card_text(first).startswith("Test — nothing that you answer here is kept")
    assert action_titles(first) == ["Next", "Back to the survey"]
    second = trial_card(SURVEY, 7, 1, answers={"score": 3})
    assert second is not None
    assert action_titles(second) == ["Next", "Back", "Back to the survey"]
    assert "Why so low? (required)" in card_text(second)


def test_nothing_is_said_to_be_saved_after_a_test() -> None:
    shown = card_text(tried_card(SURVEY, 7, {"score": 9}))
    assert "kept nowhere" in shown
    assert "saved" not in shown


def test_answers_too_long_for_a_card_are_not_carried() -> None:
    texts = tuple(Question(f"t{n}", Kind.TEXT, "What?") for n in range(12))
    survey = Survey("s", "Sample", texts, pages=tuple(Page(1) for _ in texts))
    answers = {one.id: "x" * MAX_TEXT for one in texts}
    few = trial_card(survey, 1, 1, answers={"t0": "x" * MAX_TEXT})
    assert few is not None
    assert fits(few)
    assert trial_card(survey, 1, 11, answers=dict(answers)) is None
