"""Results over time: a page with a chart for each figure, the charts as pictures, and the same as CSV and JSON.

Everything is what each run shows alone, after suppression: feedback/results/trends.py.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web

from dashboard.cells import Row, csv_blocks
from dashboard.charts import THEMES, Spec
from dashboard.over_time import Line, Table, Value, tables
from dashboard.sending import send_file
from dashboard.shapes import Doubts, doubts, value_of
from dashboard.shapes import Value as Told
from dashboard.trend_charts import described, trend_of
from dashboard.visit import Visit
from feedback.errors import Refusal
from feedback.results.trends import results_over_time
from feedback.results.verdicts import TITLE
from feedback.runs.runs import Run, find_run
from feedback.surveys.questions import Kind

HEADER = (
    *("question", "text", "figure", "run", "started", "n", "value", "low", "high"),
    *("weighted", "weighted low", "weighted high", "effective n", "design effect", "do not conclude yet"),
)
NOT_SHOWN = "not shown"


class NoSuchTrend(Refusal):
    """There is no such chart, or fewer than two runs with something to draw."""


class Drawn(msgspec.Struct, frozen=True):
    """The chart of one column, as a specification and in words."""

    name: str
    number: int  # of the column
    spec: Spec
    words: str


class OfFigure(msgspec.Struct, frozen=True):
    """One figure of a run. `raw` is null where there is none; `weighted` where the run has no target mix."""

    what: Annotated[str, msgspec.Meta(description="“NPS”, “Average”, “Median”, or the answer whose share it is.")]
    raw: Told | None
    weighted: Told | None


class OfRun(msgspec.Struct, frozen=True):
    """A question in one run."""

    run: str
    started_at: datetime
    n: Annotated[int | None, msgspec.Meta(description="Null where too few have answered an anonymous survey.")]
    is_withheld: bool
    figures: list[OfFigure]
    n_effective: Annotated[float | None, msgspec.Meta(description="Of the weighted; null where there are none.")]
    design_effect: float | None
    verdict: Doubts


class OfQuestion(msgspec.Struct, frozen=True):
    """A question over time, the oldest run first."""

    question: str
    text: str
    kind: Kind
    runs: list[OfRun]


class OverTime(msgspec.Struct, frozen=True):
    """The runs that belong with one, up to 12. Intervals are of each run alone."""

    run: str
    survey: str
    title: str
    questions: list[OfQuestion]


async def over_time(visit: Visit) -> web.StreamResponse:
    """Show what people answered in the runs that belong with one."""
    run, shown, count = await _read(visit)
    return visit.page(
        "over-time.html",
        run=run,
        tables=[(one, _drawn(one)) for one in shown],
        count_of_runs=count,
        doubt_title=TITLE,
        themes=THEMES,
    )


async def chart(visit: Visit) -> web.StreamResponse:
    """Draw the chart of one figure as a picture."""
    about, said = visit.request.match_info, visit.request.query
    _, shown, _ = await _read(visit)
    charts = [each for one in shown if one.question.id == about["question"] for each in _drawn(one)]
    found = next((one for one in charts if str(one.number) == said.get("of", "0")), None)
    theme = said.get("theme", "light")
    if found is None or theme not in THEMES:
        raise NoSuchTrend
    if about["form"] == "svg":
        return web.Response(body=await visit.parts.pictures.svg(found.spec, theme), content_type="image/svg+xml")
    return web.Response(body=await visit.parts.pictures.png(found.spec, theme), content_type="image/png")


async def csv_file(visit: Visit) -> web.StreamResponse:
    """Send the figures as a CSV file: a row for each figure of each run."""
    run, shown, _ = await _read(visit)

    async def rows() -> AsyncIterator[Sequence[Row]]:
        yield [_row(one, line, column) for one in shown for column in range(len(one.columns)) for line in one.lines]

    async def blocks() -> AsyncGenerator[bytes, None]:
        async for block in csv_blocks(HEADER, rows()):
            yield block

    return await send_file(visit.request, f"{run.run}-over-time.csv", blocks(), visit.headers)


async def over_time_json(visit: Visit) -> web.StreamResponse:
    """Give the figures as JSON."""
    run, shown, _ = await _read(visit)
    told = OverTime(run.run, run.survey.id, run.survey.title, [_question(one) for one in shown])
    return web.Response(body=msgspec.json.encode(told), content_type="application/json")


async def _read(visit: Visit) -> tuple[Run, list[Table], int]:
    """Return a run, its questions in the runs that belong with it, and how many those are. Raises `RunUnknown`."""
    name = visit.request.match_info["run"]
    series = await results_over_time(visit.parts.store, name)
    run = next((one.run for one in series if one.run.run == name), None) or await find_run(visit.parts.store, name)
    return run, tables(series, run), len(series)


def _drawn(table: Table) -> list[Drawn]:
    specs = [(name, number, trend_of(table, number)) for number, name in enumerate(table.columns)]
    return [Drawn(name, number, spec, described(table, number)) for name, number, spec in specs if spec is not None]


def _question(table: Table) -> OfQuestion:
    asked = table.question
    return OfQuestion(asked.id, asked.text, asked.kind, [_run(table, line) for line in table.lines])


def _run(table: Table, line: Line) -> OfRun:
    figures = [
        OfFigure(what, value_of(value.figure), value_of(value.weighted))
        for what, value in zip(table.columns, line.values, strict=True)
    ]
    n = None if line.is_withheld else line.n
    about = (line.run.run, line.run.created_at, n, line.is_withheld)
    return OfRun(*about, figures, *_worth(line), doubts(line.verdict))


def _row(table: Table, line: Line, column: int) -> Row:
    about = (table.question.id, table.question.text, table.columns[column], line.run.run, line.run.created_at)
    value = line.values[column]
    reasons = NOT_SHOWN if line.is_withheld else ", ".join(one.doubt.value for one in line.verdict.reasons)
    n = None if line.is_withheld else line.n
    return (*about, n, *_ends(value, raw=True), *_ends(value, raw=False), *_worth(line), reasons)


def _worth(line: Line) -> tuple[float | None, float | None]:
    """Return how many answers that count the same the weighted ones are worth, and the design effect."""
    return (None, None) if line.worth is None else (line.worth.n_effective, line.worth.design_effect)


def _ends(value: Value, *, raw: bool) -> tuple[float | None, float | None, float | None]:
    told = value_of(value.figure if raw else value.weighted)
    return (None, None, None) if told is None else (told.value, told.low, told.high)
