"""Figures: they equal what statsmodels and scipy say, to 1e-9, and behave at the ends of their scales."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from feedback.results.counts import summed
from feedback.results.figures import FEW, Figure, Interval, mean, median, median_rank, nps, share, spread, t_quantile

CLOSE = 1e-9
SIZES = [1, 2, 3, 4, 5, 6, 7, 10, 11, 30, 99, 100, 199, 200, 201, 202, 500, 1000, 54_321, 1_000_000]


def ends(figure: Figure | None) -> tuple[float, float]:
    assert figure is not None
    assert figure.interval is not None
    return figure.interval.low, figure.interval.high


@given(st.integers(1, 2_000_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_has_wilsons_interval(counts: tuple[int, int]) -> None:
    count, n = counts
    assert ends(share(count, n)) == pytest.approx(proportion_confint(count, n, method="wilson"), abs=CLOSE)
    assert share(count, n).value == count / n


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_nps_has_the_interval_of_its_three_valued_score(promoters: int, passives: int, detractors: int) -> None:
    found = nps(promoters, passives, detractors)
    n = promoters + passives + detractors
    if not n:
        assert found is None
        return
    scores = DescrStatsW([1, 0, -1], weights=[promoters + 0.75, passives + 1.5, detractors + 0.75])
    error = scores.std / np.sqrt(scores.sum_weights)
    low, high = stats.norm.interval(0.95, loc=scores.mean, scale=error)
    assert ends(found) == pytest.approx((max(100 * low, -100), min(100 * high, 100)), abs=1e-7)  # of a hundred
    assert found is not None
    assert found.value == pytest.approx(100 * (promoters - detractors) / n)


def test_an_nps_on_which_all_agree_still_has_a_width() -> None:
    low, high = ends(nps(12, 0, 0))
    assert low < 95
    assert high == 100


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=400))
def test_a_mean_has_students_interval(values: list[int]) -> None:
    found = mean(len(values), Fraction(sum(values)), Fraction(sum(one * one for one in values)))
    reference = DescrStatsW(np.array(values, dtype=float))
    assert found is not None
    assert found.value == pytest.approx(reference.mean, rel=CLOSE, abs=CLOSE)
    assert ends(found) == pytest.approx(reference.tconfint_mean(), rel=CLOSE, abs=1e-6)  # of a million


def test_exact_sums_lose_nothing_where_floats_would() -> None:
    values = [Fraction(10**12), Fraction(10**12) + Fraction("0.1"), Fraction(10**12) + Fraction("0.2")]
    low, high = ends(mean(3, sum(values, Fraction()), sum((one * one for one in values), Fraction())))
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 2) * 0.1 / 3**0.5, rel=1e-3)


@pytest.mark.parametrize("freedom", SIZES)
def test_the_quantile_of_t_is_scipys(freedom: int) -> None:
    assert t_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=CLOSE)


@given(st.lists(st.sampled_from([-3.5, 0.0, 1.0, 2.0, 7.25, 100.0]), min_size=1, max_size=300))
def test_a_median_has_the_interval_of_order_statistics(values: list[float]) -> None:
    found = median(sorted(Counter(values).items()))
    assert found is not None
    assert found.value == np.median(values)
    assert found.n == len(values)
    reference = stats.quantile_test(values, q=0, p=0.5).confidence_interval(0.95)
    if len(values) < 6:
        assert found.interval is None
    else:
        assert ends(found) == (reference.low, reference.high)


@pytest.mark.parametrize("n", SIZES)
def test_the_rank_of_the_median_is_the_binomials(n: int) -> None:
    rank = median_rank(n)
    assert stats.binom.cdf(rank - 1, n, 0.5) <= 0.025 < stats.binom.cdf(rank, n, 0.5)


def test_without_answers_there_is_nothing_to_say() -> None:
    assert share(0, 0) == Figure(0.0, 0)
    assert nps(0, 0, 0) is mean(0, Fraction(), Fraction()) is median([]) is None


def test_few_answers_are_called_thin() -> None:
    assert share(3, FEW - 1).is_thin
    assert not share(3, FEW).is_thin
    assert Figure(3.0, 1).is_thin
    assert Figure(3.0, 50).is_thin


def test_an_interval_is_cut_to_its_scale() -> None:
    assert Interval(0.5, 5.5).within(1, 5) == Interval(1, 5)
    assert Interval(2, 3).within(1, 5) == Interval(2, 3)


@given(st.lists(st.integers(-1000, 1000) | st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_mean_and_spread_are_the_exact_ones_rounded_once(numbers: list[float]) -> None:
    n, sums = len(numbers), summed(numbers)
    total, squares = sums.exact
    expected = float(total / n), float(squares - total * total / n)
    assert spread(n, total, squares) == expected
    assert spread(n, *sums.decimals) == expected
