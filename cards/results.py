"""The card of a run's results, as much of them as a card can hold. It counts nothing itself and says when it shortens.

Nothing it shows names a person. What Teams draws of it is results_charts.py's, by segment it is in results_segments.py.
"""

from collections.abc import Callable
from typing import NamedTuple

from cards.elements import (
    Card,
    Color,
    Element,
    banner,
    bar,
    card,
    counted,
    escape,
    excerpt,
    execute,
    heading,
    hint,
    percent,
    section,
    stretch,
    text,
    verbatim,
)
from cards.results_charts import by_period, drawn, gauge
from cards.results_pages import part_of, steps, where
from cards.size import card_size, fitted, left_out
from cards.verdicts import differences, how_weighted, question_doubts, run_doubts, weighted, without_details
from feedback.results import figures
from feedback.results.figures import Figure, Interval
from feedback.results.results import DETRACTOR, PROMOTER, QuestionResult, Results
from feedback.results.shown_results import TOO_FEW_HERE
from feedback.surveys.questions import SCALES, Kind
from feedback.wording import scale_words

TOO_FEW = "Too few answers to say more."
BEHIND = "Very much has changed a moment ago: the newest answers may not be counted yet. **Refresh** in a minute."
RANGES = (
    "Ranges are 95 % intervals: as far as chance may have moved a figure. "
    "They say nothing about people who did not answer."
)


class Detail(NamedTuple):
    """How much of each question is shown."""

    title: int  # characters
    options: int
    label: int  # characters
    texts: int
    quote: int  # characters


_REMARKS = {
    Kind.CHOICES: "Several answers were possible.",
    Kind.RANKING: "How often each was put first.",
}
DETAILS = (
    Detail(500, 20, 120, 5, 400),
    Detail(300, 20, 120, 3, 250),
    Detail(200, 10, 80, 3, 150),
    Detail(120, 5, 60, 2, 100),
    Detail(80, 3, 30, 1, 60),
    Detail(60, 0, 0, 0, 0),
)


def results_card(results: Results, *, first: int = 0, notice: str = "") -> Card:
    """Return the results with a button that brings the newest; where they are many, those from one question on.

    A `notice` is a sentence of ours, as Markdown.
    """
    run = results.run
    title = escape(excerpt(run.survey.title, 200))
    reached = f"**{results.n:,} of {results.reached:,}** people answered ({percent(results.n, results.reached)})"
    part = part_of([card_size(section(_question(one, DETAILS[0]))) for one in results.questions], first)
    questions = results.questions[part.start : part.end]

    def build(detail: Detail) -> Card:
        body = [
            heading(f"Results: {title}"),
            *([banner(notice, color=Color.GOOD)] if notice else []),
            text(reached),
            *gauge(results.n, results.reached),
            hint(f"Run **{escape(run.run)}**, sent to {escape(excerpt(run.audience, 300))}"),
            *([hint(BEHIND, color=Color.WARNING)] if results.is_behind else []),
            *([text(results.withheld)] if results.withheld else []),
            *run_doubts(results.verdict),
            *where(part),
            *(section(_question(one, detail)) for one in questions),
            *([section([hint(RANGES)])] if any(map(_has_range, questions)) else []),
            *how_weighted(results),
        ]
        at = {"run": run.run, "first": part.start} if part.start else {"run": run.run}
        buttons = [execute("Refresh", "results", at), *steps(part, "results", {"run": run.run}), *_onward(results)]
        return card(body, buttons, fallback=f"Results: {title}. {reached}")

    return fitted(build, DETAILS)


def answered(result: QuestionResult, detail: Detail) -> list[Element]:
    """Return the figures and the rows of a question, or of some of the people it was asked."""
    return [*_figures(result), *_rows(result, detail)] if result.n else []


def in_one_figure(result: QuestionResult, *, has_n: bool = True) -> str:
    """Return the one figure that says most about a question, with its n and interval, without any Markdown.

    Without its n where that stands beside it anyway.
    """
    if result.nps is not None:
        beside = _around(result.nps, _signed) if has_n else _ranged(result.nps, _signed)
        return f"NPS {_signed(result.nps.value)}{beside}"
    if result.mean is None:
        return ""
    scale = SCALES.get(result.question.kind)
    of = f" of {scale[1]}" if scale else ""
    beside = _around(result.mean, _decimal) if has_n else _ranged(result.mean, _decimal)
    return f"{_decimal(result.mean.value)}{of}{beside}"


def from_against_to_for(result: QuestionResult) -> tuple[tuple[str, int], ...]:
    """Return the three groups that an NPS comes from: detractors, passives, promoters."""
    return tuple(reversed(_nps_groups(result)))


def _onward(results: Results) -> list[Element]:
    """Return the buttons to what else there is to know of a run, where there is."""
    run = results.run
    has_segments = bool(results.n) and not run.survey.is_anonymous
    return [
        *([execute("By segment…", "segments", {"run": run.run})] if has_segments else []),
        *([execute("Tell me…", "wish", {"run": run.run})] if run.takes_answers else []),
    ]


