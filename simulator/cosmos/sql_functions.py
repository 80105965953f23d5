"""The functions that a query may call, from values to a value. Undefined in, undefined out, unless said otherwise."""

import math
from collections.abc import Callable, Mapping

from simulator.cosmos.values import UNDEFINED, is_number, same

AGGREGATES = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG"})


def _texts(function: Callable[..., object]) -> Callable[..., object]:
    def checked(*values: object) -> object:
        return function(*values) if all(isinstance(one, str) for one in values) else UNDEFINED

    return checked


def _matched(function: Callable[[str, str], bool]) -> Callable[..., object]:
    def checked(text: object, wanted: object, ignore_case: object = False) -> object:  # noqa: FBT002 - as SQL has it
        if not isinstance(text, str) or not isinstance(wanted, str):
            return UNDEFINED
        return function(text.lower(), wanted.lower()) if ignore_case is True else function(text, wanted)

    return checked


def _numeric(function: Callable[[int | float], object]) -> Callable[[object], object]:
    def checked(value: object) -> object:
        return function(value) if is_number(value) else UNDEFINED  # type: ignore[arg-type]  # it is a number

    return checked


def _is(test: Callable[[object], bool]) -> Callable[[object], object]:
    return lambda value: value is not UNDEFINED and test(value)


def _contains(array: object, wanted: object, is_partial: object = False) -> object:  # noqa: FBT002 - as SQL has it
    if not isinstance(array, list) or wanted is UNDEFINED:
        return UNDEFINED
    if is_partial is True and isinstance(wanted, dict):
        return any(isinstance(one, dict) and _includes(one, wanted) for one in array)
    return any(same(one, wanted) for one in array)


def _includes(whole: Mapping[str, object], part: Mapping[str, object]) -> bool:
    return all(key in whole and same(whole[key], value) for key, value in part.items())


def _substring(text: object, start: object, length: object) -> object:
    if not isinstance(text, str) or not isinstance(start, int) or not isinstance(length, int):
        return UNDEFINED
    return text[max(start, 0) : max(start, 0) + max(length, 0)]


def _rounded(value: float) -> int:
    return math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)


FUNCTIONS: dict[str, tuple[Callable[..., object], int, int]] = {  # name: function, fewest and most arguments
    "IS_DEFINED": (lambda value: value is not UNDEFINED, 1, 1),
    "IS_NULL": (_is(lambda value: value is None), 1, 1),
    "IS_BOOL": (_is(lambda value: isinstance(value, bool)), 1, 1),
    "IS_NUMBER": (_is(is_number), 1, 1),
    "IS_STRING": (_is(lambda value: isinstance(value, str)), 1, 1),
    "IS_ARRAY": (_is(lambda value: isinstance(value, list)), 1, 1),
    "IS_OBJECT": (_is(lambda value: isinstance(value, dict)), 1, 1),
    "IS_PRIMITIVE": (_is(lambda value: not isinstance(value, list | dict)), 1, 1),
    "ARRAY_CONTAINS": (_contains, 2, 3),
    "ARRAY_LENGTH": (lambda value: len(value) if isinstance(value, list) else UNDEFINED, 1, 1),
    "STARTSWITH": (_matched(str.startswith), 2, 3),
    "ENDSWITH": (_matched(str.endswith), 2, 3),
    "CONTAINS": (_matched(lambda text, wanted: wanted in text), 2, 3),
    "STRINGEQUALS": (_matched(lambda text, wanted: text == wanted), 2, 3),
    "LOWER": (_texts(lambda text: text.lower()), 1, 1),
    "UPPER": (_texts(lambda text: text.upper()), 1, 1),
    "TRIM": (_texts(lambda text: text.strip()), 1, 1),
    "LENGTH": (_texts(len), 1, 1),
    "CONCAT": (_texts(lambda *texts: "".join(texts)), 2, 200),
    "SUBSTRING": (_substring, 3, 3),
    "ABS": (_numeric(abs), 1, 1),
    "FLOOR": (_numeric(math.floor), 1, 1),
    "CEILING": (_numeric(math.ceil), 1, 1),
    "ROUND": (_numeric(_rounded), 1, 1),
}
