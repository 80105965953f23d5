"""Partial updates: the operations of a patch, applied to a copy of the document as Cosmos DB does.

`set` and `add` make the last step of a path and never its parents; `replace` and `remove` need what they touch;
`incr` starts an absent number at nought. In an array `add` inserts and `set` replaces.
"""

import copy
from collections.abc import Callable, Mapping, Sequence

from simulator.cosmos.refusals import bad, undone
from simulator.cosmos.values import UNDEFINED, Doc, is_number, step
from simulator.payload import Json, listing, mapping, text

MAX_OPERATIONS = 10
_OWN = ("id", "_rid", "_self", "_etag", "_ts", "_attachments")
_END = "-"

Parent = dict[str, object] | list[object]


def apply_patch(doc: Doc, operations: Sequence[object], key_path: Sequence[str]) -> Doc:
    """Return the document after all operations. Raises `Refusal` 400, and then nothing has changed."""
    if not operations:
        raise bad("Patch request has no operations.")
    if len(operations) > MAX_OPERATIONS:
        raise bad(f"The number of patch operations can't exceed '{MAX_OPERATIONS}'.")
    changed = copy.deepcopy(doc)
    for index, one in enumerate(operations, start=1):
        operation = mapping(one)
        kind = text(operation, "op").lower()
        path = _path(text(operation, "path"), index, key_path)
        if kind == "move":
            raise undone("the patch operation 'move'")
        if kind not in _KINDS:
            raise bad(f"Unsupported patch operation {kind!r}.")
        _KINDS[kind](_parent(changed, path, index), path[-1], operation, index)
    return changed


def operations_of(body: Mapping[str, object]) -> list[object]:
    """Return the operations of a patch request."""
    return listing(body.get("operations"))


def _path(raw: str, index: int, key_path: Sequence[str]) -> list[str]:
    if not raw.startswith("/") or raw == "/":
        raise bad(f"For Operation({index}): the path {raw!r} is not valid.")
    path = [part.replace("~1", "/").replace("~0", "~") for part in raw[1:].split("/")]
    if path[0] in _OWN:
        raise bad(f"For Operation({index}): cannot patch the system property {raw!r}.")
    if path[: len(key_path)] == list(key_path) or list(key_path)[: len(path)] == path:
        raise bad(f"For Operation({index}): cannot patch the partition key {raw!r}.")
    return path


def _parent(doc: Doc, path: Sequence[str], index: int) -> Parent:
    found: object = doc
    for part in path[:-1]:
        found = step(found, int(part) if isinstance(found, list) and part.isdecimal() else part)
    if not isinstance(found, dict | list):
        raise bad(f"For Operation({index}): the path '/{'/'.join(path)}' has no parent in the document.")
    return found


def _place(key: str, index: int, *, limit: int) -> int:
    if not key.isdecimal() or int(key) >= limit:
        raise bad(f"For Operation({index}): the array index {key!r} is out of bounds.")
    return int(key)


def _value(operation: Json, index: int) -> object:
    if "value" not in operation:
        raise bad(f"For Operation({index}): 'value' is missing.")
    return operation["value"]


def _add(parent: Parent, key: str, operation: Json, index: int) -> None:
    value = _value(operation, index)
    if isinstance(parent, dict):
        parent[key] = value
    elif key == _END:
        parent.append(value)
    else:
        parent.insert(_place(key, index, limit=len(parent) + 1), value)


def _set(parent: Parent, key: str, operation: Json, index: int) -> None:
    if isinstance(parent, list) and key.isdecimal() and int(key) < len(parent):
        parent[int(key)] = _value(operation, index)
    else:
        _add(parent, key, operation, index)


def _replace(parent: Parent, key: str, operation: Json, index: int) -> None:
    value = _value(operation, index)
    if isinstance(parent, list):
        parent[_place(key, index, limit=len(parent))] = value
    elif key in parent:
        parent[key] = value
    else:
        raise bad(f"For Operation({index}): Replace Operation can only be performed on an existing path.")


def _remove(parent: Parent, key: str, _: Json, index: int) -> None:
    if isinstance(parent, list):
        del parent[_place(key, index, limit=len(parent))]
    elif key in parent:
        del parent[key]
    else:
        raise bad(f"For Operation({index}): Remove Operation can only be performed on an existing path.")


def _incr(parent: Parent, key: str, operation: Json, index: int) -> None:
    by = _value(operation, index)
    if isinstance(parent, list):
        place: str | int = _place(key, index, limit=len(parent))
    else:
        place = key
    found = step(parent, place)
    present: object = 0 if found is UNDEFINED else found
    if not is_number(by) or not is_number(present):
        raise bad(f"For Operation({index}): Increment Operation needs numbers.")
    total = present + by  # type: ignore[operator]  # both were just found to be numbers
    if isinstance(parent, list):
        parent[int(place)] = total
    else:
        parent[key] = total


_KINDS: dict[str, Callable[[Parent, str, Json, int], None]] = {
    "add": _add,
    "set": _set,
    "replace": _replace,
    "remove": _remove,
    "incr": _incr,
}
