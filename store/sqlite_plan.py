"""What a group of writes makes of the documents it touches, worked out in memory inside the write transaction.

A write that is refused leaves nothing behind, because nothing is in the database before the whole group is known.
Must not know SQL.
"""

import math
from collections.abc import Sequence

import msgspec

from store.checks import lifetime_of
from store.containers import CONTAINERS
from store.contract import (
    MAX_DOC_BYTES,
    Change,
    Conflict,
    Delete,
    Doc,
    Missing,
    Patch,
    Replace,
    TooLarge,
    decode,
    encode,
)
from store.patching import patched

Key = tuple[str, str]  # partition and id


class Row(msgspec.Struct, frozen=True, gc=False):
    """A document as the database holds it. `seq` is its etag; `expires` is in epoch seconds."""

    seq: int
    expires: float | None
    body: bytes


class Put(msgspec.Struct, frozen=True, gc=False):
    """A whole document, encoded. Without an etag its id must be new."""

    id: str
    body: bytes
    lifetime_s: int | None
    etag: str | None = None


Step = Put | Patch | Delete


class Plan:
    """The documents of one group of writes, from how they were found to how they will be kept."""

    def __init__(self, *, last: int, now: float) -> None:
        self.last = last
        self.now = now
        self._rows: dict[str, dict[Key, Row | None]] = {name: {} for name in CONTAINERS}
        self._touched: dict[str, set[Key]] = {name: set() for name in CONTAINERS}

    def found(self, container: str, key: Key, row: Row) -> None:
        """Take in a document as it is in the database; an expired one counts as absent."""
        if row.expires is None or row.expires > self.now:
            self._rows[container][key] = row

    def make(self, container: str, partition: str, steps: Sequence[Step]) -> list[Row | None]:
        """Take the steps, all or none, and return the document after each. Raises what the first refused one raises."""
        kept = self._rows[container]
        staged: dict[Key, Row | None] = {}
        made: list[Row | None] = []
        for step in steps:
            key = (partition, step.id)
            row = self._after(container, staged[key] if key in staged else kept.get(key), step)
            staged[key] = row
            made.append(row)
        kept.update(staged)
        self._touched[container].update(staged)
        return made

    def to_keep(self, container: str) -> list[tuple[Key, Row]]:
        """Return the documents of a container that have to be written."""
        rows = self._rows[container]
        return [(key, row) for key in self._touched[container] if (row := rows[key]) is not None]

    def to_drop(self, container: str) -> list[Key]:
        """Return the documents of a container that have to go."""
        rows = self._rows[container]
        return [key for key in self._touched[container] if rows[key] is None]

    def _after(self, container: str, row: Row | None, step: Step) -> Row | None:
        match step:
            case Put(etag=None):
                if row is not None:
                    msg = f"{container} already has {step.id}"
                    raise Conflict(msg)
                return self._row(step.body, step.lifetime_s)
            case Put():
                _check_etag(container, step.id, row, step.etag)
                return self._row(step.body, step.lifetime_s)
            case Delete():
                _check_etag(container, step.id, row, step.etag)
                return None
            case Patch():
                doc = _patched(container, row, step)
                return self._row(encode(container, doc), lifetime_of(container, doc))

    def _row(self, body: bytes, lifetime_s: int | None) -> Row:
        self.last += 1
        expires = None if lifetime_s is None else math.ceil(self.now) + lifetime_s
        return Row(self.last, expires, body)


def _patched(container: str, row: Row | None, patch: Patch) -> Doc:
    if row is None:
        raise _missing(container, patch.id)
    return patched(container, decode(container, row.body, str(row.seq)), patch)


def step_of(container: str, change: Change) -> Step:
    """Return a change as the plan takes it, with its document encoded. Raises `TooLarge` or `ValueError`."""
    if isinstance(change, Patch | Delete):
        return change
    body = encode(container, change.doc)
    lifetime_s = lifetime_of(container, change.doc)
    etag = change.etag if isinstance(change, Replace) else None
    return Put(str(change.doc["id"]), body, lifetime_s, etag)


def check_size(steps: Sequence[Step]) -> None:
    """Raise `TooLarge` where the steps together are more than one request to Cosmos DB may carry."""
    if len(steps) == 1:  # a single document was measured when it was encoded
        return
    size = sum(len(step.body) for step in steps if isinstance(step, Put))
    if size > MAX_DOC_BYTES:
        msg = f"a batch may have {MAX_DOC_BYTES} bytes, this one has {size}"
        raise TooLarge(msg)


def _check_etag(container: str, doc_id: str, row: Row | None, etag: str | None) -> None:
    if row is None:
        raise _missing(container, doc_id)
    if etag is not None and etag != str(row.seq):
        msg = f"{container} {doc_id} was changed by somebody else"
        raise Conflict(msg)


def _missing(container: str, doc_id: str) -> Missing:
    return Missing(f"{container} has no {doc_id}")
