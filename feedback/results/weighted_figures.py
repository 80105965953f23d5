"""Figures of answers that do not all count the same, with 95 % intervals. Pure functions.

Shares and NPS have the interval that figures.py gives them, with Kish's effective n in place of n: C. Franco, R. J. A.
Little, T. A. Louis and E. V. Slud, "Comparative Study of Confidence Intervals for Proportions in Complex Sample
Surveys", Journal of Survey Statistics and Methodology 7 (2019), 334-364. The n of a figure here is the effective one,
rounded down. docs/results.md says the same for readers.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from feedback.results import figures
from feedback.results.figures import Figure, Interval
from feedback.results.weighting import Precision

Exact = Fraction | Decimal


def weighted_share(part: float, whole: float, worth: Precision) -> Figure:
    """Return the share that a part of the summed weights has."""
    p = min(part / whole, 1.0)
    return Figure(p, int(worth.n_effective), figures.wilson(p, worth.n_effective))


def weighted_nps(promoters: float, detractors: float, whole: float, worth: Precision) -> Figure:
    """Return the score from the summed weights of promoters and detractors, and of all."""
    n = worth.n_effective
    around = figures.nps_interval(promoters / whole * n, detractors / whole * n, n)
    return Figure(100 * (promoters - detractors) / whole, int(n), around)


def weighted_mean(strata: Sequence[tuple[float, int, Exact, Exact]], worth: Precision) -> Figure:
    """Return the mean of strata, given as weight, n, sum and sum of squares, with the linearised variance.

    A weighted mean is a ratio, and its variance that of its Taylor expansion, with weights taken as given (K. M.
    Wolter, Introduction to Variance Estimation, 2nd ed., 2007, chapter 6). Student's t has n - 1 degrees of freedom.
    """
    parts = [(weight, n, *figures.spread(n, total, squares)) for weight, n, total, squares in strata]
    whole = math.fsum(weight * n for weight, n, _, _ in parts)
    value = math.fsum(weight * n * middle for weight, n, middle, _ in parts) / whole
    if worth.n == 1:
        return Figure(value, int(worth.n_effective))
    spread = math.fsum(weight**2 * (within + n * (middle - value) ** 2) for weight, n, middle, within in parts)
    half = figures.t_quantile(worth.n - 1) * math.sqrt(spread / whole**2 * worth.n / (worth.n - 1))
    return Figure(value, int(worth.n_effective), Interval(value - half, value + half))


def weighted_median(values: Sequence[tuple[float, float]], worth: Precision) -> Figure:
    """Return the median of values with their summed weights, in ascending order, with Woodruff's interval.

    The interval of the share that lies under the median, one half, is taken to the values at its ends: R. S. Woodruff,
    "Confidence Intervals for Medians and Other Position Measures", JASA 47 (1952), 635-646.
    """
    around = figures.wilson(0.5, worth.n_effective)
    ends = Interval(quantile(values, around.low), quantile(values, around.high))
    return Figure(quantile(values, 0.5), int(worth.n_effective), ends)


def quantile(values: Sequence[tuple[float, float]], p: float) -> float:
    """Return the first value up to which there is a share p of the weight; where it is just that, up to the next."""
    whole = math.fsum(weight for _, weight in values)
    passed = 0.0
    for place, (value, weight) in enumerate(values):
        passed += weight
        if math.isclose(passed, p * whole, rel_tol=1e-12) and place + 1 < len(values):
            return (value + values[place + 1][0]) / 2
        if passed > p * whole:
            return value
    return values[-1][0]
