"""The columns that a survey's answers have in a file, and the codebook that says what is in them. Pure functions.

A question of several choices has a column for each, as has a ranking, a matrix one for each row; every other question
has one. Choices are given by what people read; the codebook has their ids too.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter

import msgspec

from dashboard.cells import Cell, Row
from feedback.results.answer_rows import AnswerRow
from feedback.results.question_results import Results
from feedback.surveys.questions import SCALES, Answer, Choice, Kind, Question
from feedback.surveys.surveys import Survey
from feedback.wording import scale_words

CODEBOOK = ("column", "question", "kind", "value", "meaning")
DOUBTS = "do not conclude yet"  # the last column of a CSV file


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
    """One column: what it is called, and what it is about."""

    name: str
    about: str
    kind: Kind
    meanings: Sequence[tuple[str, str]]  # value -> what it means


class Columns(msgspec.Struct, frozen=True):
    """The columns of one question, and how their cells are read from an answer, all at once."""

    question: str  # id
    columns: Sequence[Column]
    read: Callable[[Answer], Sequence[Cell]]


def columns_of(survey: Survey) -> list[Column]:
    """Return the columns of a survey's answers, in the order of its questions."""
    return [column for one in columns_by_question(survey) for column in one.columns]


def columns_by_question(survey: Survey) -> list[Columns]:
    """Return the same, question by question, with what reads them."""
    return [_FORMS.get(one.kind, _plain)(one) for one in survey.questions]


def about_of(survey: Survey) -> tuple[About, ...]:
    """Return the columns before the answers: about who gave them, and nothing about anybody where that is anonymous."""
    if survey.is_anonymous:
        return ()
    return (*PERSON, ARM) if survey.arms else PERSON


def header_of(survey: Survey) -> list[Cell]:
    """Return the first row of a file."""
    return [*(one.name for one in about_of(survey)), *(one.name for one in columns_of(survey))]


def reader_of(survey: Survey) -> Callable[[AnswerRow], list[Cell]]:
    """Return what gives one person's answers as cells; a question without an answer is empty."""
    about = [one.read for one in about_of(survey)]
    parts = [(one.question, one.read, (None,) * len(one.columns)) for one in columns_by_question(survey)]

    def cells_of(row: AnswerRow) -> list[Cell]:
        found = [read(row) for read in about]
        answers = row.answers
        for question, read, blank in parts:
            answer = answers.get(question)
            found += blank if answer is None else read(answer)
        return found

    return cells_of


def doubts_in_short(results: Results) -> str:
    """Return what speaks against concluding, in one cell: of the run, then of each question by its id."""
    told = [(one.question.id, one.verdict.own) for one in results.questions if one.verdict.own]
    whole = [one.doubt.value for one in results.verdict.reasons]
    own = [f"{name}: {', '.join(one.doubt.value for one in reasons)}" for name, reasons in told]
    return "; ".join([*([", ".join(whole)] if whole else []), *own])


def codebook_of(survey: Survey) -> list[Row]:
    """Return what each column says, a row for each value that it may have."""
    rows: list[Row] = [(one.name, "", "", "", one.meaning) for one in about_of(survey)]
    if survey.is_anonymous:
        rows.append(("", "", "", "", APART))
    for one in columns_of(survey):
        meanings = one.meanings or [("", "")]
        rows += [(one.name, one.about, one.kind.value, value, meaning) for value, meaning in meanings]
    return rows


def _plain(question: Question) -> Columns:
    words = scale_words(question.kind)
    low, high = SCALES.get(question.kind, (0, -1))
    return _alone(question, [(str(step), words.get(str(step), "")) for step in range(low, high + 1)], _as_it_is)


def _yes_no(question: Question) -> Columns:
    return _alone(question, [("yes", ""), ("no", "")], _as_it_is)


def _day(question: Question) -> Columns:
    return _alone(question, [], _read_day)


