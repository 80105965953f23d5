"""Answers as lines of CSV: what `csv.writer` would write of the same cells, two to three times as fast.

Most answers are ones that others gave too, so what is written of them is kept and looked up. A test compares every
cell with what the writer makes of it. Other files, and spreadsheets, go by cells: cells.py.
"""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from dashboard.cells import Cell, harmless, written
from dashboard.columns import Columns, about_of, columns_by_question
from feedback.results.answer_rows import AnswerRow
from feedback.surveys.questions import Answer, Kind
from feedback.surveys.surveys import Survey

KEPT = 4096  # different answers to one question; more than that are written anew each time
END = "\r\n"
_QUOTED = re.compile('[,"\r\n]').search  # what the writer puts quotes around
_AS_IT_IS = re.compile(r"[A-Za-z0-9 .:;_'][^,\"\r\n]*\Z").match  # what nothing has to be done about: most texts

Write = Callable[[Answer], str]


def line_of(survey: Survey) -> Callable[[AnswerRow], str]:
    """Return what gives one person's answers as a line. For more than one column: one alone has rules of its own."""
    about = [_about(one.read) for one in about_of(survey)]
    parts = [(one.question, _writing(one), "," * (len(one.columns) - 1)) for one in columns_by_question(survey)]

    def line(row: AnswerRow) -> str:
        fields = [write(row) for write in about]
        answers = row.answers
        for question, write, blank in parts:
            answer = answers.get(question)
            fields.append(blank if answer is None else write(answer))
        return ",".join(fields)

    return line


def field_of(text: str) -> str:
    """Return a text as one field: nothing that a spreadsheet computes, and in quotes where it needs them."""
    if _AS_IT_IS(text):
        return text
    safe = harmless(text)
    return safe if _QUOTED(safe) is None else '"' + safe.replace('"', '""') + '"'


def _about(read: Callable[[AnswerRow], Cell]) -> Callable[[AnswerRow], str]:
    def write(row: AnswerRow) -> str:
        cell = read(row)
        return _FIELDS.get(type(cell), written)(cell)

    return write


def _yes_no(answer: Cell) -> str:
    return "yes" if answer else "no"


_FIELDS: Mapping[type, Callable[[Any], str]] = {str: field_of, int: str, float: str}  # the rest has nothing to quote
_ANSWERS: Mapping[type, Callable[[Any], str]] = {**_FIELDS, bool: _yes_no}


def _fields(cells: Sequence[Cell]) -> str:
    return ",".join([_FIELDS.get(type(one), written)(one) for one in cells])


def _writing(columns: Columns) -> Write:
    """Return what writes the fields of one question."""
    told = _TOLD_APART.get(columns.columns[0].kind) if columns.columns else None
    return _plain if told is None else _kept(columns, *told)


def _plain(answer: Answer) -> str:
    write = _ANSWERS.get(type(answer))
    return field_of(str(answer)) if write is None else write(answer)


def _kept(columns: Columns, form: type, key_of: Callable[[Answer], Hashable]) -> Write:
    known: dict[Hashable, str] = {}

    def write(answer: Answer) -> str:
        if type(answer) is not form:
            return _fields(columns.read(answer))
        key = key_of(answer)
        text = known.get(key)
        if text is None:
            text = _fields(columns.read(answer))
            if len(known) < KEPT:
                known[key] = text
        return text

    return write


def _itself(answer: Answer) -> Hashable:
    return str(answer)


def _in_order(answer: Answer) -> Hashable:
    return tuple(answer) if isinstance(answer, list) else ()


def _by_row(answer: Answer) -> Hashable:
    return tuple(answer.items()) if isinstance(answer, dict) else ()


_TOLD_APART: Mapping[
    Kind, tuple[type, Callable[[Answer], Hashable]]
] = {  # the form of an answer, and what it is kept by
    Kind.CHOICE: (str, _itself),
    Kind.IMAGE_CHOICE: (str, _itself),
    Kind.DATE: (str, _itself),
    Kind.CHOICES: (list, _in_order),
    Kind.RANKING: (list, _in_order),
    Kind.MATRIX: (dict, _by_row),
}
