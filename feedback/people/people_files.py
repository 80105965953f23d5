"""People files: lists of people with attributes, as spreadsheets write them in CSV.

Owns the columns, the limits and the report of everything that is wrong, line by line. Knows neither the store nor
where a file came from. Cells are texts and stay texts: what looks like a formula is kept as it is, never computed.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NoReturn

import msgspec

from feedback.errors import FileProblem, PeopleFileRefused, quote
from feedback.people.audience_words import attribute_form, nearest
from feedback.surveys.file_fields import clean_line

MAX_BYTES = 20_000_000
MAX_PEOPLE = 100_000
MAX_COLUMNS = 30
MAX_NAME = 40  # characters in the name of an attribute
MAX_CELL = 120  # characters in a name or a value

TENANT, OBJECT_ID, NAME = "tenant", "object id", "name"
_ALIASES: Mapping[str, tuple[str, ...]] = {
    TENANT: ("tenant", "tenant id", "entra tenant id", "azure tenant id", "aad tenant id"),
    OBJECT_ID: ("object id", "aad object id", "entra object id", "azure object id", "user id", "user object id"),
    NAME: ("name", "display name", "full name"),
}
_COLUMNS = {alias.replace(" ", ""): column for column, aliases in _ALIASES.items() for alias in aliases}
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_SEPARATORS = ",;\t"
_TOLD = re.compile(rf"sep=([{_SEPARATORS}])\s*", re.IGNORECASE)  # a first line that spreadsheets write for each other

Row = tuple[int, list[str]]  # the line it begins in, from 1, and its cells


class Listed(msgspec.Struct, frozen=True):
    """One person of a file. Ids in lower case; attributes by the names that audiences use, empty ones left out."""

    tenant: str
    object_id: str
    name: str = ""
    attributes: dict[str, str] = {}


class PeopleFile(msgspec.Struct, frozen=True):
    """The people of a file, its attributes, and the problems of the lines that were skipped."""

    people: tuple[Listed, ...]
    attributes: tuple[str, ...] = ()
    problems: tuple[FileProblem, ...] = ()


def read_people(data: bytes | str, *, is_allowed: Callable[[str], bool], skip_wrong_lines: bool = False) -> PeopleFile:
    """Return the people that a file lists. `is_allowed` says whether a tenant, in lower case, may be written to.

    Raises `PeopleFileRefused` with every problem at once; with `skip_wrong_lines` only where the whole file cannot
    be used: its encoding, its size, its columns, or not one good line.
    """
    problems: list[FileProblem] = []
    rows = _rows(_text(data), problems)
    header = next(rows, None)
    if header is None:
        problems.append(FileProblem(1, "", "the file is empty. Its first line names the columns: tenant, object id, …"))
        raise PeopleFileRefused(tuple(problems))
    columns = _columns(header, problems)
    if problems:
        raise PeopleFileRefused(tuple(problems))
    people = list(_Reading(columns, is_allowed, problems).people(rows))
    if not people and not problems:
        problems.append(FileProblem(header[0], "", "there is nobody below the names of the columns."))
    ordered = tuple(sorted(problems, key=lambda one: one.line))
    if ordered and not (skip_wrong_lines and people):
        raise PeopleFileRefused(ordered)
    attributes = tuple(one for one in columns if one not in {TENANT, OBJECT_ID, NAME})
    return PeopleFile(people=tuple(people), attributes=attributes, problems=ordered)


class _Reading:
    """Turns lines into people, noting what is wrong with each."""

    def __init__(self, columns: Sequence[str], is_allowed: Callable[[str], bool], problems: list[FileProblem]) -> None:
        self._columns = columns
        self._is_allowed = is_allowed
        self._problems = problems
        self._seen: dict[tuple[str, str], int] = {}

    def people(self, rows: Iterator[Row]) -> Iterator[Listed]:
        """Give the people of the lines that are right."""
        for line, cells in rows:
            before = len(self._problems)
            one = self._listed(line, cells)
            if len(self._problems) > before:
                continue
            if len(self._seen) == MAX_PEOPLE:
                self._blame(line, "", f"there are more people than the {MAX_PEOPLE:,} that fit. Split the file.")
                return
            self._seen[(one.tenant, one.object_id)] = line
            yield one

    def _listed(self, line: int, cells: Sequence[str]) -> Listed:
        if len(cells) > len(self._columns) and any(cells[len(self._columns) :]):
            count = f"{len(cells)} cells, but the first line names {len(self._columns)} columns"
            self._blame(line, "", f"there are {count}. Put quotes around a cell that contains the separator.")
        found = dict(zip(self._columns, cells, strict=False))
        for column, cell in found.items():
            if len(cell) > MAX_CELL:
                self._blame(line, column, f"this has {len(cell):,} characters; up to {MAX_CELL} fit.")
        tenant, object_id = (self._guid(line, column, found.pop(column, "")) for column in (TENANT, OBJECT_ID))
        if tenant and not self._is_allowed(tenant):
            self._blame(line, TENANT, f"the tenant {tenant} is not one that I may write to. Ask for it to be allowed.")
        if tenant and object_id and (first := self._seen.get((tenant, object_id))):
            self._blame(line, OBJECT_ID, f"this is the same person as in line {first}. Keep one of the two.")
        name = found.pop(NAME, "")
        return Listed(tenant, object_id, name, {key: value for key, value in found.items() if value})

    def _guid(self, line: int, column: str, cell: str) -> str:
        plain = cell.strip("{}").lower()
        if _GUID.fullmatch(plain):
            return plain
        form = "expected an id such as 8f2d1f3e-5b0c-4b52-9d0c-6f4d1b1c7a10"
        self._blame(line, column, f"{form}, found {quote(cell)}." if cell else f"{form}, found nothing.")
        return ""

    def _blame(self, line: int, column: str, message: str) -> None:
        self._problems.append(FileProblem(line, column, message))


def _text(data: bytes | str) -> str:
    size = len(data) if isinstance(data, bytes) else len(data.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        _refuse(1, f"the file has {size / 1e6:.0f} MB; up to {MAX_BYTES // 1_000_000} fit. Split it.")
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _refuse(line, "the file is not in UTF-8. Save it as “CSV UTF-8”.")


def _refuse(line: int, message: str) -> NoReturn:
    raise PeopleFileRefused((FileProblem(line, "", message),))


def _rows(text: str, problems: list[FileProblem]) -> Iterator[Row]:
    """Give the lines that are not empty, with their cells cleaned. Quoted cells may run over several lines."""
    first, _, rest = text.partition("\n")
    told = _TOLD.fullmatch(first)
    skipped = 1 if told else 0
    reader = csv.reader(
        io.StringIO(rest if told else text, newline=""),
        delimiter=told[1] if told else _separator(text),
        strict=True,
    )
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = [clean_line(cell) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            problems.append(
                FileProblem(line, "", "the quotation marks do not match. Close each, and double inner ones.")
            )
            continue
        if any(cells):
            yield line, cells


def _separator(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip()), "")
    try:
        return csv.Sniffer().sniff(header, delimiters=_SEPARATORS).delimiter
    except csv.Error:
        return ","


def _columns(header: Row, problems: list[FileProblem]) -> list[str]:
    """Return what each column holds: tenant, object id, name, or an attribute."""
    line, cells = header
    while cells and not cells[-1]:
        cells.pop()
    columns = [_COLUMNS.get(attribute_form(cell).replace("-", "")) or attribute_form(cell) for cell in cells]
    if len(columns) > MAX_COLUMNS:
        problems.append(FileProblem(line, "", f"there are {len(columns)} columns; up to {MAX_COLUMNS} fit."))
    for place, (column, cell) in enumerate(zip(columns, cells, strict=True)):
        message = _wrong_name(column, cell, place, columns.index(column))
        if message:
            problems.append(FileProblem(line, cell, message))
    problems += [FileProblem(line, one, _missing(one, columns)) for one in (TENANT, OBJECT_ID) if one not in columns]
    return columns


def _wrong_name(column: str, cell: str, place: int, first: int) -> str:
    if not column:
        return f"column {place + 1} has no name that can be used, found {quote(cell)}."
    if len(column) > MAX_NAME:
        return f"this name has {len(column)} characters; up to {MAX_NAME} fit."
    return f"column {place + 1} means the same as column {first + 1}. Keep one of the two." if first != place else ""


def _missing(column: str, columns: Sequence[str]) -> str:
    names = ", ".join(_ALIASES[column])
    guess = nearest(attribute_form(column), [one for one in columns if one not in _ALIASES])
    return f"the column “{column}” is missing{guess}. It may be called: {names}."
