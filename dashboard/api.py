"""The read API: runs and results as JSON, for reports and scripts. Shapes here are those that openapi.py describes."""

import asyncio
from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web

from dashboard.charts import rows_of
from dashboard.shapes import (
    ArmDifference,
    Doubts,
    MixFigures,
    Value,
    WeightedFigures,
    arm_differences,
    doubts,
    mix_figures,
    value_of,
    weighted_figures,
)
from dashboard.visit import Visit
from dashboard.wave_shapes import RunWaves, run_waves
from feedback.results.results import ArmResult, QuestionResult, Results, results_of
from feedback.results.tallies import Tally
from feedback.results.tally_tree import find_tally
from feedback.runs.runs import Run, find_run, latest_runs
from feedback.surveys.questions import Kind

RUNS = 100

Share = Annotated[float, msgspec.Meta(description="From 0 to 1.")]


class RunSummary(msgspec.Struct, frozen=True):
    """A run: one survey, sent to one audience once."""

    run: Annotated[str, msgspec.Meta(description="Its name, as in the chat.")]
    survey: str
    title: str
    audience: str
    state: str
    started_at: datetime
    people: Annotated[int, msgspec.Meta(description="The audience: the sum over all states.")]
    states: Annotated[dict[str, int], msgspec.Meta(description="How many people are in each state.")]


class RunDetail(RunSummary, frozen=True):
    """A run, and its waves where it goes out in waves."""

    waves: Annotated[RunWaves | None, msgspec.Meta(description="Null where all were asked at once.")]


class Runs(msgspec.Struct, frozen=True):
    """The latest runs, newest first, up to 100."""

    runs: list[RunSummary]


class Count(msgspec.Struct, frozen=True):
    """How many people gave one answer. Of NPS, the three groups; of a ranking, who put it first."""

    answer: str
    people: int


class ArmFigures(msgspec.Struct, frozen=True):
    """One question's figures among those who saw an arm of a concept test; or one of several, where each is too few."""

    arms: list[str]
    n: int
    counts: list[Count]
    nps: Value | None
    mean: Value | None
    median: Value | None
    weighted: WeightedFigures | None


class QuestionFigures(msgspec.Struct, frozen=True):
    """One question's figures. `nps`, `mean` and `median` are null where the kind has none."""

    question: str
    text: str
    kind: Kind
    n: int
    counts: list[Count]
    nps: Value | None
    mean: Value | None
    median: Value | None
    is_withheld: Annotated[bool, msgspec.Meta(description="Too few have answered it in an anonymous survey.")]
    by_arm: list[ArmFigures]
    differences: list[ArmDifference]
    weighted: WeightedFigures | None
    verdict: Annotated[Doubts, msgspec.Meta(description="All that speaks against concluding, the run's reasons too.")]


class RunFigures(msgspec.Struct, frozen=True):
    """A run's results."""

    run: str
    title: str
    state: str
    reached: int
    answered: int
    is_behind: Annotated[bool, msgspec.Meta(description="So much has changed that not all of it is counted yet.")]
    withheld: Annotated[str, msgspec.Meta(description="Why an anonymous survey has nothing to show; else empty.")]
    questions: list[QuestionFigures]
    weighting: Annotated[MixFigures | None, msgspec.Meta(description="Null where the run has no target mix.")]
    verdict: Doubts


async def runs(visit: Visit) -> web.StreamResponse:
    """Give the latest runs."""
    store = visit.parts.store
    found = await latest_runs(store, RUNS)
    tallies = await asyncio.gather(*(find_tally(store, one.run) for one in found))
    return _json(Runs([_summary(run, tally) for run, tally in zip(found, tallies, strict=True)]))


async def run(visit: Visit) -> web.StreamResponse:
    """Give one run as it is now, with its waves."""
    found = await find_run(visit.parts.store, visit.request.match_info["run"])
    await visit.parts.tallier.catch_up(found.run)
    tally = await find_tally(visit.parts.store, found.run)
    waves = (await visit.parts.live.standing(found)).waves if found.waves is not None else None
    return _json(RunDetail(**msgspec.structs.asdict(_summary(found, tally)), waves=run_waves(waves)))


async def results(visit: Visit) -> web.StreamResponse:
    """Give a run's results."""
    return _json(_figures(await results_of(visit.parts.store, visit.request.match_info["run"], visit.parts.tallier)))


def _summary(one: Run, tally: Tally) -> RunSummary:
    states = dict(tally.everybody.states)
    people, survey = sum(states.values()), one.survey
    return RunSummary(one.run, survey.id, survey.title, one.audience, one.state.value, one.created_at, people, states)


def _figures(found: Results) -> RunFigures:
    return RunFigures(
        run=found.run.run,
        title=found.run.survey.title,
        state=found.run.state.value,
        reached=found.reached,
        answered=found.n,
        is_behind=found.is_behind,
        withheld=found.withheld,
        questions=[_question(one) for one in found.questions],
        weighting=mix_figures(found.weighting),
        verdict=doubts(found.verdict),
    )


def _question(one: QuestionResult) -> QuestionFigures:
    counts, nps, mean, median = _told(one)
    return QuestionFigures(
        question=one.question.id,
        text=one.question.text,
        kind=one.question.kind,
        n=one.n,
        counts=counts,
        nps=nps,
        mean=mean,
        median=median,
        is_withheld=one.is_withheld,
        by_arm=[_arm(each) for each in one.by_arm],
        differences=arm_differences(one),
        weighted=weighted_figures(one),
        verdict=doubts(one.verdict),
    )


def _arm(one: ArmResult) -> ArmFigures:
    return ArmFigures(list(one.arms), one.result.n, *_told(one.result), weighted_figures(one.result))


def _told(one: QuestionResult) -> tuple[list[Count], Value | None, Value | None, Value | None]:
    counts = [Count(label, people) for label, people in rows_of(one)]
    return counts, value_of(one.nps), value_of(one.mean), value_of(one.median)


def _json(body: msgspec.Struct) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")
