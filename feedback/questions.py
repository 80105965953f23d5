"""Questions: their kinds, and what counts as an answer to each. Knows nothing of cards or chats.

Answers arrive as cards send them: mostly as strings, whatever the kind. What is kept has the kind's own type.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Protocol

import msgspec

from feedback.errors import AnswersRefused, Problem, quote


class Kind(StrEnum):
    """What sort of answer a question asks for."""

    NPS = "nps"  # 0-10, how likely to recommend
    RATING = "rating"  # 1-5 stars
    CSAT = "csat"  # 1-5, very dissatisfied to very satisfied
    CHOICE = "choice"  # one of the choices
    CHOICES = "choices"  # some of the choices
    TEXT = "text"
    YES_NO = "yes_no"
    NUMBER = "number"
    DATE = "date"  # a day, without a time


SCALES: dict[Kind, tuple[int, int]] = {Kind.NPS: (0, 10), Kind.RATING: (1, 5), Kind.CSAT: (1, 5)}
MAX_TEXT = 4_000  # characters in one text answer
MAX_NUMBER = 1e12
ID_FORM = re.compile(r"[a-z][a-z0-9_-]{0,39}")  # of surveys and questions
CHOICE_ID_FORM = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")  # no commas: cards join the chosen ids with them
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)
TRUTHS = {"true": True, "yes": True, "false": False, "no": False}

Answer = int | float | str | bool | list[str]
Answers = dict[str, Answer]  # question id -> answer; a question left empty is absent


class Choice(msgspec.Struct, frozen=True):
    """One thing to choose. The id is what is stored, the text is what is read."""

    id: str
    text: str


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question of a survey. `choices` is filled for the kinds that choose, and only there."""

    id: str
    kind: Kind
    text: str
    help: str = ""
    required: bool = False
    choices: tuple[Choice, ...] = ()

    def choice(self, choice_id: str) -> Choice | None:
        """Return the choice with this id, or None."""
        return next((one for one in self.choices if one.id == choice_id), None)


class Questionnaire(Protocol):
    """Whatever has questions; a survey, in practice."""

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions in the order they are asked."""


def check_answers(survey: Questionnaire, raw: Mapping[str, object]) -> Answers:
    """Return the answers as they are kept, in the order of the questions; what was left empty is absent.

    Raises `AnswersRefused` with every problem at once. Its sentences never repeat an answer.
    """
    answers: Answers = {}
    problems: list[Problem] = []
    for question in survey.questions:
        value = raw.get(question.id)
        answer = "" if _is_empty(value) else _READERS[question.kind](question, value)
        if answer is None:
            problems.append(_problem(question, _wanted(question, value)))
        elif answer not in ("", []):
            answers[question.id] = answer
        elif question.required:
            problems.append(_problem(question, "please answer this question"))
    known = {question.id for question in survey.questions}
    problems += [Problem(one, f"{quote(one)}: unknown question.") for one in raw if one not in known]
    if problems:
        raise AnswersRefused(tuple(problems))
    return answers


def describe(question: Question, answer: Answer) -> str:
    """Return an answer as a person reads it: “9”, “Yes”, the texts of choices, “1 March 2026”."""
    match answer:
        case bool():
            return "Yes" if answer else "No"
        case int() | float():
            return f"{answer:.15g}"  # as many digits as every float keeps
        case list():
            return ", ".join(_choice_text(question, one) for one in answer)
        case _ if question.kind is Kind.CHOICE:
            return _choice_text(question, answer)
        case _ if question.kind is Kind.DATE and (day := _day(question, answer)):
            found = date.fromisoformat(day)
            return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"
        case _:
            return answer


def without_controls(text: str) -> str:
    """Return a text with plain line ends and without characters that have no place in one.

    Control characters other than newline and tab are dropped, and so are lone surrogates and non-characters,
    which cannot be stored. Everything else stays as written: markup, emoji, marks for right-to-left writing.
    """
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # Unicode categories that leave a text blank
_DIGITS = re.compile(r"[+-]?([0-9]{1,13}(\.[0-9]{0,20})?|\.[0-9]{1,20})", re.ASCII)
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _problem(question: Question, wish: str) -> Problem:
    return Problem(question.id, f"{quote(question.text)}: {wish}.")


def _wanted(question: Question, value: object) -> str:
    match question.kind:
        case Kind.NPS | Kind.RATING | Kind.CSAT:
            low, high = SCALES[question.kind]
            return f"please choose a whole number from {low} to {high}"
        case Kind.TEXT:
            found = f" (this has {len(value):,})" if isinstance(value, str) else ""
            return f"please write a text of up to {MAX_TEXT:,} characters{found}"
        case Kind.NUMBER:
            return f"please give a number in digits, such as 12 or 3.5, of up to {MAX_NUMBER:,.0f}"
        case Kind.DATE:
            return f"please give a day as year-month-day, such as 2026-03-01, from {FIRST_DAY} to {LAST_DAY}"
        case Kind.YES_NO:
            return "please choose yes or no"
        case Kind.CHOICE | Kind.CHOICES:
            return "please choose from the choices shown"


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _whole(question: Question, value: object) -> Answer | None:
    found = _number(question, value)
    low, high = SCALES[question.kind]
    if not isinstance(found, int | float) or found != found // 1 or not low <= found <= high:
        return None
    return int(found)


def _number(_: Question, value: object) -> Answer | None:
    """Read ASCII digits with an optional sign and decimal point; no exponents, no other script's digits."""
    if isinstance(value, str):
        value = value.strip()
        if not _DIGITS.fullmatch(value):
            return None
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -MAX_NUMBER <= value <= MAX_NUMBER else None  # holds for neither NaN nor infinity


def _choice(question: Question, value: object) -> Answer | None:
    found = question.choice(value.strip()) if isinstance(value, str) else None
    return found.id if found else None


def _choices(question: Question, value: object) -> Answer | None:
    """Read a list of ids, or ids joined by commas. Ids said twice count once."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(one, str) for one in parts):
        return None
    said = {one.strip() for one in parts} - {""}
    known = [one.id for one in question.choices if one.id in said]
    return known if len(known) == len(said) else None


def _text(_: Question, value: object) -> Answer | None:
    if not isinstance(value, str):
        return None
    text = without_controls(value).strip()
    if all(unicodedata.category(one) in _INVISIBLE for one in text):
        return ""
    return text if len(text) <= MAX_TEXT else None


def _yes_no(_: Question, value: object) -> Answer | None:
    if isinstance(value, str):
        return TRUTHS.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _day(_: Question, value: object) -> str | None:
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value.strip()):
        return None
    try:
        day = date.fromisoformat(value.strip())
    except ValueError:
        return None
    return day.isoformat() if FIRST_DAY <= day <= LAST_DAY else None


def _choice_text(question: Question, choice_id: str) -> str:
    found = question.choice(choice_id)
    return found.text if found else choice_id


_READERS: dict[Kind, Callable[[Question, object], Answer | None]] = {
    Kind.NPS: _whole,
    Kind.RATING: _whole,
    Kind.CSAT: _whole,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.TEXT: _text,
    Kind.YES_NO: _yes_no,
    Kind.NUMBER: _number,
    Kind.DATE: _day,
}
