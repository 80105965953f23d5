"""Stop-when-sure: which people of a run are asked in which wave, and when a segment is sure enough to ask no more.

The book of a run's waves is one document beside the run. It says which slices are whose, how many waves of each segment
have left, and which segments are sure; everything that is done to slices follows from it and may be done again. Why
looking again and again does no harm to the interval is in docs/decisions/0032.
"""

import contextlib
import hashlib
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

import msgspec

from feedback.errors import Refusal, quote
from feedback.people.audience_words import value_form
from feedback.results import figures
from feedback.results.figures import Figure
from feedback.results.question_results import question_result
from feedback.results.tallies import Cell, QuestionTally
from feedback.runs.deliveries import SLICE
from feedback.runs.runs import Run
from feedback.runs.wave_words import Waves, margin_words
from feedback.surveys.questions import SCALES, Kind, Question
from feedback.surveys.surveys import Survey
from store.contract import Conflict, Doc, Op, Store, Where
from store.pages import documents

ENOUGH = 30
"""Answers of a segment under which no margin counts: with fewer, intervals cover less than they say (decision 0032)."""
MOST_SEGMENTS = 20
BOOK = "waves"  # the id and the kind of the document
OPEN, OVER = "open", "over"
EVERYBODY = "everybody"
SHARES = frozenset({Kind.YES_NO, Kind.CHOICE, Kind.IMAGE_CHOICE, Kind.CHOICES})
MEANS = frozenset({Kind.RATING, Kind.CSAT, Kind.CES})
SURE = "sure enough"
ALL_ASKED = "asked to the last"
UNITS = {
    Kind.NPS: "points",
    **dict.fromkeys(MEANS, "steps of the scale"),
    **dict.fromkeys(SHARES, "percentage points"),
}


class WavesAnonymous(Refusal):
    """“{survey}” is anonymous: it has no figures before its end, so no wave can be the last. Leave out “until …”."""


class WavesOfArms(Refusal):
    """“{survey}” compares designs; waves end at the margin of one figure, not of a difference. Leave out “until”."""


class WavesWithoutFigure(Refusal):
    """“{survey}” asks everybody nothing with a margin: nps, rating, csat, ces, yes_no or choice. Leave out “until”."""


class WavesTooWide(Refusal):
    """{margin} says nothing about “{question}”: its margin has to be under {most}. Nothing was sent."""


class SegmentUnknown(Refusal):
    """Nobody in this audience has a value of {attribute}, so there are no segments, and nothing was sent."""


class TooManySegments(Refusal):
    """{attribute} has more than {most} values in this audience: too many to be sure of each. Nothing was sent."""


class Segment(msgspec.Struct, frozen=True, omit_defaults=True):
    """The people of a run with one value of an attribute, and how far asking them has come.

    `first` is the number of their first slice; those of a wave follow each other, and waves do. `released` counts the
    waves that have left. `n` and `margin` are what the last look found; without a margin there was none.
    """

    value: str
    people: int
    first: int
    released: int = 1
    is_sure: bool = False
    n: int = 0
    margin: float | None = None


