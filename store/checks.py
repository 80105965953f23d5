"""What every engine refuses before it asks its database. Knows the limits, not the engines."""

import math
from collections.abc import Sequence

from store.contract import (
    MAX_BATCH,
    Change,
    Create,
    Doc,
    Missing,
    Op,
    Patch,
    Replace,
    TooLarge,
    Where,
    check_patch,
    check_query,
    container_of,
    id_of,
    is_usable_name,
    partition_of,
)

MAX_TTL_S = 2_147_483_647  # Cosmos DB's limit for the time to live of an item
_MAX_EXACT = 2**53  # the integers that every engine compares exactly
NEVER = -1  # the `ttl` that says that a document stays


def check_changes(container: str, partition: str, changes: Sequence[Change]) -> None:
    """Raise where not every engine could make these changes in one partition.

    `TooLarge` and `ValueError` for what breaks a limit; `Missing` for a name that no document can have.
    """
    if len(changes) > MAX_BATCH:
        msg = f"a batch may have {MAX_BATCH} changes, this one has {len(changes)}"
        raise TooLarge(msg)
    for change in changes:
        if isinstance(change, Create | Replace):
            _check_place(container, partition, change.doc)
            continue
        if isinstance(change, Patch):
            _check_patch(container, change)
        if not is_usable_name(partition) or not is_usable_name(change.id):
            msg = f"{container} cannot have {change.id!r:.80}"
            raise Missing(msg)


def check_question(container: str, where: Sequence[Where], order: str, limit: int) -> None:
    """Raise `ValueError` for a query that not every engine would answer alike."""
    check_query(container, where, order)
    for one in where:
        if not _is_comparable(one):
            msg = f"a query cannot compare with {one.value!r:.80}"
            raise ValueError(msg)
    check_limit(limit)


def check_limit(limit: int) -> None:
    """Raise `ValueError` for a page without room for a document."""
    if limit < 1:
        msg = f"a page has at least one document, not {limit}"
        raise ValueError(msg)


def lifetime_of(container: str, doc: Doc) -> int | None:
    """Return for how many seconds after its last write a document lives, None for ever.

    Raises `ValueError` for a `ttl` that is no such time, or in a container whose documents stay.
    """
    if "ttl" not in doc:
        return None
    ttl = doc["ttl"]
    if not container_of(container).expires:
        msg = f"documents of {container} do not expire: declare it in store/containers.py"
        raise ValueError(msg)
    if isinstance(ttl, bool) or not isinstance(ttl, int) or (ttl != NEVER and not 1 <= ttl <= MAX_TTL_S):
        msg = f"not a time to live in seconds: {ttl!r:.80}"
        raise ValueError(msg)
    return None if ttl == NEVER else ttl


def _check_patch(container: str, patch: Patch) -> None:
    check_patch(patch)
    field = container_of(container).partition
    if field in patch.set or field in patch.add or field in patch.unset:
        msg = f"a patch may not move a document: {field!r} is the partition of {container}"
        raise ValueError(msg)


def _check_place(container: str, partition: str, doc: Doc) -> None:
    id_of(doc)
    found = partition_of(container, doc)
    if found != partition:
        msg = f"a batch stays in one partition: {found!r} is not {partition!r}"
        raise ValueError(msg)


def _is_comparable(one: Where) -> bool:
    match one.op, one.value:
        case Op.IN, list() | tuple() as values:
            return set(map(type, values)) == {str} or all(_is_scalar(value) for value in values)  # mostly ids
        case Op.IN, _:
            return False
        case Op.EQ, value:
            return _is_scalar(value)
        case _, None | bool():
            return False
        case _, value:
            return _is_scalar(value)


def _is_scalar(value: object) -> bool:
    if isinstance(value, int):
        return abs(value) <= _MAX_EXACT
    return value is None or isinstance(value, str) or (isinstance(value, float) and math.isfinite(value))
