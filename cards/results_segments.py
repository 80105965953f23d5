"""The cards that lead from a run's results to those of its segments and back: by what, and then what each has said.

They take each other's place, question by question where they are long. They name no person.
"""

from collections.abc import Sequence

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
    plain,
    section,
    stretch,
    text,
    verbatim,
)
from cards.results import DETAILS, Detail, answered, from_against_to_for, in_one_figure
from cards.results_charts import Row, averages, divisions
from cards.results_pages import part_of, steps, where
from cards.size import card_size, fitted, left_out
from feedback.results.results import QuestionResult
from feedback.results.segments import FEWEST, WITHHELD, Segment, Segments
from feedback.runs.runs import Run
from feedback.surveys.questions import SCALES, Kind, Question

MOST_ATTRIBUTES = 12  # are buttons; more can be typed
_TITLE = 200  # characters
_NAME = 60
Rows = Sequence[tuple[Segment, QuestionResult]]
_SCORES = ("0–6", "7–8", "9–10")  # of detractors, passives and promoters; short enough for a phone
_FEW = f"Fewer than {FEWEST} of them answered this, so it is not shown."


def attributes_card(run: Run, attributes: Sequence[str], *, notice: str = "") -> Card:
    """Return the question by what the results are wanted: a button for each thing known about those who answered.

    A `notice` is a sentence of ours, as Markdown.
    """
    title = f"By segment: {escape(excerpt(run.survey.title, _TITLE))}"
    known = attributes[:MOST_ATTRIBUTES]
    buttons = [execute(plain(excerpt(one, _NAME)), "segments", {"run": run.run, "by": one}) for one in known]
    sets: list[Element] = [{"type": "ActionSet", "actions": buttons[at : at + 6]} for at in range(0, len(buttons), 6)]
    more = [
        f"{one}: type **results {escape(run.run)} by** and its name." for one in left_out(len(attributes), len(known))
    ]
    body = [
        heading(title),
        *([hint(notice, color=Color.WARNING)] if notice else []),
        text(_asks(run, attributes)),
        *sets,
        *map(hint, more),
    ]
    return card(body, [_back(run)], fallback=title)


def segments_card(found: Segments, *, first: int = 0) -> Card:
    """Return what the people of each segment answered, question by question."""
    run, by = found.run, {"run": found.run.run, "by": found.attribute}
    title = f"By {escape(excerpt(found.attribute, _NAME))}: {escape(excerpt(run.survey.title, _TITLE))}"
    places = range(len(run.survey.questions) if found.segments else 0)
    part = part_of([card_size(section(_question(found, place, DETAILS[0]))) for place in places], first)

    def build(detail: Detail) -> Card:
        body = [
            heading(title),
            hint(f"Run **{escape(run.run)}**, {counted(found.n, 'answer')} counted a moment ago"),
            *([text(found.withheld)] if found.withheld else []),
            *([hint(_rest(found))] if found.rest else []),
            *where(part),
            *(section(_question(found, place, detail)) for place in places[part.start : part.end]),
        ]
        again = execute("Refresh", "segments", {**by, "first": part.start} if part.start else by)
        other = execute("Other segments", "segments", {"run": run.run})
        return card(body, [again, *steps(part, "segments", by), other, _back(run)], fallback=title)

    return fitted(build, DETAILS)


def _asks(run: Run, attributes: Sequence[str]) -> str:
    if run.survey.is_anonymous:
        return WITHHELD
    if not attributes:
        return "Nothing is known about those who have answered so far. A panel's file can say more about its people."
    return "What shall the answers be divided by?"


def _rest(found: Segments) -> str:
    return (
        f"{counted(found.rest, 'answer')} of segments with fewer than {FEWEST} of them are not shown: "
        "a figure of so few people would say little, and too much about them."
    )


def _back(run: Run) -> Element:
    return execute("Back to all answers", "results", {"run": run.run})


def _question(found: Segments, place: int, detail: Detail) -> list[Element]:
    question = found.run.survey.questions[place]
    rows = [(one, one.questions[place]) for one in found.segments]
    body = _divided(question, rows, detail)
    return [text(escape(excerpt(question.text, detail.title)), is_bold=True), *body]


def _divided(question: Question, rows: Rows, detail: Detail) -> list[Element]:
    """Return what each segment said: one line where one figure says it, and else everything that they said."""
    told = [(one, result) for one, result in rows if result.n]
    silent = [_named(one, _FEW if result.is_withheld else "0 answers") for one, result in rows if not result.n]
    match question.kind:
        case Kind.TEXT:
            return [*(_named(one, counted(result.n, "text")) for one, result in told), *silent]
        case Kind.NPS:
            return [*divisions([_promoting(one, result) for one, result in told]), *silent]
        case _ if any(result.mean for _, result in told):
            return [*_averaged(question, told), *silent]
        case _:
            each = [section(_whole(one, result, detail), has_line=False) for one, result in told]
            return [*each, *silent]


def _named(segment: Segment, said: str) -> Element:
    return verbatim(
        stretch(excerpt(segment.value, _NAME), is_bold=True),
        stretch(f"  {said}", is_subtle=True, is_small=True),
        is_close=True,
    )


def _whole(segment: Segment, result: QuestionResult, detail: Detail) -> list[Element]:
    return [_named(segment, counted(result.n, "answer")), *answered(result, detail)]


def _promoting(segment: Segment, result: QuestionResult) -> tuple[str, Sequence[Row], Element]:
    """Return a segment's NPS as it is read, the three groups that it comes from, and both without a chart."""
    name, said, groups = excerpt(segment.value, _NAME), in_one_figure(result), from_against_to_for(result)
    line = _line(name, groups[-1][1], result.n, f"{percent(groups[-1][1], result.n)} promoters · {said}")
    short = tuple(zip(_SCORES, (count for _, count in groups), strict=True))
    return f"{name} · {in_one_figure(result, has_n=False)}", short, line


def _averaged(question: Question, told: Rows) -> list[Element]:
    """Return the averages of segments as bars; without a chart, as parts of the scale, or of the highest average."""
    means = [(segment, result, result.mean.value) for segment, result in told if result.mean is not None]
    scale = SCALES.get(question.kind)
    top = float(scale[1]) if scale else max((value for *_, value in means), default=0.0)
    bars, lines = [], []
    for segment, result, value in means:
        name, said = excerpt(segment.value, _NAME), in_one_figure(result)
        bars.append((f"{name} · {said}", value))
        lines.append(_line(name, max(round(100 * value), 0), max(round(100 * top), 0), said))
    return averages(bars, lines)


def _line(name: str, part: int, whole: int, said: str) -> Element:
    return verbatim(f"{name}\n", stretch(bar(part, whole), color=Color.ACCENT), f"  {said}", is_close=True)
