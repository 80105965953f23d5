"""A run's results weighted to its mix: from the tallies of its segments, never from single answers.

Weights are made once for a run, from everybody who answered; a question that not all have answered keeps them. People
whose values are not known, or not in the mix, have no place in it: they count in the raw figures alone.
"""

from collections.abc import Mapping, Sequence

import msgspec

from feedback.people.mixes import Mix, Stratum, mix_words, stratum_of
from feedback.results.counts import Counts, middle_of
from feedback.results.figures import Figure
from feedback.results.labels import labels_of
from feedback.results.tallies import (
    NUMERIC,
    WEIGHED,
    QuestionTally,
    Tally,
    same_values,
    segment_cells,
)
from feedback.results.weighted_figures import weighted_mean, weighted_median, weighted_nps, weighted_share
from feedback.results.weighting import Precision, missing, precision, rake
from feedback.surveys.questions import DETRACTOR, PROMOTER, SCALES, Kind, Question


class MixSegment(msgspec.Struct, frozen=True):
    """One value of a mix: its share in the mix and among those who answered, and how many they are."""

    attribute: str
    value: str
    target: float  # from 0 to 1
    audience: int
    answered: int
    of_answered: float  # from 0 to 1, of all who have a place in the mix


class Weighting(msgspec.Struct, frozen=True):
    """How a run is weighted. `precision` is that of everybody's answers; None where `why_not` says why."""

    mix: Mix
    segments: tuple[MixSegment, ...]
    left_out: int  # people who answered and have no place in the mix
    precision: Precision | None = None
    why_not: str = ""

    @property
    def missing(self) -> tuple[MixSegment, ...]:
        """The segments that nobody has answered of."""
        return tuple(one for one in self.segments if not one.answered)


class Weighted(msgspec.Struct, frozen=True):
    """One question's weighted figures. `shares` are beside the counts that are shown raw, in their order."""

    precision: Precision
    shares: tuple[Figure, ...] = ()
    mean: Figure | None = None
    median: Figure | None = None
    nps: Figure | None = None
    by_nps_group: tuple[Figure, ...] = ()  # promoters, passives, detractors


class Strata(msgspec.Struct, frozen=True):
    """Tallies of one question by stratum, with the weight of each answer; 1 for all where nothing can be weighted.

    A stratum may be there several times, once for each arm: whatever is made from them adds up.
    """

    question: Question
    mix: Mix
    parts: tuple[tuple[Stratum, float, QuestionTally], ...]
    aligned: tuple[Counts, ...]  # of each part, with values of the same grain

    @property
    def names(self) -> list[tuple[str, list[str]]]:
        """The attributes with their values."""
        return [(one.attribute, one.values) for one in self.mix.margins]

    def counts(self) -> tuple[dict[str, float], dict[tuple[str, str], dict[str, float]]]:
        """Return how often each value was given, each answer as often as it counts: by everybody, and by each segment.

        A segment is an attribute and its value; it is there where somebody of it, and somebody else, has answered.
        """
        whole: dict[str, float] = {}
        by_segment: dict[tuple[str, str], dict[str, float]] = {}
        names = self.names
        for (stratum, weight, _), counts in zip(self.parts, self.aligned, strict=True):
            theirs = [
                by_segment.setdefault((attribute, values[number]), {})
                for (attribute, values), number in zip(names, stratum, strict=True)
            ]
            for value, n in counts.by_value.items():
                for found in (whole, *theirs):
                    found[value] = found.get(value, 0.0) + weight * n
        return whole, by_segment


