"""Charts of results: what Teams draws of every kind of question, and that nothing is lost where it does not draw."""

from collections.abc import Sequence
from typing import cast

import pytest

from cards.elements import Element
from cards.results import results_card
from cards.results_charts import MOST_DAYS, averages, by_period, divisions, gauge, spark
from feedback.results.results import Results
from feedback.surveys.questions import Answer, Choice, Kind, Question
from feedback.surveys.surveys import Survey
from tests.unit.tallied import result_of
from tests.unit.test_cards_gallery import nodes, run_of

TOOLS = (Choice("x", "Excel"), Choice("p", "PDF"))
ROWS = (Choice("a", "Price"), Choice("b", "Speed"))
LINE: Element = {"type": "TextBlock", "text": "written"}


def charts(question: Question, *answers: Answer) -> list[Element]:
    """Return the charts of one question's answers; not that of how many there are."""
    figures = result_of(question, answers)
    card = results_card(Results(run_of(Survey("s", "Exports", (question,))), len(answers), 0, (figures,)))
    return [node for node in nodes(card) if str(node.get("type")).startswith("Chart.")]


def points(chart: Element) -> list[tuple[object, object]]:
    """Return the names and numbers of a chart."""
    data = cast("Sequence[Element]", chart["data"])
    return [(one.get("x", one.get("legend")), one.get("y", one.get("value"))) for one in data]


ASKED: dict[Kind, tuple[Question, list[Answer], str]] = {
    Kind.NPS: (Question("q", Kind.NPS, "?"), [0, 9, 10], "Chart.VerticalBar"),
    Kind.RATING: (Question("q", Kind.RATING, "?"), [4, 5], "Chart.HorizontalBar"),
    Kind.CSAT: (Question("q", Kind.CSAT, "?"), [1, 5], "Chart.HorizontalBar"),
    Kind.CES: (Question("q", Kind.CES, "?"), [1, 7], "Chart.HorizontalBar"),
    Kind.CHOICE: (Question("q", Kind.CHOICE, "?", choices=TOOLS), ["x", "p"], "Chart.HorizontalBar"),
    Kind.CHOICES: (Question("q", Kind.CHOICES, "?", choices=TOOLS), [["x", "p"], ["x"]], "Chart.HorizontalBar"),
    Kind.IMAGE_CHOICE: (Question("q", Kind.IMAGE_CHOICE, "?", choices=TOOLS), ["x"], "Chart.HorizontalBar"),
    Kind.RANKING: (Question("q", Kind.RANKING, "?", choices=TOOLS), [["p", "x"]], "Chart.HorizontalBar"),
    Kind.MATRIX: (Question("q", Kind.MATRIX, "?", choices=TOOLS, rows=ROWS), [{"a": "x"}], "Chart.HorizontalBar"),
    Kind.YES_NO: (Question("q", Kind.YES_NO, "?"), [True, False], "Chart.HorizontalBar"),
    Kind.DATE: (Question("q", Kind.DATE, "?"), ["2026-03-01"], "Chart.HorizontalBar"),
    Kind.NUMBER: (Question("q", Kind.NUMBER, "?"), [3], ""),
    Kind.TEXT: (Question("q", Kind.TEXT, "?"), ["Slow"], ""),
}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_question_has_the_chart_that_suits_it(kind: Kind) -> None:
    question, answers, expected = ASKED[kind]
    assert [one["type"] for one in charts(question, *answers)] == ([expected] if expected else [])
    assert charts(question) == [], "nothing is drawn of no answers"


def test_a_bar_has_its_share_and_its_interval_in_words() -> None:
    (chart,) = charts(ASKED[Kind.CHOICE][0], *["x"] * 30, *["p"] * 10)
    assert points(chart) == [("Excel · 75% (60–86%)", 30), ("PDF · 25% (14–40%)", 10)]


def test_with_few_answers_there_is_no_interval() -> None:
    (chart,) = charts(ASKED[Kind.CHOICE][0], "x", "x", "p", "p")
    assert points(chart) == [("Excel · 50%", 2), ("PDF · 50%", 2)]


