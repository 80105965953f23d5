"""Weighted figures, differences and verdicts as JSON: the shapes in which the read API and the files give them."""

from typing import Annotated

import msgspec

from dashboard.charts import rows_of, weighted_rows_of
from feedback.results.figures import Figure
from feedback.results.results import QuestionResult
from feedback.results.verdicts import Doubt, Verdict
from feedback.results.weighted_results import Weighting


class Value(msgspec.Struct, frozen=True):
    """A figure with its n and its 95 % interval; no interval where there are too few answers."""

    value: float
    n: int
    low: float | None = None
    high: float | None = None


class WeightedCount(msgspec.Struct, frozen=True):
    """The weighted share of those who gave one answer, from 0 to 1. Answers as in `counts`, in their order."""

    answer: str
    share: Value


class WeightedFigures(msgspec.Struct, frozen=True):
    """A question's figures weighted to the target mix; the n of each is the effective one, rounded down."""

    n: Annotated[int, msgspec.Meta(description="Answers that are weighted.")]
    n_effective: Annotated[float, msgspec.Meta(description="How many answers that count the same they are worth.")]
    design_effect: float
    shares: list[WeightedCount]
    nps: Value | None
    mean: Value | None
    median: Value | None


class ArmDifference(msgspec.Struct, frozen=True):
    """How much more some arms have of something than the first; shares from -1 to 1."""

    arms: list[str]
    than: list[str]
    what: Annotated[str, msgspec.Meta(description="“NPS”, “Average”, or the answer whose share it is.")]
    value: float
    low: float | None
    high: float | None
    is_share: bool
    is_sure: Annotated[bool, msgspec.Meta(description="Zero is outside the interval.")]


class Why(msgspec.Struct, frozen=True):
    """One reason not to conclude yet."""

    doubt: Doubt
    words: str


class Doubts(msgspec.Struct, frozen=True):
    """Whether not to conclude yet, and why: each reason as one word or two, and as a sentence."""

    do_not_conclude_yet: bool
    reasons: list[Why]
    unchecked: Annotated[str, msgspec.Meta(description="What could not be looked at, as a sentence; else empty.")]


class MixShare(msgspec.Struct, frozen=True):
    """One segment of the target mix. Shares from 0 to 1; `of_answered` is of those who have a place in the mix."""

    attribute: str
    value: str
    target: float
    audience: int
    answered: int
    of_answered: float


class MixFigures(msgspec.Struct, frozen=True):
    """To what the run is weighted, and at what cost; no `n_effective` where `why_not` says why it is not."""

    segments: list[MixShare]
    left_out: Annotated[int, msgspec.Meta(description="People who answered and have no place in the mix.")]
    n_effective: float | None
    design_effect: float | None
    why_not: str


def doubts(verdict: Verdict) -> Doubts:
    """Return a verdict as files and the API give it."""
    return Doubts(verdict.is_too_early, [Why(one.doubt, one.words) for one in verdict.reasons], verdict.unchecked)


def weighted_figures(one: QuestionResult) -> WeightedFigures | None:
    """Return a question's weighted figures as files and the API give them."""
    if one.weighted is None:
        return None
    labels = [label for label, _ in rows_of(one)]
    shares = [
        WeightedCount(label, share)
        for label, figure in zip(labels, weighted_rows_of(one), strict=bool(weighted_rows_of(one)))
        if (share := value_of(figure)) is not None
    ]
    found, worth = one.weighted, one.weighted.precision
    figures = (value_of(found.nps), value_of(found.mean), value_of(found.median))
    return WeightedFigures(worth.n, worth.n_effective, worth.design_effect, shares, *figures)


def arm_differences(one: QuestionResult) -> list[ArmDifference]:
    """Return the differences between arms as files and the API give them."""
    return [
        ArmDifference(
            arms=list(each.arms),
            than=list(each.than),
            what=each.what,
            value=each.value,
            low=each.interval.low if each.interval else None,
            high=each.interval.high if each.interval else None,
            is_share=each.is_share,
            is_sure=each.is_sure,
        )
        for each in one.differences
    ]


def mix_figures(weighting: Weighting | None) -> MixFigures | None:
    """Return how a run is weighted as files and the API give it."""
    if weighting is None:
        return None
    worth = weighting.precision
    return MixFigures(
        segments=[
            MixShare(one.attribute, one.value, one.target, one.audience, one.answered, one.of_answered)
            for one in weighting.segments
        ],
        left_out=weighting.left_out,
        n_effective=worth.n_effective if worth else None,
        design_effect=worth.design_effect if worth else None,
        why_not=weighting.why_not,
    )


def value_of(figure: Figure | None) -> Value | None:
    """Return a figure with its interval, where there are answers enough for one."""
    if figure is None:
        return None
    interval = None if figure.is_thin else figure.interval
    return (
        Value(figure.value, figure.n)
        if interval is None
        else Value(figure.value, figure.n, interval.low, interval.high)
    )
