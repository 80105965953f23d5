"""Teams delivers at least once, sometimes under a new id. This makes a message take effect once.

A mark is written before the work and confirmed after it. A mark that was never confirmed belongs to a process that
died: after `LEASE_S` the same message may be taken up again. Card answers need no marks; their business key does it.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

import msgspec

from store.contract import Conflict, Doc, Missing, Op, Patch, Store, StoreError, Uncertain, Where

TTL_S = 3600
LEASE_S = 20.0
ECHO_S = 10.0  # the same words again within this time are the channel's echo: say nothing
REPEAT_S = 60.0  # and within this time more likely an accident than a wish: say so


class Verdict(StrEnum):
    """What to do with a message."""

    NEW = "new"
    ECHO = "echo"  # it is being handled, or has been: say nothing
    REPEAT = "repeat"  # a person seems to have sent the same thing again: say so


class Message(msgspec.Struct, frozen=True):
    """What makes a message the same as another."""

    conversation: str
    sender: str
    activity_id: str
    text: str  # with what is attached to it
    sent_at: datetime | None
    writes: bool  # doing it twice would be wrong

    def marks(self, key: bytes) -> tuple[str, str]:
        """Return the ids of its marks: by activity id, and by content for when it comes under another id.

        They are hashes under a key: without it nobody who reads the store can try out what somebody may have typed.
        """
        moment = "" if self.writes or self.sent_at is None else self.sent_at.isoformat()
        by_content = (self.sender, " ".join(self.text.split()), moment or ("" if self.writes else self.activity_id))
        by_id = _mark(key, self.conversation, "id", self.activity_id)
        return by_id, _mark(key, self.conversation, "content", *by_content)


class Claim(msgspec.Struct, frozen=True):
    """What to do with one delivery of a message. Its marks are this delivery's own as long as they are of `at`."""

    verdict: Verdict
    by_id: str
    by_content: str
    at: float


class Once:
    """Marks messages in the store. Every instance on a store has the same `key`, of up to 64 bytes."""

    def __init__(self, store: Store, clock: Callable[[], datetime], *, key: bytes = b"") -> None:
        self._store = store
        self._clock = clock
        self._key = key

    async def claim(self, message: Message) -> Claim:
        """Say whether to handle a message now; if so, its marks are written. Where that fails, none is left."""
        by_id, by_content = message.marks(self._key)
        claim = Claim(Verdict.NEW, by_id, by_content, self._clock().timestamp())
        try:
            verdict = await self._claim(by_id, message, claim.at)
            if verdict is Verdict.NEW:
                verdict = await self._claim(by_content, message, claim.at)
                if verdict is not Verdict.NEW:
                    await self._confirm(by_id, claim.at)
        except StoreError:
            with contextlib.suppress(StoreError):
                await self.forget(claim)
            raise
        return msgspec.structs.replace(claim, verdict=verdict)

    async def confirm(self, claim: Claim, *, had_effect: bool = True) -> None:
        """Record that a message has been answered. Without an effect, the same words may come again at once."""
        second = self._confirm if had_effect else self._forget
        await asyncio.gather(self._confirm(claim.by_id, claim.at), second(claim.by_content, claim.at))

    async def forget(self, claim: Claim) -> None:
        """Remove the marks of a message that had no effect, so that it can be sent again."""
        await asyncio.gather(*(self._forget(mark, claim.at) for mark in (claim.by_id, claim.by_content)))

    async def _claim(self, mark: str, message: Message, now: float) -> Verdict:
        doc: Doc = {"id": mark, "kind": "mark", "at": now, "is_done": False, "ttl": TTL_S}
        try:
            await self._store.create("state", doc)
        except (Conflict, Uncertain):  # in doubt, whoever wrote it last was another delivery of the message
            return await self._judge(mark, message, now)
        return Verdict.NEW

    async def _judge(self, mark: str, message: Message, now: float) -> Verdict:
        found = await self._store.get("state", mark, mark)
        at = found.get("at") if found is not None else None
        if found is None or not isinstance(at, int | float):
            return Verdict.ECHO
        age = now - at
        is_by_content = mark == message.marks(self._key)[1]
        if found.get("is_done") is True and (not is_by_content or not message.writes or age <= ECHO_S):
            return Verdict.ECHO
        if found.get("is_done") is True and age <= REPEAT_S:
            return Verdict.REPEAT
        if found.get("is_done") is not True and age <= LEASE_S:
            return Verdict.ECHO
        return await self._take_over(mark, at, now)

    async def _take_over(self, mark: str, at: float, now: float) -> Verdict:
        patch = Patch(id=mark, set={"at": now, "is_done": False}, when=[Where("at", Op.EQ, at)])
        try:
            await self._store.patch("state", mark, patch)
        except (Conflict, Missing):
            return Verdict.ECHO
        return Verdict.NEW

    async def _confirm(self, mark: str, at: float) -> None:
        """Confirm a mark, unless another delivery has taken it over since: that one says how it ended."""
        patch = Patch(id=mark, set={"is_done": True}, when=[Where("at", Op.EQ, at)])
        with contextlib.suppress(Conflict, Missing):
            await self._store.patch("state", mark, patch)

    async def _forget(self, mark: str, at: float) -> None:
        """Remove a mark, unless it is another delivery's."""
        found = await self._store.get("state", mark, mark)
        if found is not None and found.get("at") == at:
            with contextlib.suppress(Conflict, Missing):
                await self._store.delete("state", mark, mark, etag=str(found["_etag"]))


def _mark(key: bytes, *parts: str) -> str:
    return f"mark-{hashlib.blake2b('|'.join(parts).encode(), digest_size=16, key=key).hexdigest()}"
