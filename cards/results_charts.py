"""Charts of results that Teams draws itself, each with what clients without them show in its place.

A chart carries its figures in words too: beside each bar stand its share and the interval. It is drawn of rows that are
counted elsewhere, so it shows nothing that they do not.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

from cards.elements import Element, bar, excerpt, percent, plain, verbatim
from feedback.results import figures
from feedback.results.figures import Figure
from feedback.results.results import DETRACTOR, PROMOTER, QuestionResult
from feedback.surveys.questions import Kind

T = TypeVar("T")
Row = tuple[str, int]  # what was answered, and how often

MOST_DAYS = 20  # are shown one by one; more are by month, then by year
MONTH, YEAR = len("2026-11"), len("2026")
MAX_SERIES = 4  # of a stacked chart, as Teams allows
_SPARKS = "▁▂▃▄▅▆▇█"
_PALETTE = (
    "categoricalBlue",
    "categoricalTeal",
    "categoricalMarigold",
    "categoricalPurple",
    "categoricalGreen",
    "categoricalRed",
    "categoricalLightBlue",
    "categoricalLavender",
    "categoricalLime",
)
AGAINST, BETWEEN, FOR = "attention", "neutral", "good"  # the colours of detractors, passives and promoters


def drawn(result: QuestionResult, rows: Sequence[Row], written: Sequence[Element], label: int) -> list[Element]:
    """Return the chart of a question's rows, with `written` for clients without charts.

    `label` is how many characters of an answer are shown. Where nothing can be drawn, what is written stays.
    """
    named = [(plain(excerpt(name, label)), count) for name, count in rows]
    if result.question.kind is Kind.NPS:
        return [_scores(result), *written]
    return [_with_fallback(_bars(result, named), written)] if named else list(written)


def by_period(days: Sequence[Row]) -> Sequence[Row]:
    """Return how often each day was given; or each month, or year, where days are too many."""
    found = days
    for length in (MONTH, YEAR):
        if len(found) > MOST_DAYS:
            together: Counter[str] = Counter()
            for day, count in days:
                together[day[:length]] += count
            found = sorted(together.items())
    return found


def gauge(part: int, whole: int) -> list[Element]:
    """Return how many of how many as a dial; a bar where it is not known. Nothing where nothing is reached."""
    if not 0 < part <= whole:
        return []
    dial: Element = {
        "type": "Chart.Gauge",
        "value": part,
        "min": 0,
        "max": whole,
        "valueFormat": "Fraction",
        "showLegend": False,
        "segments": [
            {"legend": "Answered", "size": part, "color": "good"},
            {"legend": "Not answered", "size": whole - part, "color": BETWEEN},
        ],
    }
    return [_with_fallback(dial, [verbatim(f"{bar(part, whole)}  {percent(part, whole)}", is_close=True)])]


def averages(rows: Sequence[tuple[str, float]], written: Sequence[Element]) -> list[Element]:
    """Return a bar for each of several averages, named as they are to be read; none below nought can be drawn."""
    if not rows or any(value < 0 for _, value in rows):
        return list(written)
    data = [{"x": name, "y": round(value, 2)} for name, value in _told_apart(rows)]
    return [_with_fallback(_lying(data), written)]


def divisions(rows: Sequence[tuple[str, Sequence[Row], Element]]) -> list[Element]:
    """Return one bar for each group of people, divided by what they said from against to for; at most four in a chart.

    Each comes with what is written of it where there are no charts.
    """
    found: list[Element] = []
    for some in _in_charts([one for one in rows if any(count for _, count in one[1])]):
        series = [{"title": plain(name), "data": _divided(parts)} for name, parts, _ in some]
        found.append(
            _with_fallback({"type": "Chart.HorizontalBar.Stacked", "data": series}, [line for *_, line in some])
        )
    return found


def said(label: str, share: Figure) -> str:
    """Return what stands beside a bar: the answer, its share, and how far chance may have moved it."""
    whole = f"{share.value:.0%}"
    if share.is_thin or share.interval is None:
        return f"{label} · {whole}"
    return f"{label} · {whole} ({round(100 * share.interval.low)}–{round(100 * share.interval.high)}%)"


def spark(counts: Sequence[int]) -> str:
    """Return numbers as a row of small columns; the highest is full, and what is nothing is lowest."""
    most = max(counts, default=0) or 1
    return "".join(_SPARKS[-(-count * (len(_SPARKS) - 1) // most)] for count in counts)


def _with_fallback(chart: Element, written: Sequence[Element]) -> Element:
    return {**chart, "fallback": {"type": "Container", "items": list(written)}}


def _bars(result: QuestionResult, rows: Sequence[Row]) -> Element:
    colors = _colors(result)
    named = [(said(name, figures.share(count, result.n)), count) for name, count in rows]
    data: list[Element] = [{"x": name, "y": count} for name, count in _told_apart(named)]
    if colors:
        data = [{**one, "color": color} for one, color in zip(data, colors, strict=False)]
    return _lying(data)


def _lying(data: Sequence[Mapping[str, object]]) -> Element:
    """Return bars with their names above them; they are of one colour, unless each has its own."""
    looks: Element = {} if any("color" in one for one in data) else {"color": _PALETTE[0]}
    chart: Element = {"type": "Chart.HorizontalBar", "displayMode": "AbsoluteNoAxis", "showLegend": False}
    return {**chart, **looks, "data": list(data)}


def _colors(result: QuestionResult) -> list[str]:
    """Return the colours of the bars, where they are not all one: in a matrix the same choice looks the same."""
    if result.question.kind is not Kind.MATRIX:
        return []
    each = [_PALETTE[place % len(_PALETTE)] for place, _ in enumerate(result.question.choices)]
    return each * len(result.question.rows)


def _scores(result: QuestionResult) -> Element:
    """Return the eleven scores of an NPS question as columns, coloured by group."""
    data = [{"x": label, "y": count, "color": _group_color(int(label))} for label, count in result.counts]
    columns = {"type": "Chart.VerticalBar", "showBarValues": True, "showLegend": False, "data": data}
    words = f"0  {spark([count for _, count in result.counts])}  10"
    return _with_fallback(columns, [verbatim(words, is_close=True)])


def _divided(parts: Sequence[Row]) -> list[Element]:
    colors = (AGAINST, BETWEEN, FOR)
    return [
        {"legend": label, "value": count, "color": color} for (label, count), color in zip(parts, colors, strict=True)
    ]


def _group_color(score: int) -> str:
    return AGAINST if score <= DETRACTOR else FOR if score >= PROMOTER else BETWEEN


def _told_apart(rows: Sequence[tuple[str, T]]) -> list[tuple[str, T]]:
    """Return the rows with names that differ: a chart would add up what has the same name."""
    seen: Counter[str] = Counter()
    found: list[tuple[str, T]] = []
    for name, value in rows:
        seen[name] += 1
        found.append((name if seen[name] == 1 else f"{name} [{seen[name]}]", value))
    return found


def _in_charts(rows: Sequence[T]) -> list[Sequence[T]]:
    """Return the rows in as few charts as hold them, evenly: a chart with one bar alone has no legend."""
    charts = -(-len(rows) // MAX_SERIES)
    each, longer = divmod(len(rows), charts) if charts else (0, 0)
    sizes = [each + (place < longer) for place in range(charts)]
    starts = [sum(sizes[:place]) for place in range(charts)]
    return [rows[start : start + size] for start, size in zip(starts, sizes, strict=True)]
