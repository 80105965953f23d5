"""How far the arms of a concept test are apart, with 95 % intervals. Pure functions.

Each arm is compared with the first. What it works on may be shown already, one by one: groups of arms as suppression
has joined them. An interval without zero in it is a difference that chance alone seldom makes; of several comparisons
one may be such by chance.
"""

import math
from collections.abc import Sequence

import msgspec

from feedback.results import figures
from feedback.results.figures import Figure, Interval, Z, adjusted_nps, share, t_quantile
from feedback.results.labels import labels_of
from feedback.results.tallies import NUMERIC, QuestionTally
from feedback.surveys.questions import DETRACTOR, PROMOTER, Kind, Question

_SHARES = frozenset({Kind.CHOICE, Kind.CHOICES, Kind.IMAGE_CHOICE, Kind.RANKING, Kind.MATRIX, Kind.YES_NO})
NPS, AVERAGE = "NPS", "Average"


class Difference(msgspec.Struct, frozen=True):
    """How much more one group has of something than the first. Shares are from -1 to 1, NPS from -200 to 200.

    `interval` is None where one of the two is too few to say.
    """

    arms: tuple[str, ...]
    than: tuple[str, ...]
    what: str  # “NPS”, “Average”, or the answer whose share it is
    value: float
    interval: Interval | None
    is_share: bool = False

    @property
    def is_sure(self) -> bool:
        """Whether it is more than chance makes: zero is outside the interval."""
        return self.interval is not None and not self.interval.low <= 0 <= self.interval.high


def differences(question: Question, groups: Sequence[tuple[tuple[str, ...], QuestionTally]]) -> tuple[Difference, ...]:
    """Return how each group differs from the first."""
    if not groups:
        return ()
    than, first = groups[0]
    found = []
    for arms, tally in groups[1:]:
        if first.n and tally.n:
            few = min(first.n, tally.n) < figures.FEW
            for what, value, interval, is_share in _compared(question, tally, first):
                found.append(Difference(arms, than, what, value, None if few else interval, is_share))
    return tuple(found)


def share_difference(more: Figure, less: Figure) -> Interval | None:
    """Return Newcombe's hybrid score interval (R. G. Newcombe, Statistics in Medicine 17, 1998, 873-890: method 10)."""
    if more.interval is None or less.interval is None:
        return None
    value = more.value - less.value
    below = math.hypot(more.value - more.interval.low, less.interval.high - less.value)
    above = math.hypot(more.interval.high - more.value, less.value - less.interval.low)
    return Interval(value - below, value + above)


def nps_difference(more: tuple[int, int, int], less: tuple[int, int, int]) -> Interval:
    """Return the adjusted Wald interval: both scores with what is added to each of them (promoters, detractors, n).

    Adding to each of two groups follows A. Agresti and B. Caffo, The American Statistician 54 (2000), 280-288.
    """
    (one, variance), (other, further) = adjusted_nps(*more), adjusted_nps(*less)
    half = Z * math.sqrt(variance + further)
    return Interval(100 * (one - other - half), 100 * (one - other + half)).within(-200, 200)


def mean_difference(more: QuestionTally, less: QuestionTally) -> Interval | None:
    """Return Welch's t interval (B. L. Welch, Biometrika 34, 1947, 28-35); None where a group is a single answer."""
    if min(more.n, less.n) == 1:
        return None
    (one, variance), (other, further) = _moments(more), _moments(less)
    error = variance + further
    if not error:
        return Interval(one - other, one - other)
    freedom = error**2 / (variance**2 / (more.n - 1) + further**2 / (less.n - 1))
    half = t_quantile(freedom) * math.sqrt(error)
    return Interval(one - other - half, one - other + half)


def _moments(tally: QuestionTally) -> tuple[float, float]:
    """Return a mean, and the variance of it."""
    total, squares = tally.sums.exact
    return float(total / tally.n), float((squares - total * total / tally.n) / (tally.n - 1) / tally.n)


def _compared(
    question: Question, more: QuestionTally, less: QuestionTally
) -> list[tuple[str, float, Interval | None, bool]]:
    if question.kind is Kind.NPS:
        one, other = _nps_groups(more), _nps_groups(less)
        value = 100 * ((one[0] - one[1]) / one[2] - (other[0] - other[1]) / other[2])
        return [(NPS, value, nps_difference(one, other), False)]
    if question.kind in NUMERIC:
        value = float(more.sums.exact[0] / more.n - less.sums.exact[0] / less.n)
        return [(AVERAGE, value, mean_difference(more, less), False)]
    if question.kind not in _SHARES:
        return []
    found = []
    for label, counted in labels_of(question)[: 1 if question.kind is Kind.YES_NO else None]:
        one_share, other_share = (share(each.counts.by_value.get(counted, 0), each.n) for each in (more, less))
        value = one_share.value - other_share.value
        found.append((label, value, share_difference(one_share, other_share), True))
    return found


def _nps_groups(tally: QuestionTally) -> tuple[int, int, int]:
    scores = {int(value): n for value, n in tally.counts.by_value.items()}
    promoters = sum(n for score, n in scores.items() if score >= PROMOTER)
    return promoters, sum(n for score, n in scores.items() if score <= DETRACTOR), tally.n
