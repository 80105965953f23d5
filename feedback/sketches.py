"""Sketches: surveys that are being written, one for each author, with where the author is in writing.

A sketch is no survey: nobody can send it. Each write is conditional on the one that was read, so two devices never undo
each other. What may be done to a sketch is in sketch_edits.py; what the author is asked, in dialogs/.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from feedback.errors import SketchUnderWay, SurveyMoved, SurveyNameTaken, SurveyUnknown
from feedback.questions import Question
from feedback.surveys import Imported, Survey, find_survey, import_survey
from store.contract import Conflict, Doc, Missing, Op, Patch, Store, Where

BOOK = "sketches"
MAX_ID = 40


class Step(StrEnum):
    """What the author is asked for."""

    START = "start"  # a template, or nothing
    TITLE = "title"
    INTRO = "intro"
    MENU = "menu"
    KIND = "kind"
    TEXT = "text"
    HELP = "help"
    ROWS = "rows"
    CHOICES = "choices"
    REQUIRED = "required"
    QUESTION = "question"  # what to do with one question
    HEADING = "heading"  # the title of a page
    DISCARD = "discard"


class Work(msgspec.Struct, frozen=True, omit_defaults=True):
    """A survey being written, which may lack questions, a title and an id, and where its author is.

    `base` is the version that is being changed; 0 for a survey that is new. `about` is the question, or the template,
    that the step is about; `begun` a question that is not in the survey yet.
    """

    survey: Survey
    base: int = 0
    step: Step = Step.START
    about: str = ""
    begun: Question | None = None
    breaks: bool = False  # the next question begins a page
    page: int = 0  # the one in the preview
    removed: Survey | None = None  # as it was before a question was deleted
    heard: str = ""  # the message that was done last, which does nothing when it comes again


class Sketch(msgspec.Struct, frozen=True):
    """An author's work as it is stored. `rev` counts the writes."""

    id: str
    author: str
    at: datetime
    work: Work
    rev: int = 1


def new_work() -> Work:
    """Return the beginning of a survey."""
    return Work(Survey(id="", title="", questions=()))


async def find_sketch(store: Store, author: str) -> Sketch | None:
    """Return what somebody is writing, or None."""
    doc = await store.get("ledger", BOOK, _id(author))
    return None if doc is None else msgspec.convert(doc, Sketch)


async def begin_sketch(store: Store, author: str, work: Work, now: datetime) -> Sketch:
    """Begin to write; durable when it returns. Where the same survey is being written already, return that.

    Raises `SketchUnderWay` where it is another one.
    """
    sketch = Sketch(_id(author), author, now, work)
    doc: Doc = msgspec.to_builtins(sketch)
    try:
        await store.create("ledger", doc | {"book": BOOK, "kind": "sketch"})
    except Conflict:
        found = await find_sketch(store, author)
        if found is None or found.work.survey.id != work.survey.id:
            raise SketchUnderWay(title=found.work.survey.title if found else "") from None
        return found
    return sketch


async def write_sketch(store: Store, sketch: Sketch, work: Work, now: datetime) -> Sketch:
    """Write over the sketch that was read; durable when it returns. Raises `Conflict` where it has moved on."""
    changes: dict[str, object] = {"work": msgspec.to_builtins(work), "at": msgspec.to_builtins(now)}
    when = [Where("rev", Op.EQ, sketch.rev)]
    try:
        doc = await store.patch("ledger", BOOK, Patch(id=sketch.id, set=changes, add={"rev": 1}, when=when))
    except Missing as error:
        msg = "the sketch was kept or discarded meanwhile"
        raise Conflict(msg) from error
    return msgspec.convert(doc, Sketch)


async def discard_sketch(store: Store, author: str) -> None:
    """Forget what somebody is writing; there may be nothing."""
    try:
        await store.delete("ledger", BOOK, _id(author))
    except Missing:
        return


async def keep_sketch(store: Store, sketch: Sketch, *, name: str = "", insists: bool = False) -> Imported:
    """Make a sketch a survey, as an import does, and forget it; done twice, it is done once.

    A new survey gets a free id; `name` asks for one, and makes a changed survey a new one. `insists` writes over
    what others changed meanwhile. Raises `SurveyNameTaken` or `SurveyMoved`.
    """
    work = sketch.work
    if name:
        imported = await _keep_as(store, work.survey, name)
    elif work.base:
        imported = await _change(store, work, insists=insists)
    else:
        imported = await _keep_new(store, work.survey)
    await discard_sketch(store, sketch.author)
    return imported


async def _keep_new(store: Store, survey: Survey) -> Imported:
    number, name = 1, survey.id
    while True:
        try:
            return await _keep_as(store, survey, name)
        except SurveyNameTaken:
            number += 1
            name = f"{survey.id[: MAX_ID - 1 - len(str(number))]}-{number}"


async def _keep_as(store: Store, survey: Survey, name: str) -> Imported:
    """Keep a survey under an id that is free, or that has the same content from an earlier try."""
    named = msgspec.structs.replace(survey, id=name)
    try:
        found = await find_survey(store, name)
    except SurveyUnknown:
        found = None
    if found is not None and msgspec.structs.replace(named, version=found.version, is_closed=found.is_closed) != found:
        raise SurveyNameTaken(survey=name)
    try:
        return await import_survey(store, named, over=found.version if found else 0)
    except SurveyMoved:
        raise SurveyNameTaken(survey=name) from None


async def _change(store: Store, work: Work, *, insists: bool) -> Imported:
    return await import_survey(store, work.survey, over=None if insists else work.base)


def _id(author: str) -> str:
    return f"sketch-{author}"
