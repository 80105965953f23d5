"""When a question is asked (`ask_if`), in a survey file: read, held against the earlier questions, and written."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace

from feedback.errors import quote
from feedback.surveys.checking import check_some
from feedback.surveys.file_fields import Entry
from feedback.surveys.located import Fields, Node
from feedback.surveys.questions import ONE_OF, SCALES, Answer, Comparison, Condition, Kind, Question

MAX_CONDITIONS = 20  # in one question
MAX_LEVELS = 3  # of “all” and “any” inside each other
MAX_VALUE = 120  # characters

_GROUPS = ("all", "any")
_FIELDS = ("question", *Comparison, *_GROUPS)
_SCALED = frozenset({*SCALES, Kind.NUMBER, Kind.DATE})
SUITABLE: Mapping[Comparison, Collection[Kind]] = {
    Comparison.AT_MOST: _SCALED,
    Comparison.AT_LEAST: _SCALED,
    Comparison.IS: {*_SCALED, *ONE_OF, Kind.YES_NO},
    Comparison.INCLUDES: {Kind.CHOICES},
}
_ADVICE = "A condition has the fields question and one of at_most, at_least, is, includes; or all; or any."


def read_conditions(parts: Sequence[Sequence[Entry]], paged: Sequence[Sequence[Question]]) -> list[list[Question]]:
    """Return the questions of each page with their conditions, which may look at the pages before."""
    known = {one.id: (page, one) for page, some in enumerate(paged) for one in some}
    found = []
    for page, (entries, some) in enumerate(zip(parts, paged, strict=True)):
        readers = [_Reader(entry, known, page) for entry in entries]
        found.append([replace(one, ask_if=reader.read()) for reader, one in zip(readers, some, strict=True)])
    return found


def condition_fields(condition: Condition) -> dict[str, object]:
    """Return a condition as it stands in a file."""
    for name, parts in (("all", condition.all), ("any", condition.any)):
        if parts:
            return {name: [condition_fields(one) for one in parts]}
    return {"question": condition.question, condition.compare.value: _written(condition.value)}


def _written(value: float | str) -> float | str:
    """Return a value as it can be read again: numbers have no exponents in survey files."""
    return format(Decimal(repr(value)), "f") if isinstance(value, float) and "e" in repr(value) else value


class _Reader:
    """Reads the condition of one question. `known` is id -> page and question, of the whole survey."""

    def __init__(self, entry: Entry, known: Mapping[str, tuple[int, Question]], page: int) -> None:
        self._entry = entry
        self._known = known
        self._page = page
        self._count = 0

    def read(self) -> Condition | None:
        node = self._entry.node("ask_if")
        if node is None:
            return None
        if not isinstance(node, Fields):
            self._entry.blame("ask_if", _ADVICE, node.line)
            return None
        condition = self._condition(self._entry, node, "ask_if", 1)
        if self._count > MAX_CONDITIONS:
            message = f"there are {self._count} conditions; up to {MAX_CONDITIONS} can be read. Please use fewer."
            self._entry.blame("ask_if", message)
        return condition

    def _condition(self, outer: Entry, node: Node, field: str, level: int) -> Condition:
        part = outer.child(node, field, _FIELDS)
        given = [name for name in _FIELDS if part.has(name)]
        groups = [name for name in given if name in _GROUPS]
        compares = [Comparison(name) for name in given if name in set(Comparison)]
        if len(groups) == 1 and given == groups:
            return self._group(part, groups[0], level)
        if groups or len(compares) != 1 or not part.has("question"):
            if isinstance(node, Fields) and not part.has_strangers:
                part.blame("", _ADVICE)
            return Condition()
        self._count += 1
        return self._comparison(part, compares[0])

    def _group(self, part: Entry, name: str, level: int) -> Condition:
        nodes = part.items(name)
        if level > MAX_LEVELS:
            part.blame(name, f"“all” and “any” can be inside each other {MAX_LEVELS} times at most.")
            return Condition()
        if not nodes and not part.is_excused(name):
            part.blame(name, "there are no conditions. Add at least one, with “- ”.")
        found = tuple(self._condition(part, node, f"{name}[{n}]", level + 1) for n, node in enumerate(nodes, 1))
        return Condition(all=found) if name == "all" else Condition(any=found)

    def _comparison(self, part: Entry, compare: Comparison) -> Condition:
        name, value = part.needed("question", MAX_VALUE), part.needed(compare.value, MAX_VALUE)
        question = self._earlier(part, name) if name else None
        if question is None or not value:
            return Condition()
        if question.kind not in SUITABLE[compare]:
            part.blame(compare.value, _unsuitable(question, compare))
            return Condition()
        answer = _read_value(question, value)
        if answer is None:
            part.blame(compare.value, f"{quote(value)} is never an answer to {quote(name)}. {_possible(question)}")
            return Condition()
        return Condition(question=name, compare=compare, value=answer)

    def _earlier(self, part: Entry, name: str) -> Question | None:
        page, question = self._known.get(name, (-1, None))
        if question is None:
            near = difflib.get_close_matches(name, list(self._known), n=1)
            hint = f" Did you mean {quote(near[0])}?" if near else ""
            part.blame("question", f"there is no question with the id {quote(name)}.{hint}")
        elif page >= self._page:
            where = "on this page" if page == self._page else "on a later page"
            advice = "Conditions look at earlier pages, so put it on a page before this one."
            part.blame("question", f"{quote(name)} is {where}. {advice}")
            return None
        return question


def _read_value(question: Question, text: str) -> int | float | str | bool | None:
    """Return a value as an answer to the question is kept; a choice may be given by its id or its text."""
    ids = {one.text: one.id for one in question.choices} | {one.id: one.id for one in question.choices}
    if question.kind in ONE_OF or question.kind is Kind.CHOICES:
        return ids.get(text)
    found: Answer | None = check_some([question], {question.id: text})[0].get(question.id)
    return None if isinstance(found, list | dict) else found


def _unsuitable(question: Question, compare: Comparison) -> str:
    fits = [one.value for one in Comparison if question.kind in SUITABLE[one]]
    if not fits:
        return f"{quote(question.id)} is of kind {question.kind}, which conditions cannot look at."
    return f"{quote(question.id)} is of kind {question.kind}; for that use {' or '.join(fits)}, not {compare.value}."


def _possible(question: Question) -> str:
    if question.kind in SCALES:
        low, high = SCALES[question.kind]
        return f"Use a whole number from {low} to {high}."
    if question.kind is Kind.YES_NO:
        return "Use yes or no."
    if question.kind is Kind.NUMBER:
        return "Use a number such as 12 or 3.5."
    if question.kind is Kind.DATE:
        return "Use a day such as 2026-03-01."
    return f"Use one of: {', '.join(one.id for one in question.choices)}."
