"""What people wrote in words of their own: which texts of a run may be read, in which order, and the texts themselves.

The one way from answers to texts that are read, searched, tagged and grouped. Of an anonymous run there are none while
it is open, none of questions that too few have answered, and the order is another one for each question: else the first
text of one and the first of the next would be the same person's. Whoever keeps something about a text keeps its `ref`.
"""

import asyncio
import hashlib
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from feedback.results.sealing import find_sealed_tally, sealed_answers
from feedback.results.shown_results import anonymous_results
from feedback.results.tallies import Cell
from feedback.runs.runs import DeliveryState, Run, deliveries
from feedback.surveys.questions import Answers, Kind, Question
from store.contract import MAX_BATCH, Op, Store, Where
from store.pages import pages

MOST = 50_000  # answers to a question that are read; memory holds the ids of these
MOST_SEARCHED = 20_000
_AT_ONCE = 4  # requests to the store
_NEVER = datetime.min.replace(tzinfo=UTC)


class Place(msgspec.Struct, frozen=True):
    """Where a text is: `ref` names it to readers, `id` is the document that has it."""

    ref: str
    id: str
    at: datetime | None = None  # when it was answered; of an anonymous run nobody knows


class Reading(msgspec.Struct, frozen=True):
    """The texts of a run that may be read: for each question where they are, newest first or in an order of no meaning.

    A question that is not in here has none to show; `withheld` says why where that is so of all of them.
    """

    run: Run
    places: Mapping[str, Sequence[Place]]
    withheld: str = ""
    is_cut: bool = False  # there are more than are read


class Said(msgspec.Struct, frozen=True):
    """A text, and where it is."""

    place: Place
    text: str


class _Answered(msgspec.Struct, frozen=True):
    """Of a delivery, or of a sealed answer, what is read here."""

    id: str
    answers: Answers = {}


class Hits(msgspec.Struct, frozen=True):
    """The places whose texts have the words that were searched for, and among how many was searched."""

    places: Sequence[Place]
    among: int


def ref_of(question: str, answered: str, text: str) -> str:
    """Return what names a text to readers: no name, no id, and no way from one question to another.

    It is of these words. Where somebody changes their answer, or it is removed, what was kept about it means nothing.
    """
    words = f"{question}|{answered}|{text}".encode()
    return urlsafe_b64encode(hashlib.blake2b(words, digest_size=12).digest()).decode()


def text_questions(run: Run) -> list[Question]:
    """Return the questions that people answer in words of their own."""
    return [one for one in run.survey.questions if one.kind is Kind.TEXT]


async def read_places(store: Store, run: Run) -> Reading:
    """Return which texts of a run may be read, and where they are."""
    shown, withheld = await _readable(store, run)
    found: dict[str, list[Place]] = {question: [] for question in shown}
    if not found:
        return Reading(run, {}, withheld)
    is_cut = False
    async for one, at, answers in _answered(store, run):
        for question, places in found.items():
            if question in answers and len(places) == MOST:
                is_cut = True
            elif question in answers:
                places.append(Place(ref_of(question, one, str(answers[question])), one, at))
    return Reading(run, {question: _ordered(some) for question, some in found.items()}, is_cut=is_cut)


async def read_texts(store: Store, run: Run, question: str, places: Sequence[Place]) -> list[Said]:
    """Return the texts at some places as they are now, in the order given; those that are no more are left out."""
    parts = [places[start : start + MAX_BATCH] for start in range(0, len(places), MAX_BATCH)]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def read(part: Sequence[Place]) -> list[Said]:
        async with gate:
            answers = await _answers(store, run, [one.id for one in part])
        given = [(one, answers[one.id].get(question)) for one in part if one.id in answers]
        return [Said(one, text) for one, text in given if isinstance(text, str) and _is(one, question, text)]

    return [one for some in await asyncio.gather(*(read(part) for part in parts)) for one in some]


async def search_texts(store: Store, run: Run, question: str, places: Sequence[Place], words: str) -> Hits:
    """Return the places whose texts have all the words, in any form of case. Memory holds a part of the texts."""
    wanted, found = _folded(words).split(), list[Place]()
    looked = places[:MOST_SEARCHED]
    step = MAX_BATCH * _AT_ONCE
    for start in range(0, len(looked), step):
        some = await read_texts(store, run, question, looked[start : start + step])
        found += [one.place for one in some if all(word in _folded(one.text) for word in wanted)]
    return Hits(found, len(looked))


async def _readable(store: Store, run: Run) -> tuple[list[str], str]:
    """Return the questions whose texts may be read, and why there is none where that is so of all."""
    asked = [one.id for one in text_questions(run)]
    if not run.survey.is_anonymous:
        return asked, ""
    sealed = None if run.takes_answers else await find_sealed_tally(store, run)
    results = anonymous_results(run, Cell(), sealed, {})
    withheld = {one.question.id for one in results.questions if one.is_withheld}
    return [] if results.withheld else [one for one in asked if one not in withheld], results.withheld


async def _answered(store: Store, run: Run) -> AsyncIterator[tuple[str, datetime | None, Answers]]:
    if run.survey.is_anonymous:
        async for sealed in sealed_answers(store, run):
            yield sealed.id, None, sealed.answers
        return
    async for one in deliveries(store, run.run, states=frozenset({DeliveryState.ANSWERED})):
        yield one.id, one.answered_at, one.answers


async def _answers(store: Store, run: Run, ids: Sequence[str]) -> dict[str, Answers]:
    where = [Where("id", Op.IN, list(ids))]
    found: dict[str, Answers] = {}
    async for docs in pages(store, "runs", partition=run.run, where=where, limit=MAX_BATCH):
        found |= {one.id: one.answers for one in msgspec.convert(docs, list[_Answered])}
    return found


def _ordered(places: Sequence[Place]) -> list[Place]:
    """Return the newest first; those without a time by their ref, which each question has its own of."""
    return sorted(sorted(places, key=lambda one: one.ref), key=lambda one: one.at or _NEVER, reverse=True)


def _is(place: Place, question: str, text: str) -> bool:
    return ref_of(question, place.id, text) == place.ref


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
