"""JSON values as Cosmos DB compares them: undefined, the order of types, equality without coercion."""

from collections.abc import Sequence
from enum import Enum
from functools import total_ordering

import msgspec

Doc = dict[str, object]


class Undefined(Enum):
    """What a path that leads nowhere yields. It is not null."""

    UNDEFINED = "undefined"

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED = Undefined.UNDEFINED
_UNDEFINED, _NULL, _BOOL, _NUMBER, _STRING, _ARRAY, _OBJECT = range(7)


def rank(value: object) -> int:
    """Return the place of the value's type: undefined, null, booleans, numbers, strings, arrays, objects."""
    if value is UNDEFINED:
        return _UNDEFINED
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return _BOOL
    if isinstance(value, int | float):
        return _NUMBER
    if isinstance(value, str):
        return _STRING
    return _ARRAY if isinstance(value, list) else _OBJECT


def is_number(value: object) -> bool:
    """Say whether the value is a JSON number; a boolean is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(one: object, other: object) -> bool:
    """Say whether two defined values are equal; 1 is not true, and objects compare by content."""
    if rank(one) != rank(other):
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(left, right) for left, right in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return one == other


def fingerprint(value: object) -> bytes:
    """Return something that is equal for equal values, to group and to tell apart by."""
    if value is UNDEFINED:
        return b""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return msgspec.json.encode(value, order="deterministic")


@total_ordering
class Order:
    """One value in an ORDER BY, in its direction."""

    __slots__ = ("_key", "_turned")

    def __init__(self, value: object, *, descending: bool) -> None:
        place = rank(value)
        plain = value if place in {_BOOL, _NUMBER, _STRING} else fingerprint(value)
        self._key = (place, plain)
        self._turned = descending

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Order) and self._key == other._key

    def __lt__(self, other: "Order") -> bool:
        one, two = (other._key, self._key) if self._turned else (self._key, other._key)
        if one[0] != two[0]:
            return one[0] < two[0]
        return one[1] < two[1]  # type: ignore[operator,no-any-return]  # of one type, so they compare

    def __hash__(self) -> int:
        return hash(self._key)


def step(value: object, key: str | int) -> object:
    """Return what lies one step into an object or an array, or undefined."""
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key, UNDEFINED)
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    return UNDEFINED


def walk(value: object, path: Sequence[str | int]) -> object:
    """Return what lies at the end of the path, or undefined."""
    for key in path:
        value = step(value, key)
    return value
