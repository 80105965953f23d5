"""What pages show, made from what is known: pure functions from runs, tallies and results to rows and bars."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from dashboard.charts import Spec, chart_of, described, rows_of, weighted_rows_of
from feedback.results import figures
from feedback.results.coverage import Heard
from feedback.results.figures import Figure
from feedback.results.results import QuestionResult, Results
from feedback.results.shown_results import TOO_FEW_HERE
from feedback.results.tallies import Cell, Tally
from feedback.runs.progress import Progress
from feedback.runs.runs import DeliveryState, Run, RunState
from feedback.standing import Standing
from feedback.surveys.questions import Kind
from feedback.wording import STATE_WORDS

RUN_LABELS: dict[RunState, str] = {
    RunState.PROPOSED: "Waiting for approval",
    RunState.PLANNING: "Getting ready",
    RunState.SENDING: "Going out",
    RunState.HELD: "On hold",
    RunState.SENT: "Open for answers",
    RunState.CANCELLED: "Cancelled",
    RunState.FAILED: "Failed",
    RunState.CLOSED: "Closed",
    RunState.RECALLED: "Withdrawn",
}
HEARD_WORDS: dict[Heard, str] = {
    Heard.MISSED: "Not heard",
    Heard.LESS: "Less than their share",
    Heard.ALIKE: "As their share",
    Heard.MORE: "More than their share",
    Heard.TOO_FEW: "Too few answers",
}
GOT_IT = (DeliveryState.ANSWERED, DeliveryState.SENT, DeliveryState.UNCONFIRMED)
ORDER = (
    DeliveryState.ANSWERED,
    DeliveryState.SENT,
    DeliveryState.SENDING,
    DeliveryState.PLANNED,
    DeliveryState.UNCONFIRMED,
    DeliveryState.FAILED,
    DeliveryState.EXCLUDED,
    DeliveryState.CANCELLED,
    DeliveryState.RECALLED,
)
HOURS_SHOWN = 48
_REMARKS = {
    Kind.CHOICES: "several were possible",
    Kind.RANKING: "how often each was put first",
}


class Part(msgspec.Struct, frozen=True):
    """A part of a whole: from where to where in percent of a bar, and how many people."""

    name: str  # of its colour
    label: str
    count: int
    share: float
    start: float  # percent
    width: float  # percent


class RunRow(msgspec.Struct, frozen=True):
    """A run in a list."""

    run: Run
    label: str
    answered: int
    reached: int
    people: int
    parts: tuple[Part, ...]

    @property
    def rate(self) -> Figure:
        """The share of those reached who answered."""
        return figures.share(self.answered, self.reached)


class Reason(msgspec.Struct, frozen=True):
    """Why people were not reached or left out, and how many."""

    state: DeliveryState
    label: str
    why: str
    count: int


class Arrival(msgspec.Struct, frozen=True):
    """Answers in one hour, and its bar in percent."""

    hour: str
    count: int
    x: float
    height: float


class LiveRun(msgspec.Struct, frozen=True):
    """A run at a moment."""

    standing: Standing
    row: RunRow
    reasons: tuple[Reason, ...]
    arrivals: tuple[Arrival, ...]

    @property
    def done(self) -> float:
        """The share of people who have been dealt with."""
        people = self.standing.progress.people
        return 1 - self.standing.waiting / people if people else 0.0


class Answered(msgspec.Struct, frozen=True):
    """One line of a question's table."""

    label: str
    count: int
    share: Figure
    weighted: Figure | None = None


class Section(msgspec.Struct, frozen=True):
    """One question on the page of results."""

    result: QuestionResult
    rows: tuple[Answered, ...]
    chart: Spec | None
    words: str  # the chart in words
    by_arm: tuple["ArmSection", ...]

    @property
    def is_text(self) -> bool:
        """Whether people answered in words of their own."""
        return self.result.question.kind is Kind.TEXT

    @property
    def remark(self) -> str:
        """What has to be known to read the figures."""
        return TOO_FEW_HERE if self.result.is_withheld else _REMARKS.get(self.result.question.kind, "")


