"""Charts of results as Vega-Lite specifications: data, and no code. Pure functions; colours are in the themes.

A chart says nothing that the table beneath it does not say too. Labels stand above their bars, so that a chart fits a
phone as it fits a wide screen.
"""

from collections.abc import Callable, Mapping, Sequence

from feedback.results import figures
from feedback.results.figures import Figure
from feedback.results.results import DETRACTOR, PROMOTER, QuestionResult
from feedback.results.shown_results import TOO_FEW_HERE
from feedback.surveys.questions import Kind
from feedback.wording import scale_words

Spec = dict[str, object]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # a name; nothing is fetched
WIDTH = 640  # pixels, of pictures
MANY_DAYS = 45  # more of them are drawn by month
ROW = 46  # pixels for a label and its bar
COLUMNS = 180  # pixels, height of upright bars
HOLLOW = "hollow"  # the style of points that look empty: filled with what is beneath charts
GROUPS = ("Detractors (0–6)", "Passives (7–8)", "Promoters (9–10)")
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"


def chart_of(result: QuestionResult) -> Spec | None:
    """Return the chart of a question; None where there are no answers, or nothing that can be drawn."""
    draw = _DRAWN.get(result.question.kind)
    return draw(result) if draw is not None and result.n and result.counts else None


def rows_of(result: QuestionResult) -> list[tuple[str, int]]:
    """Return what was answered and how often, as people read it; of NPS the three groups. None where withheld."""
    if result.is_withheld:
        return []
    if result.question.kind is Kind.NPS:
        return _groups(result)
    words = scale_words(result.question.kind)
    return [(words.get(label, label), count) for label, count in result.counts]


def weighted_rows_of(result: QuestionResult) -> Sequence[Figure]:
    """Return the weighted shares of those rows, in their order; none where there are none."""
    if result.weighted is None or result.is_withheld:
        return ()
    return result.weighted.by_nps_group[::-1] if result.question.kind is Kind.NPS else result.weighted.shares


def described(result: QuestionResult) -> str:
    """Return a chart in words."""
    parts = [f"{label}: {100 * count / result.n:.0f}%" for label, count in rows_of(result)[:12]] if result.n else []
    if result.is_withheld:
        return f"{result.question.text} {TOO_FEW_HERE}"
    return f"{result.question.text} {', '.join(parts)}, of {result.n:,} answers."


def _groups(result: QuestionResult) -> list[tuple[str, int]]:
    counts = dict.fromkeys(GROUPS, 0)
    for label, count in result.counts:
        counts[_group(int(label))] += count
    return list(counts.items())


def _group(score: int) -> str:
    return GROUPS[0] if score <= DETRACTOR else GROUPS[2] if score >= PROMOTER else GROUPS[1]


def _whole(result: QuestionResult, values: list[Spec], rest: Spec) -> Spec:
    return {
        "$schema": SCHEMA,
        "description": described(result),
        "width": WIDTH,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"values": values},
        **rest,
    }


def _bars(result: QuestionResult) -> Spec:
    """Return bars that lie, each with its share and the interval."""
    values = [_bar(label, count, result.n) for label, count in rows_of(result)]
    top = max(max(float(str(one["high"])), float(str(one["share"]))) for one in values)
    lying: Spec = {
        "height": {"step": ROW},
        "encoding": {
            "y": {
                "field": "label",
                "type": "nominal",
                "sort": None,
                "axis": None,
                "scale": {"paddingInner": 0.7, "paddingOuter": 0.5},
            },
            "x": {
                "field": "share",
                "type": "quantitative",
                "scale": {"domain": [0, min(1.0, top * 1.05 + 0.01)], "nice": False},
                "axis": {"format": "%", "title": None, "tickCount": 5},
            },
            "tooltip": [
                {"field": "label", "title": "Answer"},
                {"field": "count", "title": "People", "format": ","},
                {"field": "said", "title": "Share"},
            ],
        },
        "layer": [
            {"mark": {"type": "bar", "cornerRadiusEnd": 2}},
            {
                "transform": [{"filter": "datum.has_range"}],
                "mark": {"type": "rule"},
                "encoding": {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "text", "align": "left", "baseline": "bottom", "dy": -10},
                "encoding": {"x": {"datum": 0}, "text": {"field": "title"}},
            },
        ],
    }
    return _whole(result, values, lying)


def _bar(label: str, count: int, n: int) -> Spec:
    found = figures.share(count, n)
    has_range = not found.is_thin and found.interval is not None
    low, high = (found.interval.low, found.interval.high) if found.interval and has_range else (found.value,) * 2
    said = f"{100 * found.value:.0f}%"
    ranged = f"{said} (95 %: {100 * low:.0f}–{100 * high:.0f}%)" if has_range else said
    return {
        "label": label,
        "title": f"{_short(label)}  {said}",
        "count": count,
        "share": found.value,
        "said": ranged,
        "low": low,
        "high": high,
        "has_range": has_range,
    }


def _short(label: str) -> str:
    longest = 44  # characters; what does not fit a phone is in the table
    return label if len(label) <= longest else f"{label[: longest - 1].rstrip()}…"


def _scores(result: QuestionResult) -> Spec:
    """Return eleven upright bars, coloured by group."""
    values: list[Spec] = [
        {"score": int(label), "count": count, "share": count / result.n, "group": _group(int(label))}
        for label, count in result.counts
    ]
    upright: Spec = {
        "height": COLUMNS,
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "x": {
                "field": "score",
                "type": "ordinal",
                "axis": {"title": None, "labelAngle": 0},
                "scale": {"paddingInner": 0.28},
            },
            "y": {
                "field": "share",
                "type": "quantitative",
                "axis": {"format": "%", "title": None, "tickCount": 4},
            },
            "color": {
                "field": "group",
                "type": "nominal",
                "scale": {"domain": list(GROUPS), "range": "category"},
                "legend": None,
            },
            "tooltip": [
                {"field": "score", "title": "Score"},
                {"field": "count", "title": "People", "format": ","},
                {"field": "share", "title": "Share", "format": ".0%"},
            ],
        },
    }
    return _whole(result, values, upright)