class Weigher:
    """The weights of a run, and what is weighted with them. Made from its mix and its tally."""

    def __init__(self, mix: Mix, tally: Tally) -> None:
        self._cells = [(stratum_of(segment), arm, cell) for segment, arm, cell in segment_cells(tally)]
        counts: dict[Stratum, int] = {}
        audience: dict[Stratum, int] = {}
        for stratum, _, cell in self._cells:
            if stratum is not None:
                counts[stratum] = counts.get(stratum, 0) + cell.answered
                audience[stratum] = audience.get(stratum, 0) + sum(cell.states.values())
        self.weights = rake(counts, mix.targets) or {}
        left_out = sum(cell.answered for stratum, _, cell in self._cells if stratum is None)
        self.weighting = Weighting(
            mix=mix,
            segments=_segments(mix, counts, audience),
            left_out=left_out,
            precision=precision([(self.weights[one], n) for one, n in counts.items() if n]) if self.weights else None,
            why_not="" if self.weights else _why_not(mix, counts),
        )

    def strata(self, question: Question, arms: Sequence[str] | None = None) -> Strata:
        """Return a question's tallies by stratum, of everybody or of some arms."""
        found = [
            (stratum, self.weights.get(stratum, 1.0), cell.questions[question.id])
            for stratum, arm, cell in self._cells
            if stratum is not None and question.id in cell.questions and (arms is None or arm in arms)
        ]
        aligned = same_values(question, [tally for _, _, tally in found])
        return Strata(question, self.weighting.mix, tuple(found), tuple(aligned))

    def weigh(self, strata: Strata) -> Weighted | None:
        """Return a question's weighted figures; None where there is nothing to weight, or no weights."""
        return weighted_result(strata) if self.weights else None


def weighted_result(strata: Strata) -> Weighted | None:
    """Return a question's weighted figures; None where there is nothing to weight."""
    question = strata.question
    worth = precision([(weight, tally.n) for _, weight, tally in strata.parts])
    if worth is None or question.kind not in WEIGHED:
        return None
    counts = _weighted(strata)
    whole = sum(weight * tally.n for _, weight, tally in strata.parts)
    groups = _nps_groups(counts, whole) if question.kind is Kind.NPS else ()
    return Weighted(
        precision=worth,
        shares=tuple(weighted_share(counts.get(value, 0.0), whole, worth) for _, value in labels_of(question)),
        mean=_mean(strata, worth) if question.kind in NUMERIC else None,
        median=_median(strata, counts, worth) if question.kind is Kind.NUMBER else None,
        nps=weighted_nps(groups[0], groups[2], whole, worth) if groups else None,
        by_nps_group=tuple(weighted_share(one, whole, worth) for one in groups),
    )


def _mean(strata: Strata, worth: Precision) -> Figure:
    found = weighted_mean([(weight, tally.n, *tally.sums.decimals) for _, weight, tally in strata.parts], worth)
    scale = SCALES.get(strata.question.kind)
    if found.interval is None or scale is None:
        return found
    return msgspec.structs.replace(found, interval=found.interval.within(*scale))


def _median(strata: Strata, counts: Mapping[str, float], worth: Precision) -> Figure:
    grain = strata.aligned[0].grain
    values = ((middle_of(value, grain), weight) for value, weight in counts.items())
    return weighted_median(sorted(values), worth)


def _weighted(strata: Strata) -> dict[str, float]:
    """Return how often each value was given, each answer as often as it counts."""
    found: dict[str, float] = {}
    for (_, weight, _), counts in zip(strata.parts, strata.aligned, strict=True):
        for value, n in counts.by_value.items():
            found[value] = found.get(value, 0.0) + weight * n
    return found


def _nps_groups(counts: Mapping[str, float], whole: float) -> tuple[float, float, float]:
    promoters = sum(n for score, n in counts.items() if int(score) >= PROMOTER)
    detractors = sum(n for score, n in counts.items() if int(score) <= DETRACTOR)
    return promoters, max(whole - promoters - detractors, 0.0), detractors


def _segments(mix: Mix, counts: Mapping[Stratum, int], audience: Mapping[Stratum, int]) -> tuple[MixSegment, ...]:
    n = sum(counts.values())
    found = []
    for place, margin in enumerate(mix.margins):
        for number, (value, share) in enumerate(margin.shares):
            answered = sum(count for stratum, count in counts.items() if stratum[place] == number)
            there = sum(count for stratum, count in audience.items() if stratum[place] == number)
            of_answered = answered / n if n else 0.0
            found.append(MixSegment(margin.attribute, value, share / 100, there, answered, of_answered))
    return tuple(found)


def _why_not(mix: Mix, counts: Mapping[Stratum, int]) -> str:
    if not any(counts.values()):
        return "Nobody who answered has a place in the target mix."
    if missing(counts, mix.targets):
        return "A segment of the target mix has no answers, and what nobody said cannot be weighted."
    return f"These answers cannot be brought to the target mix {mix_words(mix)} by any weights."
