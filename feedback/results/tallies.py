"""Tallies: what is counted of a run's deliveries and answers, and how tallies of parts make the tally of the whole.

A tally follows from the deliveries alone, whatever the order or the grouping in which they are counted; so it can be
made again at any time and compared. Knows nothing of the store. tally_tree.py keeps tallies, results.py reads them.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC

import msgspec

from feedback.results.counts import (
    DAYS,
    HOURS,
    MAX_VALUES,
    NUMBERS,
    Counts,
    Grains,
    Sums,
    as_coarse,
    counted,
    counts_together,
    number_value,
    summed,
    sums_together,
)
from feedback.runs.runs import Delivery, DeliveryState, Run
from feedback.surveys.questions import Answer, Kind, Question

EVERYBODY = ""  # the cell of all people
LATEST = 5  # newest texts of a question that are remembered
NUMERIC = frozenset({Kind.NPS, Kind.RATING, Kind.CSAT, Kind.CES, Kind.NUMBER})
REACHED = frozenset({DeliveryState.SENT, DeliveryState.ANSWERED, DeliveryState.UNCONFIRMED, DeliveryState.SENDING})
WEIGHED = frozenset(Kind) - {Kind.TEXT, Kind.DATE}  # kinds with figures that can be weighted
MOST_COMPANIES = 200  # that are kept apart; more are counted in 256 groups, by a hash of their names
MOST_IN_A_SEGMENT = 100  # different numbers: there are as many tallies of a question as there are segments
TENANT_DIGITS = 8
_SEGMENT = "mix="  # what the names of their cells begin with
_COMPANIES: Grains = (lambda name: f"#{hashlib.blake2b(name.encode(), digest_size=1).hexdigest()}",)
_GRAINS: dict[Kind, Grains] = {Kind.NUMBER: NUMBERS, Kind.DATE: DAYS}  # the values of all others are few

Text = tuple[str, str]  # when it was answered, or a hash, and the id of what has it


class QuestionTally(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is counted of one question: `n` answers, and how often each value was given; texts are not copied.

    `latest` names where the newest texts are, newest first.
    """

    n: int = 0
    counts: Counts = Counts()
    sums: Sums = Sums()
    latest: tuple[Text, ...] = ()