class ArmSection(msgspec.Struct, frozen=True):
    """The same question among those who saw one arm, or one of several."""

    name: str
    result: QuestionResult
    rows: tuple[Answered, ...]


def run_row(run: Run, cell: Cell) -> RunRow:
    """Return a run with what is counted of it."""
    return _row(run, {DeliveryState(name): count for name, count in cell.states.items()})


def live_run(standing: Standing, tally: Tally) -> LiveRun:
    """Return where a run stands, with the answers by hour unless it is anonymous: it keeps no hours."""
    return LiveRun(
        standing=standing,
        row=_row(standing.run, standing.progress.by_state),
        reasons=_reasons(standing.progress),
        arrivals=() if standing.run.survey.is_anonymous else _arrivals(tally.everybody),
    )


def sections(results: Results) -> list[Section]:
    """Return the questions of a page of results."""
    return [_section(one) for one in results.questions]


def _row(run: Run, states: dict[DeliveryState, int]) -> RunRow:
    reached = sum(states.get(state, 0) for state in (*GOT_IT, DeliveryState.SENDING))
    people = sum(states.values())
    return RunRow(run, RUN_LABELS[run.state], states.get(DeliveryState.ANSWERED, 0), reached, people, _parts(states))


def _parts(states: dict[DeliveryState, int]) -> tuple[Part, ...]:
    whole, start = sum(states.values()), 0.0
    parts = []
    for state in ORDER:
        if not states.get(state):
            continue
        width = 100 * states[state] / whole
        parts.append(Part(state.value, STATE_WORDS[state], states[state], states[state] / whole, start, width))
        start += width
    return tuple(parts)


def _reasons(progress: Progress) -> tuple[Reason, ...]:
    found = []
    for name, count in sorted(progress.by_reason.items(), key=lambda one: (-one[1], one[0])):
        state, _, why = name.partition(": ")
        found.append(Reason(DeliveryState(state), STATE_WORDS[DeliveryState(state)], why, count))
    return tuple(found)


def _arrivals(cell: Cell) -> tuple[Arrival, ...]:
    """Return the latest hours in which answers came, and those between without any; days where hours are not kept."""
    counts = _without_gaps(cell.arrivals.by_value)[-HOURS_SHOWN:]
    most = max((count for _, count in counts), default=0)
    step = 100 / len(counts) if counts else 0
    return tuple(
        Arrival(_hour(hour), count, number * step, 100 * count / most) for number, (hour, count) in enumerate(counts)
    )


def _without_gaps(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return every hour, or day, up to the last one that counts; months as they are."""
    if not counts:
        return []
    last, length = max(counts), len(max(counts))
    if length < len("2026-11-24"):
        return sorted(counts.items())
    step = timedelta(hours=1) if "T" in last else timedelta(days=1)
    end = datetime.fromisoformat(last if "T" not in last else f"{last}:00")
    every = [(end - step * back).isoformat()[:length] for back in range(HOURS_SHOWN)]
    return [(one, counts.get(one, 0)) for one in reversed(every) if one >= min(counts)]


def _hour(stored: str) -> str:
    """Return “2026-11-24 09:00” of “2026-11-24T09”; days stay as they are."""
    day, found, hour = stored.partition("T")
    return f"{day} {hour}:00" if found else day


def _section(result: QuestionResult) -> Section:
    arms = [ArmSection(one.name, one.result, _rows(one.result)) for one in result.by_arm]
    return Section(result, _rows(result), chart_of(result), described(result), tuple(arms))


def _rows(result: QuestionResult) -> tuple[Answered, ...]:
    weighted = weighted_rows_of(result)
    return tuple(
        Answered(label, count, figures.share(count, result.n), weighted[place] if weighted else None)
        for place, (label, count) in enumerate(rows_of(result))
    )
