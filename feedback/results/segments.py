"""Results by segment: the figures of those who share a value of an attribute, counted when somebody asks for them.

Deliveries know no attributes, people do; so it looks at everybody who has answered, a hundred at a time. Nothing is
shown of a few people alone, and of an anonymous run nothing at all: its answers carry nothing of their people.
"""

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from feedback.errors import Refusal
from feedback.people.people import find_people
from feedback.results.coverage import MOST_VALUES, OTHERS, UNKNOWN
from feedback.results.question_results import QuestionResult, question_result
from feedback.results.suppression import is_shown
from feedback.results.tallies import EVERYBODY, Cell, QuestionTally, Tally, tally_of, together
from feedback.runs.runs import Delivery, DeliveryState, Run, deliveries
from feedback.surveys.questions import Question
from store.contract import MAX_BATCH, Store

MOST_ANSWERS = 20_000  # are counted while somebody waits
FEWEST = 5  # people that figures are shown of, as with an anonymous survey that says nothing else
LOOKED_AT = 500  # people whose attributes say which there are
WITHHELD = "This survey is anonymous: its answers carry nothing of their people, so there are no figures by segment."


class TooManyToCount(Refusal):
    """More than {most} people have answered, too many to count by segment while you wait. The dashboard has files."""


class AttributeUnknown(Refusal):
    """Nothing called “{attribute}” is known about those who have answered. There is: {known}."""


class Segment(msgspec.Struct, frozen=True):
    """The people with one value, and what they answered; in the order of the survey's questions."""

    value: str
    n: int
    questions: tuple[QuestionResult, ...]


class Segments(msgspec.Struct, frozen=True):
    """What is known by one attribute, largest segment first. `rest` are people who are too few to be shown."""

    run: Run
    attribute: str
    n: int
    segments: tuple[Segment, ...]
    rest: int = 0
    withheld: str = ""  # why there is nothing to show, as a sentence


async def attributes_of(store: Store, run: Run) -> list[str]:
    """Return the names of what is known about those who answered; of an anonymous run, none."""
    names: set[str] = set()
    looked_at = 0
    async for some in _answered(store, run):
        for attributes in (await _attributes(store, some)).values():
            names |= set(attributes)
        looked_at += len(some)
        if looked_at >= LOOKED_AT:
            break
    return sorted(names)


async def segments_of(store: Store, run: Run, attribute: str) -> Segments:
    """Return what people answered by one thing known about them. Raises `TooManyToCount` or `AttributeUnknown`."""
    if run.survey.is_anonymous:
        return Segments(run, attribute, 0, (), withheld=WITHHELD)
    cells: dict[str, Cell] = {}
    n = 0
    async for some in _answered(store, run):
        n += len(some)
        if n > MOST_ANSWERS:
            raise TooManyToCount(most=f"{MOST_ANSWERS:,}")
        attributes = await _attributes(store, some)
        for value, cell in _by_value(run, some, attribute, attributes).items():
            cells[value] = _together(run, [cells[value], cell]) if value in cells else cell
    if n and not any(cells):
        known = ", ".join(await attributes_of(store, run)) or "nothing"
        raise AttributeUnknown(attribute=attribute, known=known)
    return _shown(run, attribute, cells)


def _by_value(
    run: Run, some: Sequence[Delivery], attribute: str, attributes: Mapping[str, Mapping[str, str]]
) -> dict[str, Cell]:
    """Return what is counted of some deliveries by the value of their people, "" where it is not known."""
    members: dict[str, list[Delivery]] = {}
    for one in some:
        members.setdefault(attributes.get(one.id, {}).get(attribute, ""), []).append(one)
    return {value: tally_of(run, these).everybody for value, these in members.items()}


def _shown(run: Run, attribute: str, cells: Mapping[str, Cell]) -> Segments:
    """Return the segments that may be shown; those of a few people are taken together, and left out where still few."""
    common = sorted((value for value in cells if value), key=lambda value: (-cells[value].answered, value))
    large = [value for value in common if is_shown(cells[value].answered, FEWEST)][:MOST_VALUES]
    others = _together(run, [cells[value] for value in common if value not in large])
    found = [(value, cells[value]) for value in large]
    found += [(OTHERS, others), (UNKNOWN, cells.get("", Cell()))]
    shown = [_segment(run, value, cell) for value, cell in found if is_shown(cell.answered, FEWEST)]
    n = sum(cell.answered for cell in cells.values())
    return Segments(run, attribute, n, tuple(shown), rest=n - sum(one.n for one in shown))


def _together(run: Run, cells: Sequence[Cell]) -> Cell:
    return together(run, [Tally({EVERYBODY: one}) for one in cells]).everybody


def _segment(run: Run, value: str, cell: Cell) -> Segment:
    return Segment(value, cell.answered, tuple(_question(one, cell) for one in run.survey.questions))


def _question(question: Question, cell: Cell) -> QuestionResult:
    """Return one question's figures among the people of a segment, without any texts."""
    tally = cell.questions.get(question.id, QuestionTally())
    if tally.n and not is_shown(tally.n, FEWEST):
        return QuestionResult(question, 0, is_withheld=True)
    return question_result(question, tally, {})


async def _answered(store: Store, run: Run) -> AsyncIterator[list[Delivery]]:
    """Give those who answered, a hundred at a time; of an anonymous run nobody."""
    if run.survey.is_anonymous:
        return
    some: list[Delivery] = []
    async for one in deliveries(store, run.run, states=frozenset({DeliveryState.ANSWERED})):
        some.append(one)
        if len(some) == MAX_BATCH:
            yield some
            some = []
    if some:
        yield some


async def _attributes(store: Store, some: Sequence[Delivery]) -> Mapping[str, Mapping[str, str]]:
    return {one.id: one.attributes for one in await find_people(store, [one.id for one in some])}
