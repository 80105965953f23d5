"""What every store engine promises, shaped so that Cosmos DB can keep it too.

A document is a JSON object that lives in a container, under one partition, with an id that is unique
in that partition. Nothing here knows what the documents are about.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from store.containers import CONTAINERS, Container

Doc = dict[str, object]

MAX_DOC_BYTES = 2 * 1024 * 1024  # Cosmos DB item limit
MAX_BATCH = 100  # Cosmos DB transactional batch limit
MAX_PATCH = 10  # Cosmos DB patch operations in one request
MAX_ID = 255
_SAFE_ID = re.compile(r"[^/\\?#\x00-\x1f\ud800-\udfff]+\Z")
_RANGES = {-1: ("lt", "le"), 0: ("le", "ge"), 1: ("gt", "ge")}  # order of field and value -> what holds
_BODY = msgspec.json.Encoder()


class StoreError(Exception):
    """Something about the store went wrong."""


class Conflict(StoreError):
    """Somebody else was first: the id exists, the etag differs, or a condition does not hold."""


class Missing(StoreError):
    """There is no such document."""


class TooLarge(StoreError):
    """The document, the batch or the patch is over the limit that every engine keeps."""


class Busy(StoreError):
    """The store asks to wait; nothing was written."""

    def __init__(self, message: str = "", *, retry_after_s: float = 1.0) -> None:
        super().__init__(message or self.__doc__)
        self.retry_after_s = retry_after_s


class Unavailable(StoreError):
    """The store cannot be reached, or did not say whether it wrote."""


class Uncertain(Unavailable):
    """The store answers, but what is there now does not tell whether it wrote: others have written since."""


class Incomplete(Unavailable):
    """The database lacks parts that the deployment makes; the message names them."""


class Locked(Unavailable):
    """The database does not let Hearback in; the message has its answer."""


class Op(StrEnum):
    """How a condition compares a field with its value."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    IN = "in"  # the value is a list
    MISSING = "missing"  # the field is absent; the value is ignored
    LACKS = "lacks"  # the field is a list without the value, or absent


class Where(msgspec.Struct, frozen=True):
    """One comparison. Several together mean "and". A field that is absent equals nothing.

    `query` accepts EQ, IN and the four ranges on declared fields; a conditional patch accepts all.
    """

    field: str
    op: Op
    value: object = None


class Create(msgspec.Struct, frozen=True):
    """Write a document whose id must be new in its partition."""

    doc: Doc


class Replace(msgspec.Struct, frozen=True):
    """Write a document over the one whose etag is given."""

    doc: Doc
    etag: str


class Patch(msgspec.Struct, frozen=True):
    """Set, add to and remove top-level fields of one document, if the conditions hold.

    Adding to an absent field starts at nought; removing an absent one changes nothing. One that is not `is_signed`
    leaves no mark of its own, where that costs something: whoever makes it can tell from what it sets that it was made,
    and has to after `Uncertain`.
    """

    id: str
    set: Mapping[str, object] = {}
    add: Mapping[str, int] = {}
    unset: Sequence[str] = ()
    when: Sequence[Where] = ()
    is_signed: bool = True


class Delete(msgspec.Struct, frozen=True):
    """Remove one document, if the etag (when given) is still its own."""

    id: str
    etag: str | None = None


Change = Create | Replace | Patch | Delete


class Page(msgspec.Struct, frozen=True):
    """Some documents in the order asked for, perhaps fewer than asked for; `continuation` is None at the end."""

    docs: list[Doc]
    continuation: str | None = None


class Changes(msgspec.Struct, frozen=True):
    """The latest version of what was written since a mark, in each partition oldest write first, and the next mark.

    A document written twice appears once, with its last version; deletions do not appear. There may be fewer
    documents than asked for, and where a batch wrote them together, more; none means that there is nothing more.
    """

    docs: list[Doc]
    mark: str