def test_scores_are_coloured_by_their_group() -> None:
    (chart,) = charts(ASKED[Kind.NPS][0], 0, 6, 7, 9, 10, 10)
    colors = [one["color"] for one in cast("Sequence[Element]", chart["data"])]
    assert colors == ["attention"] * 7 + ["neutral"] * 2 + ["good"] * 2
    assert points(chart)[-1] == ("10", 2)
    assert "▁" in str(chart["fallback"])


def test_the_same_choice_of_a_matrix_has_the_same_colour_in_every_row() -> None:
    (chart,) = charts(ASKED[Kind.MATRIX][0], {"a": "x", "b": "p"})
    colors = [one["color"] for one in cast("Sequence[Element]", chart["data"])]
    assert colors[:2] == colors[2:]
    assert colors[0] != colors[1]


def test_choices_of_the_same_name_stay_apart() -> None:
    same = (Choice("x", "Other"), Choice("p", "Other"))
    (chart,) = charts(Question("q", Kind.CHOICE, "?", choices=same), "x", "p")
    assert [name for name, _ in points(chart)] == ["Other · 50%", "Other · 50% [2]"]


def test_days_that_are_too_many_are_shown_by_month_and_then_by_year() -> None:
    question = ASKED[Kind.DATE][0]
    (chart,) = charts(question, *[f"2026-0{1 + day // 28}-{1 + day % 28:02d}" for day in range(56)])
    assert points(chart) == [("2026-01 · 50% (37–63%)", 28), ("2026-02 · 50% (37–63%)", 28)]
    assert "50% · 28" in str(chart["fallback"]), "and so they are in words"
    assert by_period([(f"20{20 + month // 12}-{1 + month % 12:02d}-01", 1) for month in range(48)]) == [
        ("2020", 12),
        ("2021", 12),
        ("2022", 12),
        ("2023", 12),
    ]
    few = [(f"2026-01-{day:02d}", 1) for day in range(1, MOST_DAYS + 1)]
    assert by_period(few) == few


def test_what_a_client_without_charts_shows_is_the_same_figures() -> None:
    (chart,) = charts(ASKED[Kind.CHOICE][0], *["x"] * 30, *["p"] * 10)
    assert "███████" in str(chart["fallback"])
    for words in ("Excel", "75% · 30", "(60–86%)", "PDF", "25% · 10", "(14–40%)"):
        assert words in str(chart["fallback"])


@pytest.mark.parametrize(("part", "whole"), [(0, 40), (0, 0), (3, 0), (5, 4)])
def test_how_many_answered_is_drawn_only_where_some_of_some_did(part: int, whole: int) -> None:
    assert gauge(part, whole) == []


def test_how_many_answered_is_a_dial() -> None:
    (chart,) = gauge(10, 40)
    assert (chart["type"], chart["value"], chart["max"]) == ("Chart.Gauge", 10, 40)
    assert "25%" in str(chart["fallback"])


@pytest.mark.parametrize("number", range(1, 14))
def test_divisions_are_in_charts_of_four_bars_at_most_and_none_of_one_where_it_can_be_helped(number: int) -> None:
    rows = [(f"group {one}", [("against", 1), ("between", 0), ("for", 2)], LINE) for one in range(number)]
    sizes = [len(cast("Sequence[Element]", chart["data"])) for chart in divisions(rows)]
    assert sum(sizes) == number
    assert max(sizes) <= 4
    assert min(sizes) > 1 or number == 1
    lines = [node for chart in divisions(rows) for node in nodes(chart) if node.get("text") == "written"]
    assert len(lines) == number


def test_averages_below_nought_are_not_drawn() -> None:
    assert averages([("small", 2.0), ("large", -1.0)], [LINE]) == [LINE]
    (chart,) = averages([("small", 2.0), ("large", 1.0)], [LINE])
    assert points(chart) == [("small", 2.0), ("large", 1.0)]
    assert averages([], [LINE]) == [LINE]


def test_small_columns_show_what_is_highest_and_anything_above_nothing() -> None:
    assert spark([0, 1, 500, 1000]) == "▁▂▅█"
    assert spark([0, 0]) == "▁▁"
