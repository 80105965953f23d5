"""Requests about documents: one, a batch, a query, its plan, the change feed. From a `Call` to an `Answer`."""

import heapq
from collections.abc import Callable, Iterable
from http import HTTPStatus
from operator import attrgetter

import msgspec

from simulator.cosmos import charges
from simulator.cosmos.calls import Answer, Call
from simulator.cosmos.feed import mark_of, moment, read_changes
from simulator.cosmos.hashing import TOP
from simulator.cosmos.items import MAX_BYTES, MAX_KEY_BYTES, Kind, Operation, Outcome, Transaction
from simulator.cosmos.queries import Run, planned
from simulator.cosmos.query_plans import needs_plan, pinned, plan_for
from simulator.cosmos.refusals import (
    NOT_SERVABLE,
    RANGE_GONE,
    SESSION_AHEAD,
    WRONG_CONTAINER,
    Refusal,
    bad,
    missing,
    undone,
)
from simulator.cosmos.resources import Container, Holdings, Item, Partition, Range
from simulator.cosmos.values import UNDEFINED
from simulator.payload import Json, listing, mapping, text

MAX_BATCH = 100
_DEFAULT_PAGE = 100
_DYNAMIC_PAGE = 1000
_MULTI_STATUS = HTTPStatus.MULTI_STATUS
_ENCODE = msgspec.json.Encoder().encode
_SINGLE = {
    "item.create": Kind.CREATE,
    "item.upsert": Kind.UPSERT,
    "item.read": Kind.READ,
    "item.replace": Kind.REPLACE,
    "item.patch": Kind.PATCH,
    "item.delete": Kind.DELETE,
}


