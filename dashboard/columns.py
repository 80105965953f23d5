"""The columns that a survey's answers have in a file, and the codebook that says what is in them. Pure functions.

A question of several choices has a column for each, as has a ranking, a matrix one for each row; every other question
has one. Choices are given by what people read; the codebook has their ids too.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import msgspec

from dashboard.cells import Cell, Row
from feedback.answer_rows import AnswerRow
from feedback.questions import SCALES, Answer, Choice, Kind, Question
from feedback.surveys import Survey
from feedback.wording import scale_words

CODEBOOK = ("column", "question", "kind", "value", "meaning")


APART = (
    "The survey is anonymous: each row is one answer to one question, and no two rows belong together. Numbers, days "
    "and choices of several are in the results alone, as are questions that too few have answered."
)


class About(msgspec.Struct, frozen=True):
    """A column about who answered: what it is called, what it means, and how it is read."""

    name: str
    meaning: str
    read: Callable[[AnswerRow], Cell]


class Column(msgspec.Struct, frozen=True):
    """One column: what it is called, what it is about, and how a cell is read from an answer."""

    name: str
    about: str
    kind: Kind
    meanings: Sequence[tuple[str, str]]  # value -> what it means
    read: Callable[[Answer], Cell]
    question: str  # id


def columns_of(survey: Survey) -> list[Column]:
    """Return the columns of a survey's answers, in the order of its questions."""
    return [column for question in survey.questions for column in _FORMS.get(question.kind, _plain)(question)]


def about_of(survey: Survey) -> tuple[About, ...]:
    """Return the columns before the answers: about who gave them, and nothing about anybody where that is anonymous."""
    if survey.is_anonymous:
        return ()
    return (*PERSON, ARM) if survey.arms else PERSON


def header_of(survey: Survey) -> list[Cell]:
    """Return the first row of a file."""
    return [*(one.name for one in about_of(survey)), *(one.name for one in columns_of(survey))]


def cells_of(about: Sequence[About], columns: Sequence[Column], row: AnswerRow) -> list[Cell]:
    """Return what one person answered as cells; a question without an answer is empty."""
    found: list[Cell] = [one.read(row) for one in about]
    answers = row.answers
    return found + [one.read(answers[one.question]) if one.question in answers else None for one in columns]


def codebook_of(survey: Survey) -> list[Row]:
    """Return what each column says, a row for each value that it may have."""
    rows: list[Row] = [(one.name, "", "", "", one.meaning) for one in about_of(survey)]
    if survey.is_anonymous:
        rows.append(("", "", "", "", APART))
    for one in columns_of(survey):
        meanings = one.meanings or [("", "")]
        rows += [(one.name, one.about, one.kind.value, value, meaning) for value, meaning in meanings]
    return rows


def _plain(question: Question) -> list[Column]:
    words = scale_words(question.kind)
    low, high = SCALES.get(question.kind, (0, -1))
    meanings = [(str(step), words.get(str(step), "")) for step in range(low, high + 1)]
    return [Column(question.id, question.text, question.kind, meanings, _as_it_is, question.id)]


def _yes_no(question: Question) -> list[Column]:
    return [Column(question.id, question.text, question.kind, [("yes", ""), ("no", "")], _as_it_is, question.id)]


def _day(question: Question) -> list[Column]:
    return [Column(question.id, question.text, question.kind, [], _read_day, question.id)]


def _choice(question: Question) -> list[Column]:
    texts = _texts(question)
    meanings = [(text, f"id {choice}") for choice, text in texts.items()]

    def read(answer: Answer) -> Cell:
        return texts.get(str(answer), str(answer))

    return [Column(question.id, question.text, question.kind, meanings, read, question.id)]


def _choices(question: Question) -> list[Column]:
    def reading(choice: str) -> Callable[[Answer], Cell]:
        return lambda answer: int(isinstance(answer, list) and choice in answer)

    meanings = [("1", "chosen"), ("0", "not chosen")]
    return [_part(question, one, meanings, reading(one.id)) for one in question.choices]


def _ranking(question: Question) -> list[Column]:
    def reading(choice: str) -> Callable[[Answer], Cell]:
        return lambda answer: answer.index(choice) + 1 if isinstance(answer, list) and choice in answer else None

    meanings = [("1", "put first"), (str(len(question.choices)), "put last")]
    return [_part(question, one, meanings, reading(one.id)) for one in question.choices]


def _matrix(question: Question) -> list[Column]:
    texts = _texts(question)

    def reading(row: str) -> Callable[[Answer], Cell]:
        def read(answer: Answer) -> Cell:
            chosen = answer.get(row) if isinstance(answer, dict) else None
            return None if chosen is None else texts.get(chosen, chosen)

        return read

    meanings = [(text, f"id {choice}") for choice, text in texts.items()]
    return [_part(question, one, meanings, reading(one.id)) for one in question.rows]


def _part(
    question: Question, part: Choice, meanings: Sequence[tuple[str, str]], read: Callable[[Answer], Cell]
) -> Column:
    """Return the column of a choice, or of a row."""
    about = f"{question.text} – {part.text}"
    return Column(f"{question.id}.{part.id}", about, question.kind, meanings, read, question.id)


def _known(row: AnswerRow) -> str:
    return "; ".join(f"{name}={value}" for name, value in sorted(row.attributes.items()))


PERSON = (
    About("person", "Entra tenant id and object id; the file with the people has the names", lambda row: row.person),
    About("attributes", "what is known about the person now", _known),
    About("answered", "when, in UTC; of a changed answer the last time", lambda row: row.answered_at),
    About("times sent", "1, or more where the answers were changed", lambda row: row.revision),
)
ARM = About("arm", "the arm of the concept test that the person saw", lambda row: row.arm)


def _texts(question: Question) -> dict[str, str]:
    return {one.id: one.text for one in question.choices}


def _as_it_is(answer: Answer) -> Cell:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return answer if isinstance(answer, str | int | float) else str(answer)


def _read_day(answer: Answer) -> Cell:
    try:
        return date.fromisoformat(str(answer))
    except ValueError:
        return str(answer)


_FORMS: Mapping[Kind, Callable[[Question], list[Column]]] = {
    Kind.YES_NO: _yes_no,
    Kind.DATE: _day,
    Kind.CHOICE: _choice,
    Kind.IMAGE_CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.RANKING: _ranking,
    Kind.MATRIX: _matrix,
}
