"""Access tokens for scripts and reports: made by an admin for one purpose, shown once, and good for a while.

The store holds a fingerprint of a token, never the token. A token may do what its purpose says for as long as whoever
made it is an admin; so taking away the role takes the tokens with it.
"""

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from feedback.errors import Refusal
from feedback.people.people import Person, person_id
from store.contract import Conflict, Missing, Op, Store, Where

KIND = "access-token"
PREFIX = "hearback_"  # by which scanners for leaked secrets can know one
DAYS = (30, 90, 365)
LONGEST_NAME = 60
MOST = 100


class Purpose(StrEnum):
    """What a token is for. The answers include the results; notes are a thing of their own."""

    RESULTS = "results"  # figures, never what one person said
    ANSWERS = "answers"
    NOTES = "notes"  # and feedback

    def includes(self, other: "Purpose") -> bool:
        """Say whether a token for this may be used for the other."""
        return self is other or (self is Purpose.ANSWERS and other is Purpose.RESULTS)


class TokenRefused(Refusal):
    """A token needs a name of up to 60 characters, a purpose, and 30, 90 or 365 days."""


class TooManyTokens(Refusal):
    """There are 100 tokens. End one that is no longer needed first."""


class Token(msgspec.Struct, frozen=True):
    """What is kept of a token. `id` is its fingerprint, `by` the person id of the admin who made it."""

    id: str
    name: str
    purpose: Purpose
    by: str
    made_at: datetime
    until: datetime

    @property
    def maker(self) -> Person:
        """Whoever made it, as a policy wants to see them."""
        tenant, _, object_id = self.by.partition(":")
        return Person(person_id(tenant, object_id), tenant, object_id)


class Tokens:
    """Makes, finds and ends access tokens. `chance` returns codes nobody can guess."""

    def __init__(self, store: Store, *, chance: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._store = store
        self._chance = chance
        self._now = now

    async def make(self, name: str, purpose: str, days: str, by: str) -> tuple[str, Token]:
        """Return a new token, in full for the only time, and what is kept. Raises a `Refusal`."""
        name = " ".join(name.split())
        is_known = purpose in set(Purpose) and days in {str(one) for one in DAYS}
        if not (is_known and name and len(name) <= LONGEST_NAME and name.isprintable()):
            raise TokenRefused
        if len(await self.all()) >= MOST:
            raise TooManyTokens
        secret, at, good_for = f"{PREFIX}{self._chance()}", self._now(), timedelta(days=int(days))
        token = Token(_id(secret), name, Purpose(purpose), by, at, at + good_for)
        doc = {**msgspec.to_builtins(token), "kind": KIND, "ttl": int(good_for.total_seconds())}
        await self._store.create("state", doc)
        return secret, token

    async def find(self, secret: str) -> Token | None:
        """Return what a token may do; None for one that we did not make, that is over or was ended."""
        key = _id(secret)
        doc = await self._store.get("state", key, key)
        if doc is None or doc.get("kind") != KIND:
            return None
        token = msgspec.convert(doc, Token)
        return token if self._now() < token.until else None

    async def all(self) -> Sequence[Token]:
        """Return every token that is good, the newest first."""
        page = await self._store.query("state", where=[Where("kind", Op.EQ, KIND)], limit=MOST)
        found = msgspec.convert(page.docs, list[Token])
        return sorted((one for one in found if self._now() < one.until), key=lambda one: one.made_at, reverse=True)

    async def end(self, key: str) -> Token | None:
        """End a token at once, and return what it was; None where there is no such token."""
        token = next((one for one in await self.all() if one.id == key), None)
        if token is not None:
            with contextlib.suppress(Conflict, Missing):
                await self._store.delete("state", key, key)
        return token


def _id(secret: str) -> str:
    return f"{KIND}-{hashlib.sha256(secret.encode()).hexdigest()}"
