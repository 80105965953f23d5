"""The cards by segment: a button for each thing known, every segment's own figures, and the way back."""

import re
from collections.abc import Sequence

import pytest

from cards.results_segments import MOST_ATTRIBUTES, attributes_card, segments_card
from cards.size import fits
from feedback.results.question_results import QuestionResult
from feedback.results.segments import WITHHELD, Segment, Segments
from feedback.surveys.questions import Answer, Choice, Kind, Question
from feedback.surveys.surveys import Survey
from tests.unit.tallied import result_of
from tests.unit.test_cards_gallery import nodes, run_of, shown
from tests.unit.test_cards_results import buttons
from tests.unit.test_cards_results_charts import ASKED, points

SECRET = Survey("s", "Exports", (), is_anonymous=True, threshold=5)


def divided(question: Question, **answers: Sequence[Answer]) -> Segments:
    """Return the answers to one question, by the value of the people who gave them."""
    segments = [Segment(value, len(given), (result_of(question, given),)) for value, given in answers.items()]
    return Segments(
        run_of(Survey("s", "Exports", (question,))), "size", sum(map(len, answers.values())), tuple(segments)
    )


def said(found: Segments) -> str:
    return shown(segments_card(found))


def test_each_thing_known_is_a_button() -> None:
    run = run_of(Survey("s", "Exports", ()))
    card = attributes_card(run, ["region", "size"])
    data = [node["data"] for node in nodes(card["body"]) if node.get("type") == "Action.Execute"]
    assert data == [{"act": "segments", "run": "exports-1", "by": one} for one in ("region", "size")]
    assert list(buttons(card)) == ["Back to all answers"]


def test_more_than_fit_can_be_typed() -> None:
    card = attributes_card(run_of(Survey("s", "Exports", ())), [f"a{one:02}" for one in range(MOST_ATTRIBUTES + 3)])
    assert "… and 3 more: type results exports-1 by and its name." in shown(card)
    assert all(len(list(node["actions"])) <= 6 for node in nodes(card) if node.get("type") == "ActionSet")  # type: ignore[call-overload]


def test_where_nothing_is_known_it_says_so_and_of_an_anonymous_run_why() -> None:
    assert "Nothing is known" in shown(attributes_card(run_of(Survey("s", "Exports", ())), []))
    assert WITHHELD in shown(attributes_card(run_of(SECRET), []))
    nothing = segments_card(Segments(run_of(SECRET), "size", 0, (), withheld=WITHHELD))
    assert WITHHELD in shown(nothing)
    assert "Back to all answers" in buttons(nothing)


def test_scores_are_compared_by_their_nps_with_n_and_interval() -> None:
    question = ASKED[Kind.NPS][0]
    card = segments_card(divided(question, small=[10] * 30 + [0] * 10, large=[0] * 12))
    assert "small\n\n" in shown(card)
    assert "75% promoters · NPS +50 (n 40, 95 %: +21 to +72)" in shown(card)
    assert "NPS -100 (n 12, 95 %:" in shown(card)
    (chart,) = [node for node in nodes(card) if node.get("type") == "Chart.HorizontalBar.Stacked"]
    small = chart["data"][0]  # type: ignore[index]
    assert small["title"] == "small · NPS +50 (+21 to +72)", "n stands on the right of it"
    assert points(small) == [("0–6", 10), ("7–8", 0), ("9–10", 30)]


@pytest.mark.parametrize("kind", [Kind.RATING, Kind.CSAT, Kind.CES, Kind.NUMBER])
def test_scales_are_compared_by_their_averages(kind: Kind) -> None:
    found = divided(Question("q", kind, "?"), small=[4] * 12, large=[2] * 12)
    of = {Kind.NUMBER: "", Kind.CES: " of 7"}.get(kind, " of 5")
    assert f"4.0{of} (n 12, 95 %: 4.0 to 4.0)" in said(found)
    (chart,) = [node for node in nodes(segments_card(found)) if node.get("type") == "Chart.HorizontalBar"]
    assert [value for _, value in points(chart)] == [4.0, 2.0]


@pytest.mark.parametrize("kind", [Kind.CHOICE, Kind.CHOICES, Kind.IMAGE_CHOICE, Kind.RANKING, Kind.MATRIX, Kind.YES_NO])
def test_other_kinds_are_shown_whole_for_each_segment(kind: Kind) -> None:
    question, answers, _ = ASKED[kind]
    found = divided(question, small=answers[:1], large=answers[:1] * 3)
    assert re.findall(r"(small|large)\n  (\d) answers?", said(found)) == [("small", "1"), ("large", "3")]
    assert said(found).count("100% · 1") == said(found).count("100% · 3") == (2 if kind is Kind.CHOICES else 1)


def test_texts_are_counted_and_not_quoted() -> None:
    found = said(divided(Question("q", Kind.TEXT, "Why?"), small=["Slow", "Fast"], large=["Dear"]))
    assert "small\n  2 texts\nlarge\n  1 text" in found
    assert "Slow" not in found


def test_who_is_not_shown_is_counted() -> None:
    found = divided(ASKED[Kind.NPS][0], small=[10] * 12)
    rest = Segments(found.run, "size", 15, found.segments, rest=3)
    assert "3 answers of segments with fewer than 5 of them are not shown" in said(rest)
    withheld = QuestionResult(found.run.survey.questions[0], 0, is_withheld=True)
    few = Segments(found.run, "size", 17, (*found.segments, Segment("large", 5, (withheld,))))
    assert "large\n  Fewer than 5 of them answered this, so it is not shown." in said(few)


def test_long_surveys_are_shown_some_questions_at_a_time() -> None:
    choices = tuple(Choice(f"c{one}", f"Choice number {one}") for one in range(10))
    questions = tuple(Question(f"q{one}", Kind.CHOICE, f"Question <{one}>?", choices=choices) for one in range(12))
    results = tuple(result_of(one, ["c1"] * 3 + ["c2"] * 9) for one in questions)
    found = Segments(
        run_of(Survey("s", "Exports", questions)),
        "size",
        48,
        tuple(Segment(f"v{one}", 12, results) for one in range(4)),
    )
    asked, first = [], 0
    while True:
        card = segments_card(found, first=first)
        assert fits(card)
        asked += re.findall(r"Question <(\d+)>", shown(card))
        onward = buttons(card).get("More questions")
        if not isinstance(onward, dict):
            break
        assert (onward["act"], onward["by"]) == ("segments", "size")
        first = onward["first"]
    assert asked == [str(one) for one in range(12)]


def test_the_card_leads_to_other_segments_and_back() -> None:
    found = buttons(segments_card(divided(ASKED[Kind.NPS][0], small=[10] * 12)))
    assert found == {
        "Refresh": {"act": "segments", "run": "exports-1", "by": "size"},
        "Other segments": {"act": "segments", "run": "exports-1"},
        "Back to all answers": {"act": "results", "run": "exports-1"},
    }
