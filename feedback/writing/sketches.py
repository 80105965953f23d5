"""Sketches: the survey that somebody is writing. One for each author, kept until it is saved or thrown away.

A sketch is a document in the ledger's book `sketches`, with the step it is at inside. Every change is conditional on
the sketch that was read and counts up its revision, so that nothing is done twice. What may be done to a sketch is in
sketching.py.
"""

from enum import StrEnum

import msgspec

from feedback.surveys.questions import Question
from feedback.surveys.surveys import Survey
from store.contract import Doc, Store

BOOK = "sketches"
NEW_ID = "survey"  # what the survey in a sketch is called until it has a name of its own


class Step(StrEnum):
    """What a sketch waits for."""

    TITLE = "title"
    INTRO = "intro"
    KIND = "kind"  # of the question in the making, as are the next four
    TEXT = "text"
    ROWS = "rows"
    CHOICES = "choices"
    HELP = "help"
    ONLY_IF = "only_if"  # the condition of the question at hand
    PAGE_TITLE = "page_title"  # of the page that the question at hand begins
    QUESTION = "question"  # what to change in the question at hand
    DESIGNS = "designs"  # those that people compare
    SURVEY = "survey"  # what to do next with all of it
    NAME = "name"  # the survey's id, before it is saved
    SURE = "sure"  # whether to throw it away


class Sketch(msgspec.Struct, frozen=True, omit_defaults=True):
    """A survey in the making. Questions are counted from 0 here, and from 1 for people.

    `survey` is as far as it is finished: it may have no questions yet. `made` is the question in the making, which
    takes the place of the one at hand, or comes last where `is_added`.
    """

    id: str  # person id of its author
    survey: Survey
    step: Step = Step.TITLE
    revision: int = 1  # counts up with every change
    here: int = 0  # the question at hand
    made: Question | None = None
    is_added: bool = False
    over: int = 0  # the version of the kept survey that it was opened from; 0 where it is a new survey
    is_named: bool = False  # whether the survey's id is the author's wish
    last: str = ""  # what made the last change, so that it is recognised when it comes again


class Found(msgspec.Struct, frozen=True):
    """A sketch as it is kept."""

    sketch: Sketch
    etag: str


def new_sketch(author: str) -> Sketch:
    """Return a sketch with nothing in it."""
    return Sketch(id=author, survey=Survey(NEW_ID, "", ()))


async def find_sketch(store: Store, author: str) -> Found | None:
    """Return an author's sketch, or None."""
    doc = await store.get("ledger", BOOK, author)
    return None if doc is None else Found(msgspec.convert(doc, Sketch), str(doc["_etag"]))


async def begin_sketch(store: Store, sketch: Sketch) -> Sketch:
    """Keep a first sketch. Raises `Conflict` where its author has one."""
    await store.create("ledger", _doc(sketch))
    return sketch


async def keep_sketch(store: Store, found: Found, changed: Sketch, *, source: str) -> Sketch:
    """Keep a change of a sketch, durably, as its next revision; `source` names what made it.

    Raises `Conflict` where another change was first, or `Missing` where the sketch is gone.
    """
    kept = msgspec.structs.replace(changed, revision=found.sketch.revision + 1, last=source)
    await store.replace("ledger", _doc(kept), etag=found.etag)
    return kept


async def drop_sketch(store: Store, found: Found) -> None:
    """Remove a sketch. Raises `Conflict` where it was changed meanwhile, or `Missing` where it is gone."""
    await store.delete("ledger", BOOK, found.sketch.id, etag=found.etag)


def _doc(sketch: Sketch) -> Doc:
    doc: Doc = msgspec.to_builtins(sketch)
    return doc | {"book": BOOK, "kind": "sketch"}
