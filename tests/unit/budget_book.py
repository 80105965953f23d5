"""What the tests of the shared budget stand on: one document in an unreliable store, and instances that use it."""

import asyncio
import random

import msgspec

from broadcast.budget_share import BOOK, BudgetShare, Member
from store.contract import Conflict, Doc, Unavailable
from tests.unit.crowd import Crowd, cancel, limiter_of, now

PER_SECOND = 50


class Book:
    """A store with one document, as slow and as unreliable as it is told to be."""

    def __init__(self, *, seed: int = 0, slow_s: float = 0.0, lost: float = 0.0) -> None:
        self.chance = random.Random(seed)
        self.slow_s = slow_s
        self.lost = lost  # share of writes whose outcome is not told
        self.doc: Doc | None = None
        self.writes = 0

    async def get(self, container: str, partition: str, doc_id: str) -> Doc | None:
        assert (container, partition, doc_id) == ("state", BOOK, BOOK)
        await self._takes_time()
        return self.doc

    async def create(self, container: str, doc: Doc) -> Doc:
        return await self._write(container, doc, None)

    async def replace(self, container: str, doc: Doc, *, etag: str) -> Doc:
        return await self._write(container, doc, etag)

    def members(self) -> list[Member]:
        return msgspec.convert((self.doc or {})["members"], list[Member])

    async def _write(self, container: str, doc: Doc, etag: str | None) -> Doc:
        assert container == "state"
        assert doc["ttl"] == 60
        await self._takes_time()
        if etag != (self.doc or {}).get("_etag"):
            raise Conflict
        self.writes += 1
        self.doc = {**doc, "_etag": str(self.writes)}
        assert sum(one.claim for one in self.members()) <= PER_SECOND
        await self._takes_time()
        if self.chance.random() < self.lost:
            raise Unavailable
        return self.doc

    async def _takes_time(self) -> None:
        await asyncio.sleep(self.chance.uniform(0, self.slow_s) if self.chance.random() < 0.9 else 3 * self.slow_s)


class CutOff:
    """The way to a store, until it is cut."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.is_cut = False

    async def get(self, container: str, partition: str, doc_id: str) -> Doc | None:
        self._check()
        return await self.book.get(container, partition, doc_id)

    async def create(self, container: str, doc: Doc) -> Doc:
        self._check()
        return await self.book.create(container, doc)

    async def replace(self, container: str, doc: Doc, *, etag: str) -> Doc:
        self._check()
        return await self.book.replace(container, doc, etag=etag)

    def _check(self) -> None:
        if self.is_cut:
            raise Unavailable


class Instance:
    """One process that broadcasts as fast as it may."""

    def __init__(self, book: Book, name: str) -> None:
        self.way = CutOff(book)
        self.share = BudgetShare(self.way, name, per_second=PER_SECOND, clock=now, sleep=asyncio.sleep)
        self.crowd = Crowd(limiter_of(PER_SECOND, share=self.share.units))
        self.work = asyncio.create_task(self.share.run())

    async def die(self) -> None:
        await cancel(self.work)
        await self.crowd.stop()

    async def leave(self) -> None:
        await cancel(self.work)
        await self.share.leave()
        await self.crowd.stop()


def calls_of(instances: list[Instance], since: float = 0) -> list[float]:
    return sorted(time for one in instances for time in one.crowd.times if time >= since)
