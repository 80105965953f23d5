"""A run in waves as JSON: what was asked for, and for each segment how sure it is and why nobody else is asked."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from feedback.standing import Asking, SegmentStanding, WavesStanding


class SegmentWaves(msgspec.Struct, frozen=True):
    """The people of a segment, and how far asking them has come."""

    segment: Annotated[str, msgspec.Meta(description="Such as “size=small”, “size unknown” or “everybody”.")]
    people: int
    asked: Annotated[int, msgspec.Meta(description="People who have been asked, or are being asked.")]
    answered: int
    n: Annotated[int, msgspec.Meta(description="Answers to the question that decides.")]
    margin: Annotated[float | None, msgspec.Meta(description="As it is now, at 95 %; null where there is none yet.")]
    waves_left: Annotated[int, msgspec.Meta(description="Waves that have left, or leave.")]
    waves: Annotated[int, msgspec.Meta(description="In so many all of its people would be asked.")]
    state: Annotated[Asking, msgspec.Meta(description="Whether more of its people are asked.")]
    why_ended: Annotated[str, msgspec.Meta(description="Why nobody else is asked; empty while somebody is.")]


class RunWaves(msgspec.Struct, frozen=True):
    """How a run goes out in waves, until a figure is sure enough in each segment."""

    margin: Annotated[float, msgspec.Meta(description="The margin that was asked for, in `unit`.")]
    unit: str
    by: Annotated[str, msgspec.Meta(description="The attribute whose values are the segments; empty for none.")]
    people_a_wave: Annotated[int, msgspec.Meta(description="Of each segment.")]
    hours_between: float
    question: Annotated[str, msgspec.Meta(description="The question whose margin decides.")]
    answers_at_least: Annotated[int, msgspec.Meta(description="A margin counts from so many answers on.")]
    look_at: Annotated[
        datetime | None, msgspec.Meta(description="When it is looked next; null while a wave leaves and at the end.")
    ]
    segments: list[SegmentWaves]


def run_waves(waves: WavesStanding | None) -> RunWaves | None:
    """Return how far the waves of a run have come; None where it has none."""
    if waves is None:
        return None
    asked = waves.asked
    return RunWaves(
        margin=asked.margin,
        unit=waves.unit,
        by=asked.by,
        people_a_wave=asked.size,
        hours_between=asked.every / timedelta(hours=1),
        question=waves.question.id,
        answers_at_least=waves.enough,
        look_at=waves.look_at,
        segments=[_segment(one) for one in waves.segments],
    )


def _segment(one: SegmentStanding) -> SegmentWaves:
    return SegmentWaves(
        segment=one.name,
        people=one.people,
        asked=one.asked,
        answered=one.answered,
        n=one.n,
        margin=one.margin,
        waves_left=one.left,
        waves=one.waves,
        state=one.asking,
        why_ended=one.why_ended,
    )
