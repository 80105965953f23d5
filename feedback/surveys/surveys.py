"""Surveys: a versioned list of questions, kept by id. A sent survey is frozen inside its run."""

from itertools import accumulate

import msgspec

from feedback.errors import SurveyMovedOn, SurveyUnknown, quote
from feedback.surveys.questions import ID_FORM, Question
from store.contract import Conflict, Doc, Missing, Op, Patch, Store, Where
from store.pages import documents

ATTEMPTS = 10  # an import tries again this often when somebody else imports the same survey at the same time
MAX_QUESTIONS = 30
MAX_PAGES = 20


class Words(msgspec.Struct, frozen=True, omit_defaults=True):
    """The title of a survey or a page in another language, and a survey's intro."""

    language: str  # of feedback.language.LANGUAGES
    title: str
    intro: str = ""


class Page(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page of a survey: how many of the questions it has, following those of the page before."""

    size: int
    title: str = ""
    locales: tuple[Words, ...] = ()


class ArmWords(msgspec.Struct, frozen=True, omit_defaults=True):
    """The texts of an arm in another language."""

    language: str  # of feedback.language.LANGUAGES
    text: str = ""
    alt: str = ""


class Arm(msgspec.Struct, frozen=True, omit_defaults=True):
    """One design of a concept test: a text, a picture, or both."""

    id: str
    text: str = ""
    image: str = ""  # https address
    alt: str = ""  # what the picture shows, for those who do not see it
    locales: tuple[ArmWords, ...] = ()


class Survey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A survey as it was imported. `version` counts imports that changed it, from 1. Without pages it is all on one.

    Of an anonymous one nothing is shown about fewer than `threshold` people. With `arms` each person sees one of them.
    """

    id: str
    title: str
    questions: tuple[Question, ...]
    intro: str = ""
    version: int = 1
    is_closed: bool = False
    pages: tuple[Page, ...] = ()  # their sizes add up to all questions
    locales: tuple[Words, ...] = ()
    is_anonymous: bool = False
    threshold: int = 0  # people; 0 unless anonymous
    arms: tuple[Arm, ...] = ()  # none, or two and more

    @property
    def paged(self) -> list[tuple[Question, ...]]:
        """The questions of each page."""
        if not self.pages:
            return [self.questions]
        ends = list(accumulate(page.size for page in self.pages))
        return [self.questions[end - page.size : end] for page, end in zip(self.pages, ends, strict=True)]

    def page_title(self, page: int) -> str:
        """Return a page's own title, or an empty text."""
        return self.pages[page].title if self.pages else ""

    def arm(self, arm_id: str) -> Arm | None:
        """Return the arm with this id, or None."""
        return next((one for one in self.arms if one.id == arm_id), None)

    def question(self, question_id: str) -> Question | None:
        """Return the question with this id, or None."""
        return next((one for one in self.questions if one.id == question_id), None)


class Imported(msgspec.Struct, frozen=True):
    """What an import led to. `has_changed`: what is asked differs from before, as it does for a new survey."""

    survey: Survey
    is_new: bool
    has_changed: bool
    was_closed: bool = False  # and is open again; its closed runs stay closed


async def import_survey(store: Store, survey: Survey, *, over: int | None = None) -> Imported:
    """Keep a survey under its id; durable when it returns, and open even if it was closed.

    The same content again keeps its version; other content gets the next one, whoever else imports meanwhile.
    With `over`, other content than there is takes the place of that version alone (0: of nothing), and raises
    `SurveyMovedOn` where another one is there. Raises `Conflict` where others were first again and again.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await _import_once(store, survey, over)
        except Conflict:
            continue  # look again at what is there now
    return await _import_once(store, survey, over)


async def find_survey(store: Store, survey_id: str) -> Survey:
    """Return a survey by its id, in any case. Raises `SurveyUnknown`."""
    doc = await store.get("surveys", known := _known(survey_id), known)
    if doc is None:
        raise SurveyUnknown(survey=known)
    return msgspec.convert(doc, Survey)


async def list_surveys(store: Store) -> list[Survey]:
    """Return all surveys by id, closed ones included."""
    where = [Where("kind", Op.EQ, "survey")]
    return [msgspec.convert(doc, Survey) async for doc in documents(store, "surveys", where=where)]


async def close_survey(store: Store, survey_id: str) -> Survey:
    """Close a survey, which may be closed already, and return it. Raises `SurveyUnknown`."""
    known = _known(survey_id)
    try:
        doc = await store.patch("surveys", known, Patch(id=known, set={"is_closed": True}))
    except Missing as error:
        raise SurveyUnknown(survey=known) from error
    return msgspec.convert(doc, Survey)


async def _import_once(store: Store, survey: Survey, over: int | None) -> Imported:
    doc = await store.get("surveys", survey.id, survey.id)
    if doc is None:
        new = msgspec.structs.replace(survey, version=1, is_closed=False)
        await store.create("surveys", _doc(new))
        return Imported(new, is_new=True, has_changed=True)
    old = msgspec.convert(doc, Survey)
    same = msgspec.structs.replace(survey, version=old.version, is_closed=old.is_closed)
    has_changed = same != old
    if has_changed and over is not None and over != old.version:
        raise SurveyMovedOn(survey=survey.id, version=old.version)
    new = msgspec.structs.replace(survey, version=old.version + has_changed, is_closed=False)
    if new != old:
        await store.replace("surveys", _doc(new), etag=str(doc["_etag"]))
    return Imported(new, is_new=False, has_changed=has_changed, was_closed=old.is_closed)


def _doc(survey: Survey) -> Doc:
    doc: Doc = msgspec.to_builtins(survey)
    return doc | {"kind": "survey"}


def _known(survey_id: str) -> str:
    """Return the id as it is kept. Raises `SurveyUnknown` for what cannot be one, such as a path."""
    known = survey_id.strip().lower()
    if not ID_FORM.fullmatch(known):
        raise SurveyUnknown(survey=quote(survey_id).strip("“”"))
    return known
