"""The results of several runs beside each other, question by question: pure functions from results to tables."""

from collections.abc import Sequence

import msgspec

from feedback.results import figures
from feedback.results.figures import Figure
from feedback.results.results import QuestionResult, Results
from feedback.results.verdicts import Verdict
from feedback.results.weighting import Precision
from feedback.runs.runs import Run
from feedback.surveys.questions import Kind, Question

MOST = 6  # choices of a question that are shown
AVERAGE, MEDIAN, NPS, YES = "Average", "Median", "NPS", "Yes"


class Value(msgspec.Struct, frozen=True):
    """One figure, raw and weighted, and how it is written; no figure where nobody answered."""

    figure: Figure | None
    weighted: Figure | None
    written: str  # the filter for numbers of its kind


class Line(msgspec.Struct, frozen=True):
    """One run in the table of a question."""

    run: Run
    n: int
    values: tuple[Value, ...]
    worth: Precision | None  # of the weighted figures
    verdict: Verdict
    is_withheld: bool


class Table(msgspec.Struct, frozen=True):
    """One question over time."""

    question: Question
    columns: tuple[str, ...]
    lines: tuple[Line, ...]


def tables(series: Sequence[Results], newest: Run) -> list[Table]:
    """Return the questions of a run with their figures in all runs that asked the same kind under the same id."""
    found = []
    for question in newest.survey.questions:
        columns = _columns(question)
        if columns:
            found.append(Table(question, columns, tuple(_line(one, question, columns) for one in series)))
    return found


def _columns(question: Question) -> tuple[str, ...]:
    match question.kind:
        case Kind.NPS:
            return (NPS,)
        case Kind.RATING | Kind.CSAT | Kind.CES:
            return (AVERAGE,)
        case Kind.NUMBER:
            return (AVERAGE, MEDIAN)
        case Kind.YES_NO:
            return (YES,)
        case Kind.CHOICE | Kind.CHOICES | Kind.IMAGE_CHOICE | Kind.RANKING:
            return tuple(one.text for one in question.choices[:MOST])
        case _:
            return ()


def _line(results: Results, question: Question, columns: Sequence[str]) -> Line:
    asked = (one for one in results.questions if (one.question.id, one.question.kind) == (question.id, question.kind))
    found = next(asked, None) or QuestionResult(question, 0)
    is_withheld = found.is_withheld or bool(results.withheld)
    values = tuple(_value(found, column) for column in columns)
    worth = found.weighted.precision if found.weighted else None
    return Line(results.run, found.n, values, worth, found.verdict, is_withheld)


def _value(found: QuestionResult, column: str) -> Value:
    weighted = found.weighted
    if found.question.kind is Kind.NPS:
        return Value(found.nps, weighted.nps if weighted else None, "signed")
    if column == AVERAGE and found.question.kind not in {Kind.CHOICE, Kind.CHOICES, Kind.IMAGE_CHOICE, Kind.RANKING}:
        return Value(found.mean, weighted.mean if weighted else None, "decimal")
    if column == MEDIAN and found.question.kind is Kind.NUMBER:
        return Value(found.median, weighted.median if weighted else None, "decimal")
    place = next((at for at, (label, _) in enumerate(found.counts) if label == column), None)
    if place is None or not found.n:
        return Value(None, None, "percent")
    raw = figures.share(found.counts[place][1], found.n)
    return Value(raw, weighted.shares[place] if weighted else None, "percent")
