"""Tallies: what is counted of a run's deliveries and answers, and how tallies of parts make the tally of the whole.

A tally follows from the deliveries alone, whatever the order or the grouping in which they are counted; so it can be
made again at any time and compared. Knows nothing of the store. tally_tree.py keeps tallies, results.py reads them.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC

import msgspec

from feedback.counts import (
    DAYS,
    HOURS,
    NUMBERS,
    Counts,
    Grains,
    Sums,
    counted,
    counts_together,
    number_value,
    summed,
    sums_together,
)
from feedback.questions import Answer, Kind, Question
from feedback.runs import Delivery, DeliveryState, Run

EVERYBODY = ""  # the cell of all people
LATEST = 5  # newest texts of a question that are remembered
NUMERIC = frozenset({Kind.NPS, Kind.RATING, Kind.CSAT, Kind.CES, Kind.NUMBER})
REACHED = frozenset({DeliveryState.SENT, DeliveryState.ANSWERED, DeliveryState.UNCONFIRMED, DeliveryState.SENDING})
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
    """What is counted of some people: how many are in each state, when they answered, by the hour, and what."""

    states: Mapping[str, int] = {}
    arrivals: Counts = Counts()
    questions: Mapping[str, QuestionTally] = {}

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
    return Tally({cell: _cell(run, some) for cell, some in members.items()})


def together(run: Run, tallies: Sequence[Tally]) -> Tally:
    """Return the tally of the whole from those of its parts."""
    parts: dict[str, list[Cell]] = {}
    for tally in tallies:
        for name, cell in tally.cells.items():
            parts.setdefault(name, []).append(cell)
    return Tally({name: _cells_together(run, cells) for name, cells in parts.items()})


def cells_of(delivery: Delivery) -> tuple[str, ...]:
    """Return the cells that a delivery counts in: everybody, and its arm. Segments are counted apart (segments.py)."""
    return (EVERYBODY, arm_cell(delivery.arm)) if delivery.arm else (EVERYBODY,)


def arm_cell(arm: str) -> str:
    """Return the name of the cell of those who see an arm."""
    return f"arm={arm}"


def _cell(run: Run, deliveries: Sequence[Delivery]) -> Cell:
    answered = [one for one in deliveries if one.state is DeliveryState.ANSWERED]
    questions = {one.id: _question(one, answered) for one in run.survey.questions}
    return Cell(
        states=dict(Counter(one.state.value for one in deliveries)),
        arrivals=counted((_moment(one)[: len("2026-03-01T09")] for one in answered if one.answered_at), HOURS),
        questions={name: tally for name, tally in questions.items() if tally.n},
    )


def _question(question: Question, answered: Sequence[Delivery]) -> QuestionTally:
    given = [(one, one.answers[question.id]) for one in answered if question.id in one.answers]
    answers = [answer for _, answer in given]
    if question.kind is Kind.TEXT:
        return QuestionTally(len(answers), latest=_newest((_place(question, one), one.id) for one, _ in given))
    values = (value for answer in answers for value in _values(question, answer))
    numbers = [one for one in answers if question.kind in NUMERIC and isinstance(one, int | float)]
    return QuestionTally(len(answers), counted(values, _GRAINS.get(question.kind, ())), summed(numbers))


def _cells_together(run: Run, cells: Sequence[Cell]) -> Cell:
    states = Counter[str]()
    for cell in cells:
        states.update(cell.states)
    questions = {
        one.id: questions_together(one, [cell.questions[one.id] for cell in cells if one.id in cell.questions])
        for one in run.survey.questions
    }
    return Cell(
        states=dict(states),
        arrivals=counts_together([one.arrivals for one in cells], HOURS),
        questions={name: tally for name, tally in questions.items() if tally.n},
    )


def questions_together(question: Question, tallies: Sequence[QuestionTally]) -> QuestionTally:
    """Return what is counted of a question among several groups of people together."""
    return QuestionTally(
        n=sum(one.n for one in tallies),
        counts=counts_together([one.counts for one in tallies], _GRAINS.get(question.kind, ())),
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