class Store(Protocol):
    """Documents in containers. Every returned document carries its `_etag`.

    A write has happened, durably, when the call returns. `Conflict`, `Missing`, `TooLarge` and `Busy`
    mean that nothing was written; after `Unavailable` the outcome is unknown, so callers write under
    natural ids and conditions, where doing it again is harmless.

    Where a container says that its documents expire, a document with `ttl` is gone that many seconds after its last
    write: nothing finds it and its id is new again; -1 keeps it. An id or a partition that no document can have is
    `ValueError` in a document to be written, and simply not there everywhere else.
    """

    async def get(self, container: str, partition: str, doc_id: str) -> Doc | None:
        """Return one document, or None. One that its container shares may be what it was two seconds ago."""

    async def create(self, container: str, doc: Doc) -> Doc:
        """Write a new document. Raises `Conflict` where the id exists."""

    async def replace(self, container: str, doc: Doc, *, etag: str) -> Doc:
        """Write over the version with this etag. Raises `Conflict` or `Missing`."""

    async def patch(self, container: str, partition: str, patch: Patch) -> Doc:
        """Change some fields and return the whole document. Raises `Missing`, or `Conflict` where a condition fails."""

    async def delete(self, container: str, partition: str, doc_id: str, *, etag: str | None = None) -> None:
        """Remove a document. Raises `Missing` or `Conflict`."""

    async def batch(self, container: str, partition: str, changes: Sequence[Change]) -> list[Doc]:
        """Make up to 100 changes in one partition, all or none. Raises what the first failing one raises.

        Returns one document for each change; a deletion gives an empty one. Later changes see the earlier ones.
        """

    async def query(
        self,
        container: str,
        *,
        partition: str | None = None,
        where: Sequence[Where] = (),
        order: str = "id",
        descending: bool = False,
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        """Return a page of documents that meet every condition, in the order of one declared field.

        Numbers come before text; documents whose order field is neither, or absent, are left out. Ties are ordered by
        partition and id, in the same direction. Raises `ValueError` for a continuation of another query.
        """

    async def tally(self, container: str, partition: str, field: str, *, where: Sequence[Where] = ()) -> dict[str, int]:
        """Count the documents of one partition that meet every condition, by the text in one declared field.

        All counts are of one moment. Documents without a text in the field are left out.
        """

    async def changes(
        self, container: str, *, since: str | None = None, limit: int = 1000, partition: str | None = None
    ) -> Changes:
        """Return what was written after the mark (None: from the beginning). Raises `ValueError` for a false mark.

        With a `partition`, what is kept apart from it may be left out for now: it still comes after the next mark. What
        other partitions have written may be among the documents all the same.
        """

    async def ping(self) -> None:
        """Return when the store answers. Raises `Unavailable` when it does not."""

    async def close(self) -> None:
        """Finish the writes under way and let go of everything."""


def container_of(name: str) -> Container:
    """Return the declaration of a container. Raises `KeyError` for a name that is not declared."""
    return CONTAINERS[name]


def partition_of(container: str, doc: Doc) -> str:
    """Return the document's partition value. Raises `ValueError` when it has none."""
    return _name(doc.get(container_of(container).partition), "partition")


def id_of(doc: Doc) -> str:
    """Return the document's id. Raises `ValueError` when it is not one that every engine accepts."""
    return _name(doc.get("id"), "id")


def check_patch(patch: Patch) -> Patch:
    """Return the patch. Raises `TooLarge` or `ValueError` where Cosmos DB would refuse it."""
    touched = [*patch.set, *patch.add, *patch.unset]
    if len(touched) > MAX_PATCH:
        msg = f"a patch may touch {MAX_PATCH} fields, this one touches {len(touched)}"
        raise TooLarge(msg)
    if not {"id", "v"}.isdisjoint(touched) or any(field.startswith("_") for field in touched):
        msg = "a patch may not touch the id or a field of the store's own"
        raise ValueError(msg)
    if len(set(touched)) < len(touched):
        msg = "a patch may touch a field only once"
        raise ValueError(msg)
    return patch


def encode(container: str, doc: Doc) -> bytes:
    """Return the stored form: without the store's own fields, with the schema version.

    Raises `TooLarge` over 2 MB and `ValueError` for what JSON cannot hold.
    """
    plain = {key: value for key, value in doc.items() if not key.startswith("_")}
    plain["v"] = container_of(container).version
    try:
        body = _BODY.encode(plain)
    except (TypeError, OverflowError, RecursionError) as error:
        msg = f"not a document: {error}"
        raise ValueError(msg) from error
    if len(body) > MAX_DOC_BYTES:
        msg = f"a document may have {MAX_DOC_BYTES} bytes, this one has {len(body)}"
        raise TooLarge(msg)
    return body


def decode(container: str, body: bytes | str, etag: str) -> Doc:
    """Return a stored document, upgraded to today's schema version, with its etag."""
    doc: Doc = msgspec.json.decode(body)
    doc = container_of(container).upgrade(doc)
    doc["_etag"] = etag
    return doc


def check_query(container: str, where: Sequence[Where], order: str) -> None:
    """Raise `ValueError` for a query that only one of the engines could answer."""
    declared = {"id", *container_of(container).fields}
    for field in (order, *(one.field for one in where)):
        if field not in declared:
            msg = f"{container} cannot be queried by {field!r}: declare the field in store/containers.py"
            raise ValueError(msg)
    for one in where:
        if one.op in {Op.NE, Op.MISSING, Op.LACKS}:
            msg = f"a query cannot compare by {one.op.value!r}"
            raise ValueError(msg)


def holds(doc: Doc, where: Sequence[Where]) -> bool:
    """Say whether a document meets every condition."""
    return all(_holds(doc, one) for one in where)


def _holds(doc: Doc, one: Where) -> bool:
    found = doc.get(one.field)
    match one.op:
        case Op.MISSING:
            return one.field not in doc
        case Op.LACKS:
            return not isinstance(found, list) or not _includes(found, one.value)
        case Op.NE:
            return one.field in doc and not _same(found, one.value)
        case Op.EQ:
            return one.field in doc and _same(found, one.value)
        case Op.IN:
            return isinstance(one.value, list | tuple) and one.field in doc and _includes(one.value, found)
        case _:
            return _in_range(found, one)


def _same(one: object, other: object) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)  # in JSON, true is not 1


def _includes(values: Sequence[object], wanted: object) -> bool:
    return any(_same(value, wanted) for value in values)


def _in_range(found: object, one: Where) -> bool:
    bound = one.value
    if isinstance(found, bool) or isinstance(bound, bool):
        return False
    if isinstance(found, str) and isinstance(bound, str):
        return one.op in _RANGES[(found > bound) - (found < bound)]
    if isinstance(found, int | float) and isinstance(bound, int | float):
        return one.op in _RANGES[(found > bound) - (found < bound)]
    return False


def is_usable_name(value: object) -> bool:
    """Say whether every engine accepts this as an id or a partition."""
    return isinstance(value, str) and len(value) <= MAX_ID and _SAFE_ID.match(value) is not None


def _name(value: object, what: str) -> str:
    if not isinstance(value, str) or not is_usable_name(value):
        msg = f"not a usable {what}: {value!r:.80}"
        raise ValueError(msg)
    return value
