"""YAML or JSON text as a tree of texts, lists and fields that know their lines. Knows nothing of surveys.

Scalars stay the text that was written: `Yes`, `1` and `2026-01-01` mean what their field takes them for, not what
YAML 1.1 would make of them. JSON is read as the subset of YAML that it is, so that its lines are known too.
"""

import re
from collections.abc import Iterator

import msgspec
import yaml

from feedback.errors import FileProblem, SurveyFileRefused
from feedback.surveys.questions import without_controls

MAX_BYTES = 200 * 1024
MAX_DEPTH = 12  # a survey needs 5; what is deeper is a mistake or an attack
_FENCE = re.compile(r"\s*(```+|~~~+)([ \t]*\w*[ \t]*\n)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_REMARK = re.compile(r"\s*(#[^\s#]\S*)")
_BLANKS = str.maketrans({"\xa0": " ", "\u2028": " ", "\u2029": " ", "\x85": " ", "\ufeff": None})
_ADVICE = {  # what the parser says -> what a person can do about it
    "mapping values are not allowed": "there is one “:” too many. Put quotes around a text that contains “: ”.",
    "could not find expected ':'": "a “:” is missing after the name of the field.",
    "expected ',' or": "a comma or a closing bracket is missing in this line or before it. "
    "Put quotes around a text that contains “?”, “:” or “,”.",
    "expected <block end>": "this line is indented differently from its neighbours, or a quotation mark is misplaced.",
    "unexpected end of stream": "the quotation mark that opens here is never closed.",
    "cannot start any token": "a text that starts with a special character needs quotes around it.",
    "unknown escape character": "a “\\” means something special inside double quotes. Use single quotes instead.",
}
_UNCLEAR = "this cannot be read. Check the indentation, the “:” after each field name, the quotes and the brackets."


class Scalar(msgspec.Struct, frozen=True):
    """One text as written. An empty one, and an unquoted `null` or `~`, say nothing."""

    text: str
    line: int
    is_quoted: bool = False
    cut: str = ""  # a word with “#” that follows on the line, which YAML takes for a remark

    @property
    def is_nothing(self) -> bool:
        """Whether nothing was given."""
        return not self.text.strip() or (not self.is_quoted and self.text in {"null", "~"})


class Items(msgspec.Struct, frozen=True):
    """A list."""

    items: tuple["Node", ...]
    line: int


class Fields(msgspec.Struct, frozen=True):
    """Names with values, in the order written; a name may come twice."""

    pairs: tuple[tuple[Scalar, "Node"], ...]
    line: int


Node = Scalar | Items | Fields


class Tree(msgspec.Struct, frozen=True):
    """A document, and what is wrong with it although it could be read."""

    root: Node
    problems: tuple[FileProblem, ...]


class _Open(msgspec.Struct):
    """A list or a set of fields whose end has not been read yet. `nodes` of fields alternate: name, value."""

    line: int
    is_fields: bool
    nodes: list[Node]

    def close(self) -> Node:
        if not self.is_fields:
            return Items(tuple(self.nodes), self.line)
        pairs = []
        for name, value in zip(self.nodes[::2], self.nodes[1::2], strict=True):
            if not isinstance(name, Scalar):
                raise _refused(name.line, "brackets cannot be the name of a field. Put the text in quotes.")
            pairs.append((name, value))
        return Fields(tuple(pairs), self.line)


def parse(text: str) -> Tree:
    """Return the tree of the text's one document; lines count from 1, inside a code fence from its content.

    YAML's machinery (anchors, references, tags), which a survey never needs, is among the tree's problems. Raises
    `SurveyFileRefused` for what cannot be read at all: not YAML or JSON, too large, too deep, several documents.
    """
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise _refused(1, f"the file is too large: up to {MAX_BYTES // 1024} KB can be read.")
    try:
        return _tree(yaml.parse(_pasted(text), Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        raise _explained(error) from None
    except (yaml.YAMLError, ValueError, OverflowError):  # the parser lets an impossible “\U…” or version through
        raise _refused(1, _UNCLEAR) from None


def _pasted(text: str) -> str:
    """Undo what chats, editors and clipboards do to a file, keeping its lines."""
    text = _unfenced(without_controls(text.translate(_BLANKS)))
    if not text.lstrip().startswith(("{", "[")):
        _refuse_tabs(text)
    return text.replace("\t", " ")


def _unfenced(text: str) -> str:
    opening = _FENCE.match(text)
    if not opening:
        return text
    body = text[opening.end() :]
    closing = re.search(rf"^{opening[1]}|{opening[1]}\s*\Z", body, re.MULTILINE)
    if not closing:
        return body
    if body[closing.end() :].strip():
        line = body.count("\n", 0, closing.end()) + 1
        raise _refused(line, "something follows the code block. Put the whole survey in one code block.")
    return body[: closing.start()]


def _refuse_tabs(text: str) -> None:
    indents = [line[: len(line) - len(line.lstrip())] for line in text.split("\n")]
    tabbed = [number for number, indent in enumerate(indents, 1) if "\t" in indent]
    if tabbed:
        more = f" (and {len(tabbed) - 1} more lines)" if len(tabbed) > 1 else ""
        raise _refused(tabbed[0], f"the line is indented with a tab{more}. Use spaces.")


def _tree(events: Iterator[yaml.Event]) -> Tree:
    roots: list[Node] = []
    stack: list[_Open] = []
    problems: list[FileProblem] = []
    for event in events:
        line = _line(event)
        if message := _machinery(event):
            problems.append(FileProblem(line, "", message))
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append(_Open(line, isinstance(event, yaml.MappingStartEvent), []))
            if len(stack) > MAX_DEPTH:
                raise _refused(line, "there are too many levels inside each other here.")
        elif (node := _finished(event, stack)) is not None:
            (stack[-1].nodes if stack else roots).append(node)
        elif isinstance(event, yaml.DocumentStartEvent) and roots:
            raise _refused(line, "a second document starts here. Import one survey at a time, without “---” between.")
    return Tree(roots[0] if roots else Scalar("", 1), tuple(problems))


def _finished(event: yaml.Event, stack: list[_Open]) -> Node | None:
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(_joined(event.value), _line(event), is_quoted=event.style is not None, cut=_cut(event))
    if isinstance(event, yaml.AliasEvent):
        return Scalar(f"*{event.anchor}", _line(event))
    return stack.pop().close() if isinstance(event, yaml.CollectionEndEvent) else None


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _cut(event: yaml.ScalarEvent) -> str:
    """Return the first word of a remark that looks like a part of the text, such as “#1” in “Rate us #1”."""
    mark = event.end_mark
    if event.style is not None or mark is None or mark.buffer is None:
        return ""
    rest = mark.buffer[mark.pointer :].split("\n", 1)[0]
    found = _REMARK.match(rest)
    return found[1] if found else ""


def _machinery(event: yaml.Event) -> str:
    """Say what to do about YAML's machinery, if this uses it."""
    if isinstance(event, yaml.AliasEvent):
        return "references (“*name”) are not read. Put quotes around a text that starts with “*”."
    if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
        return "anchors (“&name”) are not read. Put quotes around a text that starts with “&”."
    if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
        return "tags (“!name”) are not read. Put quotes around a text that starts with “!”."
    return ""


def _joined(text: str) -> str:
    """Turn the surrogate pairs that JSON escapes leave behind into the characters they stand for."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")


def _explained(error: yaml.MarkedYAMLError) -> SurveyFileRefused:
    problem = error.problem or ""
    advice = next((advice for sign, advice in _ADVICE.items() if sign in problem), _UNCLEAR)
    mark = error.problem_mark
    if "quoted scalar" in (error.context or "") and error.context_mark:
        mark = error.context_mark  # where the quotes open
    return _refused(mark.line + 1 if mark else 1, advice)


def _refused(line: int, message: str) -> SurveyFileRefused:
    return SurveyFileRefused((FileProblem(line, "", message),))
