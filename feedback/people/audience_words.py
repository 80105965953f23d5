"""The language of audiences: from the words that an admin types to a structure, and back.

The structure is data, never code. Knows nothing of stores or of who exists; that is audiences.py.
"""

import difflib
import re
import unicodedata
from collections.abc import Sequence
from typing import NoReturn

import msgspec

from feedback.errors import AudienceUnclear, quote

MAX_LENGTH = 500  # characters
MAX_DEPTH = 20  # brackets and "not" within each other
GROUPS = ("me", "customers", "engineers", "everyone")
KNOWN = (*GROUPS, "attached csv", "panel <name>", "non-responders of <run>", "<attribute>=<value>")

_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>!=|[=()])|"(?P<straight>(?:[^"]|"")*)"|[“„](?P<curly>[^“”]*)[“”]|(?P<word>[^\s"“”„=!()<>,;]+))"""
)


class Group(msgspec.Struct, frozen=True, tag=True):
    """People by what they are: `me`, `customers`, `engineers`, `everyone`."""

    word: str


class InPanel(msgspec.Struct, frozen=True, tag=True):
    """Whoever is in a panel."""

    panel: str


class InList(msgspec.Struct, frozen=True, tag=True):
    """Whoever is in a list that came attached to a message."""

    list: str


class NonResponders(msgspec.Struct, frozen=True, tag=True):
    """Whoever got a run's message, or may have got it, and has not answered."""

    run: str


class Has(msgspec.Struct, frozen=True, tag=True):
    """Whoever has a value in an attribute. Both in the form that `attribute_form` and `value_form` give."""

    attribute: str
    value: str


class Not(msgspec.Struct, frozen=True, tag=True):
    """Whoever is not in an audience; with an attribute, those without it too."""

    audience: "Audience"


class AllOf(msgspec.Struct, frozen=True, tag=True):
    """Whoever is in each of two or more audiences."""

    parts: "tuple[Audience, ...]"


class AnyOf(msgspec.Struct, frozen=True, tag=True):
    """Whoever is in one of two or more audiences."""

    parts: "tuple[Audience, ...]"


Audience = Group | InPanel | InList | NonResponders | Has | Not | AllOf | AnyOf


_ATTACHMENT = InList("")  # no list has this name


_NAMED = {InPanel: "panel", InList: "list", NonResponders: "non-responders of"}


class _Token(msgspec.Struct, frozen=True):
    kind: str  # "word", "quoted", "end", or the sign itself
    text: str
    position: int  # of its first character, from 1

    @property
    def lower(self) -> str:
        """The word in lower case; empty for anything else, so that “"and"” is no "and"."""
        return self.text.lower() if self.kind == "word" else ""


def attribute_form(name: str) -> str:
    """Return an attribute's name as it is kept: “Company Size” and “company_size” are `company-size`."""
    return re.sub(r"[\W_]+", "-", value_form(name)).strip("-")


def value_form(value: str) -> str:
    """Return what values are compared by: case, width and the number of blanks do not matter."""
    folded = unicodedata.normalize("NFKC", value).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def read_audience(words: str, *, attached: str | None = None) -> Audience:
    """Return the audience that the words name. Raises `AudienceUnclear`, with where and what was expected.

    `attached` is the list that the words “attached csv” mean.
    """
    if len(words) > MAX_LENGTH:
        _refuse(_Token("end", "", MAX_LENGTH + 1), f"at most {MAX_LENGTH} characters")
    return _Reader(_tokens(words), attached).whole()


def is_attached(words: str) -> bool:
    """Say whether an audience names what is attached to its message. Raises `AudienceUnclear`."""
    return _ATTACHMENT in leaves(read_audience(words, attached=_ATTACHMENT.list))


def leaves(audience: Audience) -> list[Audience]:
    """Return the parts of an audience that have no parts themselves."""
    match audience:
        case AllOf(parts) | AnyOf(parts):
            return [leaf for part in parts for leaf in leaves(part)]
        case Not(part):
            return leaves(part)
    return [audience]


def write_audience(audience: Audience) -> str:
    """Return the words for an audience; reading them gives the same audience."""
    match audience:
        case Group(word):
            return word
        case InPanel(name) | InList(name) | NonResponders(name):
            return f"{_NAMED[type(audience)]} {name}"
        case Has(attribute, value):
            return f"{_name(attribute)}={_quoted(value)}"
        case Not(Has(attribute, value)):
            return f"{_name(attribute)}!={_quoted(value)}"
        case Not(inner):
            return f"not {_bracketed(inner)}"
        case AllOf(parts):
            return " and ".join(map(_bracketed, parts))
        case AnyOf(parts):
            return " or ".join(write_audience(one) if isinstance(one, AllOf) else _bracketed(one) for one in parts)


