"""The cards about surveys as such: all there are, one that was imported, and what is wrong in a file."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from cards.elements import (
    Card,
    Color,
    Element,
    card,
    counted,
    escape,
    excerpt,
    heading,
    hint,
    section,
    stretch,
    text,
    verbatim,
)
from cards.size import fewer, fitted, left_out
from feedback.errors import AudienceFileRefused, FileProblem
from feedback.runs.runs import Run
from feedback.surveys.survey_advice import Advice
from feedback.surveys.surveys import Imported, Survey

NO_RUNS: Mapping[str, Run] = MappingProxyType({})
_PLEASE = "Please put this right and import it again."
_SEND_AGAIN = "Please put this right and send it again; or add **skip wrong lines** to leave these lines out."
_TITLE = 160  # characters
_MESSAGE = 400
_FIELD = 80
_QUESTION = 80


def survey_list_card(surveys: Sequence[Survey], last_runs: Mapping[str, Run] = NO_RUNS) -> Card:
    """Return every survey with what is needed to send it, and its last run, by the survey's id."""
    if not surveys:
        return card(
            [
                heading("Surveys"),
                text("There are none yet. **survey new** writes one, **survey import** brings one in."),
            ],
            fallback="No surveys yet.",
        )
    title = counted(len(surveys), "survey")

    def build(shown: int) -> Card:
        body = [heading(title), *(section(_row(survey, last_runs.get(survey.id))) for survey in surveys[:shown])]
        return card([*body, *(hint(one) for one in left_out(len(surveys), shown))], fallback=title)

    return fitted(build, fewer(len(surveys)))


def imported_card(imported: Imported, advice: Sequence[Advice] = ()) -> Card:
    """Return what an import led to, what to do next, and what to look at again."""
    survey = imported.survey
    name = escape(survey.id)
    again = [hint("Runs that were closed stay closed.")] if imported.was_closed else []
    body = [
        heading(f"{_news(imported)}: {escape(excerpt(survey.title, _TITLE))}"),
        text(f"**{name}**, version {survey.version}, {counted(len(survey.questions), 'question')}"),
        text(f"**survey show {name}** shows it, and **send {name} to me** lets you answer it yourself first."),
        *again,
    ]

    def build(shown: int) -> Card:
        return card([*body, *advised(survey, advice, shown)], fallback=f"{_news(imported)}: {name}")

    return fitted(build, fewer(len(advice)))


def advice_card(survey: Survey, advice: Sequence[Advice]) -> Card:
    """Return what to look at again in a survey, and why."""
    title = f"Advice on {escape(survey.id)}"

    def build(shown: int) -> Card:
        return card([heading(title), *advised(survey, advice, shown)], fallback=title)

    return fitted(build, fewer(len(advice)))


def file_problems_card(
    problems: Sequence[FileProblem], *, title: str = "The survey was not imported", please: str = _PLEASE
) -> Card:
    """Return what has to be put right in a file, in the order of its lines, and what to do then."""
    ordered = sorted(problems, key=lambda problem: problem.line)

    def build(shown: int) -> Card:
        rows = [_problem(problem) for problem in ordered[:shown]]
        more = [hint(one) for one in left_out(len(ordered), shown)]
        return card([heading(title), text(please), section([*rows, *more])], fallback=f"{title}.")

    return fitted(build, fewer(len(ordered)))


def refused_audience_card(refused: AudienceFileRefused) -> Card:
    """Return every line that is wrong in the file of an audience, and what to do then."""
    return file_problems_card(refused.problems, title="Nothing was sent", please=_SEND_AGAIN)


def left_out_card(problems: Sequence[FileProblem], people: int) -> Card:
    """Return which lines of a file were left out, and why; `people` is how many are in it without them."""
    title = f"Left out: {counted(len({one.line for one in problems}), 'line')}"
    return file_problems_card(problems, title=title, please=f"The other **{people:,}** are taken.")


def advised(survey: Survey, advice: Sequence[Advice], shown: int) -> list[Element]:
    """Return pieces of advice on a survey, the first `shown` of them; nothing where there are none."""
    if not advice:
        return []
    intro = text(
        f"**{counted(len(advice), 'piece')} of advice.** Nothing has to be changed; the survey works as it is."
    )
    rows = [_advice(survey, one) for one in advice[:shown]]
    return [section([intro, *rows, *(hint(one) for one in left_out(len(advice), shown))])]


def _advice(survey: Survey, one: Advice) -> Element:
    question = survey.question(one.question)
    place = f"{excerpt(question.text, _QUESTION)} " if question else "The whole survey "
    tag = stretch(f"{one.rule.capitalize()}: ", color=Color.ACCENT, is_bold=True)
    return verbatim(tag, stretch(place, is_subtle=True), excerpt(one.sentence, _MESSAGE), is_close=True)


def _row(survey: Survey, last: Run | None) -> list[Element]:
    closed = ", closed" if survey.is_closed else ""
    sent = f"; last sent as {escape(last.run)}, version {last.survey.version}" if last else ""
    return [
        text(f"**{escape(survey.id)}**: {escape(excerpt(survey.title, _TITLE))}"),
        hint(f"{counted(len(survey.questions), 'question')}, version {survey.version}{closed}{sent}"),
    ]


def _news(imported: Imported) -> str:
    if imported.is_new:
        return "Survey imported"
    if imported.was_closed:
        return "Survey open again"
    return "Survey changed" if imported.has_changed else "Nothing has changed"


def _problem(problem: FileProblem) -> Element:
    field = f", {excerpt(problem.field, _FIELD)}" if problem.field else ""
    place = stretch(f"Line {problem.line}{field}: ", color=Color.ATTENTION, is_bold=True)
    return verbatim(place, excerpt(problem.message, _MESSAGE), is_close=True)
