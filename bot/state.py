"""Botbuilder's `Storage` on our store: where guided conversations are remembered between turns.

Kept for a week. The etag travels in the item, so two turns at once cannot overwrite each other's state.
"""

import hashlib
from collections.abc import Mapping

from botbuilder.core import Storage
from jsonpickle.pickler import Pickler
from jsonpickle.unpickler import Unpickler

from store.contract import Conflict, Doc, Missing, Store

TTL_S = 7 * 24 * 3600


class StoreStorage(Storage):
    """Keeps botbuilder's state items as documents of the `state` container."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self, keys: list[str]) -> dict[str, dict[str, object]]:
        """Return the items that exist, each with its etag as `e_tag`."""
        found = {}
        for key in keys:
            doc = await self._store.get("state", _id(key), _id(key))
            if doc is not None:
                found[key] = {**Unpickler().restore(doc["item"]), "e_tag": doc["_etag"]}
        return found

    async def write(self, changes: Mapping[str, dict[str, object]]) -> None:
        """Write the items. Raises `Conflict` where another turn was first."""
        for key, item in changes.items():
            etag = item.pop("e_tag", None)
            doc: Doc = {"id": _id(key), "kind": "dialog", "item": Pickler().flatten(item), "ttl": TTL_S}
            if etag is None:
                written = await self._store.create("state", doc)
            else:
                written = await self._replace(doc, str(etag))
            item["e_tag"] = written["_etag"]

    async def delete(self, keys: list[str]) -> None:
        """Remove the items that exist."""
        for key in keys:
            try:
                await self._store.delete("state", _id(key), _id(key))
            except Missing:
                continue

    async def _replace(self, doc: Doc, etag: str) -> Doc:
        try:
            return await self._store.replace("state", doc, etag=etag)
        except Missing as error:  # its time was over between reading and writing
            msg = "the conversation was forgotten meanwhile"
            raise Conflict(msg) from error


def _id(key: str) -> str:
    return f"dialog-{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}"