def nearest(word: str, known: Sequence[str]) -> str:
    """Return “ (did you mean …?)” with the known word that is most like this one, or an empty text."""
    near = difflib.get_close_matches(word.lower(), known, n=1)
    return f" (did you mean {quote(near[0])}?)" if near else ""


class _Reader:
    """Reads tokens from left to right: `or` over `and` over `not` over one thing."""

    def __init__(self, tokens: Sequence[_Token], attached: str | None) -> None:
        self._tokens = tokens
        self._attached = attached
        self._at = 0
        self._depth = 0

    def whole(self) -> Audience:
        found = self._any_of()
        if self._next.kind != "end":
            hint = " (put quotes around a value of several words)" if self._next.kind == "word" else ""
            _refuse(self._next, "“and”, “or” or the end", hint)
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        self._at += token.kind != "end"
        return token

    def _any_of(self) -> Audience:
        parts = [self._all_of()]
        while self._next.lower == "or":
            self._take()
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all_of(self) -> Audience:
        parts = [self._one()]
        while self._next.lower == "and":
            self._take()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self) -> Audience:
        token = self._take()
        is_compared = self._next.kind in {"=", "!="}
        if token.kind == "(" or (token.lower == "not" and not is_compared):
            return self._nested(token)
        if token.kind in {"word", "quoted"} and is_compared:
            return self._compared(token)
        match token.lower:
            case word if word in GROUPS:
                return Group(word)
            case "panel":
                return InPanel(self._named("the name of a panel"))
            case "list":
                return InList(self._named("the name of a list"))
            case "attached":
                return self._attachment(token)
            case "non-responders":
                return self._non_responders()
            case word:
                hint = nearest(word, [*GROUPS, "panel", "attached", "non-responders"])
                return _refuse(token, f"one of: {', '.join(KNOWN)}", hint)

    def _non_responders(self) -> Audience:
        if self._next.lower != "of":
            _refuse(self._next, "“of” and the name of a run")
        self._take()
        return NonResponders(self._named("the name of a run"))

    def _attachment(self, token: _Token) -> Audience:
        if self._next.lower in {"csv", "file", "list"}:
            self._take()
        if self._attached is None:
            _refuse(token, "that with a CSV file attached to the message itself, after “send <survey> to”")
        return InList(self._attached)

    def _nested(self, opening: _Token) -> Audience:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            _refuse(opening, f"at most {MAX_DEPTH} brackets and “not” within each other")
        found = self._any_of() if opening.kind == "(" else Not(self._one())
        if opening.kind == "(" and (closing := self._take()).kind != ")":
            _refuse(closing, "“and”, “or” or “)”")
        self._depth -= 1
        return found

    def _compared(self, name: _Token) -> Audience:
        attribute = attribute_form(name.text)
        if not attribute:
            _refuse(name, "the name of an attribute")
        sign = self._take()
        token = self._take()
        value = value_form(token.text)
        if token.kind not in {"word", "quoted"} or not value:
            _refuse(token, f"a value after {quote(name.text + sign.kind)}")
        return Has(attribute, value) if sign.kind == "=" else Not(Has(attribute, value))

    def _named(self, expected: str) -> str:
        token = self._take()
        if token.kind != "word":
            _refuse(token, expected)
        return token.lower


def _tokens(words: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while words[at:].strip():
        match = _TOKEN.match(words, at)
        if match is None:
            at += len(words[at:]) - len(words[at:].lstrip())
            _refuse(_Token("sign", words[at], at + 1), _instead_of(words[at]))
        group = match.lastgroup or ""
        kind = {"word": "word", "sign": match[group]}.get(group, "quoted")
        text = match[group].replace('""', '"') if group == "straight" else match[group]
        found.append(_Token(kind, text, _start(match)))
        at = match.end()
    return [*found, _Token("end", "", len(words) + 1)]


def _start(match: re.Match[str]) -> int:
    blanks = len(match[0]) - len(match[0].lstrip())
    return match.start() + blanks + 1


def _instead_of(sign: str) -> str:
    if sign in '"“”„':
        return "a closing quotation mark after it"
    return "“=” or “!=”" if sign in "<>!" else "a word, “and” or “or”"


def _name(attribute: str) -> str:
    return attribute if _is_one_word(attribute) else _quoted(attribute)


def _quoted(value: str) -> str:
    return value if _is_one_word(value) else '"' + value.replace('"', '""') + '"'


def _is_one_word(text: str) -> bool:
    match = _TOKEN.fullmatch(text)
    return match is not None and match["word"] == text


def _bracketed(audience: Audience) -> str:
    words = write_audience(audience)
    return f"({words})" if isinstance(audience, AllOf | AnyOf) else words


def _refuse(token: _Token, expected: str, hint: str = "") -> NoReturn:
    found = "where it ends" if token.kind == "end" else f"at {quote(token.text or token.kind)}"
    raise AudienceUnclear(position=token.position, found=found + hint, expected=expected)
