"""What is kept to be told, and is told until somebody takes it: by one instance at a time, over restarts.

Whoever tells something claims it first, by moving when it is due again under a condition; so another instance leaves it
alone meanwhile, and one that has died loses nothing. Knows neither what is told nor to whom.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Generic, Protocol, TypeVar

import msgspec

from store.contract import Conflict, Missing, Op, Patch, Store, StoreError, Where

AT_ONCE = 50


class Ending(Enum):
    """How telling something ended."""

    TAKEN = auto()
    AGAIN = auto()  # it was not taken, and may be another time
    NEVER = auto()


class Kept(Protocol):
    """What is kept of something to tell: how often it was tried, and when it is due."""

    @property
    def id(self) -> str:
        """Its name in its book."""

    @property
    def attempts(self) -> int:
        """How often it was tried."""


One = TypeVar("One", bound=Kept)


class Kinds(msgspec.Struct, frozen=True):
    """The kinds of the documents of what is due, what was taken, and what was given up."""

    due: str
    done: str
    given_up: str


class Outbox(Generic[One]):
    """A book of things to tell. `delays_s` are the pauses after each try; after the last one it is given up.

    The first pause has to be longer than a try may take.
    """

    def __init__(
        self,
        store: Store,
        book: str,
        form: type[One],
        kinds: Kinds,
        *,
        delays_s: Sequence[int],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._book = book
        self._form = form
        self._kinds = kinds
        self._delays_s = delays_s
        self._now = now

    async def empty(self, tell: Callable[[One], Awaitable[Ending]]) -> int:
        """Tell what is due, and return how much there was. Raises the first error, once all have had their turn."""
        where = [Where("kind", Op.EQ, self._kinds.due), Where("at", Op.LE, written(self._now()))]
        page = await self._store.query("ledger", partition=self._book, where=where, order="at", limit=AT_ONCE)
        due = msgspec.convert(page.docs, list[self._form])  # type: ignore[name-defined]
        ends = await asyncio.gather(*(self._attend(one, tell) for one in due), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return len(due)

    def is_last(self, one: One) -> bool:
        """Say whether something is not told again when this try fails."""
        return one.attempts >= len(self._delays_s)

    async def _attend(self, one: One, tell: Callable[[One], Awaitable[Ending]]) -> None:
        """Claim one, tell it, and keep how that went. A crash in between tells it again, later."""
        pause = timedelta(seconds=self._delays_s[min(one.attempts, len(self._delays_s) - 1)])
        claim = {"attempts": one.attempts + 1, "at": written(self._now() + pause)}
        if not await self._move(one, claim, tries=one.attempts):
            return  # another instance was first
        try:
            end = await tell(one)
        except StoreError:  # nothing was told
            with contextlib.suppress(StoreError):
                await self._move(one, {"at": written(self._now())}, tries=one.attempts + 1)
            raise
        if end is Ending.TAKEN:
            await self._move(one, {"kind": self._kinds.done})
        elif end is Ending.NEVER or self.is_last(one):
            await self._move(one, {"kind": self._kinds.given_up}, tries=one.attempts + 1)

    async def _move(self, one: One, news: Mapping[str, object], *, tries: int | None = None) -> bool:
        """Change one that is still due, and that nobody has tried since, where it depends on that."""
        when = [Where("kind", Op.EQ, self._kinds.due)]
        if tries is not None:
            when.append(Where("attempts", Op.EQ, tries))
        try:
            await self._store.patch("ledger", self._book, Patch(one.id, set=news, when=when))
        except (Conflict, Missing):
            return False
        return True


def written(at: datetime) -> str:
    """Return a time so that texts sort as times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
