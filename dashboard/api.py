"""The read API: runs and results as JSON, for reports and scripts. Shapes here are those that openapi.py describes."""

import asyncio
from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web

from dashboard.charts import rows_of
from dashboard.visit import Visit
from feedback.figures import Figure
from feedback.questions import Kind
from feedback.results import QuestionResult, Results, results_of
from feedback.runs import Run, find_run, latest_runs
from feedback.tallies import Tally
from feedback.tally_tree import find_tally

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


class Runs(msgspec.Struct, frozen=True):
    """The latest runs, newest first, up to 100."""

    runs: list[RunSummary]


class Value(msgspec.Struct, frozen=True):
    """A figure with its n and its 95 % interval; no interval where there are too few answers."""

    value: float
    n: int
    low: float | None = None
    high: float | None = None


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


async def runs(visit: Visit) -> web.StreamResponse:
    """Give the latest runs."""
    store = visit.parts.store
    found = await latest_runs(store, RUNS)
    tallies = await asyncio.gather(*(find_tally(store, one.run) for one in found))
    return _json(Runs([_summary(run, tally) for run, tally in zip(found, tallies, strict=True)]))


async def run(visit: Visit) -> web.StreamResponse:
    """Give one run."""
    store, name = visit.parts.store, visit.request.match_info["run"]
    return _json(_summary(await find_run(store, name), await find_tally(store, name)))


async def results(visit: Visit) -> web.StreamResponse:
    """Give a run's results."""
    return _json(_figures(await results_of(visit.parts.store, visit.request.match_info["run"], visit.parts.tallier)))


def _summary(one: Run, tally: Tally) -> RunSummary:
    states = dict(tally.everybody.states)
    people, survey = sum(states.values()), one.survey
    return RunSummary(one.run, survey.id, survey.title, one.audience, one.state.value, one.created_at, people, states)


def _figures(found: Results) -> RunFigures:
    title, state = found.run.survey.title, found.run.state.value
    questions = [_question(one) for one in found.questions]
    return RunFigures(found.run.run, title, state, found.reached, found.n, found.is_behind, found.withheld, questions)


def _question(one: QuestionResult) -> QuestionFigures:
    asked = one.question
    by_arm = [ArmFigures(list(each.arms), each.result.n, *_told(each.result)) for each in one.by_arm]
    return QuestionFigures(asked.id, asked.text, asked.kind, one.n, *_told(one), one.is_withheld, by_arm)


def _told(one: QuestionResult) -> tuple[list[Count], Value | None, Value | None, Value | None]:
    counts = [Count(label, people) for label, people in rows_of(one)]
    return counts, _value(one.nps), _value(one.mean), _value(one.median)


def _value(figure: Figure | None) -> Value | None:
    if figure is None:
        return None
    interval = None if figure.is_thin else figure.interval
    return (
        Value(figure.value, figure.n)
        if interval is None
        else Value(figure.value, figure.n, interval.low, interval.high)
    )


def _json(body: msgspec.Struct) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")
