"""Branches: which questions are asked, how far somebody is, and that only answers to what is asked are kept."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.answers.drafts import where_they_are
from feedback.runs.runs import Delivery, DeliveryState, Draft, Run, RunState
from feedback.surveys.branching import asked, holds, next_page, previous_page, progress, still_asked
from feedback.surveys.checking import check_answers
from feedback.surveys.questions import Answers, Choice, Comparison, Condition, Kind, Question
from feedback.surveys.surveys import Page, Survey

LOW = Condition("a", Comparison.AT_MOST, 6)
HIGH = Condition("a", Comparison.AT_LEAST, 7)
PICKED = Condition("b", Comparison.INCLUDES, "x")
CHOICES = (Choice("x", "X"), Choice("y", "Y"))
SURVEY = Survey(
    "s",
    "T",
    (
        Question("a", Kind.NPS, "A?"),
        Question("b", Kind.CHOICES, "B?", choices=CHOICES, ask_if=LOW),
        Question("c", Kind.NUMBER, "C?", ask_if=PICKED),
        Question("d", Kind.TEXT, "D?", ask_if=Condition(any=(PICKED, HIGH))),
    ),
    pages=(Page(1), Page(1), Page(1), Page(1)),
)


@pytest.mark.parametrize(
    ("condition", "answers", "is_met"),
    [
        (LOW, {"a": 6}, True),
        (LOW, {"a": 7}, False),
        (LOW, {}, False),
        (LOW, {"a": "6"}, False),
        (HIGH, {"a": 7.5}, True),
        (Condition("a", Comparison.IS, 1), {"a": True}, False),
        (Condition("a", Comparison.IS, value=True), {"a": True}, True),
        (Condition("a", Comparison.IS, "x"), {"a": "x"}, True),
        (Condition("a", Comparison.AT_LEAST, "2026-01-01"), {"a": "2026-02-01"}, True),
        (Condition("a", Comparison.AT_MOST, "2026-01-01"), {"a": "2026-02-01"}, False),
        (PICKED, {"b": ["y", "x"]}, True),
        (PICKED, {"b": ["y"]}, False),
        (PICKED, {"b": "x"}, False),
        (Condition(all=(LOW, PICKED)), {"a": 1, "b": ["x"]}, True),
        (Condition(all=(LOW, PICKED)), {"a": 1}, False),
        (Condition(any=(LOW, PICKED)), {"a": 1}, True),
        (Condition(any=(LOW, PICKED)), {"a": 9}, False),
    ],
)
def test_a_condition_holds_or_not(condition: Condition, answers: Answers, *, is_met: bool) -> None:
    assert holds(condition, answers) is is_met


@pytest.mark.parametrize(
    ("answers", "ids"),
    [
        ({}, "a"),
        ({"a": 9}, "ad"),
        ({"a": 3}, "ab"),
        ({"a": 3, "b": ["x"]}, "abcd"),
        ({"a": 9, "b": ["x"], "c": 1}, "ad"),  # what b said does not count when b is not asked
    ],
)
def test_only_what_follows_from_the_answers_is_asked(answers: Answers, ids: str) -> None:
    assert [one.id for one in asked(SURVEY, answers)] == list(ids)
    assert set(still_asked(SURVEY, answers)) <= set(ids)


def test_pages_with_nothing_to_ask_are_passed_over_both_ways() -> None:
    assert next_page(SURVEY, 0, {"a": 9}) == 3
    assert previous_page(SURVEY, 3, {"a": 9}) == 0
    assert next_page(SURVEY, 0, {}) is None
    assert previous_page(SURVEY, 0, {"a": 9}) is None


@pytest.mark.parametrize(
    ("page", "answers", "said"),
    [
        (0, {}, (1, 4, False)),
        (0, {"a": 9}, (1, 4, False)),  # what is on the page may still be changed
        (3, {"a": 9}, (2, 2, True)),
        (1, {"a": 3}, (2, 4, False)),
        (2, {"a": 3, "b": ["x"]}, (3, 4, True)),
    ],
)
def test_progress_promises_no_more_than_is_known(page: int, answers: Answers, said: tuple[int, int, bool]) -> None:
    found = progress(SURVEY, page, answers)
    assert (found.page, found.at_most, found.is_settled) == said


ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "a": st.integers(0, 10),
        "b": st.lists(st.sampled_from(["x", "y"]), min_size=1, unique=True),
        "c": st.integers(0, 5),
        "d": st.just("words"),
    },
)


@given(ANSWERS)
def test_what_is_kept_at_the_end_is_answers_to_what_is_asked(answers: Answers) -> None:
    kept = check_answers(SURVEY, answers)
    assert kept.keys() == still_asked(SURVEY, answers).keys()
    assert set(kept) <= {one.id for one in asked(SURVEY, kept)}
    assert check_answers(SURVEY, kept) == kept


@given(ANSWERS)
def test_going_forward_passes_every_page_that_is_asked_and_never_more_than_was_said(answers: Answers) -> None:
    known: Answers = {}
    page: int | None = 0
    seen, promised = [], []
    while page is not None:
        seen.append(page)
        promised.append(progress(SURVEY, page, known).at_most)
        known |= {one.id: answers[one.id] for one in SURVEY.paged[page] if one.id in answers}
        page = next_page(SURVEY, page, known)
    assert all(len(seen) <= most for most in promised)
    assert promised == sorted(promised, reverse=True)
    assert {one.id for number in seen for one in SURVEY.paged[number]} == {one.id for one in asked(SURVEY, answers)}


@settings(max_examples=60)
@given(ANSWERS, st.sampled_from("abcd"))
def test_whatever_is_stored_leads_to_a_page_with_something_to_ask(answers: Answers, at: str) -> None:
    run = Run("s-1", SURVEY, "me", RunState.SENT, datetime(2026, 1, 1, tzinfo=UTC), "t:o")
    delivery = Delivery("s-1", "t:o", DeliveryState.SENT, 0, draft=Draft(at, answers))
    page = where_they_are(run, delivery)
    assert {one.id for one in SURVEY.paged[page]} & {one.id for one in asked(SURVEY, answers)}