class Documents:
    """Answers requests about the documents of the account. `now` gives seconds since the epoch."""

    def __init__(self, holdings: Holdings, now: Callable[[], float]) -> None:
        self._holdings = holdings
        self._now = now

    def answer(self, call: Call) -> Answer:
        """Do what is asked. Raises `Refusal`."""
        container = self._holdings.container(call.database, call.container)
        intended = call.headers.get("x-ms-cosmos-intended-collection-rid")
        if intended and intended != container.rid:
            raise bad("Collection RID mismatch: the container was made again.", substatus=WRONG_CONTAINER)
        if call.name in _SINGLE:
            return self._single(call, container)
        match call.name:
            case "items.batch":
                return self._batch(call, container)
            case "items.plan":
                return self._plan(call, container)
            case "items.changes":
                return self._changes(call, container)
            case _:
                return self._query(call, container)

    def _single(self, call: Call, container: Container) -> Answer:
        work = Transaction(self._holdings, container, required_key(call), self._now())
        if not call.writes:
            check_session(call, [work.range])
        body = decoded(call.body) if call.verb in {"POST", "PUT", "PATCH"} else None
        headers = call.headers
        outcome = work.run(
            Operation(_SINGLE[call.name], call.item, body, headers.get("if-match"), headers.get("if-none-match"))
        )
        work.commit()
        is_silent = call.writes and "return=minimal" in headers.get("prefer", "")
        told = {**session(container, work.range), **({"etag": outcome.etag} if outcome.etag else {})}
        return Answer(outcome.status, b"" if is_silent else outcome.body, outcome.charge, told)

    def _batch(self, call: Call, container: Container) -> Answer:
        operations = decoded(call.body)
        if not isinstance(operations, list) or not operations:
            raise bad("A batch request has to have operations.")
        if len(operations) > MAX_BATCH:
            raise bad(f"Batch request has more operations than what is supported: {MAX_BATCH}.")
        if len(call.body) > MAX_BYTES:
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Batch request is too large: it may have 2 MB.")
        if not call.says("x-ms-cosmos-batch-atomic") or call.says("x-ms-cosmos-batch-continue-on-error"):
            raise undone("batches that are not atomic")
        work = Transaction(self._holdings, container, required_key(call), self._now())
        results: list[Json] = []
        for index, one in enumerate(operations):
            try:
                results.append(_told(work.run(_operation(mapping(one)))))
            except Refusal as refusal:
                return _failed(results, refusal, index, len(operations), session(container, work.range))
        work.commit()
        total = sum(float(str(one["requestCharge"])) for one in results)
        return Answer(HTTPStatus.OK, _ENCODE(results), total, session(container, work.range))

    def _plan(self, call: Call, container: Container) -> Answer:
        query, params = _asked(call)
        supported = call.headers.get("x-ms-cosmos-supported-query-features", "")
        return Answer(HTTPStatus.OK, _ENCODE(plan_for(query, params, container.key_path, supported)))

    def _query(self, call: Call, container: Container) -> Answer:
        query, params = ("SELECT * FROM c", {}) if call.name == "items.list" else _asked(call)
        ranges, partition = self._scope(call, container)
        if partition is None and "x-ms-documentdb-partitionkeyrangeid" not in call.headers:
            plan = planned(query)
            if call.name == "items.query" and needs_plan(plan):
                raise bad("The provided cross partition query can not be directly served.", substatus=NOT_SERVABLE)
            key = pinned(plan.query, container.key_path, params)
            if key is not UNDEFINED:
                partition = container.home_of(key)
                ranges = [partition.range]
            elif call.name == "items.query" and not call.says("x-ms-documentdb-query-enablecrosspartition"):
                raise bad("Cross partition query is required but disabled. Set enable_cross_partition_query to True.")
        check_session(call, ranges)
        run = Run(query, params, container.index, now=self._now())
        page = run.page(
            _items(ranges, partition, _window(call)),
            size=_page_size(call),
            continuation=call.headers.get("x-ms-continuation"),
            visited=len(ranges),
        )
        following = {"x-ms-continuation": page.continuation} if page.continuation else {}
        return self._list(container, page.results, page.charge, {**session(container, *ranges), **following})

    def _changes(self, call: Call, container: Container) -> Answer:
        if call.headers["a-im"].lower() != "incremental feed":
            raise undone("a change feed of all versions and deletions")
        ranges, partition = self._scope(call, container)
        if len(ranges) > 1:
            raise bad("the stand-in reads the change feed of one range at a time: name it")
        home = ranges[0]
        low, high = _window(call)
        since = call.headers.get("if-modified-since")
        changes = read_changes(
            home,
            mark_of(call.headers.get("if-none-match", ""), home),
            size=_page_size(call),
            since=moment(since) if since else 0.0,
            is_wanted=lambda item: (partition is None or item.home is partition) and low <= item.home.epk < high,
            now=self._now(),
        )
        headers = {**session(container, home), "etag": changes.etag}
        if not changes.results:
            return Answer(HTTPStatus.NOT_MODIFIED, b"", changes.charge, headers)
        return self._list(container, changes.results, changes.charge, headers)

    def _scope(self, call: Call, container: Container) -> tuple[list[Range], Partition | None]:
        range_id = call.headers.get("x-ms-documentdb-partitionkeyrangeid")
        if call.key is not UNDEFINED:
            partition = container.home_of(required_key(call))
            return [partition.range], partition
        if range_id is None:
            return container.ranges, None
        home = container.range(range_id)
        if home is None:
            raise Refusal(HTTPStatus.GONE, f"There is no range {range_id!r}.", substatus=RANGE_GONE)
        return [home], None

    def _list(self, container: Container, results: list[bytes], charge: float, headers: dict[str, str]) -> Answer:
        body = b'{"_rid":"%s","Documents":[%s],"_count":%d}' % (
            container.rid.encode(),
            b",".join(results),
            len(results),
        )
        return Answer(HTTPStatus.OK, body, charge, {**headers, "x-ms-item-count": str(len(results))})


def decoded(body: bytes) -> object:
    """Return the JSON in a body. Raises `Refusal` 400."""
    try:
        found: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad("The input content is not valid JSON.") from error
    return found


