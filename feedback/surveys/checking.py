"""What counts as an answer to each kind of question. Knows nothing of cards or chats.

Answers arrive as cards send them: mostly as strings, whatever the kind; a ranking or a matrix as one string for each
place or row. What is kept has the kind's own type.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Protocol

from feedback.errors import AnswersRefused, Problem, quote
from feedback.language import mark, number, ours, say, whole
from feedback.surveys.branching import holds
from feedback.surveys.questions import SCALES, TRUTHS, Answer, Answers, Kind, Question, read_day, without_controls

MAX_TEXT = 4_000  # characters in one text answer
MAX_NUMBER = 1e12
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)


class Questionnaire(Protocol):
    """Whatever has questions; a survey, in practice."""

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions in the order they are asked."""


def check_answers(survey: Questionnaire, raw: Mapping[str, object]) -> Answers:
    """Return the answers as they are kept, in the order of the questions; what was left empty is absent.

    Answers to questions that those before them leave out are dropped unread. Raises `AnswersRefused` with every
    problem at once. Its sentences never repeat an answer.
    """
    answers: Answers = {}
    problems: list[Problem] = []
    for question in survey.questions:
        if question.ask_if is None or holds(question.ask_if, answers):
            found, wrong = check_some([question], raw)
            answers |= found
            problems += wrong or missing([question], found)
    problems += unknown(survey.questions, raw)
    if problems:
        raise AnswersRefused(tuple(problems))
    return answers


def check_some(questions: Iterable[Question], raw: Mapping[str, object]) -> tuple[Answers, list[Problem]]:
    """Return the answers that can be kept, and what is wrong with the others. Nothing at all is no problem here."""
    answers: Answers = {}
    problems = []
    for question in questions:
        value = raw.get(question.id)
        answer = "" if _is_empty(value) else _READERS[question.kind](question, value)
        if answer is None:
            problems.append(_problem(question, _wanted(question, value)))
        elif answer not in ("", [], {}):
            answers[question.id] = answer
    return answers, problems


def missing(questions: Iterable[Question], answers: Answers) -> list[Problem]:
    """Return a problem for each required question without an answer, and each required matrix without all rows."""
    problems = []
    for question in questions:
        answer = answers.get(question.id)
        if question.required and answer is None:
            problems.append(_problem(question, say("please answer this question")))
        elif question.required and isinstance(answer, dict) and len(answer) < len(question.rows):
            problems.append(_problem(question, say("please choose something in every row")))
    return problems


def unknown(questions: Sequence[Question], raw: Mapping[str, object]) -> list[Problem]:
    """Return a problem for each answer to no question."""
    known = {question.id for question in questions}
    return [
        Problem(one, ours(say("{question}: unknown question.", question=quote(one)))) for one in raw if one not in known
    ]


_INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # Unicode categories that leave a text blank
_DIGITS = re.compile(r"[+-]?([0-9]{1,13}(\.[0-9]{0,20})?|\.[0-9]{1,20})", re.ASCII)


def _problem(question: Question, wish: str) -> Problem:
    return Problem(question.id, ours(say("{question}: {wish}.", question=quote(question.text), wish=wish)))


def _wanted(question: Question, value: object) -> str:
    match question.kind:
        case Kind.NPS | Kind.RATING | Kind.CSAT | Kind.CES:
            low, high = SCALES[question.kind]
            return say("please choose a whole number from {low} to {high}", low=low, high=high)
        case Kind.TEXT:
            most = {"most": whole(MAX_TEXT)}
            if not isinstance(value, str):
                return say("please write a text of up to {most} characters", **most)
            return say("please write a text of up to {most} characters (this has {n})", **most, n=whole(len(value)))
        case Kind.NUMBER:
            wish = mark("please give a number in digits, such as 12 or {example}, of up to {most}")
            return say(wish, example=number(3.5), most=whole(int(MAX_NUMBER)))
        case Kind.DATE:
            wish = mark("please give a day as year-month-day, such as 2026-03-01, from {first} to {last}")
            return say(wish, first=FIRST_DAY, last=LAST_DAY)
        case Kind.YES_NO:
            return say("please choose yes or no")
        case Kind.RANKING:
            return say("please give every place, and use each choice once")
        case Kind.CHOICE | Kind.CHOICES | Kind.IMAGE_CHOICE | Kind.MATRIX:
            return say("please choose from the choices shown")


def _is_empty(value: object) -> bool:
    """Say whether nothing was entered. A ranking or a matrix sends a text for each of its parts."""
    if isinstance(value, dict):
        return all(_is_empty(one) for one in value.values())
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
    parts = _ids(value)
    if parts is None:
        return None
    known = [one.id for one in question.choices if one.id in parts]
    return known if len(known) == len(set(parts)) else None


def _ranking(question: Question, value: object) -> Answer | None:
    """Read every id once, in order: a list, ids joined by commas, or an id for each place, counted from 1."""
    if isinstance(value, dict):
        places = [str(place) for place in range(1, len(question.choices) + 1)]
        if set(value) - set(places):
            return None
        value = [value.get(place) for place in places]
    parts = _ids(value)
    if parts is None or sorted(parts) != sorted(one.id for one in question.choices):
        return [] if parts == [] else None
    return parts


def _matrix(question: Question, value: object) -> Answer | None:
    """Read a choice for each row; rows may be left out."""
    rows = [row.id for row in question.rows]
    if not isinstance(value, dict) or set(value) - set(rows):
        return None
    chosen = {row: value[row] for row in rows if not _is_empty(value.get(row))}
    found = {row: _choice(question, one) for row, one in chosen.items()}
    return {row: one for row, one in found.items() if isinstance(one, str)} if None not in found.values() else None


def _ids(value: object) -> list[str] | None:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(one, str) for one in parts):
        return None
    return [one.strip() for one in parts if one.strip()]


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


def _day(_: Question, value: object) -> Answer | None:
    day = read_day(value) if isinstance(value, str) else None
    return day.isoformat() if day and FIRST_DAY <= day <= LAST_DAY else None


_READERS: dict[Kind, Callable[[Question, object], Answer | None]] = {
    Kind.NPS: _whole,
    Kind.RATING: _whole,
    Kind.CSAT: _whole,
    Kind.CES: _whole,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.IMAGE_CHOICE: _choice,
    Kind.RANKING: _ranking,
    Kind.MATRIX: _matrix,
    Kind.TEXT: _text,
    Kind.YES_NO: _yes_no,
    Kind.NUMBER: _number,
    Kind.DATE: _day,
}
