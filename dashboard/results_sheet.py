"""The sheet with a run's results: every figure with its n and interval, and charts that Excel draws from them."""

from collections.abc import Sequence

from xlsxwriter.worksheet import Worksheet

from dashboard.cells import Cell
from dashboard.charts import rows_of, weighted_rows_of
from dashboard.workbook import Workbook
from feedback.people.mixes import mix_words
from feedback.results import figures
from feedback.results.differences import Difference
from feedback.results.figures import Figure
from feedback.results.results import QuestionResult, Results
from feedback.results.shown_results import TOO_FEW_HERE
from feedback.results.verdicts import TITLE, Reason
from feedback.results.weighted_results import Weighting

HEADER = ("question", "what", "people", "value", "low", "high", "n")
WEIGHTED = ("weighted value", "weighted low", "weighted high", "effective n")
WIDTHS = (50, 32, 10, 10, 10, 10, 10)
NAME = "Results"
BEHIND = "Very much has changed a moment ago: not all of it is counted here yet. The answers are complete."
BESIDE = len(HEADER) + len(WEIGHTED) + 1  # the column where charts begin
CHART_ROWS = 15


def add_results(book: Workbook, results: Results) -> None:
    """Write the sheet. `low` and `high` are the ends of the 95 % interval, empty where there are too few answers."""
    sheet = book.sheet(NAME, (*HEADER, *WEIGHTED), widths=(*WIDTHS, *(14 for _ in WEIGHTED)))
    line, chart_at = 1, 1
    rate = figures.share(results.n, results.reached)
    line = _write(book, sheet, line, "Everybody", "answered, of those reached", results.n, rate)
    if results.is_behind:
        line = _write(book, sheet, line, BEHIND, "", None, None)
    if results.withheld:
        line = _write(book, sheet, line, results.withheld, "", None, None)
    line = _write_doubts(book, sheet, line, "Everybody", results.verdict.reasons)
    if results.weighting is not None and results.n:
        line = _write(book, sheet, line, "Everybody", _how_weighted(results.weighting), None, None)
    for one in results.questions:
        first = line
        line = _write_question(book, sheet, line, one.question.text, one)
        counts = len(rows_of(one))
        if counts and one.n:
            _draw(book, sheet, one, first, first + counts - 1, chart_at)
            chart_at += CHART_ROWS + 1
        line = _write_doubts(book, sheet, line, one.question.text, one.verdict.own)
        for each in one.by_arm:
            line = _write_question(book, sheet, line, f"{one.question.text} – {each.name}", each.result)
        for apart in one.differences:
            line = _write_difference(book, sheet, line, one.question.text, apart)


def _write_doubts(book: Workbook, sheet: Worksheet, line: int, name: str, reasons: Sequence[Reason]) -> int:
    for one in reasons:
        line = _write(book, sheet, line, name, f"{TITLE}: {one.words}", None, None)
    return line


def _write_difference(book: Workbook, sheet: Worksheet, line: int, name: str, one: Difference) -> int:
    arms = f"{' or '.join(one.arms)} minus {' or '.join(one.than)}: {one.what}"
    interval = one.interval
    cells: list[Cell] = [
        name,
        arms,
        None,
        one.value,
        interval.low if interval else None,
        interval.high if interval else None,
    ]
    for column, cell in enumerate(cells):
        book.write(sheet, line, column, cell)
    return line + 1


def _how_weighted(found: Weighting) -> str:
    mix = mix_words(found.mix)
    if found.precision is None:
        return f"not weighted to the target mix {mix}. {found.why_not}"
    return f"weighted to the target mix {mix}, design effect {found.precision.design_effect:.2f}"


def _write_question(book: Workbook, sheet: Worksheet, line: int, name: str, one: QuestionResult) -> int:
    """Write a question's figures among some people, and return the number of the next row."""
    if one.is_withheld:
        return _write(book, sheet, line, name, TOO_FEW_HERE, None, None)
    first = line
    beside = weighted_rows_of(one)
    for place, (label, people) in enumerate(rows_of(one)):
        weighted = beside[place] if beside else None
        line = _write(book, sheet, line, name, label, people, figures.share(people, one.n), weighted)
    for what, figure, weighted in _figures(one):
        line = _write(book, sheet, line, name, what, None, figure, weighted)
    return line if line > first else _write(book, sheet, line, name, "answers", one.n, None)


def _figures(one: QuestionResult) -> list[tuple[str, Figure, Figure | None]]:
    """Return the figures that are no shares, each with what it is weighted."""
    beside = one.weighted
    found = (
        ("NPS", one.nps, beside.nps if beside else None),
        ("mean", one.mean, beside.mean if beside else None),
        ("median", one.median, beside.median if beside else None),
    )
    return [(what, figure, weighted) for what, figure, weighted in found if figure is not None]


def _write(
    book: Workbook,
    sheet: Worksheet,
    line: int,
    question: str,
    what: str,
    people: int | None,
    figure: Figure | None,
    weighted: Figure | None = None,
) -> int:
    """Write a row, and return the number of the next."""
    cells: list[Cell] = [question, what, people, *_cells(figure), *_cells(weighted)]
    for column, cell in enumerate(cells):
        book.write(sheet, line, column, cell)
    return line + 1


def _cells(figure: Figure | None) -> list[Cell]:
    if figure is None:
        return [None] * len(WEIGHTED)
    interval = None if figure.is_thin else figure.interval
    value = figure.value if figure.n else None
    return [value, interval.low if interval else None, interval.high if interval else None, figure.n]


def _draw(book: Workbook, sheet: Worksheet, result: QuestionResult, first: int, last: int, at: int) -> None:
    chart = book.writer.add_chart({"type": "bar"})
    chart.add_series(
        {
            "categories": [NAME, first, 1, last, 1],
            "values": [NAME, first, 3, last, 3],
            "fill": {"color": "#2f6f8f"},
            "gap": 60,
            "data_labels": {"value": True, "num_format": "0%"},
        }
    )
    chart.set_title({"name": result.question.text[:200], "name_font": {"size": 11, "bold": True}})
    chart.set_legend({"none": True})
    chart.set_x_axis({"num_format": "0%", "min": 0, "major_gridlines": {"visible": True, "line": {"color": "#e1e4e8"}}})
    chart.set_y_axis({"reverse": True})
    chart.set_size({"width": 560, "height": 20 * CHART_ROWS})
    sheet.insert_chart(at, BESIDE, chart)
