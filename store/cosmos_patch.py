"""A patch in Cosmos DB's words: operations and a condition, all in one request. Knows neither client nor errors.

Where the words do not reach (a condition on a list, an eleventh operation), the engine reads, works it out with
`patching.py` and writes under the etag.
"""

import json
import re
from collections.abc import Iterable

from store.containers import CONTAINERS
from store.contract import MAX_PATCH, Op, Patch, Where, holds

MARK = "w_"  # the field that tells which write a document comes from; `_w` would be taken for one of Cosmos DB's own
Operation = dict[str, object]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RANGES = {Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}
_NEVER = "false"


def is_expressible(patch: Patch) -> bool:
    """Say whether Cosmos DB can make this patch in one request."""
    fields = [*patch.set, *patch.add, *patch.unset, *(one.field for one in patch.when)]
    operations = len(patch.set) + len(patch.add) + 2 * len(patch.unset) + 1
    return (
        operations <= MAX_PATCH
        and all(_PLAIN.match(field) for field in fields)
        and "ttl" not in patch.add
        and all(_is_expressible(one) for one in patch.when)
    )


def operations_of(patch: Patch, mark: str) -> list[Operation]:
    """Return the operations, the last of which leaves the write's mark where the patch is signed.

    An absent field cannot be removed, so it is set first. Adding to an absent one creates it.
    """
    made: list[Operation] = [{"op": "incr", "path": f"/{field}", "value": n} for field, n in patch.add.items()]
    made += [{"op": "set", "path": f"/{field}", "value": value} for field, value in patch.set.items()]
    for field in patch.unset:
        made += [{"op": "set", "path": f"/{field}", "value": None}, {"op": "remove", "path": f"/{field}"}]
    return [*made, {"op": "set", "path": f"/{MARK}", "value": mark}] if patch.is_signed else made


def predicate_of(container: str, patch: Patch) -> str:
    """Return the condition under which a patch is made.

    It is what was asked for, on a document of today's version, where what is added to is a number or absent.
    """
    parts = [f"{name_of('v')} = {CONTAINERS[container].version}", *(_condition(one) for one in patch.when)]
    parts += [f"(NOT IS_DEFINED({name_of(field)}) OR IS_NUMBER({name_of(field)}))" for field in patch.add]
    return f"FROM c WHERE {' AND '.join(parts)}"


def is_guarded(patch: Patch) -> bool:
    """Say whether a patch, once made, no longer meets its own conditions: making it again is a `Conflict`."""
    return any(
        (one.field in patch.set and not holds(dict(patch.set), [one])) or _is_moved_on(one, patch.add.get(one.field, 0))
        for one in patch.when
    )


def name_of(field: str) -> str:
    """Return a field as Cosmos DB's SQL names it, whether or not its name means something there."""
    return f"c[{json.dumps(field)}]"


def literal(value: object) -> str:
    """Return a value as Cosmos DB's SQL writes it."""
    return json.dumps(value, allow_nan=False)


def _is_expressible(one: Where) -> bool:
    match one.op:
        case Op.MISSING:
            return True
        case Op.IN:
            return not isinstance(one.value, list | tuple) or all(_is_scalar(value) for value in one.value)
        case _:
            return _is_scalar(one.value)


def _is_moved_on(one: Where, amount: int) -> bool:
    """Say whether a field that meets a condition does so no longer once the amount is added to it."""
    if one.op is Op.MISSING:
        return bool(amount)
    if one.op is not Op.EQ or isinstance(one.value, bool) or not isinstance(one.value, int | float):
        return False
    return one.value + amount != one.value


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _condition(one: Where) -> str:
    """Return one comparison. In Cosmos DB's SQL, values of different types are neither equal nor unequal."""
    field = name_of(one.field)
    match one.op:
        case Op.MISSING:
            return f"NOT IS_DEFINED({field})"
        case Op.LACKS:
            return f"(NOT IS_ARRAY({field}) OR NOT ARRAY_CONTAINS({field}, {literal(one.value)}))"
        case Op.NE:
            same_type, value = _type_test(one.value), literal(one.value)
            return f"(IS_DEFINED({field}) AND (NOT {same_type}({field}) OR {field} != {value}))"
        case Op.EQ:
            return f"({_type_test(one.value)}({field}) AND {field} = {literal(one.value)})"
        case Op.IN:
            return _among(field, one.value)
        case _:
            return _range(field, one)


def _among(field: str, values: object) -> str:
    if not isinstance(values, list | tuple) or not values:
        return _NEVER
    return f"{field} IN ({', '.join(_literals(values))})"


def _range(field: str, one: Where) -> str:
    if one.value is None or isinstance(one.value, bool):
        return _NEVER
    return f"({_type_test(one.value)}({field}) AND {field} {_RANGES[one.op]} {literal(one.value)})"


def _literals(values: Iterable[object]) -> list[str]:
    return [literal(value) for value in values]


def _type_test(value: object) -> str:
    if value is None:
        return "IS_NULL"
    if isinstance(value, bool):
        return "IS_BOOL"
    return "IS_STRING" if isinstance(value, str) else "IS_NUMBER"
