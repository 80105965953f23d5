"""The arithmetic of a measurement: rates, medians, percentiles, and how they are printed. Measures nothing itself."""

import statistics
from collections.abc import Sequence

import msgspec

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
    """Return the value that so many percent of all stay at or under, between two values in proportion."""
    if len(values) < 2:  # noqa: PLR2004 - between fewer there is nothing
        raise TooFew
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


class Rates(msgspec.Struct, frozen=True):
    """What each server reached, one rate for each round."""

    product: Sequence[float]
    fresh_tokens: Sequence[float]
    botbuilder: Sequence[float]
    aiohttp: Sequence[float]
    generator: Sequence[float]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The line that is printed. Rates are medians over the rounds; latencies are of all rounds together."""

    answers_per_s: float
    answers_per_s_fresh_tokens: float
    baseline_botbuilder_noop_per_s: float
    baseline_aiohttp_per_s: float
    generator_ceiling_per_s: float
    ratio_vs_botbuilder: float
    share_of_aiohttp: float
    p50_ms: float
    p99_ms_at_500_per_s: float
    max_ms: float
    answered_per_s_in_open_loop: float
    answers_verified: int
    people: int
    rounds: int
    seconds: float
    connections: int
    cpus: int
    took_s: float


def ratio(part: float, whole: float) -> float:
    """Return how many times the second the first is."""
    return round(part / whole, 2)