class Book(msgspec.Struct, frozen=True, omit_defaults=True):
    """The waves of a run. `look_at` is when the last wave's time is over; None while it is leaving.

    `is_done` says that all that follows from the book for slices has been done to them.
    """

    run: str
    created_at: datetime  # as of the run: by it, open books are found among all documents
    size: int
    segments: tuple[Segment, ...]
    state: str = OPEN
    look_at: datetime | None = None
    is_done: bool = False

    @property
    def is_open(self) -> bool:
        """Whether another wave may leave."""
        return self.state == OPEN

    @property
    def end(self) -> int:
        """The first number after the slices of all segments."""
        return max((self.slices_of(one, self.waves_of(one) - 1).stop for one in self.segments), default=0)

    def waves_of(self, segment: Segment) -> int:
        """Return in how many waves all of a segment would be asked."""
        return -(-segment.people // self.size)

    def slices_of(self, segment: Segment, wave: int) -> range:
        """Return the numbers of the slices of one wave, from 0, of a segment."""
        whole = -(-self.size // SLICE)
        start = segment.first + wave * whole
        people = min(self.size, segment.people - wave * self.size)
        return range(start, start + -(-max(people, 0) // SLICE))

    def asked_slices(self, segment: Segment) -> range:
        """Return the numbers of the slices of a segment that have left, or leave."""
        last = min(segment.released, self.waves_of(segment)) - 1
        return range(segment.first, self.slices_of(segment, last).stop if last >= 0 else segment.first)

    @property
    def has_more(self) -> bool:
        """Whether somebody may still be asked in a wave to come."""
        return any(not one.is_sure and one.released < self.waves_of(one) for one in self.segments)

    def fate(self, number: int) -> tuple[Segment, bool] | None:
        """Return whose a slice is and whether it may leave; None for one of nobody's, such as of those excluded."""
        for one in self.segments:
            last = self.slices_of(one, self.waves_of(one) - 1)
            if one.first <= number < last.stop:
                return one, number in self.asked_slices(one)
        return None


def check_survey(survey: Survey, waves: Waves) -> Question:
    """Return the question whose margin ends the waves. Raises a `Refusal` where these waves cannot be."""
    if survey.is_anonymous:
        raise WavesAnonymous(survey=survey.id)
    if survey.arms:
        raise WavesOfArms(survey=survey.id)
    question = deciding(survey)
    if question is None:
        raise WavesWithoutFigure(survey=survey.id)
    low, high = SCALES[question.kind] if question.kind in MEANS else (-50, 50)
    most = (high - low) / 2
    if waves.margin >= most:
        raise WavesTooWide(margin=margin_words(waves.margin), question=question.text[:80], most=margin_words(most))
    return question


def deciding(survey: Survey) -> Question | None:
    """Return the first question with a margin that is asked of everybody."""
    found = (one for one in survey.questions if one.kind in MEANS | SHARES | {Kind.NPS} and one.ask_if is None)
    return next(found, None)


def margin_of(question: Question, tally: QuestionTally) -> float | None:
    """Return how far the figure may be off at 95 %, by which waves end; None where nothing can be said.

    In points for NPS, in steps of the scale for means, in percentage points for shares: of several choices, of the one
    that is least sure. It is the longer side of the interval. For means the variance has the square of the scale's
    length over n added: where all have agreed so far, the interval alone has no width (Y. S. Chow and H. Robbins, "On
    the Asymptotic Theory of Fixed-Width Sequential Confidence Intervals for the Mean", The Annals of Mathematical
    Statistics 36, 1965, 457-462).
    """
    result = question_result(question, tally, {})
    if question.kind is Kind.NPS:
        return _longer_side(result.nps)
    if question.kind in MEANS:
        half, (low, high) = _longer_side(result.mean), SCALES[question.kind]
        return None if half is None else math.hypot(half, figures.t_quantile(tally.n - 1) * (high - low) / tally.n)
    sides = [_longer_side(figures.share(count, tally.n)) for _, count in result.counts]
    known = [one for one in sides if one is not None]
    return 100 * max(known) if known else None


def margin_now(question: Question, cell: Cell) -> tuple[int, float | None]:
    """Return how many of some people answered the question, and how far the figure may be off."""
    tally = cell.questions.get(question.id, QuestionTally())
    return tally.n, margin_of(question, tally)


def place_of(seed: str, person: str) -> int:
    """Return where somebody stands in the random order of a run: by its seed alone, the same whenever it is asked."""
    return int.from_bytes(hashlib.blake2b(person.encode(), key=seed.encode()[:64], digest_size=8).digest())


def segment_of(waves: Waves, attributes: Mapping[str, str]) -> str:
    """Return the value by which somebody belongs to a segment; empty for those without one, who are a segment too."""
    return value_form(attributes.get(waves.by, "")) if waves.by else ""


def segment_name(waves: Waves, segment: Segment) -> str:
    """Return what a segment is called where it is shown: “size=small”, “size unknown” or “everybody”."""
    if not waves.by:
        return EVERYBODY
    return f"{waves.by}={segment.value}" if segment.value else f"{waves.by} unknown"


def new_book(run: Run, waves: Waves, people: Mapping[str, int]) -> Book:
    """Return the book of a run that begins, with how many people each segment has."""
    book, number = Book(run.run, run.created_at, waves.size, ()), 0
    for value, count in sorted(people.items(), key=lambda one: (one[0] == "", one[0])):
        segment = Segment(value, count, number)
        number = book.slices_of(segment, book.waves_of(segment) - 1).stop
        book = msgspec.structs.replace(book, segments=(*book.segments, segment))
    return book


def looked(run: Run, book: Book, cells: Sequence[Cell]) -> Book:
    """Return the book after a look at what each segment has answered: sure ones stop, the others get a wave more."""
    question = deciding(run.survey)
    if run.waves is None or question is None:
        return book
    segments = []
    for one, cell in zip(book.segments, cells, strict=True):
        n, margin = margin_now(question, cell)
        seen = msgspec.structs.replace(one, n=n, margin=margin)
        if one.is_sure or one.released >= book.waves_of(one):
            segments.append(one)
        elif is_enough(seen.margin, seen.n, run.waves):
            segments.append(msgspec.structs.replace(seen, is_sure=True))
        else:
            segments.append(msgspec.structs.replace(seen, released=one.released + 1))
    return msgspec.structs.replace(book, segments=tuple(segments), look_at=None, is_done=False)


def is_enough(margin: float | None, n: int, waves: Waves) -> bool:
    """Say whether a segment is known as well as was asked for."""
    return margin is not None and n >= ENOUGH and margin <= waves.margin


def why_sure(waves: Waves, segment: Segment) -> str:
    """Return the reason of those whom nobody need ask any more."""
    found = margin_words(round(segment.margin or 0.0, 2))
    return f"{SURE}: {segment_name(waves, segment)} is at {found}, asked for {margin_words(waves.margin)}"


async def keep_new_book(store: Store, book: Book) -> Book:
    """Write the book of a run, unless there is one: planning that begins again keeps what there is."""
    with contextlib.suppress(Conflict):
        await store.create("runs", _doc(book))
    found = await find_book(store, book.run)
    if found is None:
        msg = f"the book of {book.run} is gone"
        raise LookupError(msg)
    return found[0]


async def find_book(store: Store, run: str) -> tuple[Book, str] | None:
    """Return the book of a run with its version, or None."""
    doc = await store.get("runs", run, BOOK)
    return None if doc is None else (msgspec.convert(doc, Book), str(doc["_etag"]))


async def replace_book(store: Store, book: Book, version: str) -> str:
    """Write a book over the version that was read, and return its own; empty where somebody else was first."""
    try:
        return str((await store.replace("runs", _doc(book), etag=version))["_etag"])
    except Conflict:
        return ""


async def open_books(store: Store) -> AsyncIterator[tuple[Book, str]]:
    """Give the books of all runs whose waves are not over, with their versions."""
    where = [Where("kind", Op.EQ, BOOK), Where("state", Op.EQ, OPEN)]
    async for doc in documents(store, "runs", where=where, order="created_at"):
        yield msgspec.convert(doc, Book), str(doc["_etag"])


def unknown_segment(waves: Waves) -> SegmentUnknown:
    """Return the refusal of an attribute that nobody has."""
    return SegmentUnknown(attribute=quote(waves.by))


def _longer_side(figure: Figure | None) -> float | None:
    if figure is None or figure.interval is None:
        return None
    return max(figure.interval.high - figure.value, figure.value - figure.interval.low)


def _doc(book: Book) -> Doc:
    return {**msgspec.to_builtins(book), "id": BOOK, "kind": BOOK, "state": book.state}