def required_key(call: Call) -> object:
    """Return the partition key value that the request names. Raises `Refusal` 400."""
    raw = call.key
    if not isinstance(raw, str):
        raise bad("PartitionKey value must be supplied for this operation.")
    values = decoded(raw.encode())
    if not isinstance(values, list) or len(values) > 1:
        raise undone("hierarchical partition keys")
    value = values[0] if values else {}
    if isinstance(value, str) and len(value.encode()) > MAX_KEY_BYTES:
        raise bad(f"The partition key is longer than {MAX_KEY_BYTES} bytes.")
    if isinstance(value, list) or (isinstance(value, dict) and value):
        raise bad("A partition key is a string, a number, a boolean or null.")
    return UNDEFINED if isinstance(value, dict) else value


def session(container: Container, *ranges: Range) -> dict[str, str]:
    """Return the headers that tell a session how far it has come."""
    return {
        "x-ms-session-token": ",".join(f"{one.id}:-1#{one.lsn}" for one in ranges),
        "x-ms-documentdb-partitionkeyrangeid": ranges[0].id,
        "lsn": str(ranges[0].lsn),
        "x-ms-alt-content-path": container.link,
        "x-ms-content-path": container.rid,
    }


def check_session(call: Call, ranges: list[Range]) -> None:
    """Raise `Refusal` where the session has seen more than there is: after a restart without memory, for example."""
    here = {one.id: one.lsn for one in ranges}
    for token in filter(None, call.headers.get("x-ms-session-token", "").split(",")):
        range_id, _, rest = token.partition(":")
        seen = rest.split("#")[1:2] or [rest]
        if range_id in here and seen[0].isdecimal() and int(seen[0]) > here[range_id]:
            raise missing("The read session is not available for the input session token.", substatus=SESSION_AHEAD)


def _asked(call: Call) -> tuple[str, Json]:
    body = mapping(decoded(call.body))
    params = {text(one, "name"): mapping(one).get("value", UNDEFINED) for one in listing(body.get("parameters"))}
    return text(body, "query"), params


def _page_size(call: Call) -> int:
    try:
        size = int(call.headers.get("x-ms-max-item-count", _DEFAULT_PAGE))
    except ValueError as error:
        raise bad("x-ms-max-item-count is not a number") from error
    return size if size > 0 else _DYNAMIC_PAGE


def _window(call: Call) -> tuple[str, str]:
    """Return the effective keys that a request is limited to, below its range."""
    if call.headers.get("x-ms-read-key-type", "").lower() != "effectivepartitionkeyrange":
        return "", TOP
    return call.headers.get("x-ms-start-epk", ""), call.headers.get("x-ms-end-epk", TOP)


def _items(ranges: list[Range], partition: Partition | None, window: tuple[str, str]) -> Iterable[Item]:
    if partition is not None:
        return partition.items.values()
    low, high = window
    merged = heapq.merge(*(one.items.values() for one in ranges), key=attrgetter("number"))
    found: Iterable[Item] = ranges[0].items.values() if len(ranges) == 1 else merged
    return found if window == ("", TOP) else (item for item in found if low <= item.home.epk < high)


def _operation(one: Json) -> Operation:
    name = text(one, "operationType")
    if name not in set(Kind):
        raise bad(f"The batch operation {name!r} is not known.")
    return Operation(
        Kind(name),
        text(one, "id"),
        one.get("resourceBody"),
        text(one, "ifMatch") or None,
        text(one, "ifNoneMatch") or None,
    )


def _told(outcome: Outcome) -> Json:
    told: Json = {"statusCode": int(outcome.status), "requestCharge": round(outcome.charge, 2)}
    if outcome.etag:
        told["eTag"] = outcome.etag
    if outcome.body:
        told["resourceBody"] = msgspec.Raw(outcome.body)
    return told


def _failed(results: list[Json], refusal: Refusal, index: int, count: int, headers: dict[str, str]) -> Answer:
    told: list[Json] = [
        {"statusCode": int(HTTPStatus.FAILED_DEPENDENCY), "requestCharge": 0, "subStatusCode": 0} for _ in range(count)
    ]
    told[index] = {
        "statusCode": int(refusal.status),
        "subStatusCode": refusal.substatus,
        "requestCharge": charges.REFUSED,
        "message": refusal.message,
    }
    spent = sum(float(str(one["requestCharge"])) for one in results) + charges.REFUSED
    return Answer(_MULTI_STATUS, _ENCODE(told), spent, headers)
