"""Simple results: the figures follow from the answers, and everybody is counted once."""

import pytest

from feedback.surveys.questions import CHOOSING, Answer, Choice, Kind, Question
from tests.unit.tallied import result_of

CHOICES = (Choice("a", "Apples"), Choice("b", "Bees"))


def _question(kind: Kind) -> Question:
    rows = CHOICES[:1] if kind is Kind.MATRIX else ()
    return Question(id="q", kind=kind, text="Sample?", choices=CHOICES if kind in CHOOSING else (), rows=rows)


def test_nps_is_promoters_minus_detractors() -> None:
    result = result_of(_question(Kind.NPS), [10, 9, 8, 7, 6, 0])
    assert result.n == 6
    assert result.nps is not None
    assert result.nps.value == pytest.approx(0)
    assert result.mean is not None
    assert result.mean.value == pytest.approx(40 / 6)
    assert dict(result.counts)["10"] == 1
    assert [label for label, _ in result.counts] == [str(step) for step in range(11)]


@pytest.mark.parametrize(("answers", "nps"), [([10] * 3, 100), ([0, 6], -100), ([7, 8], 0), ([9, 9, 9, 6], 50)])
def test_nps_of_known_answers(answers: list[Answer], nps: float) -> None:
    found = result_of(_question(Kind.NPS), answers).nps
    assert found is not None
    assert found.value == pytest.approx(nps)
    assert found.n == len(answers)


@pytest.mark.parametrize("kind", Kind)
def test_without_answers_there_are_no_figures(kind: Kind) -> None:
    result = result_of(_question(kind), [])
    assert (result.n, result.mean, result.median, result.nps, result.latest) == (0, None, None, None, ())
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
    result = result_of(_question(kind), answers)
    assert dict(result.counts) == counts
    assert result.n == len(answers)


def test_the_mean_is_of_numbers_only() -> None:
    result = result_of(_question(Kind.NUMBER), [1.5, 2])
    assert result.mean is not None
    assert result.mean.value == pytest.approx(1.75)
    assert result_of(_question(Kind.YES_NO), [True]).mean is None


def test_the_newest_texts_are_shown() -> None:
    assert result_of(_question(Kind.TEXT), [f"text {n}" for n in range(9)]).latest == tuple(
        f"text {n}" for n in range(5)
    )


def test_the_median_is_of_numbers_without_a_scale() -> None:
    result = result_of(_question(Kind.NUMBER), [1, 100, 2.5, 2])
    assert result.median is not None
    assert (result.median.value, result.median.n, result.median.interval) == (2.25, 4, None)
    assert result_of(_question(Kind.RATING), [1, 5]).median is None


def test_the_interval_of_a_mean_stays_on_its_scale() -> None:
    mean = result_of(_question(Kind.RATING), [5] * 11 + [1]).mean
    assert mean is not None
    assert mean.interval is not None
    assert mean.interval.high == 5
