"""Opens the engine that the settings mean. With setup.py and copy.py the only one here who knows settings."""

import time
from pathlib import Path

from settings import CosmosAt
from store.contract import Store
from store.cosmos import open_cosmos
from store.cosmos_client import Account
from store.remembering import RememberingStore
from store.sqlite import open_sqlite


async def open_store(at: Path | CosmosAt, *, busy_s: float | None = None) -> Store:
    """Open SQLite's file, or a database of Cosmos DB. Raises `StoreError`.

    `busy_s` is for how long one call waits where the database asks for it; otherwise no longer than a turn has.
    """
    if isinstance(at, Path):
        return await open_sqlite(at)
    return RememberingStore(await open_cosmos(account_at(at), busy_s=busy_s), now=time.monotonic)


def account_at(at: CosmosAt) -> Account:
    """Return a database as its engine takes it."""
    return Account(at.endpoint, at.database, key=at.key, verifies_tls=at.verifies_tls)
