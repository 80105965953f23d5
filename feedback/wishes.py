"""Wishes to be told when a run has so many answers: one for each person and run, until it has come true.

A wish is a line in a book of the ledger. It waits; then it is due, and whoever tells it takes it from there
(broadcast/telling.py). Nothing of it is kept once its person has been told.
"""

import contextlib
import re
from collections.abc import AsyncIterator

import msgspec

from feedback.errors import Refusal
from feedback.results.tallies import Cell
from feedback.runs.runs import Run
from store.contract import Conflict, Doc, Missing, Op, Patch, Store, Where
from store.pages import documents

BOOK = "wishes"
WAITING, DUE, TOLD, GIVEN_UP = "wish", "wish-due", "wish-told", "wish-given-up"
MOST = 10_000_000
_SEPARATORS = re.compile(r"(?<=\d)[ ,.'’_\u00a0\u202f](?=\d{3})")  # of thousands, in one language or another
_PAGE = 200


class NoNumber(Refusal):
    """At how many answers shall I tell you? Please write a number, such as **results {run} at 100**."""


class ThereAlready(Refusal):
    """{run} has {answered} answers already. Please name a higher number."""


class NeverThatMany(Refusal):
    """{run} went to {people} people, so it cannot have {wanted} answers. Please name a lower number."""


class OverAlready(Refusal):
    """{run} is over: it has {answered} answers, and takes no more."""


class Wish(msgspec.Struct, frozen=True):
    """Somebody who wants to be told when a run has so many answers. The id is "<run>|<person>"."""

    id: str
    run: str
    author: str  # person id
    answers: int
    at: str  # when it was made, then when it is due
    attempts: int = 0


def number_in(words: str) -> int | None:
    """Return the whole number that somebody wrote, or None."""
    plain = _SEPARATORS.sub("", words.strip(" .,!?"))
    return int(plain) if plain.isdecimal() and len(plain) <= len(str(MOST)) else None


async def keep_wish(store: Store, run: Run, person: str, words: str, cell: Cell, *, at: str) -> Wish:
    """Keep somebody's wish, in the place of another about the same run; durable when it returns. Raises `Refusal`."""
    wanted = number_in(words)
    answered = f"{cell.answered:,}"
    if not run.takes_answers:
        raise OverAlready(run=run.run, answered=answered)
    if not wanted:
        raise NoNumber(run=run.run)
    if wanted <= cell.answered:
        raise ThereAlready(run=run.run, answered=answered)
    if run.people and wanted > run.people:
        raise NeverThatMany(run=run.run, people=f"{run.people:,}", wanted=f"{wanted:,}")
    wish = Wish(_id(run.run, person), run.run, person, wanted, at)
    doc: Doc = {**msgspec.to_builtins(wish), "book": BOOK, "kind": WAITING}
    while True:
        kept = await store.get("ledger", BOOK, wish.id)
        try:
            if kept is None:
                await store.create("ledger", doc)
            else:
                await store.replace("ledger", doc, etag=str(kept["_etag"]))
        except (Conflict, Missing):
            continue
        return wish


async def find_wish(store: Store, run: str, person: str) -> Wish | None:
    """Return what somebody waits for about a run, or None."""
    doc = await store.get("ledger", BOOK, _id(run, person))
    return msgspec.convert(doc, Wish) if doc is not None and doc["kind"] in {WAITING, DUE} else None


async def forget_wish(store: Store, run: str, person: str) -> None:
    """Let somebody not be told."""
    with contextlib.suppress(Missing):
        await store.delete("ledger", BOOK, _id(run, person))


async def waiting_wishes(store: Store) -> AsyncIterator[Wish]:
    """Give every wish that has not come true yet."""
    async for doc in _docs(store, Where("kind", Op.EQ, WAITING)):
        yield msgspec.convert(doc, Wish)


async def wishes_of(store: Store, person: str) -> list[Doc]:
    """Return what the book holds about one person."""
    return [doc async for doc in _docs(store, Where("author", Op.EQ, person))]


async def fall_due(store: Store, wish: Wish, *, at: str) -> None:
    """Let a wish be told from now on, unless its person has changed it, or somebody else was first."""
    when = [Where("kind", Op.EQ, WAITING), Where("answers", Op.EQ, wish.answers)]
    with contextlib.suppress(Conflict, Missing):
        await store.patch("ledger", BOOK, Patch(wish.id, set={"kind": DUE, "at": at}, when=when))


async def clear_told(store: Store) -> None:
    """Remove the wishes whose people have been told, or cannot be."""
    async for doc in _docs(store, Where("kind", Op.IN, [TOLD, GIVEN_UP])):
        with contextlib.suppress(Conflict, Missing):
            await store.delete("ledger", BOOK, str(doc["id"]), etag=str(doc["_etag"]))


def _docs(store: Store, where: Where) -> AsyncIterator[Doc]:
    return documents(store, "ledger", partition=BOOK, where=[where], limit=_PAGE)


def _id(run: str, person: str) -> str:
    return f"{run}|{person}"
