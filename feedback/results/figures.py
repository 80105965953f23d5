"""Figures: from counts to what is said about them, with 95 % intervals. Pure functions.

Knows nothing of questions, runs or the store. Each function names its method and where it comes from;
docs/results.md says the same for readers, and the tests compare with statsmodels and scipy.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from statistics import NormalDist

import msgspec

CONFIDENCE = 0.95
FEW = 10  # with fewer answers an interval says so little that the figure stands alone, labelled as such
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_TAIL = (1 - CONFIDENCE) / 2
_EXACT_UP_TO = 200  # degrees of freedom; above, the expansion is as good as a float
_NPS_EXTRA = 0.75  # added to promoters and to detractors; twice as much to passives


class Interval(msgspec.Struct, frozen=True):
    """From where to where."""

    low: float
    high: float

    def within(self, low: float, high: float) -> "Interval":
        """Return the part inside a scale."""
        return Interval(min(max(self.low, low), high), max(min(self.high, high), low))


class Figure(msgspec.Struct, frozen=True):
    """What n answers say, and the interval, where there is one."""

    value: float
    n: int
    interval: Interval | None = None

    @property
    def is_thin(self) -> bool:
        """Whether there are too few answers to say more than the figure itself."""
        return self.n < FEW or self.interval is None


def share(count: int, n: int) -> Figure:
    """Return a share from 0 to 1 with Wilson's score interval (E. B. Wilson, JASA 22, 1927, 209-212)."""
    if not n:
        return Figure(0.0, 0)
    return Figure(count / n, n, wilson(count / n, n))


def wilson(p: float, n: float) -> Interval:
    """Return Wilson's score interval of a share of n answers; n may be an effective one."""
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return Interval(middle - half, middle + half).within(0, 1)


def nps(promoters: int, passives: int, detractors: int) -> Figure | None:
    """Return percent promoters minus percent detractors, with the adjusted Wald interval.

    The score of one person is 1, 0 or -1; its variance is p + d - (p - d)^2. As many as 0.75 promoters, 1.5 passives
    and 0.75 detractors are added for the interval, not for the figure: without them it is too narrow for few answers
    and has no width when all agree (B. Rocks, "Interval Estimation for the Net Promoter Score", The American
    Statistician 70:4, 2016, 365-372).
    """
    n = promoters + passives + detractors
    if not n:
        return None
    return Figure(100 * (promoters - detractors) / n, n, nps_interval(promoters, detractors, n))


def nps_interval(promoters: float, detractors: float, n: float) -> Interval:
    """Return the adjusted Wald interval of a score of n answers; these may be effective ones."""
    score, variance = adjusted_nps(promoters, detractors, n)
    half = Z * math.sqrt(variance)
    return Interval(100 * (score - half), 100 * (score + half)).within(-100, 100)


def adjusted_nps(promoters: float, detractors: float, n: float) -> tuple[float, float]:
    """Return the score, from -1 to 1, with what is added to it for its interval, and the variance of that."""
    more = n + 4 * _NPS_EXTRA
    p, d = (promoters + _NPS_EXTRA) / more, (detractors + _NPS_EXTRA) / more
    return p - d, (p + d - (p - d) ** 2) / more


def mean(n: int, total: Fraction, squares: Fraction) -> Figure | None:
    """Return the mean with Student's t interval, from the exact sum and sum of squares ("Student", Biometrika 6, 1908).

    One answer has no interval.
    """
    if not n:
        return None
    value = float(total / n)
    if n == 1:
        return Figure(value, n)
    variance = float((squares - total * total / n) / (n - 1))
    half = t_quantile(n - 1) * math.sqrt(variance / n)
    return Figure(value, n, Interval(value - half, value + half))


def spread(n: int, total: Fraction | Decimal, squares: Fraction | Decimal) -> tuple[float, float]:
    """Return the mean of n numbers and the sum of their squared distances from it, each rounded once and at the end.

    In whole numbers: there may be thousands of these on a page, and fractions are shortened at each step.
    """
    (above, below), (over, under) = total.as_integer_ratio(), squares.as_integer_ratio()
    whole = below * below * n
    return above / (below * n), (over * whole - under * above * above) / (under * whole)