def _rows(result: QuestionResult) -> Spec:
    """Return one bar for each row of a matrix, divided by what was chosen there."""
    choices = [one.text for one in result.question.choices]
    values: list[Spec] = []
    for row, one in enumerate(result.question.rows):
        counts = [count for _, count in result.counts[row * len(choices) : (row + 1) * len(choices)]]
        n = sum(counts)
        values += [
            {"row": _short(one.text), "choice": choice, "at": place, "count": count, "share": count / n if n else 0}
            for place, (choice, count) in enumerate(zip(choices, counts, strict=True))
        ]
    divided: Spec = {
        "height": {"step": ROW},
        "encoding": {
            "y": {
                "field": "row",
                "type": "nominal",
                "sort": None,
                "axis": None,
                "scale": {"paddingInner": 0.6, "paddingOuter": 0.5},
            }
        },
        "layer": [
            {
                "mark": {"type": "bar"},
                "encoding": {
                    "x": {
                        "field": "share",
                        "type": "quantitative",
                        "scale": {"domain": [0, 1]},
                        "axis": {"format": "%", "title": None, "tickCount": 5},
                    },
                    "color": {
                        "field": "choice",
                        "type": "ordinal",
                        "sort": choices,
                        "scale": {"domain": choices},
                        "legend": {"title": None, "orient": "top", "columns": 3, "labelLimit": 110},
                    },
                    "order": {"field": "at"},
                    "tooltip": [
                        {"field": "row", "title": "Row"},
                        {"field": "choice", "title": "Answer"},
                        {"field": "count", "title": "People", "format": ","},
                        {"field": "share", "title": "Share", "format": ".0%"},
                    ],
                },
            },
            {
                "transform": [{"filter": "datum.at === 0"}],
                "mark": {"type": "text", "align": "left", "baseline": "bottom", "dy": -12},
                "encoding": {"x": {"datum": 0, "type": "quantitative"}, "text": {"field": "row"}},
            },
        ],
    }
    return _whole(result, values, divided)


def _days(result: QuestionResult) -> Spec:
    values: list[Spec] = [{"day": day, "count": count} for day, count in result.counts]
    length = len(result.counts[0][0])  # many days are counted by month, then by year
    unit = {len("2026"): "utcyear", len("2026-11"): "utcyearmonth"}.get(length, "utcyearmonthdate")
    if unit == "utcyearmonthdate" and len(values) > MANY_DAYS:
        unit = "utcyearmonth"
    upright: Spec = {
        "height": COLUMNS,
        "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": "day", "type": "temporal", "timeUnit": unit, "axis": {"title": None, "tickCount": 5}},
            "y": {
                "field": "count",
                "aggregate": "sum",
                "type": "quantitative",
                "axis": {"title": None, "tickCount": 4, "tickMinStep": 1},
            },
            "tooltip": [
                {"field": "day", "type": "temporal", "timeUnit": unit, "title": "When"},
                {"field": "count", "aggregate": "sum", "title": "People", "format": ","},
            ],
        },
    }
    return _whole(result, values, upright)


_DRAWN: Mapping[Kind, Callable[[QuestionResult], Spec]] = {
    Kind.NPS: _scores,
    Kind.RATING: _bars,
    Kind.CSAT: _bars,
    Kind.CES: _bars,
    Kind.CHOICE: _bars,
    Kind.CHOICES: _bars,
    Kind.IMAGE_CHOICE: _bars,
    Kind.RANKING: _bars,
    Kind.MATRIX: _rows,
    Kind.YES_NO: _bars,
    Kind.DATE: _days,
}


def _theme(*, ground: str, ink: str, muted: str, line: str, accent: str, groups: list[str], steps: list[str]) -> Spec:
    return {
        "background": "transparent",
        "font": _FONT,
        "view": {"stroke": None},
        "padding": {"left": 2, "right": 12, "top": 6, "bottom": 2},
        "axis": {
            "labelColor": muted,
            "labelFontSize": 12,
            "gridColor": line,
            "domain": False,
            "ticks": False,
            "labelPadding": 6,
        },
        "axisX": {"grid": True},
        "axisXOrdinal": {"grid": False},
        "axisXTemporal": {"grid": False},
        "legend": {"labelColor": ink, "labelFontSize": 12, "symbolType": "square"},
        "range": {"category": groups, "ordinal": steps},
        "bar": {"color": accent},
        "area": {"color": accent},
        "line": {"color": accent},
        "point": {"color": accent},
        "style": {HOLLOW: {"color": ground, "stroke": accent}},
        "rule": {"color": ink, "strokeWidth": 1.5, "opacity": 0.75},
        "text": {"color": ink, "fontSize": 13},
    }


THEMES: dict[str, Spec] = {
    "light": _theme(
        ground="#ffffff",
        ink="#1d1f22",
        muted="#5b6068",
        line="#e7e8ea",
        accent="#2f6f8f",
        groups=["#c2603a", "#b9bdc4", "#2f6f8f"],
        steps=["#c8d9e2", "#8fb8cc", "#2f6f8f", "#123f57"],
    ),
    "dark": _theme(
        ground="#1b1e22",
        ink="#eceef0",
        muted="#a4abb3",
        line="#33383e",
        accent="#5aa9cc",
        groups=["#e0875f", "#59616b", "#5aa9cc"],
        steps=["#2b4350", "#3f718a", "#5aa9cc", "#b5dcee"],
    ),
}
