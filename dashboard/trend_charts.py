"""Charts of figures over time as Vega-Lite specifications: a line with the band of its 95 % intervals. Pure functions.

One chart for each column of a question's table, so that bands never lie over each other and a chart fits a phone. Runs
without a figure leave a gap: what was not measured is not drawn.
"""

from collections.abc import Sequence

from dashboard.charts import HOLLOW, SCHEMA, WIDTH, Spec
from dashboard.over_time import Line, Table, Value
from feedback.results.figures import Figure, Interval
from feedback.results.verdicts import TITLE
from feedback.surveys.questions import SCALES

HEIGHT = 170  # pixels
EDGE = 14  # pixels between a chart's edge and its first and last points
LEAST = 2  # points of a line
ROOM = 0.08  # of what a scale shows, above and below
_FORMATS = {"percent": ".0%", "signed": "+.0f", "decimal": ",.1~f"}
_NOUGHT = {"percent": "0%", "signed": "0", "decimal": "0"}


def trend_of(table: Table, column: int) -> Spec | None:
    """Return the chart of one column; None where fewer than two runs have a figure."""
    points = [_point(line, line.values[column]) for line in table.lines]
    if sum(one["value"] is not None for one in points) < LEAST:
        return None
    how = table.lines[0].values[column].written
    return {
        "$schema": SCHEMA,
        "description": described(table, column),
        "width": WIDTH,
        "height": HEIGHT,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"values": points},
        "encoding": {"x": _when(points)},
        "layer": [
            _band(how, _domain(table)),
            _ends(),
            _line(),
            _points(how, is_sure=True),
            _points(how, is_sure=False),
        ],
    }


def described(table: Table, column: int) -> str:
    """Return a chart in words."""
    said = [f"{line.run.run}: {words(line.values[column])}" for line in table.lines]
    return f"{table.question.text} {table.columns[column]}, over {len(said)} runs. {'; '.join(said)}."


def words(value: Value) -> str:
    """Return a figure with its interval; “–” where there is none."""
    if value.figure is None:
        return "–"
    interval = interval_of(value.figure)
    ends = "" if interval is None else f" (95 %: {_number(interval.low, value)} to {_number(interval.high, value)})"
    return f"{_number(value.figure.value, value)}{ends}"


def interval_of(figure: Figure) -> Interval | None:
    """Return the interval that may be shown of a figure."""
    return None if figure.is_thin else figure.interval


def _point(line: Line, value: Value) -> Spec:
    figure = value.figure
    interval = None if figure is None else interval_of(figure)
    return {
        "run": line.run.run,
        "at": line.run.created_at.isoformat(),
        "n": line.n,
        "value": None if figure is None else figure.value,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "said": words(value),
        "verdict": TITLE if line.verdict.is_too_early else "",
    }


def _when(points: Sequence[Spec]) -> Spec:
    days = {str(one["at"])[:10] for one in points}
    return {
        "field": "at",
        "type": "temporal",
        "scale": {"type": "utc", "padding": EDGE},
        "axis": {
            "title": None,
            "format": "%-d %b" if len({one[:4] for one in days}) == 1 else "%-d %b %y",
            "values": sorted(str(one["at"]) for one in points),
            "labelOverlap": "greedy",
            "labelSeparation": 8,
        },
    }


def _band(how: str, domain: Sequence[float]) -> Spec:
    return {
        "mark": {"type": "area", "opacity": 0.18, "interpolate": "linear", "invalid": "break-paths-show-domains"},
        "encoding": {
            "y": {
                "field": "low",
                "type": "quantitative",
                "scale": {"domain": list(domain), "nice": False, "zero": False},
                "axis": {
                    "title": None,
                    "labelExpr": f"datum.value ? format(datum.value, '{_FORMATS[how]}') : '{_NOUGHT[how]}'",
                    "tickCount": 5,
                },
            },
            "y2": {"field": "high"},
        },
    }


def _ends() -> Spec:
    """Return the interval of each run: the band alone says nothing about one between two gaps."""
    return {
        "transform": [{"filter": "isValid(datum.low)"}],
        "mark": {"type": "rule", "opacity": 0.35},
        "encoding": {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}},
    }


def _line() -> Spec:
    return {
        "mark": {"type": "line", "strokeWidth": 2, "invalid": "break-paths-show-domains"},
        "encoding": {"y": {"field": "value", "type": "quantitative"}},
    }


def _points(how: str, *, is_sure: bool) -> Spec:
    """Return the points of runs from which to conclude, or those of the others, which are hollow."""
    tooltip: list[Spec] = [
        {"field": "run", "title": "Run"},
        {"field": "at", "type": "temporal", "timeUnit": "utcyearmonthdate", "title": "Started"},
        {"field": "said", "title": "Share" if how == "percent" else "Figure"},
        {"field": "n", "title": "n", "format": ","},
    ]
    if not is_sure:
        tooltip.append({"field": "verdict", "title": "Verdict"})
    mark: Spec = {"type": "point", "filled": True, "size": 64, "strokeWidth": 2, "opacity": 1}
    return {
        "transform": [{"filter": f"isValid(datum.value) && {'!' if is_sure else ''}datum.verdict"}],
        "mark": mark if is_sure else {**mark, "style": HOLLOW},
        "encoding": {
            "y": {"field": "value", "type": "quantitative"},
            "tooltip": tooltip,
        },
    }


def _domain(table: Table) -> tuple[float, float]:
    """Return what the scale of a question's charts shows: all that is drawn, a little room, and nothing impossible."""
    figures = [value.figure for line in table.lines for value in line.values]
    ends = [end for one in figures if one is not None for end in (one.value, *_ends_of(one))]
    room = ROOM * ((max(ends) - min(ends)) or abs(max(ends)) or 1.0)
    low, high = min(ends) - room, max(ends) + room
    match table.lines[0].values[0].written, SCALES.get(table.question.kind):
        case "percent", _:
            return max(0.0, low), min(1.0, high)
        case "signed", _:
            return max(-100.0, low), min(100.0, high)
        case _, (least, most):
            return max(float(least), low), min(float(most), high)
        case _:
            return low, high


def _ends_of(figure: Figure) -> tuple[float, ...]:
    interval = interval_of(figure)
    return () if interval is None else (interval.low, interval.high)


def _number(number: float, value: Value) -> str:
    match value.written:
        case "percent":
            return f"{100 * number:.0f}%"
        case "signed":
            return f"{round(number):+d}"
        case _:
            return f"{number:,.1f}"
