"""The words of a query: splits its text into names, numbers, strings, parameters and signs."""

import re
from typing import Literal

import msgspec

from simulator.cosmos.refusals import bad

_KEYWORDS = re.compile(
    r"(select|distinct|top|value|from|as|where|group|by|order|asc|desc|offset|limit|and|or|not|in|between|like"
    r"|exists|array|true|false|null|undefined|join|udf|escape)\Z",
    re.IGNORECASE,
)
_WORD = re.compile(
    r"""(?P<space>\s+|--[^\n]*)
      | (?P<number>0x[0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<param>@\w+)
      | (?P<name>[^\W\d]\w*)
      | (?P<sign><=|>=|!=|<>|\|\||\?\?|[-+*/%=<>()\[\]{},.:?~])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)

Sort = Literal["number", "string", "param", "name", "keyword", "sign", "end"]


class Word(msgspec.Struct, frozen=True):
    """One word: what it is, its meaning, and where it stands in the text."""

    sort: Sort
    text: str
    start: int
    end: int


def split(text: str) -> list[Word]:
    """Return the words, and a last one that says that there are no more. Raises `Refusal` 400."""
    words: list[Word] = []
    place = 0
    while place < len(text):
        found = _WORD.match(text, place)
        if found is None:
            raise bad(f"Syntax error, incorrect syntax near {text[place : place + 20]!r}.")
        if found.lastgroup != "space":
            words.append(_word(found))
        place = found.end()
    words.append(Word("end", "", place, place))
    return words


def _word(found: re.Match[str]) -> Word:
    raw, start, end = found.group(), found.start(), found.end()
    match found.lastgroup:
        case "name":
            return Word("keyword" if _KEYWORDS.match(raw) else "name", raw, start, end)
        case "string":
            return Word("string", _ESCAPE.sub(_unescaped, raw[1:-1]), start, end)
        case "number":
            return Word("number", raw, start, end)
        case "param":
            return Word("param", raw, start, end)
        case _:
            return Word("sign", raw, start, end)


def _unescaped(found: re.Match[str]) -> str:
    code = found.group(1)
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPES.get(code, code)
