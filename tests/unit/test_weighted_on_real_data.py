"""Weights and weighted figures equal those of samplics and statsmodels to 1e-9, on surveys that people really answered.

The figures go the whole way: from deliveries over tallies in slices to what is shown.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from samplics import PopParam, SampleWeight, TaylorEstimator
from scipy import stats
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from feedback.people.mixes import stratum_of
from feedback.results.figures import Figure
from feedback.results.question_results import QuestionResult, Results
from feedback.results.weighted_results import Weigher, Weighted
from tests.unit.weighed import Data, Numbers, marriages, patients, voters

CLOSE = 1e-9
SETS = [marriages, voters, patients]
Load = Callable[[], Data]


@cache
def raked(load: Load) -> Numbers:
    """Return samplics' weight for each person, 1 on average."""
    data = load()
    n = len(data.answers)
    margins = {one.attribute: data.labels(one.attribute) for one in data.mix.margins}
    control = {one.attribute: {value: share * n / 100 for value, share in one.shares} for one in data.mix.margins}
    found = SampleWeight().rake(np.ones(n), margins, control, tol=1e-13, ctrl_tol=1e-13, max_iter=500)
    return np.asarray(found)


@cache
def shown(load: Load) -> Results:
    return load().results()


def result_of(load: Load, question: str) -> QuestionResult:
    return next(one for one in shown(load).questions if one.question.id == question)


def weighted(load: Load, question: str) -> Weighted:
    found = result_of(load, question).weighted
    assert found is not None
    return found


def ends(figure: Figure | None) -> tuple[float, float]:
    assert figure is not None
    assert figure.interval is not None
    return figure.interval.low, figure.interval.high


@pytest.mark.parametrize("load", SETS)
def test_weights_and_design_effect_are_those_of_samplics(load: Load) -> None:
    data = load()
    reference = raked(load)
    weigher = Weigher(data.mix, data.tally())
    mine = [weigher.weights[stratum_of(one.segment) or ()] for one in data.deliveries()]
    assert mine == pytest.approx(reference, rel=CLOSE)
    worth = weigher.weighting.precision
    assert worth is not None
    assert worth.design_effect == pytest.approx(SampleWeight().calculate_deff_weight(reference), rel=CLOSE)
    assert worth.n_effective == pytest.approx(reference.sum() ** 2 / (reference**2).sum(), rel=CLOSE)
    assert 1.01 < worth.design_effect < 3, "the data should need some weighting"


@pytest.mark.parametrize(
    ("load", "question"),
    [(marriages, "stars"), (marriages, "years"), (voters, "place"), (voters, "news"), (patients, "zinc")],
)
def test_a_weighted_mean_is_that_of_samplics(load: Load, question: str) -> None:
    data = load()
    answers, has = data.column(question)
    reference = TaylorEstimator(PopParam.mean)
    reference.estimate(y=answers, samp_weight=raked(load)[has])
    found = weighted(load, question).mean
    assert found is not None
    assert found.value == pytest.approx(float(reference.point_est), rel=CLOSE)
    half = (ends(found)[1] - ends(found)[0]) / 2
    assert half == pytest.approx(float(reference.stderror) * stats.t.ppf(0.975, len(answers) - 1), rel=CLOSE)
    assert ends(found) == pytest.approx((float(reference.lower_ci), float(reference.upper_ci)), rel=CLOSE)


@pytest.mark.parametrize(
    ("load", "question"), [(marriages, "stars"), (voters, "place"), (voters, "vote"), (patients, "high")]
)
def test_weighted_shares_have_wilsons_interval_with_the_effective_n(load: Load, question: str) -> None:
    data = load()
    answers, has = data.column(question)
    weights = raked(load)[has]
    n = weights.sum() ** 2 / (weights**2).sum()
    found = weighted(load, question)
    labels = [label for label, _ in result_of(load, question).counts]
    assert found.precision.n_effective == pytest.approx(n, rel=CLOSE)
    for label, share in zip(labels, found.shares, strict=True):
        value = {"Yes": 1.0, "No": 0.0}.get(label)
        p = weights[answers == (float(label) if value is None else value)].sum() / weights.sum()
        assert share.value == pytest.approx(p, abs=CLOSE)
        assert ends(share) == pytest.approx(proportion_confint(p * n, n, method="wilson"), abs=CLOSE)
    assert sum(one.value for one in found.shares) == pytest.approx(1)


