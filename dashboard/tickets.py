"""Tickets: what has to be remembered until somebody comes back with a code, once and soon.

Kept in the store, so whichever instance they come back to knows them; under a fingerprint of the code, so the store
does not hold what opens anything.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import msgspec

from store.contract import Conflict, Missing, Store


class Tickets:
    """Gives out tickets and takes each back once. `chance` returns codes nobody can guess."""

    def __init__(self, store: Store, chance: Callable[[], str]) -> None:
        self._store = store
        self._chance = chance

    async def give(self, kind: str, what: dict[str, str], *, good_for: timedelta, code: str = "") -> str:
        """Keep something and return its code."""
        code = code or self._chance()
        doc = {"id": _id(kind, code), "kind": kind, "what": what, "ttl": int(good_for.total_seconds())}
        await self._store.create("state", doc)
        return code

    async def take(self, kind: str, code: str) -> dict[str, str] | None:
        """Return what was kept, to the first who asks in time; None to everybody else."""
        key = _id(kind, code)
        doc = await self._store.get("state", key, key)
        if doc is None:
            return None
        try:
            await self._store.delete("state", key, key, etag=str(doc["_etag"]))
        except (Conflict, Missing):  # somebody else came with the same code at the same moment
            return None
        return msgspec.convert(doc["what"], dict[str, str])


def _id(kind: str, code: str) -> str:
    return f"{kind}-{hashlib.sha256(code.encode()).hexdigest()}"
