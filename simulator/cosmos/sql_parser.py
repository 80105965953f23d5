"""From the text of a query to its tree. Refuses, by name, what the stand-in does not know."""

from collections.abc import Callable
from typing import TypeVar

from simulator.cosmos.refusals import Refusal, bad
from simulator.cosmos.sql_tree import (
    ArrayOf,
    Binary,
    Call,
    Choice,
    Constant,
    Node,
    ObjectOf,
    Ordered,
    Param,
    Query,
    Root,
    Selected,
    Step,
    Unary,
    Within,
)
from simulator.cosmos.sql_words import Word, split
from simulator.cosmos.values import UNDEFINED

T = TypeVar("T")

_LEVELS = (  # what binds least comes first
    {"=", "!=", "<>", "<", "<=", ">", ">="},
    {"||"},
    {"+", "-"},
    {"*", "/", "%"},
)
_CONSTANTS = {"true": True, "false": False, "null": None, "undefined": UNDEFINED}


class Parser:
    """Reads one query, word by word."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words = split(text)
        self._place = 0
        self._alias = ""

    def query(self) -> Query:
        """Return the whole query. Raises `Refusal` 400."""
        self._alias = self._from_ahead()
        self._need("select")
        is_distinct = self._took("distinct")
        top = self._primary() if self._took("top") else None
        is_value = self._took("value")
        selected = self._selected(is_value=is_value)
        self._from()
        return self._rest(Query(selected, is_value, is_distinct, top, self._alias))

    def condition(self) -> Node:
        """Return what `FROM c WHERE …` demands, which is what a conditional patch carries."""
        self._alias = self._from_ahead()
        self._from()
        self._need("where")
        where = self._expression()
        self._end()
        return where

    def _rest(self, query: Query) -> Query:
        where, where_text = None, ""
        if self._took("where"):
            where, where_text = self._sliced()
        group: list[Node] = []
        if self._took("group"):
            self._need("by")
            group = self._list(self._expression)
        order: list[Ordered] = []
        if self._took("order"):
            self._need("by")
            order = self._list(self._ordered)
        offset = limit = None
        if self._took("offset"):
            offset = self._primary()
            self._need("limit")
            limit = self._primary()
        self._end()
        return Query(
            query.selected,
            query.is_value,
            query.is_distinct,
            query.top,
            self._alias,
            where,
            where_text,
            tuple(group),
            tuple(order),
            offset,
            limit,
        )

    def _from_ahead(self) -> str:
        """Return the name that documents go by; SELECT uses it before FROM says it."""
        for index, word in enumerate(self._words):
            if word.sort == "keyword" and word.text.lower() == "from":
                following = self._words[index + 1 : index + 4]
                if len(following) > 1 and following[1].text.lower() == "as":
                    return following[-1].text
                if len(following) > 1 and following[1].sort == "name":
                    return following[1].text
                return following[0].text
        return ""

    def _from(self) -> None:
        if not self._took("from"):
            return
        self._name()
        if self._word.text == ".":
            raise bad("the stand-in knows FROM of whole documents only")
        if self._took("as") or self._word.sort == "name":
            self._name()
        if self._word.text.lower() in {"join", "in"}:
            raise bad(f"the stand-in does not know {self._word.text.upper()} after FROM")

    def _selected(self, *, is_value: bool) -> tuple[Selected, ...]:
        if not is_value and self._took("*"):
            return ()
        if is_value:
            value, text = self._sliced()
            return (Selected(value, "", text),)
        names = iter(range(1, len(self._words) + 1))

        def one() -> Selected:
            value, text = self._sliced()
            if self._took("as") or self._word.sort == "name":
                return Selected(value, self._name(), text)
            named = isinstance(value, Step) and isinstance(value.key, Constant) and isinstance(value.key.value, str)
            if named:
                return Selected(value, str(value.key.value), text)  # type: ignore[attr-defined]  # it is a step
            return Selected(value, self._alias if isinstance(value, Root) else f"${next(names)}", text)

        return tuple(self._list(one))

    def _ordered(self) -> Ordered:
        value, text = self._sliced()
        descending = self._took("desc")
        if not descending:
            self._took("asc")
        return Ordered(value, descending, text)

    def _sliced(self) -> tuple[Node, str]:
        start = self._word.start
        value = self._expression()
        return value, self._text[start : self._words[self._place - 1].end]

    def _expression(self) -> Node:
        test = self._either()
        while self._took("??"):
            test = Binary("??", test, self._either())
        if not self._took("?"):
            return test
        yes = self._expression()
        self._need(":")
        return Choice(test, yes, self._expression())

    def _either(self) -> Node:
        left = self._both()
        while self._took("or"):
            left = Binary("OR", left, self._both())
        return left

    def _both(self) -> Node:
        left = self._compared()
        while self._took("and"):
            left = Binary("AND", left, self._compared())
        return left

    def _compared(self) -> Node:
        left = self._level(0)
        is_negated = self._took("not")
        if self._took("in"):
            self._need("(")
            found: Node = Within(left, tuple(self._list(self._expression)))
            self._need(")")
        elif self._took("between"):
            low = self._level(1)
            self._need("and")
            found = Binary("AND", Binary(">=", left, low), Binary("<=", left, self._level(1)))
        elif self._took("like"):
            found = Binary("LIKE", left, self._level(1))
        elif is_negated:
            raise self._wrong()
        else:
            return left
        return Unary("NOT", found) if is_negated else found

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._signed()
        left = self._level(level + 1)
        while self._word.sort == "sign" and self._word.text in _LEVELS[level]:
            sign = self._next().text
            left = Binary("!=" if sign == "<>" else sign, left, self._level(level + 1))
        return left

    def _signed(self) -> Node:
        for sign in ("-", "+", "NOT"):  # NOT binds as tightly as a sign: NOT a = b is (NOT a) = b
            if self._took(sign.lower()):
                return Unary(sign, self._signed())
        return self._stepped(self._primary())

    def _stepped(self, base: Node) -> Node:
        while True:
            if self._took("."):
                base = Step(base, Constant(self._name()))
            elif self._took("["):
                base = Step(base, self._expression())
                self._need("]")
            else:
                return base

    def _primary(self) -> Node:
        word = self._word
        match word.sort:
            case "number":
                return Constant(_number(self._next().text))
            case "string":
                return Constant(self._next().text)
            case "param":
                return Param(self._next().text)
            case "name":
                return self._named(self._next())
            case "keyword" if word.text.lower() in _CONSTANTS:
                return Constant(_CONSTANTS[self._next().text.lower()])
            case _:
                return self._bracketed()

    def _named(self, word: Word) -> Node:
        if self._took("("):
            arguments = [] if self._word.text == ")" else self._list(self._expression)
            self._need(")")
            return Call(word.text.upper(), tuple(arguments), word.start)
        if word.text != self._alias:
            raise bad(f"Identifier {word.text!r} could not be resolved.")
        return Root()

    def _bracketed(self) -> Node:
        if self._took("("):
            if self._word.text.lower() == "select":
                raise bad("the stand-in does not know subqueries")
            inside = self._expression()
            self._need(")")
            return inside
        if self._took("["):
            items = [] if self._word.text == "]" else self._list(self._expression)
            self._need("]")
            return ArrayOf(tuple(items))
        if self._took("{"):
            pairs = [] if self._word.text == "}" else self._list(self._pair)
            self._need("}")
            return ObjectOf(tuple(pairs))
        raise self._wrong()

    def _pair(self) -> tuple[str, Node]:
        if self._word.sort not in {"string", "name", "keyword"}:
            raise self._wrong()
        key = self._next().text
        self._need(":")
        return key, self._expression()

    def _list(self, one: Callable[[], T]) -> list[T]:
        found = [one()]
        while self._took(","):
            found.append(one())
        return found

    @property
    def _word(self) -> Word:
        return self._words[self._place]

    def _next(self) -> Word:
        word = self._word
        self._place += 1
        return word

    def _name(self) -> str:
        """Return a name; words of the language are none, so `c.order` has to be written `c["order"]`."""
        if self._word.sort != "name":
            raise self._wrong()
        return self._next().text

    def _took(self, text: str) -> bool:
        word = self._word
        if word.sort in {"keyword", "sign"} and word.text.lower() == text:
            self._place += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._took(text):
            raise self._wrong()

    def _end(self) -> None:
        if self._word.sort != "end":
            raise self._wrong()

    def _wrong(self) -> Refusal:
        near = self._word.text or "the end of the query"
        return bad(f"Syntax error, incorrect syntax near {near!r}.")


def _number(text: str) -> int | float:
    if text.lower().startswith("0x"):
        return int(text, 16)
    return int(text) if text.isdecimal() else float(text)
