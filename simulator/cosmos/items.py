"""Operations on the documents of one logical partition: alone or many at once, all or none.

A `Transaction` stages what it is asked to do and sees its own changes; `commit` makes them all at one log sequence
number. Dropping it instead changes nothing. Conditions, sizes, ids, time to live and charges are settled here.
"""

from enum import StrEnum
from http import HTTPStatus

import msgspec

from simulator.cosmos import charges
from simulator.cosmos.patching import apply_patch, operations_of
from simulator.cosmos.refusals import MISMATCH, Refusal, bad, missing
from simulator.cosmos.resources import Container, Holdings, Item
from simulator.cosmos.sql import condition
from simulator.cosmos.values import UNDEFINED, Doc, same, walk
from simulator.payload import mapping, text

MAX_BYTES = 2 * 1024 * 1024
MAX_ID_BYTES = 1023
MAX_KEY_BYTES = 2048
_OWN = ("_rid", "_self", "_etag", "_attachments", "_ts", "_lsn")
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(dict)


class Kind(StrEnum):
    """What can be done with a document."""

    CREATE = "Create"
    READ = "Read"
    REPLACE = "Replace"
    UPSERT = "Upsert"
    PATCH = "Patch"
    DELETE = "Delete"


class Operation(msgspec.Struct, frozen=True):
    """One thing to do. `id` names the document, except where the body does: create and upsert."""

    kind: Kind
    id: str = ""
    body: object = None
    if_match: str | None = None
    if_none_match: str | None = None


class Outcome(msgspec.Struct, frozen=True):
    """How it went."""

    status: HTTPStatus
    charge: float
    body: bytes = b""
    etag: str = ""


class _Version(msgspec.Struct, frozen=True):
    number: int
    body: bytes
    etag: str
    ttl: int | None

    def doc(self) -> Doc:
        """Return the document without what the service added."""
        found: Doc = _DECODER.decode(self.body)
        return {key: value for key, value in found.items() if key not in _OWN}


