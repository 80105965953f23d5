"""Reading one thing's fields out of a file, noting every mistake instead of stopping at the first.

Owns what a text, a list or a true/false may look like and how mistakes are worded. Knows no survey rules.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from feedback.errors import FileProblem, quote
from feedback.surveys.located import Fields, Items, Node, Scalar
from feedback.surveys.questions import TRUTHS, without_controls


class Entry:
    """The fields of one thing in the file.

    What is wrong goes to `problems`, which all entries of a file share; the reading methods then return a
    stand-in, so a file's problems are complete before anybody looks at its values.
    """

    def __init__(
        self,
        node: Node,
        path: str,
        problems: list[FileProblem],
        known: Sequence[str],
        later: Mapping[str, str] = MappingProxyType({}),  # fields not supported yet -> the one they would stand for
        what: str = "field",  # what the names are called
    ) -> None:
        self.line = node.line
        self.problems = problems
        self._path = path
        self._known = known
        self._later = later
        self._what = what
        self._nodes: dict[str, Node] = {}
        self._lines: dict[str, int] = {}
        self.has_strangers = False  # whether fields were given that are none
        self._excused: set[str] = set()  # absent, but another problem already says why
        if isinstance(node, Fields):
            for name, value in node.pairs:
                self._take(name, value)
        else:
            self._excused.update(known)
            self.blame("", _no_fields(node, known))

    def child(
        self,
        node: Node,
        field: str,
        known: Sequence[str],
        later: Mapping[str, str] = MappingProxyType({}),
        what: str = "field",
    ) -> "Entry":
        """Return the entry that a node inside this one holds."""
        return Entry(node, f"{self._path}.{field}" if self._path else field, self.problems, known, later, what)

    def blame(self, field: str, message: str, line: int | None = None) -> None:
        """Note a problem with a field, or with the whole entry when the field is empty."""
        place = ".".join(part for part in (self._path, field) if part)
        self.problems.append(FileProblem(line or self.line_of(field), place, message))

    def line_of(self, field: str) -> int:
        """Return the line where a field is named, or where the entry starts."""
        return self._lines.get(field, self.line)

    def has(self, field: str) -> bool:
        """Say whether the field is written, be it with a value or without."""
        return field in self._nodes

    def node(self, field: str) -> Node | None:
        """Return what the field holds, as it was written; None where it is not there."""
        return self._nodes.get(field)

    def excuse(self, field: str) -> None:
        """Do not report the field as missing: another problem says why it is."""
        self._excused.add(field)

    def needed(self, field: str, limit: int, *, is_block: bool = False) -> str:
        """Return a text that must be there."""
        node = self._nodes.get(field)
        if node is None or (isinstance(node, Scalar) and not _cleaned(node, is_block=is_block)):
            if field not in self._excused:
                self.blame(field, f"the {field} is missing. Add “{field}: …” here.")
            return ""
        return self.text(field, limit, is_block=is_block)

    def text(self, field: str, limit: int, *, is_block: bool = False) -> str:
        """Return a text of up to `limit` characters, on one line unless `is_block`; empty when there is none."""
        node = self._nodes.get(field)
        return "" if node is None else self.text_of(node, field, limit, is_block=is_block)

    def text_of(self, node: Node, field: str, limit: int, *, is_block: bool = False) -> str:
        """Return the text that a node of this entry holds."""
        if not isinstance(node, Scalar):
            hint = " Put quotes around a text that contains “: ”." if isinstance(node, Fields) else ""
            self.blame(field, f"this should be a text, not {_what(node)}.{hint}", node.line)
            return ""
        text = _cleaned(node, is_block=is_block)
        if len(text) > limit:
            message = f"this has {len(text):,} characters; up to {limit:,} fit. Please shorten it."
            self.blame(field, message, node.line)
        if node.cut:
            message = f"{quote(node.cut)} and what follows would be left out. Put quotes around the whole text."
            self.blame(field, message, node.line)
        return text

    def truth(self, field: str) -> bool:
        """Return a true/false; false when there is none."""
        node = self._nodes.get(field)
        found = TRUTHS.get(node.text.strip().lower()) if isinstance(node, Scalar) else None
        if node is not None and found is None:
            self.blame(field, "write true or false here.")
        return bool(found)

    def items(self, field: str) -> tuple[Node, ...]:
        """Return the entries of a list; none when there is no list."""
        node = self._nodes.get(field)
        if node is None or isinstance(node, Items):
            return node.items if node else ()
        if not (isinstance(node, Scalar) and node.is_nothing):
            self.blame(field, "this should be a list: one entry to a line, each starting with “- ”.")
            self.excuse(field)
        return ()

    def is_excused(self, field: str) -> bool:
        """Say whether another problem already tells what is wrong with the field."""
        return field in self._excused

    def _take(self, name: Scalar, value: Node) -> None:
        if name.text in self._nodes:
            first = self._lines[name.text]
            self.blame(name.text, f"this field was already given in line {first}. Keep one of the two.", name.line)
        elif name.text in self._known:
            self._nodes[name.text] = value
            self._lines[name.text] = name.line
        else:
            self._refuse(name)

    def _refuse(self, name: Scalar) -> None:
        self.has_strangers = True
        if name.text in self._later:
            self._excused.add(self._later[name.text])
            self.blame(name.text, f"{quote(name.text)} is not supported yet. Please leave it out.", name.line)
            return
        near = difflib.get_close_matches(name.text.strip().lower(), self._known, n=1)
        self._excused.update(near)
        advice = f"Did you mean {quote(near[0])}?" if near else f"Use one of: {', '.join(self._known)}."
        self.blame("", f"{quote(name.text)} is not a {self._what} here. {advice}", name.line)


def clean_line(text: str) -> str:
    """Return a text as surveys keep it where it has one line: blanks single, none around it."""
    return " ".join(without_controls(_plain(text)).split())


def clean_block(text: str) -> str:
    """Return a text as surveys keep it where it may have several lines: no blanks at their ends."""
    lines = without_controls(_plain(text)).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def _plain(text: str) -> str:
    """Use one kind of blank and one kind of line end."""
    return text.translate({0xA0: " ", 0x9: " ", 0xFEFF: None, 0x85: "\n", 0x2028: "\n", 0x2029: "\n"})


def _cleaned(node: Scalar, *, is_block: bool) -> str:
    if node.is_nothing:
        return ""
    return clean_block(node.text) if is_block else clean_line(node.text)


def _what(node: Node) -> str:
    match node:
        case Items():
            return "a list"
        case Fields():
            return "a group of fields"
        case Scalar():
            return "a text"


def _no_fields(node: Node, known: Collection[str]) -> str:
    found = "nothing" if isinstance(node, Scalar) and node.is_nothing else _what(node)
    return f"there is {found} here, where fields are needed: {', '.join(known)}."
