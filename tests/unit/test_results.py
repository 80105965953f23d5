"""Simple results: the figures follow from the answers, and everybody is counted once."""

import pytest

from feedback.questions import CHOOSING, Answer, Choice, Kind, Question
from feedback.results import question_result

CHOICES = (Choice("a", "Apples"), Choice("b", "Bees"))


def _question(kind: Kind) -> Question:
    rows = CHOICES[:1] if kind is Kind.MATRIX else ()
    return Question(id="q", kind=kind, text="Sample?", choices=CHOICES if kind in CHOOSING else (), rows=rows)


def test_nps_is_promoters_minus_detractors() -> None:
    result = question_result(_question(Kind.NPS), [10, 9, 8, 7, 6, 0])
    assert result.n == 6
    assert result.nps == pytest.approx(0)
    assert result.mean == pytest.approx(40 / 6)
    assert dict(result.counts)["10"] == 1
    assert [label for label, _ in result.counts] == [str(step) for step in range(11)]


@pytest.mark.parametrize(("answers", "nps"), [([10] * 3, 100), ([0, 6], -100), ([7, 8], 0), ([9, 9, 9, 6], 50)])
def test_nps_of_known_answers(answers: list[Answer], nps: float) -> None:
    assert question_result(_question(Kind.NPS), answers).nps == pytest.approx(nps)


@pytest.mark.parametrize("kind", Kind)
def test_without_answers_there_are_no_figures(kind: Kind) -> None:
    result = question_result(_question(kind), [])
    assert (result.n, result.mean, result.nps, result.latest) == (0, None, None, ())
    assert sum(count for _, count in result.counts) == 0


CASES: list[tuple[Kind, list[Answer], dict[str, int]]] = [
    (Kind.RATING, [5, 5, 1], {"1": 1, "2": 0, "3": 0, "4": 0, "5": 2}),
    (Kind.CSAT, [3], {"1": 0, "2": 0, "3": 1, "4": 0, "5": 0}),
    (Kind.CHOICE, ["a", "a", "b"], {"Apples": 2, "Bees": 1}),
    (Kind.CHOICES, [["a", "b"], ["b"]], {"Apples": 1, "Bees": 2}),
    (Kind.CES, [7, 1], {"1": 1, "2": 0, "3": 0, "4": 0, "5": 0, "6": 0, "7": 1}),
    (Kind.IMAGE_CHOICE, ["a"], {"Apples": 1, "Bees": 0}),
    (Kind.RANKING, [["b", "a"], ["b", "a"], ["a", "b"]], {"Apples": 1, "Bees": 2}),
    (Kind.MATRIX, [{"a": "b"}, {"a": "b"}, {"a": "a"}], {"Apples: Apples": 1, "Apples: Bees": 2}),
    (Kind.YES_NO, [True, False, True], {"Yes": 2, "No": 1}),
    (Kind.DATE, ["2026-02-01", "2026-01-01", "2026-02-01"], {"2026-01-01": 1, "2026-02-01": 2}),
    (Kind.TEXT, ["x"], {}),
    (Kind.NUMBER, [1.5, 2], {}),
]


@pytest.mark.parametrize(("kind", "answers", "counts"), CASES)
def test_each_kind_is_counted_its_way(kind: Kind, answers: list[Answer], counts: dict[str, int]) -> None:
    result = question_result(_question(kind), answers)
    assert dict(result.counts) == counts
    assert result.n == len(answers)


def test_the_mean_is_of_numbers_only() -> None:
    assert question_result(_question(Kind.NUMBER), [1.5, 2]).mean == pytest.approx(1.75)
    assert question_result(_question(Kind.YES_NO), [True]).mean is None


def test_the_newest_texts_are_shown() -> None:
    assert question_result(_question(Kind.TEXT), [f"text {n}" for n in range(9)]).latest == tuple(
        f"text {n}" for n in range(5)
    )