def _choice(question: Question) -> Columns:
    texts = _texts(question)

    def read(answer: Answer) -> tuple[Cell]:
        chosen = answer if isinstance(answer, str) else str(answer)
        return (texts.get(chosen, chosen),)

    return _alone(question, [(text, f"id {choice}") for choice, text in texts.items()], read)


def _choices(question: Question) -> Columns:
    ids = [one.id for one in question.choices]
    nothing = (0,) * len(ids)

    def read(answer: Answer) -> Sequence[Cell]:
        return [1 if one in answer else 0 for one in ids] if isinstance(answer, list) else nothing

    meanings = [("1", "chosen"), ("0", "not chosen")]
    return _parts(question, question.choices, meanings, read)


def _ranking(question: Question) -> Columns:
    ids = [one.id for one in question.choices]
    nothing = (None,) * len(ids)

    def read(answer: Answer) -> Sequence[Cell]:
        return (
            [answer.index(one) + 1 if one in answer else None for one in ids] if isinstance(answer, list) else nothing
        )

    meanings = [("1", "put first"), (str(len(ids)), "put last")]
    return _parts(question, question.choices, meanings, read)


def _matrix(question: Question) -> Columns:
    texts = _texts(question)
    ids = [one.id for one in question.rows]
    nothing = (None,) * len(ids)

    def read(answer: Answer) -> Sequence[Cell]:
        if not isinstance(answer, dict):
            return nothing
        chosen = [answer.get(one) for one in ids]
        return [None if one is None else texts.get(one, one) for one in chosen]

    return _parts(question, question.rows, [(text, f"id {choice}") for choice, text in texts.items()], read)


def _alone(
    question: Question, meanings: Sequence[tuple[str, str]], read: Callable[[Answer], Sequence[Cell]]
) -> Columns:
    """Return the one column of a question."""
    return Columns(question.id, [Column(question.id, question.text, question.kind, meanings)], read)


def _parts(
    question: Question,
    parts: Sequence[Choice],
    meanings: Sequence[tuple[str, str]],
    read: Callable[[Answer], Sequence[Cell]],
) -> Columns:
    """Return a column for each choice, or for each row."""
    columns = [
        Column(f"{question.id}.{one.id}", f"{question.text} – {one.text}", question.kind, meanings) for one in parts
    ]
    return Columns(question.id, columns, read)


@lru_cache(maxsize=4096)  # many people have the same
def words_of(attributes: Sequence[tuple[str, str]]) -> str:
    """Return what is known about somebody, in one cell."""
    return "; ".join(f"{name}={value}" for name, value in sorted(attributes))


def _known(row: AnswerRow) -> str:
    return words_of(tuple(row.attributes.items()))


def _answered(row: AnswerRow) -> datetime | None:
    return datetime.fromisoformat(row.answered_at) if row.answered_at else None


ATTRIBUTES = About("attributes", "what is known about the person now", _known)
ANSWERED = About("answered", "when, in UTC; of a changed answer the last time", _answered)
PERSON = (
    About("person", "Entra tenant id and object id; the file with the people has the names", attrgetter("person")),
    ATTRIBUTES,
    ANSWERED,
    About("times sent", "1, or more where the answers were changed", attrgetter("revision")),
)
ARM = About("arm", "the arm of the concept test that the person saw", attrgetter("arm"))


def _texts(question: Question) -> dict[str, str]:
    return {one.id: one.text for one in question.choices}


def _as_it_is(answer: Answer) -> tuple[Cell]:
    if isinstance(answer, bool):
        return ("yes",) if answer else ("no",)
    return (answer,) if isinstance(answer, int | float | str) else (str(answer),)


def _read_day(answer: Answer) -> tuple[Cell]:
    try:
        return (date.fromisoformat(str(answer)),)
    except ValueError:
        return (str(answer),)


_FORMS: Mapping[Kind, Callable[[Question], Columns]] = {
    Kind.YES_NO: _yes_no,
    Kind.DATE: _day,
    Kind.CHOICE: _choice,
    Kind.IMAGE_CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.RANKING: _ranking,
    Kind.MATRIX: _matrix,
}
