"""How several instances share a tenant's budget: each claims a part of it in one document of the store.

The document never promises more than the budget. Whoever has too much makes less use of it at once, and lets go of
the claim only when the window has passed in which it still counts; only what is free can be claimed, and only a claim
that is written is used. Every write says that its writer lives. One that has not written for `LEASE_S` loses its
claim, and has stopped using it before. Each measures by a clock of its own, so these need not agree.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from store.contract import Conflict, Doc, Missing, StoreError

BEAT_S = 2.0  # between two writes
HURRY_S = 1.2  # the same while the shares are not yet fair
LEASE_S = 10.0
SETTLE_S = 1.1  # what was let through before still counts for so long
STOP_S = LEASE_S - 2 * SETTLE_S  # whoever has not written for so long makes no more use of the claim
TTL_S = 60  # of the document, when nobody is left
TRIES = 5  # when others write at the same moment
BOOK = "budget-share"

log = logging.getLogger(__name__)


class Documents(Protocol):
    """What this needs of a `Store`."""

    async def get(self, container: str, partition: str, doc_id: str) -> Doc | None:
        """Return one document, or None."""

    async def create(self, container: str, doc: Doc) -> Doc:
        """Write a new document. Raises `Conflict` where the id exists."""

    async def replace(self, container: str, doc: Doc, *, etag: str) -> Doc:
        """Write over the version with this etag. Raises `Conflict` or `Missing`."""


class Member(msgspec.Struct, frozen=True):
    """One instance, the number of its last write, and how many requests a second it may make."""

    id: str
    beat: int
    claim: int


class _Book(msgspec.Struct):
    """The document. Its writes are numbered, so that nobody who comes back looks as if they had never moved."""

    number: int = 0
    members: list[Member] = []
    etag: str = msgspec.field(name="_etag", default="")


class BudgetShare:
    """This instance's part of the budget. `instance` must be its own, and the same again after a restart."""

    def __init__(
        self,
        store: Documents,
        instance: str,
        *,
        per_second: int,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._store = store
        self._me = instance
        self._whole = per_second
        self._clock = clock
        self._sleep = sleep
        self._use = 0
        self._lowered_at = float("-inf")
        self._written_at = float("-inf")  # when the last write that succeeded began
        self._seen: dict[str, tuple[int, float]] = {}  # of the others: the last beat, and when it was first seen
        self._is_fair = False
        self._has_some = asyncio.Event()
        self.is_well = True  # whether the last write succeeded

    def units(self) -> int:
        """Return how many requests a second this instance may make now, to each tenant."""
        return self._use if self._clock() < self._written_at + STOP_S else 0

    async def joined(self) -> None:
        """Return once there is a share, while `run` runs: at once when alone, else when the others have made room."""
        await self._has_some.wait()

    async def run(self) -> None:
        """Keep the share until cancelled. A store that does not answer costs the share, and nothing else."""
        while True:
            try:
                await self.beat()
                self.is_well = self._clock() < self._written_at + STOP_S
            except StoreError as error:
                self.is_well = False
                log.warning("the share of the budget could not be renewed: %s", type(error).__name__)
            await self._sleep(BEAT_S if self._is_fair else HURRY_S)

    async def leave(self) -> None:
        """Hand the share over to the others, which takes a second; with nobody there it takes none.

        Raises `StoreError`; then they wait for the lease.
        """
        self._use = 0
        if self._alive((await self._read()).members):
            await self._sleep(SETTLE_S)
        for _ in range(TRIES):
            book = await self._read()
            if await self._write(book, self._alive(book.members)):
                return

    async def beat(self) -> None:
        """Say that we live, and claim or let go of what is due. Raises `StoreError`."""
        for _ in range(TRIES):
            began = self._clock()
            if began > self._written_at + LEASE_S:
                self._seen = {}  # whoever was away for so long does not know who lives
            book = await self._read()
            others = self._alive(book.members)
            mine = next((one for one in book.members if one.id == self._me), Member(self._me, 0, 0))
            fair = self._fair([one.id for one in others])
            self._lower(min(fair, mine.claim))
            claim = self._claim(mine.claim, fair, sum(one.claim for one in others))
            if await self._write(book, [*others, Member(self._me, book.number + 1, claim)]):
                self._written_at = began
                self._use = min(fair, claim)
                self._is_fair = fair == claim
                if self._use:
                    self._has_some.set()
                return
        log.warning("the share of the budget could not be renewed: others wrote at the same moments")

    def _alive(self, members: Sequence[Member]) -> list[Member]:
        """Return the others, without those who have not written for the time of a lease."""
        now = self._clock()
        others = [one for one in members if one.id != self._me]
        self._seen = {
            one.id: seen if (seen := self._seen.get(one.id)) and seen[0] == one.beat else (one.beat, now)
            for one in others
        }
        return [one for one in others if now <= self._seen[one.id][1] + LEASE_S]

    def _fair(self, others: Sequence[str]) -> int:
        """Return our part when everybody alive has the same; what cannot be divided goes by the order of the names."""
        everybody = sorted([*others, self._me])
        place = everybody.index(self._me)
        return self._whole * (place + 1) // len(everybody) - self._whole * place // len(everybody)

    def _lower(self, most: int) -> None:
        if most < self._use:
            self._use = most
            self._lowered_at = self._clock()

    def _claim(self, claimed: int, fair: int, by_others: int) -> int:
        """Return what to claim: less once it is no longer used, more as far as it is free."""
        if claimed < fair:
            return claimed + max(min(fair - claimed, self._whole - claimed - by_others), 0)
        return fair if self._clock() >= self._lowered_at + SETTLE_S else claimed

    async def _read(self) -> _Book:
        doc = await self._store.get("state", BOOK, BOOK)
        return _Book() if doc is None else msgspec.convert(doc, _Book)

    async def _write(self, book: _Book, members: Sequence[Member]) -> bool:
        """Write, unless somebody else has written since we read."""
        kept = msgspec.to_builtins(members)
        doc: Doc = {"id": BOOK, "kind": "budget", "ttl": TTL_S, "number": book.number + 1, "members": kept}
        try:
            await (self._store.replace("state", doc, etag=book.etag) if book.etag else self._store.create("state", doc))
        except (Conflict, Missing):
            return False
        return True