def _question(whole: QuestionResult, detail: Detail) -> list[Element]:
    result = whole if detail.options else without_details(whole)
    top = [
        text(escape(excerpt(result.question.text, detail.title)), is_bold=True),
        hint(TOO_FEW_HERE if result.is_withheld else counted(result.n, "answer")),
    ]
    if not result.n:
        return top
    top += question_doubts(result.verdict)
    return [*top, *answered(result, detail), *_quotes(result, detail), *_arms(result, detail)]


def _arms(result: QuestionResult, detail: Detail) -> list[Element]:
    """Return the figures of each arm below those of everybody."""
    rows: list[Element] = []
    for one in result.by_arm:
        rows += [text(escape(one.name), is_bold=True), hint(counted(one.result.n, "answer"))]
        rows += answered(one.result, detail)
    return [*rows, *differences(result)]


def _has_range(result: QuestionResult) -> bool:
    return result.n >= figures.FEW and result.question.kind is not Kind.TEXT


def _figures(result: QuestionResult) -> list[Element]:
    said: list[Element] = []
    if result.nps is not None:
        said.append(text(f"NPS **{_signed(result.nps.value)}**{_around(result.nps, _signed)}"))
    elif result.mean is not None:
        scale = SCALES.get(result.question.kind)
        of = f" of {scale[1]}" if scale else ""
        said.append(text(f"Average **{_decimal(result.mean.value)}**{of}{_around(result.mean, _decimal)}"))
    if result.median is not None:
        said.append(text(f"Median **{_decimal(result.median.value)}**{_around(result.median, _decimal)}"))
    if result.n < figures.FEW and result.question.kind is not Kind.TEXT:
        said.append(hint(TOO_FEW))
    return [*said, *weighted(result)]


def _around(figure: Figure, written: Callable[[float], str]) -> str:
    """Return what stands beside a figure: its n, and the interval where there are answers enough for one."""
    if figure.is_thin or figure.interval is None:
        return f" (n {figure.n:,})"
    return f" (n {figure.n:,}, 95 %: {_from_to(figure.interval, written)})"


def _ranged(figure: Figure, written: Callable[[float], str]) -> str:
    """Return the interval of a figure whose n stands elsewhere, where there are answers enough for one."""
    return "" if figure.is_thin or figure.interval is None else f" ({_from_to(figure.interval, written)})"


def _from_to(interval: Interval, written: Callable[[float], str]) -> str:
    return f"{written(interval.low)} to {written(interval.high)}"


def _signed(score: float) -> str:
    whole = round(score)
    return f"{whole:+d}" if whole else "0"


def _decimal(number: float) -> str:
    return f"{number:,.1f}"


def _rows(result: QuestionResult, detail: Detail) -> list[Element]:
    rows = _nps_groups(result) if result.question.kind is Kind.NPS else _labelled(result)
    rows = tuple(by_period(rows)) if result.question.kind is Kind.DATE else rows
    shown = rows[: detail.options]
    several = [hint(_REMARKS[result.question.kind])] if result.question.kind in _REMARKS and shown else []
    more = [hint(one) for one in left_out(len(rows), len(shown))]
    written = [_row(label, count, result.n, detail) for label, count in shown]
    return [*drawn(result, shown, written, detail.label), *more, *several]


def _row(label: str, count: int, n: int, detail: Detail) -> Element:
    return verbatim(
        f"{excerpt(label, detail.label)}\n",
        stretch(bar(count, n), color=Color.ACCENT),
        f"  {percent(count, n)} · {count:,}",
        *_share_range(figures.share(count, n)),
        is_close=True,
    )


def _share_range(share: Figure) -> list[Element]:
    if share.is_thin or share.interval is None:
        return []
    low, high = round(100 * share.interval.low), round(100 * share.interval.high)
    return [stretch(f"  ({low}–{high}%)", is_subtle=True, is_small=True)]


def _labelled(result: QuestionResult) -> tuple[tuple[str, int], ...]:
    words = scale_words(result.question.kind)
    return tuple((words.get(label, label), count) for label, count in result.counts)


def _nps_groups(result: QuestionResult) -> tuple[tuple[str, int], ...]:
    scores = [(int(label), count) for label, count in result.counts]
    promoters = sum(count for score, count in scores if score >= PROMOTER)
    detractors = sum(count for score, count in scores if score <= DETRACTOR)
    passives = sum(count for _, count in scores) - promoters - detractors
    return (("Promoters (9–10)", promoters), ("Passives (7–8)", passives), ("Detractors (0–6)", detractors))


def _quotes(result: QuestionResult, detail: Detail) -> list[Element]:
    quotes = [verbatim(f"“{excerpt(words, detail.quote)}”", is_close=True) for words in result.latest[: detail.texts]]
    if result.question.kind is not Kind.TEXT:
        return quotes
    return [*quotes, *(hint(one) for one in left_out(result.n, len(quotes)))]
