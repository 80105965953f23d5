"""The card of a run's results, as much of them as a card can hold. It counts nothing itself and says when it shortens.

Nothing it shows names a person.
"""

from collections.abc import Callable
from typing import NamedTuple

from cards.elements import (
    Card,
    Color,
    Element,
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
from cards.size import fitted, left_out
from feedback import figures
from feedback.figures import Figure, Interval
from feedback.questions import SCALES, Kind
from feedback.results import DETRACTOR, PROMOTER, QuestionResult, Results
from feedback.shown_results import TOO_FEW_HERE
from feedback.wording import scale_words

TOO_FEW = "Too few answers to say more."
BEHIND = "Very much has changed a moment ago: the newest answers may not be counted yet. **Refresh** in a minute."
RANGES = (
    "Ranges are 95 % intervals: as far as chance may have moved a figure. "
    "They say nothing about people who did not answer."
)


class _Detail(NamedTuple):
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
_DETAILS = (
    _Detail(500, 20, 120, 5, 400),
    _Detail(300, 20, 120, 3, 250),
    _Detail(200, 10, 80, 3, 150),
    _Detail(120, 5, 60, 2, 100),
    _Detail(80, 3, 30, 1, 60),
    _Detail(60, 0, 0, 0, 0),
)


def results_card(results: Results) -> Card:
    """Return the results with a button that brings the newest."""
    run = results.run
    title = escape(excerpt(run.survey.title, 200))
    reached = f"**{results.n:,} of {results.reached:,}** people answered ({percent(results.n, results.reached)})"

    def build(detail: _Detail) -> Card:
        body = [
            heading(f"Results: {title}"),
            text(reached),
            hint(f"Run **{escape(run.run)}**, sent to {escape(run.audience)}"),
            *([hint(BEHIND, color=Color.WARNING)] if results.is_behind else []),
            *([text(results.withheld)] if results.withheld else []),
            *(section(_question(one, detail)) for one in results.questions),
            *([section([hint(RANGES)])] if any(map(_has_range, results.questions)) else []),
        ]
        return card(body, [execute("Refresh", "results", {"run": run.run})], fallback=f"Results: {title}. {reached}")

    return fitted(build, _DETAILS)


def _question(result: QuestionResult, detail: _Detail) -> list[Element]:
    top = [
        text(escape(excerpt(result.question.text, detail.title)), is_bold=True),
        hint(TOO_FEW_HERE if result.is_withheld else counted(result.n, "answer")),
    ]
    if not result.n:
        return top
    return [*top, *_figures(result), *_rows(result, detail), *_quotes(result, detail), *_arms(result, detail)]


def _arms(result: QuestionResult, detail: _Detail) -> list[Element]:
    """Return the figures of each arm below those of everybody."""
    rows: list[Element] = []
    for one in result.by_arm:
        rows += [text(escape(one.name), is_bold=True), hint(counted(one.result.n, "answer"))]
        if one.result.n:
            rows += [*_figures(one.result), *_rows(one.result, detail)]
    return rows


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
    return said


def _around(figure: Figure, written: Callable[[float], str]) -> str:
    """Return what stands beside a figure: its n, and the interval where there are answers enough for one."""
    if figure.is_thin or figure.interval is None:
        return f" (n {figure.n:,})"
    return f" (n {figure.n:,}, 95 %: {_from_to(figure.interval, written)})"


def _from_to(interval: Interval, written: Callable[[float], str]) -> str:
    return f"{written(interval.low)} to {written(interval.high)}"


def _signed(score: float) -> str:
    whole = round(score)
    return f"{whole:+d}" if whole else "0"


def _decimal(number: float) -> str:
    return f"{number:,.1f}"


def _rows(result: QuestionResult, detail: _Detail) -> list[Element]:
    rows = _nps_groups(result) if result.question.kind is Kind.NPS else _labelled(result)
    shown = rows[: detail.options]
    several = [hint(_REMARKS[result.question.kind])] if result.question.kind in _REMARKS and shown else []
    more = [hint(one) for one in left_out(len(rows), len(shown))]
    return [*(_row(label, count, result.n, detail) for label, count in shown), *more, *several]


def _row(label: str, count: int, n: int, detail: _Detail) -> Element:
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


def _quotes(result: QuestionResult, detail: _Detail) -> list[Element]:
    quotes = [verbatim(f"“{excerpt(words, detail.quote)}”", is_close=True) for words in result.latest[: detail.texts]]
    if result.question.kind is not Kind.TEXT:
        return quotes
    return [*quotes, *(hint(one) for one in left_out(result.n, len(quotes)))]
