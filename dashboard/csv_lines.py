"""Answers as lines of CSV: what `csv.writer` would write of the same cells, several times as fast.

A page of people is written column by column, since that asks once for each page, and not for each cell, what is to be
done. Most answers are ones that others gave too, so what is written of them is kept and looked up. A test compares
every cell with what the writer makes of it. Other files, and spreadsheets, go by cells: cells.py.
"""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dashboard.cells import FORMULA, Cell, harmless, written
from dashboard.columns import ANSWERED, ATTRIBUTES, About, Columns, about_of, columns_by_question, words_of
from feedback.results.answer_rows import AnswerRow
from feedback.surveys.questions import Answer, Kind
from feedback.surveys.surveys import Survey

KEPT = 4096  # different answers to one question; more than that are written anew each time
END = "\r\n"
_DAY, _SECOND = len("2026-11-24"), len("2026-11-24T09:00:00")
_MARKS = ',"\r\n'  # what the writer puts quotes around
_QUOTED = re.compile(f"[{_MARKS}]").search
_AS_IT_IS = re.compile(r"[A-Za-z0-9 .:;_'][^,\"\r\n]*\Z").match  # what nothing has to be done about: most texts

Write = Callable[[Sequence[Answer | None]], list[str]]  # what some people answered -> what stands in the file for each


def lines_of(survey: Survey, last: str) -> Callable[[Sequence[AnswerRow]], str]:
    """Return what gives some people's answers as lines, each with `last` as its last field, which is written as it is.

    A line has two fields or more: one alone would have rules of its own.
    """
    about = [_SHORT[one]() if one in _SHORT else _reading(one.read) for one in about_of(survey)]
    parts = [(one.question, _writing(one)) for one in columns_by_question(survey)]
    end = f",{last}{END}"

    def lines(rows: Sequence[AnswerRow]) -> str:
        fields = [write(rows) for write in about]
        answers = [one.answers for one in rows]
        fields += [write([one.get(question) for one in answers]) for question, write in parts]
        return end.join([*map(",".join, zip(*fields, strict=True)), ""])

    return lines


def field_of(text: str) -> str:
    """Return a text as one field: nothing that a spreadsheet computes, and in quotes where it needs them."""
    if _AS_IT_IS(text):
        return text
    safe = harmless(text)
    return safe if _QUOTED(safe) is None else '"' + safe.replace('"', '""') + '"'


_YES_NO: Mapping[bool, str] = {True: "yes", False: "no"}
_FIELDS: Mapping[type, Callable[[Any], str]] = {  # the rest has nothing to quote
    str: field_of,
    int: str,
    float: str,
}
_ANSWERS: Mapping[type, Callable[[Any], str]] = {
    str: field_of,
    int: str,
    float: str,
    bool: _YES_NO.__getitem__,
    type(None): lambda _: "",
}
_TEXTS = frozenset({str, type(None)})


def _fields(
    values: Sequence[Any], by_type: Mapping[type, Callable[[Any], str]], rest: Callable[[Any], str]
) -> list[str]:
    """Return values as fields. Mostly all are of one kind, or texts of which none has anything to be done about."""
    types = set(map(type, values))
    if types == {int}:
        return [_WHOLE[one] for one in values]
    if types == {bool} and bool in by_type:
        return [_YES_NO[one] for one in values]
    if types <= _TEXTS:
        texts = [one or "" for one in values]
        together = "".join(texts)
        if not any(mark in together for mark in _MARKS) and FORMULA.isdisjoint([one[:1] for one in texts]):
            return texts
    return [by_type.get(type(one), rest)(one) for one in values]


def _each(cells: Sequence[Cell]) -> list[str]:
    return _fields(cells, _FIELDS, written)


def _reading(read: Callable[[AnswerRow], Cell]) -> Callable[[Sequence[AnswerRow]], list[str]]:
    return lambda rows: _each([read(one) for one in rows])


def _known() -> Callable[[Sequence[AnswerRow]], list[str]]:
    known = _Kept(lambda attributes: field_of(words_of(attributes)))
    return lambda rows: [known[tuple(one.attributes.items())] for one in rows]


def _answered() -> Callable[[Sequence[AnswerRow]], list[str]]:
    return lambda rows: [_moment(one.answered_at) for one in rows]


def _moment(at: str | None) -> str:
    """Return a time that is kept as ISO 8601 says as `written` gives it: to the second, in UTC."""
    if not at:
        return ""
    return f"{at[:_DAY]} {at[_DAY + 1 : _SECOND]}Z" if at[-1] == "Z" else written(datetime.fromisoformat(at))


def _writing(columns: Columns) -> Write:
    """Return what writes the fields of one question."""
    told = _TOLD_APART.get(columns.columns[0].kind) if columns.columns else None
    return _plain if told is None else _looked_up(columns, *told)


def _plain(answers: Sequence[Answer | None]) -> list[str]:
    return _fields(answers, _ANSWERS, _odd)


def _odd(answer: Answer) -> str:
    return field_of(str(answer))


class _Kept(dict[Any, str]):
    """What is written of the answers that there were so far, and of any other as soon as somebody asks."""

    def __init__(self, write: Callable[[Any], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, key: Hashable) -> str:
        text = self._write(key)
        if len(self) < KEPT:
            self[key] = text
        return text


_WHOLE = _Kept(str)


def _looked_up(columns: Columns, form: type, key_of: Callable[[Any], Hashable]) -> Write:
    def written_anew(answer: Answer) -> str:
        return ",".join(_each(columns.read(answer)))

    known = _Kept(lambda key: written_anew(form(key)))
    blank = "," * (len(columns.columns) - 1)

    def write(answers: Sequence[Answer | None]) -> list[str]:
        if form is str and set(map(type, answers)) == {str}:
            return [known[one] for one in answers]
        return [
            known[key_of(one)] if type(one) is form else blank if one is None else written_anew(one) for one in answers
        ]

    return write


def _pairs(answer: Mapping[str, str]) -> Hashable:
    return tuple(answer.items())


_TOLD_APART: Mapping[Kind, tuple[type, Callable[[Any], Hashable]]] = {  # the form of an answer, and what it is kept by
    Kind.CHOICE: (str, str),
    Kind.IMAGE_CHOICE: (str, str),
    Kind.DATE: (str, str),
    Kind.CHOICES: (list, tuple),
    Kind.RANKING: (list, tuple),
    Kind.MATRIX: (dict, _pairs),
}
_SHORT: Mapping[About, Callable[[], Callable[[Sequence[AnswerRow]], list[str]]]] = {  # the rest goes by cells
    ATTRIBUTES: _known,
    ANSWERED: _answered,
}
