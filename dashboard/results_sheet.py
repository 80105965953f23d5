"""The sheet with a run's results: every figure with its n and interval, and charts that Excel draws from them."""

from xlsxwriter.worksheet import Worksheet

from dashboard.cells import Cell
from dashboard.charts import rows_of
from dashboard.workbook import Workbook
from feedback import figures
from feedback.figures import Figure
from feedback.results import QuestionResult, Results
from feedback.shown_results import TOO_FEW_HERE

HEADER = ("question", "what", "people", "value", "low", "high", "n")
WIDTHS = (50, 32, 10, 10, 10, 10, 10)
NAME = "Results"
BEHIND = "Very much has changed a moment ago: not all of it is counted here yet. The answers are complete."
BESIDE = len(HEADER) + 1  # the column where charts begin
CHART_ROWS = 15


def add_results(book: Workbook, results: Results) -> None:
    """Write the sheet. `low` and `high` are the ends of the 95 % interval, empty where there are too few answers."""
    sheet = book.sheet(NAME, HEADER, widths=WIDTHS)
    line, chart_at = 1, 1
    rate = figures.share(results.n, results.reached)
    line = _write(book, sheet, line, "Everybody", "answered, of those reached", results.n, rate)
    if results.is_behind:
        line = _write(book, sheet, line, BEHIND, "", None, None)
    if results.withheld:
        line = _write(book, sheet, line, results.withheld, "", None, None)
    for one in results.questions:
        first = line
        line = _write_question(book, sheet, line, one.question.text, one)
        counts = len(rows_of(one))
        if counts and one.n:
            _draw(book, sheet, one, first, first + counts - 1, chart_at)
            chart_at += CHART_ROWS + 1
        for each in one.by_arm:
            line = _write_question(book, sheet, line, f"{one.question.text} – {each.name}", each.result)


def _write_question(book: Workbook, sheet: Worksheet, line: int, name: str, one: QuestionResult) -> int:
    """Write a question's figures among some people, and return the number of the next row."""
    if one.is_withheld:
        return _write(book, sheet, line, name, TOO_FEW_HERE, None, None)
    first = line
    for label, people in rows_of(one):
        line = _write(book, sheet, line, name, label, people, figures.share(people, one.n))
    for what, figure in (("NPS", one.nps), ("mean", one.mean), ("median", one.median)):
        if figure is not None:
            line = _write(book, sheet, line, name, what, None, figure)
    return line if line > first else _write(book, sheet, line, name, "answers", one.n, None)


def _write(
    book: Workbook, sheet: Worksheet, line: int, question: str, what: str, people: int | None, figure: Figure | None
) -> int:
    """Write a row, and return the number of the next."""
    cells: list[Cell] = [question, what, people]
    if figure is not None:
        interval = None if figure.is_thin else figure.interval
        value = figure.value if figure.n else None
        cells += [value, interval.low if interval else None, interval.high if interval else None, figure.n]
    for column, cell in enumerate(cells):
        book.write(sheet, line, column, cell)
    return line + 1


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
