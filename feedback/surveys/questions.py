"""Questions: their kinds, and how an answer reads. Knows nothing of cards or chats.

What counts as an answer to each kind is in checking.py; which questions are asked, in branching.py.
"""

import re
from datetime import date
from enum import StrEnum

import msgspec

from feedback.language import day, number, say


class Kind(StrEnum):
    """What sort of answer a question asks for."""

    NPS = "nps"  # 0-10, how likely to recommend
    RATING = "rating"  # 1-5 stars
    CSAT = "csat"  # 1-5, very dissatisfied to very satisfied
    CES = "ces"  # 1-7, strongly disagree to strongly agree that something was easy
    CHOICE = "choice"  # one of the choices
    CHOICES = "choices"  # some of the choices
    IMAGE_CHOICE = "image_choice"  # one of the choices, each with a picture
    RANKING = "ranking"  # all choices, in order
    MATRIX = "matrix"  # one of the choices for each row
    TEXT = "text"
    YES_NO = "yes_no"
    NUMBER = "number"
    DATE = "date"  # a day, without a time


SCALES: dict[Kind, tuple[int, int]] = {Kind.NPS: (0, 10), Kind.RATING: (1, 5), Kind.CSAT: (1, 5), Kind.CES: (1, 7)}
PROMOTER, DETRACTOR = 9, 6  # from and up to which answer, by the definition of NPS
CHOOSING = frozenset({Kind.CHOICE, Kind.CHOICES, Kind.IMAGE_CHOICE, Kind.RANKING, Kind.MATRIX})
ONE_OF = frozenset({Kind.CHOICE, Kind.IMAGE_CHOICE})
ID_FORM = re.compile(r"[a-z][a-z0-9_-]{0,39}")  # of surveys and questions; no dots: inputs use them
CHOICE_ID_FORM = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")  # no commas: cards join the chosen ids with them
TRUTHS = {"true": True, "yes": True, "false": False, "no": False}

Answer = int | float | str | bool | list[str] | dict[str, str]
Answers = dict[str, Answer]  # question id -> answer; a question left empty is absent


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to choose, or one row of a matrix. The id is what is stored, the text is what is read."""

    id: str
    text: str
    image: str = ""  # https address, in an image choice
    alt: str = ""  # what the picture shows, for those who do not see it


class Comparison(StrEnum):
    """How a condition looks at an earlier answer."""

    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    IS = "is"
    INCLUDES = "includes"


class Condition(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a question is asked: one comparison with an earlier answer, or conditions of which all or any must hold.

    Exactly one of `question`, `all` and `any` is filled.
    """

    question: str = ""
    compare: Comparison = Comparison.IS
    value: int | float | str | bool = ""
    all: tuple["Condition", ...] = ()
    any: tuple["Condition", ...] = ()


class QuestionWords(msgspec.Struct, frozen=True, omit_defaults=True):
    """A question in another language. Its choices and rows are all those of the question, by id."""

    language: str  # of feedback.language.LANGUAGES
    text: str
    help: str = ""
    choices: tuple[Choice, ...] = ()  # without pictures: those are the question's
    rows: tuple[Choice, ...] = ()


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question of a survey. `choices` is filled for the kinds that choose, `rows` for a matrix."""

    id: str
    kind: Kind
    text: str
    help: str = ""
    required: bool = False
    choices: tuple[Choice, ...] = ()
    rows: tuple[Choice, ...] = ()
    ask_if: Condition | None = None  # looks at earlier pages; without one the question is always asked
    locales: tuple[QuestionWords, ...] = ()

    def choice(self, choice_id: str) -> Choice | None:
        """Return the choice with this id, or None."""
        return next((one for one in self.choices if one.id == choice_id), None)


def describe(question: Question, answer: Answer) -> str:
    """Return an answer as a person reads it: “9”, “Yes”, the texts of choices, “1 March 2026”."""
    match answer:
        case bool():
            return say("Yes") if answer else say("No")
        case int() | float():
            return number(answer)
        case list() if question.kind is Kind.RANKING:
            return ", ".join(f"{place}. {_choice_text(question, one)}" for place, one in enumerate(answer, 1))
        case list():
            return ", ".join(_choice_text(question, one) for one in answer)
        case dict():
            said = [(row.text, answer[row.id]) for row in question.rows if row.id in answer]
            return "; ".join(f"{row}: {_choice_text(question, one)}" for row, one in said)
        case _ if question.kind in ONE_OF:
            return _choice_text(question, answer)
        case _ if question.kind is Kind.DATE and (found := read_day(answer)):
            return day(found)
        case _:
            return answer


def without_controls(text: str) -> str:
    """Return a text with plain line ends and without characters that have no place in one.

    Control characters other than newline and tab are dropped, and so are lone surrogates and non-characters,
    which cannot be stored. Everything else stays as written: markup, emoji, marks for right-to-left writing.
    """
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def read_day(text: str) -> date | None:
    """Return the day that a text such as 2026-03-01 names, or None."""
    if not _ISO_DAY.fullmatch(text.strip()):
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _choice_text(question: Question, choice_id: str) -> str:
    found = question.choice(choice_id)
    return found.text if found else choice_id
