"""Everything an account holds, as a file: what a restart of the stand-in does not lose."""

from pathlib import Path

import msgspec

from simulator.cosmos.resources import Container, Database, Holdings, Item
from simulator.payload import Json


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    id: str
    number: int
    body: msgspec.Raw
    etag: str
    ts: int
    expires_at: float | None
    lsn: int


class _KeptPartition(msgspec.Struct, frozen=True, array_like=True):
    key: list[object]  # empty: undefined
    items: list[_Kept]


class _KeptContainer(msgspec.Struct, frozen=True):
    number: int
    settings: Json
    last_number: int
    lsns: list[int]
    partitions: list[_KeptPartition]


class _KeptDatabase(msgspec.Struct, frozen=True):
    number: int
    settings: Json
    containers: list[_KeptContainer]


class _KeptAccount(msgspec.Struct, frozen=True):
    ranges: int
    last_number: int
    last_etag: int
    databases: list[_KeptDatabase]


def save(path: Path, holdings: Holdings) -> None:
    """Write the file, whole or not at all."""
    kept = _KeptAccount(
        holdings.ranges,
        holdings.last_number,
        holdings.last_etag,
        [
            _KeptDatabase(one.number, one.settings, [_kept(container) for container in one.containers.values()])
            for one in holdings.databases.values()
        ],
    )
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(msgspec.json.encode(kept))
    unfinished.replace(path)


def load(path: Path, holdings: Holdings) -> None:
    """Fill an empty account from the file."""
    kept = msgspec.json.decode(path.read_bytes(), type=_KeptAccount)
    holdings.ranges, holdings.last_number, holdings.last_etag = kept.ranges, kept.last_number, kept.last_etag
    for one in kept.databases:
        database = Database(one.number, one.settings)
        holdings.databases[database.id] = database
        for each in one.containers:
            container = Container(database, each.number, each.settings, kept.ranges)
            database.containers[container.id] = container
            _fill(container, each)


def _kept(container: Container) -> _KeptContainer:
    return _KeptContainer(
        container.number,
        container.settings,
        container.last_number,
        [one.lsn for one in container.ranges],
        [
            _KeptPartition(
                one.kept_key(),
                [
                    _Kept(item.id, item.number, msgspec.Raw(item.body), item.etag, item.ts, item.expires_at, item.lsn)
                    for item in one.items.values()
                ],
            )
            for one in container.partitions.values()
        ],
    )


def _fill(container: Container, kept: _KeptContainer) -> None:
    container.last_number = kept.last_number
    found: list[tuple[int, Item]] = []
    for each in kept.partitions:
        home = container.home_of_kept(each.key)
        for one in each.items:
            item = home.items[one.id] = Item(one.id, home, one.number)
            item.body, item.etag, item.ts, item.expires_at = bytes(one.body), one.etag, one.ts, one.expires_at
            found.append((one.lsn, item))
    for _, item in sorted(found, key=lambda entry: entry[1].number):
        item.home.range.items[item.number] = item
    for lsn, item in sorted(found, key=lambda entry: entry[0]):
        item.home.range.lsn = lsn
        item.home.range.record(item, is_new=True)
    for home_range, lsn in zip(container.ranges, kept.lsns, strict=True):
        home_range.lsn = lsn
