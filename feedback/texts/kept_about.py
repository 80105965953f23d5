"""What is kept about the texts of a question: one document for each sort of remark, in the run's partition.

Texts are named by their refs and never copied, so whatever is removed or changed is gone from here too. Knows how the
documents are read and written, and nothing of what they say.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from store.contract import Conflict, Doc, Store, Uncertain

ATTEMPTS = 5

Kept = TypeVar("Kept", bound=msgspec.Struct)


async def find_kept(store: Store, run: str, question: str, kind: type[Kept]) -> Kept:
    """Return what is kept, or an empty one of its kind."""
    found, _ = await _find(store, run, question, kind)
    return found


async def change_kept(store: Store, run: str, question: str, kind: type[Kept], change: Callable[[Kept], Kept]) -> Kept:
    """Change what is kept, whoever else does so at the same time, and return it. `change` may be called again.

    Raises what `change` raises; then nothing is written, and neither is what is the same as before. A change may be
    made twice, where the store did not say whether it had been made.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await _change_once(store, run, question, kind, change)
        except (Conflict, Uncertain):
            continue
    return await _change_once(store, run, question, kind, change)


async def _change_once(store: Store, run: str, question: str, kind: type[Kept], change: Callable[[Kept], Kept]) -> Kept:
    before, etag = await _find(store, run, question, kind)
    after = change(before)
    if after == before:
        return before
    body: Doc = msgspec.to_builtins(after)
    doc: Doc = {**body, "id": _id(question, kind), "run": run, "kind": _name(kind)}
    if etag is None:
        await store.create("runs", doc)
    else:
        await store.replace("runs", doc, etag=etag)
    return after


async def _find(store: Store, run: str, question: str, kind: type[Kept]) -> tuple[Kept, str | None]:
    doc = await store.get("runs", run, _id(question, kind))
    return (kind(), None) if doc is None else (msgspec.convert(doc, kind), str(doc["_etag"]))


def _id(question: str, kind: type[msgspec.Struct]) -> str:
    return f"{_name(kind)}-{question}"


def _name(kind: type[msgspec.Struct]) -> str:
    return kind.__name__.lower()
