"""The card of results: true figures, nothing shortened in silence, and no name."""

import re

import pytest

from cards.elements import Card
from cards.results import results_card
from cards.size import fits
from feedback.results.results import QuestionResult, Results
from feedback.runs.runs import RunState
from feedback.surveys.questions import Answer, Choice, Kind, Question
from feedback.surveys.surveys import Survey
from tests.unit.tallied import result_of
from tests.unit.test_cards_gallery import nodes, run_of, shown

SCALE = (0, 6, 7, 8, 9, 10, 10, 10)


def results(question: Question, *answers: Answer, reached: int = 40) -> str:
    """Return what the card says of one question's answers."""
    figures = result_of(question, answers)
    survey = Survey("s", "Exports", (question,))
    return shown(results_card(Results(run_of(survey), len(answers), reached, (figures,))))


def many(number: int, figure: QuestionResult) -> Card:
    survey = Survey("s", "Exports", (figure.question,) * number)
    return results_card(Results(run_of(survey), figure.n, 40, (figure,) * number))


def buttons(card: Card) -> dict[str, object]:
    """Return the data of a card's buttons by their titles."""
    found = [node for node in nodes(card.get("actions", [])) if node.get("type") == "Action.Execute"]
    return {str(node["title"]): node["data"] for node in found}


def test_it_says_how_many_of_how_many_answered() -> None:
    said = results(Question("q", Kind.YES_NO, "Useful?"), *(one > 0 for one in (1, 0, 1)))
    assert "Results: Exports" in said
    assert "3 of 40 people answered (8%)" in said
    assert "Useful?\n3 answers" in said


def test_a_run_that_reached_nobody_has_results_too() -> None:
    assert "0 of 0 people answered (0%)" in results(Question("q", Kind.YES_NO, "Useful?"), reached=0)


def test_nps_is_shown_with_the_groups_that_it_comes_from() -> None:
    said = results(Question("q", Kind.NPS, "How likely?"), *SCALE)
    assert "NPS +25" in said
    groups = re.findall(r"(Promoters|Passives|Detractors) \(.*\)\n+.*\n  (\d+)% · (\d+)", said)
    assert groups == [("Promoters", "50", "4"), ("Passives", "25", "2"), ("Detractors", "25", "2")]


@pytest.mark.parametrize(("scores", "words"), [((0, 10), "NPS 0"), ((0,), "NPS -100"), ((10,), "NPS +100")])
def test_nps_has_its_sign(scores: tuple[int, ...], words: str) -> None:
    assert f"{words} (n {len(scores)})\n" in results(Question("q", Kind.NPS, "How likely?"), *scores)


def test_a_mean_names_its_scale() -> None:
    assert "Average 4.5 of 5" in results(Question("q", Kind.RATING, "Stars?"), 4, 5)
    assert "Average 1,500.0 (n 2)\n" in results(Question("q", Kind.NUMBER, "Rows?"), 1000, 2000)


def test_the_steps_of_a_scale_are_in_words() -> None:
    said = results(Question("q", Kind.CSAT, "Satisfied?"), 5, 5, 1)
    assert [words for words in said.split("\n") if "atisfied" in words] == [
        "Satisfied?",
        *("Very dissatisfied", "Dissatisfied", "Satisfied", "Very satisfied"),
    ]
    assert "4 stars\n" in results(Question("q", Kind.RATING, "Stars?"), 4)


def test_every_choice_has_its_bar_its_share_and_its_count() -> None:
    choices = (Choice("x", "Excel"), Choice("p", "PDF"), Choice("c", "CSV"))
    said = results(Question("q", Kind.CHOICE, "Which?", choices=choices), "x", "x", "x", "p")
    assert "Excel\n\n████████░░\n  75% · 3" in said
    assert "CSV\n\n░░░░░░░░░░\n  0% · 0" in said
    assert "Several answers" not in said


def test_shares_over_a_hundred_percent_are_explained() -> None:
    choices = (Choice("x", "Excel"), Choice("p", "PDF"))
    assert "Several answers were possible." in results(
        Question("q", Kind.CHOICES, "Which?", choices=choices), ["x", "p"], ["x"]
    )


def test_a_question_without_answers_says_so_and_draws_nothing() -> None:
    said = results(Question("q", Kind.NPS, "How likely?"))
    assert "0 answers" in said
    assert "NPS" not in said
    assert "░" not in said


def test_the_latest_texts_are_quoted_and_the_rest_is_counted() -> None:
    said = results(Question("q", Kind.TEXT, "Why?"), *[f"Because {number}" for number in range(17)])
    assert "“Because 0”" in said
    assert "“Because 5”" not in said
    assert "… and 12 more" in said


def test_all_texts_shown_are_not_said_to_be_more() -> None:
    assert "more" not in results(Question("q", Kind.TEXT, "Why?"), "Slow", "Fast")


