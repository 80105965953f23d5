"""From a tree to a function of a document and the parameters; each query is compiled once.

Three values of truth, as Cosmos DB has them: a comparison with undefined or across types is undefined, and only true
lets a document through (learn.microsoft.com/azure/cosmos-db/nosql/query/equality-comparison-operators).
"""

import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from simulator.cosmos.refusals import bad
from simulator.cosmos.sql_functions import AGGREGATES, FUNCTIONS
from simulator.cosmos.sql_tree import (
    ArrayOf,
    Binary,
    Call,
    Choice,
    Constant,
    Node,
    ObjectOf,
    Param,
    Root,
    Step,
    Unary,
    Within,
)
from simulator.cosmos.values import UNDEFINED, is_number, rank, same, step

Params = Mapping[str, object]
Value = Callable[[object, Params], object]

_ORDERS: dict[str, Callable[..., bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPARABLE = (rank(None), rank(""))  # of these types and between, greater and less have a meaning
_SUMS: dict[str, Callable[[object, object], object]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def compiled(node: Node) -> Value:
    """Return the function that computes the value of a node. Raises `Refusal` for an unknown function."""
    match node:
        case Constant() | Param() | Root():
            return _given(node)
        case Step():
            return _step(node)
        case Unary(sign=sign, value=inside):
            return _unary(sign, compiled(inside))
        case Binary(sign=sign, left=left, right=right):
            return _binary(sign, compiled(left), compiled(right))
        case Within(value=inside, options=options):
            return _within(compiled(inside), [compiled(one) for one in options])
        case Call():
            return _call(node)
        case _:
            return _made(node)


def aggregate_key(call: Call) -> str:
    """Return the name under which the value of an aggregate is given to the rest of its expression."""
    return f"{call.name} {call.place}"


def _given(node: Constant | Param | Root) -> Value:
    match node:
        case Constant(value=value):
            return lambda _doc, _params: value
        case Param(name=name):
            return lambda _doc, params: params.get(name, UNDEFINED)
        case _:
            return lambda doc, _params: doc


def _step(node: Step) -> Value:
    base = compiled(node.base)
    if isinstance(node.key, Constant) and isinstance(node.key.value, str):
        name = node.key.value

        def named(doc: object, params: Params) -> object:
            found = base(doc, params)
            return found.get(name, UNDEFINED) if isinstance(found, dict) else UNDEFINED

        return named
    key = compiled(node.key)

    def indexed(doc: object, params: Params) -> object:
        place = key(doc, params)
        return step(base(doc, params), place) if isinstance(place, str | int) else UNDEFINED

    return indexed


def _unary(sign: str, inside: Value) -> Value:
    def negated(doc: object, params: Params) -> object:
        value = inside(doc, params)
        return not value if isinstance(value, bool) else UNDEFINED

    def signed(doc: object, params: Params) -> object:
        value = inside(doc, params)
        if not is_number(value):
            return UNDEFINED
        return -value if sign == "-" else value  # type: ignore[operator]  # it is a number

    return negated if sign == "NOT" else signed


def _binary(sign: str, left: Value, right: Value) -> Value:
    if sign in {"AND", "OR"}:
        return _joined(left, right, decisive=sign == "OR")
    if sign == "??":
        return lambda doc, params: right(doc, params) if left(doc, params) is UNDEFINED else left(doc, params)
    pair = {"=": _equal, "!=": _unequal, "||": _concatenated, "LIKE": _like}.get(sign)
    if pair is None:
        pair = _ordered(_ORDERS[sign]) if sign in _ORDERS else _arithmetic(sign)
    return lambda doc, params: pair(left(doc, params), right(doc, params))


def _joined(left: Value, right: Value, *, decisive: bool) -> Value:
    def joined(doc: object, params: Params) -> object:
        one = left(doc, params)
        if one is decisive:
            return decisive
        other = right(doc, params)
        if other is decisive:
            return decisive
        return other if isinstance(one, bool) and isinstance(other, bool) else UNDEFINED

    return joined


def _equal(one: object, other: object) -> object:
    if one is UNDEFINED or other is UNDEFINED or rank(one) != rank(other):
        return UNDEFINED
    return same(one, other)


def _unequal(one: object, other: object) -> object:
    found = _equal(one, other)
    return not found if isinstance(found, bool) else UNDEFINED


def _ordered(compare: Callable[..., bool]) -> Callable[[object, object], object]:
    def ordered(one: object, other: object) -> object:
        place = rank(one)
        if place != rank(other) or not _COMPARABLE[0] <= place <= _COMPARABLE[1]:
            return UNDEFINED
        return compare(0, 0) if one is None else compare(one, other)

    return ordered


def _concatenated(one: object, other: object) -> object:
    return one + other if isinstance(one, str) and isinstance(other, str) else UNDEFINED


def _like(text: object, pattern: object) -> object:
    if not isinstance(text, str) or not isinstance(pattern, str):
        return UNDEFINED
    return _pattern(pattern).fullmatch(text) is not None


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"%": ".*", "_": "."}.get(char, re.escape(char)) for char in pattern), re.DOTALL)


def _arithmetic(sign: str) -> Callable[[object, object], object]:
    def computed(one: object, other: object) -> object:
        if not is_number(one) or not is_number(other):
            return UNDEFINED
        if sign in _SUMS:
            return _SUMS[sign](one, other)
        if other == 0:
            return UNDEFINED
        exact = one / other if sign == "/" else math.fmod(one, other)  # type: ignore[operator,arg-type]  # numbers
        return int(exact) if float(exact).is_integer() else exact

    return computed


def _within(inside: Value, options: list[Value]) -> Value:
    def within(doc: object, params: Params) -> object:
        value = inside(doc, params)
        if value is UNDEFINED:
            return UNDEFINED
        return any(same(value, option(doc, params)) for option in options)

    return within


def _call(node: Call) -> Value:
    if node.name in AGGREGATES:
        key = aggregate_key(node)
        return lambda _doc, params: params[key]
    if node.name not in FUNCTIONS:
        raise bad(f"the stand-in does not know the function {node.name}")
    function, fewest, most = FUNCTIONS[node.name]
    if not fewest <= len(node.arguments) <= most:
        raise bad(f"{node.name} takes {fewest} to {most} arguments")
    arguments = [compiled(one) for one in node.arguments]
    return lambda doc, params: function(*[one(doc, params) for one in arguments])


def _made(node: Node) -> Value:
    match node:
        case Choice():
            test, yes, no = compiled(node.test), compiled(node.yes), compiled(node.no)
            return lambda doc, params: yes(doc, params) if test(doc, params) is True else no(doc, params)
        case ArrayOf(items=items):
            parts = [compiled(one) for one in items]
            return lambda doc, params: [value for one in parts if (value := one(doc, params)) is not UNDEFINED]
        case ObjectOf(items=pairs):
            named = [(key, compiled(one)) for key, one in pairs]
            return lambda doc, params: {
                key: value for key, one in named if (value := one(doc, params)) is not UNDEFINED
            }
        case _:
            raise bad(f"the stand-in does not know {type(node).__name__}")
