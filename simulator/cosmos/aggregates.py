"""COUNT, SUM, MIN, MAX and AVG, and groups of documents that they are taken over."""

from collections.abc import Callable, Iterable, Sequence

from simulator.cosmos.sql_eval import Params, Value, aggregate_key, compiled
from simulator.cosmos.sql_functions import AGGREGATES
from simulator.cosmos.sql_tree import Call, Node, calls
from simulator.cosmos.values import UNDEFINED, Order, fingerprint, is_number


def _sum(values: list[object]) -> object:
    if not values or not all(map(is_number, values)):
        return UNDEFINED
    return sum(values)  # type: ignore[arg-type]  # they are numbers


def _mean(values: list[object]) -> object:
    total = _sum(values)
    return total if total is UNDEFINED else total / len(values)  # type: ignore[operator]  # it is a number


def _extreme(pick: Callable[..., object]) -> Callable[[list[object]], object]:
    def extreme(values: list[object]) -> object:
        if not values or any(isinstance(one, list | dict) for one in values):
            return UNDEFINED
        return pick(values, key=lambda one: Order(one, descending=False))

    return extreme


_KINDS: dict[str, Callable[[list[object]], object]] = {
    "COUNT": len,
    "SUM": _sum,
    "MIN": _extreme(min),
    "MAX": _extreme(max),
    "AVG": _mean,
}


def aggregates_in(nodes: Iterable[Node]) -> list[Call]:
    """Return the aggregates in these values."""
    return [call for node in nodes for call in calls(node, AGGREGATES)]


class Groups:
    """Documents by the values they are grouped by; without any, all documents are one group."""

    def __init__(self, keys: Sequence[Node], selected: Sequence[Node]) -> None:
        self._keys = [compiled(one) for one in keys]
        self._calls: list[tuple[str, str, Value]] = [
            (aggregate_key(call), call.name, compiled(call.arguments[0])) for call in aggregates_in(selected)
        ]

    def rows(self, docs: Iterable[object], params: Params) -> list[tuple[object, Params]]:
        """Return a document of each group and its aggregates, ready to compute what is selected."""
        found: dict[bytes, tuple[object, list[list[object]]]] = {}
        if not self._keys:
            found[b""] = ({}, [[] for _ in self._calls])
        for doc in docs:
            key = b"\x00".join([fingerprint(one(doc, params)) for one in self._keys])
            _, columns = found.setdefault(key, (doc, [[] for _ in self._calls]))
            for column, (_, _, value) in zip(columns, self._calls, strict=True):
                if (argument := value(doc, params)) is not UNDEFINED:
                    column.append(argument)
        return [(doc, {**params, **self._finished(columns)}) for doc, columns in found.values()]

    def _finished(self, columns: list[list[object]]) -> dict[str, object]:
        return {key: _KINDS[name](column) for column, (key, name, _) in zip(columns, self._calls, strict=True)}
