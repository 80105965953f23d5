"""How far arms are apart: the intervals are those of statsmodels to 1e-9, and say nothing where they cannot."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from feedback.results.counts import counted, summed
from feedback.results.differences import Difference, differences
from feedback.results.figures import t_quantile
from feedback.results.tallies import QuestionTally
from feedback.surveys.questions import Choice, Kind, Question
from tests.unit.weighed import marriages, patients, voters

CLOSE = 1e-9
YES_NO = Question("q", Kind.YES_NO, "Useful?")
STARS = Question("q", Kind.RATING, "Stars?")
SCORE = Question("q", Kind.NPS, "How likely?")
WHICH = Question("q", Kind.CHOICES, "Which?", choices=(Choice("a", "Apples"), Choice("b", "Bees")))


def tally(*values: float | str) -> QuestionTally:
    numbers = [one for one in values if not isinstance(one, str)]
    return QuestionTally(len(values), counted(map(str, values)), summed(numbers))


def compared(question: Question, first: QuestionTally, second: QuestionTally) -> tuple[Difference, ...]:
    return differences(question, [(("a",), first), (("b",), second)])


def ends(one: Difference) -> tuple[float, float]:
    assert one.interval is not None
    return one.interval.low, one.interval.high


@settings(max_examples=40)
@given(st.data())
def test_shares_have_newcombes_interval(data: st.DataObject) -> None:
    sizes = [data.draw(st.integers(10, 500)) for _ in range(2)]
    yes = [data.draw(st.integers(0, n)) for n in sizes]
    tallies = [QuestionTally(n, counted(["yes"] * one + ["no"] * (n - one))) for n, one in zip(sizes, yes, strict=True)]
    (found,) = compared(YES_NO, *tallies)
    reference = confint_proportions_2indep(yes[1], sizes[1], yes[0], sizes[0], method="newcomb", compare="diff")
    assert found.value == pytest.approx(yes[1] / sizes[1] - yes[0] / sizes[0], abs=CLOSE)
    assert ends(found) == pytest.approx(reference, abs=CLOSE)


stars = st.lists(st.integers(1, 5), min_size=10, max_size=80)


@settings(max_examples=40)
@given(stars, stars)
def test_means_have_welchs_interval(first: Sequence[int], second: Sequence[int]) -> None:
    (found,) = compared(STARS, tally(*first), tally(*second))
    assert found.value == pytest.approx(np.mean(second) - np.mean(first), abs=CLOSE)
    if np.var(first) or np.var(second):
        reference = CompareMeans(DescrStatsW(second), DescrStatsW(first)).tconfint_diff(usevar="unequal")
        assert ends(found) == pytest.approx(reference, abs=CLOSE)
    else:
        assert ends(found) == (found.value, found.value)


scores = st.lists(st.integers(0, 10), min_size=10, max_size=80)


@settings(max_examples=40)
@given(scores, scores)
def test_nps_has_the_interval_of_two_scores_with_something_added_to_each(
    first: Sequence[int], second: Sequence[int]
) -> None:
    (found,) = compared(SCORE, tally(*first), tally(*second))
    groups = [Counter((one > 8) - (one < 7) for one in some) for some in (second, first)]
    more, less = (DescrStatsW([1, 0, -1], weights=[one[1] + 0.75, one[0] + 1.5, one[-1] + 0.75]) for one in groups)
    error = np.sqrt(more.var / more.sum_weights + less.var / less.sum_weights)
    low, high = stats.norm.interval(0.95, loc=more.mean - less.mean, scale=error)
    assert ends(found) == pytest.approx((max(100 * low, -200), min(100 * high, 200)), abs=1e-7)  # of 200


def test_on_real_data_the_halves_of_a_survey_differ_as_statsmodels_says() -> None:
    for data, question, attribute in (
        (marriages(), "stars", "children"),
        (voters(), "news", "party"),
        (patients(), "zinc", "region"),
    ):
        answers, has = data.column(question)
        labels = data.labels(attribute)[has]
        groups = [answers[labels == one] for one in sorted(set(labels))[:2]]
        kind = next(one for one in data.questions if one.id == question)
        (found,) = compared(kind, *(tally(*(float(one) for one in some)) for some in groups))
        reference = CompareMeans(DescrStatsW(groups[1]), DescrStatsW(groups[0])).tconfint_diff(usevar="unequal")
        assert ends(found) == pytest.approx(reference, abs=CLOSE, rel=CLOSE)


@pytest.mark.parametrize("freedom", [1.0001, 1.5, 2.7, 9.03, 17.5, 99.99, 150.25, 199.999, 200.5, 4321.7])
def test_between_whole_degrees_of_freedom_the_quantile_of_t_is_scipys(freedom: float) -> None:
    assert t_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=CLOSE)


def test_each_choice_is_compared_and_each_arm_with_the_first() -> None:
    some = QuestionTally(20, counted(["a"] * 15 + ["b"] * 9))
    other = QuestionTally(40, counted(["a"] * 10 + ["b"] * 30))
    found = differences(WHICH, [(("x",), some), (("y",), other), (("z",), some)])
    assert [(one.arms, one.than, one.what) for one in found] == [
        (("y",), ("x",), "Apples"),
        (("y",), ("x",), "Bees"),
        (("z",), ("x",), "Apples"),
        (("z",), ("x",), "Bees"),
    ]
    assert [one.is_sure for one in found] == [True, True, False, False]
    assert all(one.is_share for one in found)


def test_few_answers_have_a_difference_and_no_interval() -> None:
    (found,) = compared(STARS, tally(*[5] * 9), tally(*[1, 2] * 10))
    assert found.value == pytest.approx(-3.5)
    assert found.interval is None
    assert not found.is_sure


def test_without_answers_in_one_arm_nothing_is_compared() -> None:
    assert compared(STARS, QuestionTally(), tally(*[1] * 20)) == ()
    assert compared(STARS, tally(*[1] * 20), QuestionTally()) == ()
    assert differences(STARS, []) == ()


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.DATE])
def test_texts_and_days_are_not_compared(kind: Kind) -> None:
    assert compared(Question("q", kind, "?"), tally(*["x"] * 20), tally(*["y"] * 20)) == ()