def test_many_options_are_shortened_and_the_card_says_by_how_many() -> None:
    figure = QuestionResult(
        Question("q", Kind.CHOICE, "😀" * 500), 100, tuple((f"{one} {'😀' * 120}", 5) for one in range(60))
    )
    card = many(1, figure)
    said = shown(card)
    assert fits(card)
    left = {int(number) for number in re.findall(r"… and (\d+) more", said)}
    assert left == {60 - said.count("5% · 5")}


def test_few_options_are_all_shown() -> None:
    figure = QuestionResult(Question("q", Kind.CHOICE, "Which?"), 100, tuple((f"Choice {one}", 5) for one in range(20)))
    assert "more" not in shown(many(1, figure))


def test_long_texts_are_cut_before_any_is_left_out() -> None:
    figure = QuestionResult(Question("q", Kind.TEXT, "Why?"), 5, latest=("x" * 4000,) * 5)
    said = shown(many(1, figure))
    assert said.count("…”") == 5


def test_the_button_brings_the_newest_results_of_the_run() -> None:
    survey = Survey("s", "Exports", ())
    card = results_card(Results(run_of(survey), 0, 0, ()))
    assert buttons(card)["Refresh"] == {"act": "results", "run": "exports-1"}


def test_many_questions_are_shown_some_at_a_time_and_none_is_left_out() -> None:
    choices = tuple(Choice(f"c{one}", f"Choice number {one}") for one in range(10))
    questions = [Question(f"q{one}", Kind.CHOICE, f"Question <{one}>?", choices=choices) for one in range(40)]
    figures = [result_of(one, ["c1"] * 3 + ["c2"] * 9) for one in questions]
    found = Results(run_of(Survey("s", "Exports", tuple(questions))), 12, 40, tuple(figures))
    first, asked, cards = 0, [], 0
    while True:
        card = results_card(found, first=first)
        assert fits(card)
        asked += re.findall(r"Question <(\d+)>", shown(card))
        assert "more" not in shown(card), "nothing on it is shortened"
        cards += 1
        onward = buttons(card).get("More questions")
        if onward is None:
            break
        first = int(str(dict(onward)["first"]))  # type: ignore[call-overload]
    assert asked == [str(one) for one in range(40)]
    assert cards > 1
    before = results_card(found, first=int(str(dict(buttons(card)["Questions before"])["first"])))  # type: ignore[call-overload]
    assert f"to {first} of 40" in shown(before)
    assert buttons(card)["Refresh"] == {"act": "results", "run": "exports-1", "first": first}


@pytest.mark.parametrize("first", [-5, 99])
def test_a_number_that_no_question_has_shows_what_there_is(first: int) -> None:
    question = Question("q", Kind.YES_NO, "Useful?")
    figures = result_of(question, [True])
    card = results_card(Results(run_of(Survey("s", "Exports", (question,))), 1, 40, (figures,)), first=first)
    assert "Useful?" in shown(card)
    assert "first" not in str(card)


def test_results_lead_to_segments_and_wishes_where_there_are_any() -> None:
    survey = Survey("s", "Exports", ())
    assert list(buttons(results_card(Results(run_of(survey), 3, 40, ())))) == ["Refresh", "By segment…", "Tell me…"]
    assert list(buttons(results_card(Results(run_of(survey), 0, 40, ())))) == ["Refresh", "Tell me…"]
    closed = run_of(survey, RunState.CLOSED)
    assert list(buttons(results_card(Results(closed, 3, 40, ())))) == ["Refresh", "By segment…"]
    secret = run_of(Survey("s", "Exports", (), is_anonymous=True))
    assert list(buttons(results_card(Results(secret, 9, 40, ())))) == ["Refresh", "Tell me…"]


def test_a_figure_has_its_n_and_its_interval_beside_it() -> None:
    said = results(Question("q", Kind.NPS, "How likely?"), *SCALE * 15)
    assert "NPS +25 (n 120, 95 %: +10 to +39)" in said
    assert "50% · 60\n  (41–59%)" in said
    assert "Ranges are 95 % intervals" in said
    assert "Too few" not in said


def test_numbers_have_a_median_beside_their_average() -> None:
    said = results(Question("q", Kind.NUMBER, "Rows?"), *range(1, 22))
    assert "Average 11.0 (n 21, 95 %: 8.2 to 13.8)" in said
    assert "Median 11.0 (n 21, 95 %: 6.0 to 16.0)" in said


def test_few_answers_are_called_too_few_instead_of_an_interval() -> None:
    said = results(Question("q", Kind.RATING, "Stars?"), *[4] * 9)
    assert "Average 4.0 of 5 (n 9)" in said
    assert "Too few answers to say more." in said
    assert "95 %" not in said


def test_results_that_are_behind_say_so() -> None:
    survey = Survey("s", "Exports", ())
    assert "may not be counted yet" in shown(results_card(Results(run_of(survey), 0, 0, (), is_behind=True)))