class Cell(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is counted of some people: how many are in each state, when they answered, by the hour, and what.

    `companies` are those of everybody, `heard` those of who answered; neither of anonymous runs or of segments. A
    segment's cell has no hours, and no texts.
    """

    states: Mapping[str, int] = {}
    arrivals: Counts = Counts()
    questions: Mapping[str, QuestionTally] = {}
    companies: Counts = Counts()
    heard: Counts = Counts()

    @property
    def answered(self) -> int:
        """How many people answered."""
        return self.states.get(DeliveryState.ANSWERED, 0)

    @property
    def reached(self) -> int:
        """How many were sent the survey, as far as is known."""
        return sum(self.states.get(state, 0) for state in REACHED)


class Tally(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is counted of a run, or of a part of it, by cell. A cell without people is absent."""

    cells: Mapping[str, Cell] = {}

    @property
    def everybody(self) -> Cell:
        """The cell of all people."""
        return self.cells.get(EVERYBODY, Cell())


def tally_of(run: Run, deliveries: Sequence[Delivery]) -> Tally:
    """Return the tally of some deliveries of a run."""
    members: dict[str, list[Delivery]] = {}
    for one in deliveries:
        for cell in cells_of(one):
            members.setdefault(cell, []).append(one)
    return Tally({name: _cell(run, name, some) for name, some in members.items()})


def together(run: Run, tallies: Sequence[Tally]) -> Tally:
    """Return the tally of the whole from those of its parts."""
    parts: dict[str, list[Cell]] = {}
    for tally in tallies:
        for name, cell in tally.cells.items():
            parts.setdefault(name, []).append(cell)
    return Tally({name: _cells_together(run, name, cells) for name, cells in parts.items()})


def cells_of(delivery: Delivery) -> tuple[str, ...]:
    """Return the cells that a delivery counts in: everybody, its arm, and its segment, which is one for each arm."""
    arm = (arm_cell(delivery.arm),) if delivery.arm else ()
    return (EVERYBODY, *arm, segment_cell(delivery.segment, delivery.arm)) if delivery.segment else (EVERYBODY, *arm)


def arm_cell(arm: str) -> str:
    """Return the name of the cell of those who see an arm."""
    return f"arm={arm}"


def segment_cell(segment: str, arm: str) -> str:
    """Return the name of the cell of a segment's people who see an arm; or no arm, where there are none."""
    return f"{_SEGMENT}{segment}&{arm_cell(arm)}" if arm else f"{_SEGMENT}{segment}"


def segment_cells(tally: Tally) -> list[tuple[str, str, Cell]]:
    """Return the segments that there are in a tally, with their arms and cells."""
    found = []
    for name, cell in tally.cells.items():
        if name.startswith(_SEGMENT):
            segment, _, arm = name.removeprefix(_SEGMENT).partition(f"&{arm_cell('')}")
            found.append((segment, arm, cell))
    return sorted(found, key=lambda one: one[:2])


def company_of(delivery: Delivery) -> str:
    """Return the company that somebody is counted in: the one they are known to be of, or their Entra tenant.

    Of the tenant's id it is the first digits: that is enough to tell a company from others, and a tally has hundreds.
    """
    return delivery.company or delivery.id.partition(":")[0][:TENANT_DIGITS]


def _cell(run: Run, name: str, deliveries: Sequence[Delivery]) -> Cell:
    answered = [one for one in deliveries if one.state is DeliveryState.ANSWERED]
    states = dict(Counter(one.state.value for one in deliveries))
    if name.startswith(_SEGMENT):
        weighed = {one.id: _question(one, answered, MOST_IN_A_SEGMENT) for one in _weighed(run)}
        return Cell(states=states, questions={one: tally for one, tally in weighed.items() if tally.n})
    questions = {one.id: _question(one, answered) for one in run.survey.questions}
    has_companies = name == EVERYBODY and not run.survey.is_anonymous
    return Cell(
        states=states,
        arrivals=counted((_moment(one)[: len("2026-03-01T09")] for one in answered if one.answered_at), HOURS),
        questions={one: tally for one, tally in questions.items() if tally.n},
        companies=_companies(deliveries) if has_companies else Counts(),
        heard=_companies(answered) if has_companies else Counts(),
    )


def _companies(deliveries: Sequence[Delivery]) -> Counts:
    return counted(map(company_of, deliveries), _COMPANIES, most=MOST_COMPANIES)


def _weighed(run: Run) -> list[Question]:
    return [one for one in run.survey.questions if one.kind in WEIGHED]


def same_companies(*counts: Counts) -> list[Counts]:
    """Return counts by company so that all name companies, or none does."""
    grain = max(one.grain for one in counts)
    return [as_coarse(one, grain, _COMPANIES) for one in counts]


def same_values(question: Question, tallies: Sequence[QuestionTally]) -> list[Counts]:
    """Return how often each value was given in several tallies of a question, all with values of the same grain."""
    grain = max((one.counts.grain for one in tallies), default=0)
    return [as_coarse(one.counts, grain, _GRAINS.get(question.kind, ())) for one in tallies]


def _question(question: Question, answered: Sequence[Delivery], most: int = MAX_VALUES) -> QuestionTally:
    given = [(one, one.answers[question.id]) for one in answered if question.id in one.answers]
    answers = [answer for _, answer in given]
    if question.kind is Kind.TEXT:
        return QuestionTally(len(answers), latest=_newest((_place(question, one), one.id) for one, _ in given))
    values = (value for answer in answers for value in _values(question, answer))
    numbers = [one for one in answers if question.kind in NUMERIC and isinstance(one, int | float)]
    counts = counted(values, _GRAINS.get(question.kind, ()), most=most)
    return QuestionTally(len(answers), counts, summed(numbers))


def _cells_together(run: Run, name: str, cells: Sequence[Cell]) -> Cell:
    states = Counter[str]()
    for cell in cells:
        states.update(cell.states)
    most = MOST_IN_A_SEGMENT if name.startswith(_SEGMENT) else MAX_VALUES
    questions = {
        one.id: questions_together(one, [cell.questions[one.id] for cell in cells if one.id in cell.questions], most)
        for one in run.survey.questions
    }
    return Cell(
        states=dict(states),
        arrivals=counts_together([one.arrivals for one in cells], HOURS),
        questions={one: tally for one, tally in questions.items() if tally.n},
        companies=counts_together([one.companies for one in cells], _COMPANIES, most=MOST_COMPANIES),
        heard=counts_together([one.heard for one in cells], _COMPANIES, most=MOST_COMPANIES),
    )


def questions_together(question: Question, tallies: Sequence[QuestionTally], most: int = MAX_VALUES) -> QuestionTally:
    """Return what is counted of a question among several groups of people together."""
    return QuestionTally(
        n=sum(one.n for one in tallies),
        counts=counts_together([one.counts for one in tallies], _GRAINS.get(question.kind, ()), most=most),
        sums=sums_together([one.sums for one in tallies]),
        latest=_newest(text for one in tallies for text in one.latest),
    )


def _newest(texts: Iterable[Text]) -> tuple[Text, ...]:
    return tuple(sorted(texts, reverse=True)[:LATEST])


def part_value(part: str, choice: str) -> str:
    """Return what a choice is counted under that was put at a place of a ranking, or in a row of a matrix."""
    return f"{part}.{choice}"


def _values(question: Question, answer: Answer) -> list[str]:
    """Return every single thing answered as the value it is counted under; several choices count one each."""
    match answer:
        case bool():
            return ["yes" if answer else "no"]
        case int() | float():
            return [number_value(answer)]
        case list() if question.kind is Kind.RANKING:
            return [part_value(str(place), one) for place, one in enumerate(answer, 1)]
        case list():
            return answer
        case dict():
            return [part_value(row, one) for row, one in answer.items()]
        case _:
            return [answer]


def _place(question: Question, answered: Delivery) -> str:
    """Return what the texts of a question are ordered by: when they were given, or else a hash.

    An answer without a time is an anonymous one. Were its texts in the order of its id everywhere, the first text of
    one question and the first of the next would be the same person's; so each question has an order of its own.
    """
    if answered.answered_at is not None:
        return _moment(answered)
    return hashlib.blake2b(f"{question.id}|{answered.id}".encode(), digest_size=8).hexdigest()


def _moment(delivery: Delivery) -> str:
    """Return when somebody answered, written so that texts sort as times do."""
    at = delivery.answered_at
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else ""
