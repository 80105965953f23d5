"""The card of a run's results, as much of them as a card can hold. It counts nothing itself and says when it shortens.

Nothing it shows names a person.
"""

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
from cards.inputs import SCALE_WORDS
from cards.size import fitted, left_out
from feedback.questions import SCALES, Kind
from feedback.results import DETRACTOR, PROMOTER, QuestionResult, Results


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
            *(section(_question(one, detail)) for one in results.questions),
        ]
        return card(body, [execute("Refresh", "results", {"run": run.run})], fallback=f"Results: {title}. {reached}")

    return fitted(build, _DETAILS)


def _question(result: QuestionResult, detail: _Detail) -> list[Element]:
    top = [
        text(escape(excerpt(result.question.text, detail.title)), is_bold=True),
        hint(counted(result.n, "answer")),
    ]
    if not result.n:
        return top
    return [*top, *_figure(result), *_rows(result, detail), *_quotes(result, detail)]


def _figure(result: QuestionResult) -> list[Element]:
    if result.nps is not None:
        score = round(result.nps)
        return [text(f"NPS **{score:+d}**" if score else "NPS **0**")]
    if result.mean is None:
        return []
    scale = SCALES.get(result.question.kind)
    of = f" of {scale[1]}" if scale else ""
    return [text(f"Average **{result.mean:,.1f}**{of}")]


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
        is_close=True,
    )


def _labelled(result: QuestionResult) -> tuple[tuple[str, int], ...]:
    words = SCALE_WORDS.get(result.question.kind, {})
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
