"""What every engine refuses before it asks its database. Knows the limits, not the engines."""

from collections.abc import Sequence

from store.contract import (
    MAX_BATCH,
    Change,
    Create,
    Doc,
    Patch,
    Replace,
    TooLarge,
    check_patch,
    container_of,
    id_of,
    partition_of,
)

MAX_TTL_S = 2_147_483_647  # Cosmos DB's limit for the time to live of an item
NEVER = -1  # the `ttl` that says that a document stays


def check_changes(container: str, partition: str, changes: Sequence[Change]) -> None:
    """Raise `TooLarge` or `ValueError` where not every engine could make these changes in one partition."""
    if len(changes) > MAX_BATCH:
        msg = f"a batch may have {MAX_BATCH} changes, this one has {len(changes)}"
        raise TooLarge(msg)
    for change in changes:
        if isinstance(change, Patch):
            _check_patch(container, change)
        elif isinstance(change, Create | Replace):
            _check_place(container, partition, change.doc)


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
