"""Runs a query over some documents, a page at a time.

A continuation names the place where the page ended (not a cursor that lives here), so it survives a restart and sees
what was written meanwhile. Queries that group or tell apart are computed whole for each page.
"""

import base64
import binascii
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

import msgspec

from simulator.cosmos import charges
from simulator.cosmos.aggregates import Groups, aggregates_in
from simulator.cosmos.indexing import Index, Path
from simulator.cosmos.refusals import bad
from simulator.cosmos.resources import Item
from simulator.cosmos.sql import parsed
from simulator.cosmos.sql_eval import Params, Value, compiled
from simulator.cosmos.sql_tree import Node, Query, children, conjuncts, path_of
from simulator.cosmos.values import UNDEFINED, Order, fingerprint

MAX_PAGE_BYTES = 4 * 1024 * 1024
_DECODE = msgspec.json.Decoder(dict).decode
_ENCODE = msgspec.json.Encoder().encode


class Page(msgspec.Struct, frozen=True):
    """Some results, encoded, and where to go on."""

    results: list[bytes]
    continuation: str | None
    charge: float


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: the number of the last document, its order values, and how much the query may still give."""

    query: int
    number: int = 0
    keys: list[list[object]] = []
    left: int | None = None
    skipped: int = 0


class _Meter:
    def __init__(self) -> None:
        self.entries = 0
        self.loaded = 0.0


class Plan:
    """A query, compiled."""

    def __init__(self, text: str) -> None:
        self.query = query = parsed(text)
        self.selected = [compiled(one.value) for one in query.selected]
        self.aggregates = aggregates_in(one.value for one in query.selected)
        self.tests = [(_paths(one), compiled(one)) for one in conjuncts(query.where)]
        self.order = [compiled(one.value) for one in query.order]
        self.is_whole = bool(query.group or self.aggregates or query.is_distinct)
        self.numbers = [compiled(one) if one else None for one in (query.top or query.limit, query.offset)]
        if self.is_whole and query.is_star:
            raise bad("SELECT * cannot be grouped, counted or made distinct")
        if self.is_whole and query.order:
            raise bad("the stand-in does not know ORDER BY together with GROUP BY, DISTINCT or aggregates")

    def project(self, doc: object, params: Params) -> object:
        """Return what the query selects of a document; undefined is left out."""
        if self.query.is_value:
            return self.selected[0](doc, params)
        return {
            one.name: found
            for one, value in zip(self.query.selected, self.selected, strict=True)
            if (found := value(doc, params)) is not UNDEFINED
        }

    def check_order(self, index: Index) -> None:
        """Raise `Refusal` unless the index can serve the ORDER BY."""
        orders: list[tuple[Path, bool]] = []
        for one in self.query.order:
            path = path_of(one.value)
            if not path:
                raise bad("Unsupported ORDER BY clause. ORDER BY item expression has to be a path of the document.")
            if not index.covers(path):
                raise bad("The index path corresponding to the specified order-by item is excluded.")
            orders.append((path, one.descending))
        if len(orders) > 1 and not index.serves(orders):
            raise bad("The order by query does not have a corresponding composite index that it can be served from.")


@lru_cache(maxsize=1024)
def planned(text: str) -> Plan:
    """Return the compiled query. Raises `Refusal` 400."""
    return Plan(text)


def _paths(node: Node) -> list[Path]:
    path = path_of(node)
    return [path] if path else [found for child in children(node) for found in _paths(child)]


class Run:
    """One page of one query, over the items in scope at this moment."""

    def __init__(self, text: str, params: Params, index: Index, *, now: float) -> None:
        self.plan = planned(text)
        self.plan.check_order(index)
        self._params = params
        self._now = now
        self._meter = _Meter()
        self._id = zlib.crc32(text.encode() + fingerprint({**params}))
        self._found = [test for paths, test in self.plan.tests if all(map(index.covers, paths))]
        self._scanned = [test for paths, test in self.plan.tests if not all(map(index.covers, paths))]

    def page(self, items: Iterable[Item], *, size: int, continuation: str | None, visited: int) -> Page:
        """Return the page after the continuation. `items` come in the order of their numbers."""
        place = self._place(continuation)
        if self.plan.is_whole:
            results, following = self._whole(items, place, size)
        elif self.plan.order:
            results, following = self._sorted(items, place, size)
        else:
            results, following = self._plain(items, place, size)
        token = None if following is None else base64.b64encode(_ENCODE(following)).decode()
        return Page(results, token, charges.query(visited, self._meter.entries, self._meter.loaded))

    def _place(self, continuation: str | None) -> _Place:
        if continuation is None:
            left, skipped = (self._number(one) for one in self.plan.numbers)
            return _Place(self._id, left=left, skipped=skipped or 0)
        try:
            place = msgspec.json.decode(base64.b64decode(continuation, validate=True), type=_Place)
        except (binascii.Error, msgspec.DecodeError) as error:
            raise bad("Invalid Continuation Token") from error
        if place.query != self._id:
            raise bad("Invalid Continuation Token: it is of another query")
        return place

    def _number(self, value: Value | None) -> int | None:
        if value is None:
            return None
        found = value({}, self._params)
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise bad("TOP, OFFSET and LIMIT need whole numbers that are not negative.")
        return found

    def _matching(self, items: Iterable[Item]) -> Iterator[tuple[Item, dict[str, object]]]:
        params, meter, found, scanned = self._params, self._meter, self._found, self._scanned
        for item in items:
            if item.expires_at is not None and item.expires_at <= self._now:
                continue
            doc = _DECODE(item.body)
            if found and not all(test(doc, params) is True for test in found):
                continue
            meter.entries += 1
            meter.loaded += charges.read(len(item.body))
            if all(test(doc, params) is True for test in scanned):
                yield item, doc

    def _plain(self, items: Iterable[Item], place: _Place, size: int) -> tuple[list[bytes], _Place | None]:
        if place.number:
            items = (item for item in items if item.number > place.number)
        return self._collected(self._matching(items), place, size, lambda _doc: [])

    def _sorted(self, items: Iterable[Item], place: _Place, size: int) -> tuple[list[bytes], _Place | None]:
        descending = [one.descending for one in self.plan.query.order]
        turned = descending[0]

        def keys(doc: object) -> list[object]:
            return [value(doc, self._params) for value in self.plan.order]

        def rank(values: Sequence[object], number: int) -> tuple[list[Order], int]:
            ordered = [Order(one, descending=down) for one, down in zip(values, descending, strict=True)]
            return ordered, -number if turned else number

        found = [(rank(keys(doc), item.number), item, doc) for item, doc in self._matching(items)]
        if place.number:
            mark = rank([one[0] if one else UNDEFINED for one in place.keys], place.number)
            found = [one for one in found if one[0] > mark]
        found.sort(key=lambda one: one[0])
        return self._collected(((item, doc) for _, item, doc in found), place, size, keys)

    def _collected(
        self,
        found: Iterator[tuple[Item, dict[str, object]]],
        place: _Place,
        size: int,
        keys: Callable[[object], list[object]],
    ) -> tuple[list[bytes], _Place | None]:
        results: list[bytes] = []
        weight, left, skip, taken = 0, place.left, place.skipped, 0
        last: tuple[int, list[object]] = (place.number, [])
        for item, doc in found:
            if skip:
                skip -= 1
                continue
            if left == 0:
                break
            if taken == size or weight > MAX_PAGE_BYTES:
                marks = [[] if one is UNDEFINED else [one] for one in last[1]]
                return results, _Place(self._id, last[0], marks, left)
            last = (item.number, keys(doc))
            taken += 1
            left = None if left is None else left - 1
            projected = self._encoded(item, doc)
            if projected is not None:
                results.append(projected)
                weight += len(projected)
        return results, None

    def _encoded(self, item: Item, doc: object) -> bytes | None:
        if self.plan.query.is_star:
            return item.body
        value = self.plan.project(doc, self._params)
        return None if value is UNDEFINED else _ENCODE(value)

    def _whole(self, items: Iterable[Item], place: _Place, size: int) -> tuple[list[bytes], _Place | None]:
        query: Query = self.plan.query
        docs = (doc for _, doc in self._matching(items))
        rows: Iterable[tuple[object, Params]] = ((doc, self._params) for doc in docs)
        if query.group or self.plan.aggregates:
            rows = Groups(query.group, [one.value for one in query.selected]).rows(docs, self._params)
        values = [value for doc, params in rows if (value := self.plan.project(doc, params)) is not UNDEFINED]
        if query.is_distinct:
            values = list({fingerprint(value): value for value in values}.values())
        limit = len(values) if place.left is None else place.skipped + place.left
        values = values[place.skipped : limit]
        rest = len(values) - size
        following = None
        if rest > 0:
            left = None if place.left is None else place.left - size
            following = _Place(self._id, skipped=place.skipped + size, left=left)
        return [_ENCODE(value) for value in values[:size]], following
