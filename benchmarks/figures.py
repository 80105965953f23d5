"""The arithmetic of a measurement: rates, percentiles, ratios. Measures nothing itself."""

import statistics
from collections.abc import Sequence

from benchmarks.load import Reply


class TooFew(ValueError):
    """A figure needs more replies than there are."""


def rate(replies: Sequence[Reply]) -> float:
    """Return replies per second, from the first request to the last reply."""
    if not replies:
        raise TooFew
    took = max(one.done for one in replies) - min(one.due for one in replies)
    return len(replies) / took


def latencies_ms(replies: Sequence[Reply]) -> list[float]:
    """Return how long each request took from when it was due, in milliseconds."""
    return [(one.done - one.due) * 1000 for one in replies]


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many percent of all stay at or under, interpolated between neighbours."""
    if not values:
        raise TooFew
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def ratio(measured: float, baseline: float) -> float:
    """Return how many times the baseline was reached."""
    return round(measured / baseline, 2)
