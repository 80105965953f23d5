"""What an account holds in memory: databases, containers, physical ranges, logical partitions, items.

Keeps the log of each range for the change feed, and the log sequence number that session tokens carry. Knows no HTTP
and checks no request; `items.py` decides what may be written.
"""

import base64
from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter

from simulator.cosmos.hashing import boundaries, effective_key
from simulator.cosmos.indexing import Index
from simulator.cosmos.refusals import OWNER_MISSING, missing
from simulator.cosmos.values import UNDEFINED, fingerprint
from simulator.payload import Json, listing, mapping

_STALE_SHARE = 2  # the log is swept when more than half of it is overtaken
_STALE_FEW = 1000
_IS_CONTAINER = 0x80000000  # the bit of a resource id that tells containers from databases


class Item:
    """One document as it is stored: encoded, with its place in the log. Replaced in place, so order of age stays."""

    __slots__ = ("body", "etag", "expires_at", "home", "id", "lsn", "number", "ts")

    def __init__(self, item_id: str, home: "Partition", number: int) -> None:
        self.id = item_id
        self.home = home
        self.number = number
        self.body = b""
        self.etag = ""
        self.ts = 0
        self.lsn = 0
        self.expires_at: float | None = None


class Partition:
    """All documents with one partition key value."""

    __slots__ = ("epk", "items", "range", "value")

    def __init__(self, value: object, epk: str, home: "Range") -> None:
        self.value = value
        self.epk = epk
        self.range = home
        self.items: dict[str, Item] = {}

    def kept_key(self) -> list[object]:
        """Return the key as JSON can hold it: undefined is no element."""
        return [] if self.value is UNDEFINED else [self.value]


class Range:
    """A physical partition: the documents whose effective key is in `low` … `high`, and what was written when."""

    def __init__(self, number: int, low: str, high: str) -> None:
        self.id = str(number)
        self.low = low
        self.high = high
        self.lsn = 0
        self.items: dict[int, Item] = {}
        self._log: list[tuple[int, Item]] = []
        self._overtaken = 0

    def record(self, item: Item, *, is_new: bool) -> None:
        """Note that the item was written at the range's present number."""
        self._overtaken += not is_new
        item.lsn = self.lsn
        self._log.append((self.lsn, item))
        if self._overtaken > _STALE_FEW and self._overtaken * _STALE_SHARE > len(self._log):
            self._log = [(lsn, one) for lsn, one in self._log if one.lsn == lsn]
            self._overtaken = 0

    def forget(self, item: Item) -> None:
        """Note that the item is gone; the feed of latest versions does not show deletions."""
        self.items.pop(item.number, None)
        item.lsn = -1
        self._overtaken += 1

    def written_after(self, lsn: int) -> Iterator[Item]:
        """Yield each item whose latest version came after the number, oldest first."""
        start = bisect_right(self._log, lsn, key=lambda entry: entry[0])
        for index in range(start, len(self._log)):
            at, item = self._log[index]
            if item.lsn == at:
                yield item


class Container:
    """A container: its settings and everything in it."""

    def __init__(self, database: "Database", number: int, settings: Json, ranges: int) -> None:
        self.database = database
        self.number = number
        self.id = str(settings["id"])
        self.rid = _rid(database.number.to_bytes(4, "big") + (_IS_CONTAINER + number).to_bytes(4, "big"))
        self.settings = settings
        key = mapping(settings["partitionKey"])
        self.key_path = [part.strip('"') for part in str(listing(key["paths"])[0]).strip("/").split("/")]
        self.index = Index(mapping(settings.get("indexingPolicy")))
        self.ranges = [Range(one, low, high) for one, (low, high) in enumerate(boundaries(ranges))]
        self.partitions: dict[bytes, Partition] = {}
        self.last_number = 0

    @property
    def link(self) -> str:
        """Return the name-based link of the container."""
        return f"{self.database.link}/colls/{self.id}"

    @property
    def default_ttl_s(self) -> int | None:
        """Return the container's time to live: None is off, -1 is on without a default."""
        ttl = self.settings.get("defaultTtl")
        return ttl if isinstance(ttl, int) else None

    def partition(self, value: object) -> Partition | None:
        """Return the logical partition of this key, if anything was ever in it."""
        return self.partitions.get(fingerprint(value))

    def home_of(self, value: object) -> Partition:
        """Return the logical partition of this key, made if need be."""
        key = fingerprint(value)
        found = self.partitions.get(key)
        if found is None:
            epk = effective_key(value)
            found = self.partitions[key] = Partition(value, epk, self.range_at(epk))
        return found

    def home_of_kept(self, key: list[object]) -> Partition:
        """Return the logical partition of a key that `Partition.kept_key` gave."""
        return self.home_of(key[0] if key else UNDEFINED)

    def range_at(self, epk: str) -> Range:
        """Return the range that an effective key falls into."""
        return self.ranges[bisect_right(self.ranges, epk, key=attrgetter("low")) - 1]

    def range(self, range_id: str) -> Range | None:
        """Return the range of this id."""
        return next((one for one in self.ranges if one.id == range_id), None)

    def item_rid(self, number: int) -> str:
        """Return the resource id of the item with this number."""
        return _rid(base64.b64decode(self.rid.replace("-", "/")) + number.to_bytes(8, "little"))

    def forget(self, item: Item) -> None:
        """Drop the item everywhere."""
        item.home.items.pop(item.id, None)
        item.home.range.forget(item)

    def count(self) -> int:
        """Return how many items are stored, those included that have expired and were not met since."""
        return sum(len(one.items) for one in self.ranges)


class Database:
    """A database: a name for some containers."""

    def __init__(self, number: int, settings: Json) -> None:
        self.number = number
        self.id = str(settings["id"])
        self.rid = _rid(number.to_bytes(4, "big"))
        self.settings = settings
        self.containers: dict[str, Container] = {}

    @property
    def link(self) -> str:
        """Return the name-based link of the database."""
        return f"dbs/{self.id}"


class Holdings:
    """All databases of the account, and the numbers that make ids and etags unique."""

    def __init__(self, ranges: int) -> None:
        self.ranges = ranges
        self.databases: dict[str, Database] = {}
        self.last_number = 0
        self.last_etag = 0

    def next_number(self) -> int:
        """Return a number that no database or container had before."""
        self.last_number += 1
        return self.last_number

    def next_etag(self) -> str:
        """Return an etag that was never used, in the shape of the real ones."""
        self.last_etag += 1
        return f'"{self.last_etag:08x}-0000-0d00-0000-000000000000"'

    def database(self, name: str) -> Database:
        """Return the database. Raises `Refusal` 404."""
        if name not in self.databases:
            raise missing(f"Resource Not Found. There is no database {name!r}.", substatus=OWNER_MISSING)
        return self.databases[name]

    def container(self, database: str, name: str) -> Container:
        """Return the container. Raises `Refusal` 404."""
        found = self.database(database).containers.get(name)
        if found is None:
            raise missing(f"Owner resource does not exist: container {name!r}.", substatus=OWNER_MISSING)
        return found


def _rid(raw: bytes) -> str:
    return base64.b64encode(raw).decode().replace("/", "-")