@pytest.mark.parametrize(("load", "question"), [(marriages, "years"), (voters, "news"), (patients, "zinc")])
def test_a_weighted_median_is_that_of_statsmodels(load: Load, question: str) -> None:
    data = load()
    answers, has = data.column(question)
    weights = raked(load)[has]
    reference = DescrStatsW(answers, weights=weights)
    n = weights.sum() ** 2 / (weights**2).sum()
    found = weighted(load, question).median
    assert found is not None
    assert found.value == pytest.approx(reference.quantile(0.5, return_pandas=False)[0], rel=CLOSE)
    around = reference.quantile(list(proportion_confint(0.5 * n, n, method="wilson")), return_pandas=False)
    assert ends(found) == pytest.approx(tuple(around.ravel()), rel=CLOSE)


def test_a_weighted_nps_has_the_interval_of_its_score_with_the_effective_n() -> None:
    load, data = voters, voters()
    answers, has = data.column("score")
    weights = raked(load)[has]
    n = weights.sum() ** 2 / (weights**2).sum()
    shares = [
        weights[part].sum() / weights.sum() for part in (answers >= 9, (answers > 6) & (answers < 9), answers <= 6)
    ]
    scores = DescrStatsW([1, 0, -1], weights=[n * shares[0] + 0.75, n * shares[1] + 1.5, n * shares[2] + 0.75])
    low, high = stats.norm.interval(0.95, loc=scores.mean, scale=scores.std / np.sqrt(scores.sum_weights))
    found = weighted(load, "score")
    assert found.nps is not None
    assert found.nps.value == pytest.approx(100 * (shares[0] - shares[2]), rel=CLOSE)
    assert ends(found.nps) == pytest.approx((100 * low, 100 * high), rel=CLOSE)
    assert [one.value for one in found.by_nps_group] == pytest.approx(shares, abs=CLOSE)


@pytest.mark.parametrize(
    ("load", "question"), [(marriages, "stars"), (voters, "place"), (voters, "news"), (patients, "zinc")]
)
def test_the_raw_mean_beside_it_is_that_of_statsmodels(load: Load, question: str) -> None:
    data = load()
    answers, _ = data.column(question)
    reference = DescrStatsW(answers)
    found = result_of(load, question).mean
    assert found is not None
    assert found.value == pytest.approx(reference.mean, rel=CLOSE)
    assert ends(found) == pytest.approx(reference.tconfint_mean(), rel=CLOSE)


@pytest.mark.parametrize(("load", "question"), [(marriages, "years"), (voters, "news"), (patients, "zinc")])
def test_the_raw_median_beside_it_is_that_of_scipy(load: Load, question: str) -> None:
    data = load()
    answers, _ = data.column(question)
    found = result_of(load, question).median
    reference = stats.quantile_test(answers, q=0, p=0.5).confidence_interval(0.95)
    assert found is not None
    assert found.value == np.median(answers)
    assert ends(found) == (reference.low, reference.high)


def test_choices_are_weighted_in_the_order_in_which_they_are_shown() -> None:
    load, data = voters, voters()
    answers, has = data.column("place")
    weights = raked(load)[has]
    shares = [weights[part].sum() / weights.sum() for part in (answers < 4, answers == 4, answers > 4)]
    assert [one.value for one in weighted(load, "side").shares] == pytest.approx(shares, abs=CLOSE)
    assert [label for label, _ in result_of(load, "side").counts] == ["Left", "Middle", "Right"]