class Transaction:
    """Some operations in one logical partition, at one moment."""

    def __init__(self, holdings: Holdings, container: Container, key: object, now: float) -> None:
        self._holdings = holdings
        self._container = container
        self._key = key
        self._now = now
        self._staged: dict[str, _Version | None] = {}
        found = container.partition(key)
        self._items = found.items if found else {}
        self.range = found.range if found else container.home_of(key).range

    def run(self, operation: Operation) -> Outcome:
        """Stage one operation. Raises `Refusal` where it cannot be done."""
        match operation.kind:
            case Kind.CREATE | Kind.UPSERT:
                return self._write_new(operation)
            case Kind.READ:
                return self._read(operation)
            case Kind.DELETE:
                return self._delete(operation)
            case _:
                return self._write_over(operation)

    def commit(self) -> None:
        """Make the staged changes, all at the same log sequence number."""
        if not self._staged:
            return
        home = self._container.home_of(self._key)
        self.range.lsn += 1
        for doc_id, version in sorted(self._staged.items(), key=_by_age):
            item = home.items.get(doc_id)
            if item is not None and (version is None or version.number != item.number):
                self._container.forget(item)
                item = None
            if version is None:
                continue
            is_new = item is None
            if item is None:
                item = home.items[doc_id] = self.range.items[version.number] = Item(doc_id, home, version.number)
            item.body, item.etag, item.ts = version.body, version.etag, int(self._now)
            item.expires_at = self._expiry(version.ttl)
            self.range.record(item, is_new=is_new)

    def _expiry(self, ttl: int | None) -> float | None:
        default = self._container.default_ttl_s
        if default is None:
            return None
        lifetime = default if ttl is None else ttl
        return None if lifetime < 0 else int(self._now) + lifetime

    def _found(self, doc_id: str) -> _Version | None:
        if doc_id in self._staged:
            return self._staged[doc_id]
        item = self._items.get(doc_id)
        if item is None or (item.expires_at is not None and item.expires_at <= self._now):
            return None
        return _Version(item.number, item.body, item.etag, None)

    def _existing(self, operation: Operation) -> _Version:
        found = self._found(operation.id)
        if found is None:
            raise missing(f"Entity with the specified id does not exist in the system: {operation.id!r:.100}")
        _check_match(operation, found)
        return found

    def _read(self, operation: Operation) -> Outcome:
        found = self._found(operation.id)
        if found is None:
            raise missing(f"Entity with the specified id does not exist in the system: {operation.id!r:.100}")
        if operation.if_none_match is not None and _bare(operation.if_none_match) == _bare(found.etag):
            return Outcome(HTTPStatus.NOT_MODIFIED, charges.REFUSED, etag=found.etag)
        return Outcome(HTTPStatus.OK, charges.read(len(found.body)), found.body, found.etag)

    def _write_new(self, operation: Operation) -> Outcome:
        doc = self._checked(operation.body)
        doc_id = str(doc["id"])
        found = self._found(doc_id)
        if found is None:
            if operation.kind is Kind.UPSERT and operation.if_match is not None:
                raise missing("Entity with the specified id does not exist in the system")
            self._container.last_number += 1
            version = self._stage(doc, self._container.last_number)
            charge = charges.create(len(version.body), len(self._container.index.terms(doc)))
            return Outcome(HTTPStatus.CREATED, charge, version.body, version.etag)
        if operation.kind is Kind.CREATE:
            raise Refusal(HTTPStatus.CONFLICT, "Entity with the specified id already exists in the system.")
        _check_match(operation, found)
        return self._over(found, doc)

    def _write_over(self, operation: Operation) -> Outcome:
        found = self._existing(operation)
        if operation.kind is Kind.REPLACE:
            doc = self._checked(operation.body)
            if doc["id"] != operation.id:
                raise bad("The id of the document differs from that of the request.")
            return self._over(found, doc)
        body, old = mapping(operation.body), found.doc()
        wanted = text(body, "condition")
        if wanted and condition(wanted)({**old, "_etag": found.etag}) is not True:
            raise Refusal(HTTPStatus.PRECONDITION_FAILED, "One of the specified pre-condition is not met")
        changes = operations_of(body)
        return self._over(found, self._checked(apply_patch(old, changes, self._container.key_path)), len(changes), old)

    def _over(self, found: _Version, doc: Doc, patched: int = 0, old: Doc | None = None) -> Outcome:
        version = self._stage(doc, found.number)
        terms = self._container.index.terms
        changed = len(terms(found.doc() if old is None else old) ^ terms(doc))
        charge = charges.replace(len(found.body), len(version.body), changed, patched=patched)
        return Outcome(HTTPStatus.OK, charge, version.body, version.etag)

    def _delete(self, operation: Operation) -> Outcome:
        found = self._existing(operation)
        self._staged[operation.id] = None
        charge = charges.create(len(found.body), len(self._container.index.terms(found.doc())))
        return Outcome(HTTPStatus.NO_CONTENT, charge)

    def _checked(self, body: object) -> Doc:
        if not isinstance(body, dict):
            raise bad("The body is not a document.")
        doc: Doc = {key: value for key, value in body.items() if key not in _OWN}
        check_id(doc.get("id"))
        found = walk(doc, self._container.key_path)
        if not (same(found, self._key) or (found is UNDEFINED and self._key is UNDEFINED)):
            raise bad(
                "PartitionKey extracted from document doesn't match the one specified in the header.",
                substatus=MISMATCH,
            )
        ttl = doc.get("ttl")
        if self._container.default_ttl_s is not None and ttl is not None and not _is_ttl(ttl):
            raise bad("The input ttl is invalid: it has to be -1 or a positive whole number.")
        return doc

    def _stage(self, doc: Doc, number: int) -> _Version:
        plain = _ENCODER.encode(doc)
        if len(plain) > MAX_BYTES:
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request size is too large: a document may have 2 MB.")
        etag = self._holdings.next_etag()
        rid = self._container.item_rid(number)
        own = {
            "_rid": rid,
            "_self": f"dbs/{self._container.database.rid}/colls/{self._container.rid}/docs/{rid}/",
            "_etag": etag,
            "_attachments": "attachments/",
            "_ts": int(self._now),
        }
        body = plain[:-1] + b"," + _ENCODER.encode(own)[1:]
        ttl = doc.get("ttl")
        version = _Version(number, body, etag, ttl if isinstance(ttl, int) else None)
        self._staged[str(doc["id"])] = version
        return version


def check_id(value: object) -> None:
    """Raise `Refusal` unless the value can be the id of a document."""
    if not isinstance(value, str) or not value or len(value.encode(errors="replace")) > MAX_ID_BYTES:
        raise bad("The input content is invalid because the required property 'id' is missing, empty or too long.")
    if any(char in value for char in "/\\?#"):
        raise bad("The id contains illegal characters: '/', '\\', '?' or '#'.")


def _by_age(staged: tuple[str, _Version | None]) -> int:
    version = staged[1]
    return version.number if version else 0


def _is_ttl(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and (value > 0 or value == -1)


def _bare(etag: str) -> str:
    return etag.strip('"')


def _check_match(operation: Operation, found: _Version) -> None:
    wanted = operation.if_match
    if wanted is not None and wanted != "*" and _bare(wanted) != _bare(found.etag):
        raise Refusal(HTTPStatus.PRECONDITION_FAILED, "One of the specified pre-condition is not met")