def median(counts: Sequence[tuple[float, int]]) -> Figure | None:
    """Return the median of values with their counts, in ascending order, with the interval of order statistics.

    The ranks come from the binomial distribution with probability 1/2, so it holds for every distribution, with at
    least 95 % (W. J. Conover, Practical Nonparametric Statistics, 3rd ed., 1999, section 3.2). Up to five answers
    are too few for any such interval.
    """
    n = sum(count for _, count in counts)
    if not n:
        return None
    value = (_at_rank(counts, (n + 1) // 2) + _at_rank(counts, n // 2 + 1)) / 2
    rank = median_rank(n)
    if not rank:
        return Figure(value, n)
    return Figure(value, n, Interval(_at_rank(counts, rank), _at_rank(counts, n + 1 - rank)))


@lru_cache(maxsize=1024)
def t_quantile(freedom: float) -> float:
    """Return the value that Student's t stays under with probability 0.975.

    Up to 200 degrees of freedom the distribution is inverted: its finite series, or between whole numbers the continued
    fraction of the incomplete beta function; above, Fisher and Cornish's expansion (M. Abramowitz and I. A. Stegun,
    Handbook of Mathematical Functions, 1964: 26.7.3, 26.7.4, 26.5.8, 26.7.1, 26.7.5).
    """
    if freedom > _EXACT_UP_TO:
        return _expanded(Z, freedom)
    whole = int(freedom) if freedom == int(freedom) else None
    low, high = 0.0, math.pi / 2
    while low < (middle := (low + high) / 2) < high:
        likely = _within(middle, whole) if whole is not None else _within_by_beta(middle, freedom)
        if likely < CONFIDENCE:
            low = middle
        else:
            high = middle
    return math.tan(middle) * math.sqrt(freedom)


@lru_cache(maxsize=1024)
def median_rank(n: int) -> int:
    """Return the largest rank r with P(fewer than r of n are under the median) <= 0.025; 0 where there is none."""
    start = max(math.floor(n / 2 - 6 * math.sqrt(n)) - 10, 0)  # what lies under it is less than 1e-30
    below, rank = 0.0, start
    while (below := below + _half_and_half(n, rank)) <= _TAIL:
        rank += 1
    return rank


def _within(angle: float, freedom: int) -> float:
    """Return how likely |t| is under the tangent of an angle times the root of the degrees of freedom."""
    cosine, sine = math.cos(angle), math.sin(angle)
    is_odd = freedom % 2
    term = cosine if is_odd else 1.0
    terms = [term] if freedom > 1 else []
    for k in range(3 if is_odd else 2, freedom - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        terms.append(term)
    series = sine * math.fsum(terms)
    return 2 / math.pi * (angle + series) if is_odd else series


def _within_by_beta(angle: float, freedom: float) -> float:
    """Return the same for any degrees of freedom: 1 - I(cos^2; freedom / 2, 1 / 2), and I by its continued fraction."""
    x, a, b = math.cos(angle) ** 2, freedom / 2, 0.5
    if x > (a + 1) / (a + b + 2):  # there the fraction of the complement is the one that comes to an end
        return _incomplete_beta(1 - x, b, a)
    return 1 - _incomplete_beta(x, a, b)


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Return I(x; a, b) by Lentz's way of working out a continued fraction."""
    if x <= 0:
        return 0.0
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - math.lgamma(a) - math.lgamma(b) + math.lgamma(a + b)) / a
    found, c, d = 1.0, 1.0, 1 / (1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 300):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            c, d = 1 + term / c, 1 / (1 + term * d)
            found *= c * d
        if abs(c * d - 1) < 1e-16:  # noqa: PLR2004 - as near as a float gets
            break
    return front * found


def _expanded(x: float, freedom: float) -> float:
    terms = (
        x,
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def _half_and_half(n: int, k: int) -> float:
    """Return the chance of exactly k heads of n."""
    return math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2))


def _at_rank(counts: Sequence[tuple[float, int]], rank: int) -> float:
    """Return the value that stands at a place when all are put in order."""
    passed = 0
    for value, count in counts:
        passed += count
        if passed >= rank:
            return value
    msg = f"there is no place {rank} among {passed}"
    raise ValueError(msg)
