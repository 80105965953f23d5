"""Who is signed in: a session in the store for each, and the cookie that names it.

The cookie holds a random name and a signature, the store only a fingerprint of the name. What somebody may do is not
in it: that follows from the settings, anew with each request. Ending a session in the store ends it everywhere.
"""

import contextlib
import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta

import msgspec
from aiohttp import web

from feedback.people import Person, person_id
from store.contract import Conflict, Missing, Store

GOOD_FOR = timedelta(hours=8)  # a working day; then one signs in again
KIND = "session"


class Visitor(msgspec.Struct, frozen=True):
    """Somebody who proved who they are. They need not be known in the chat."""

    tenant: str
    object_id: str
    name: str

    @property
    def person(self) -> Person:
        """The person as a policy wants to see them."""
        return Person(person_id(self.tenant, self.object_id), self.tenant, self.object_id, self.name)


class Session(msgspec.Struct, frozen=True):
    """One browser of one visitor. `token` has to come with everything that it changes."""

    id: str
    visitor: Visitor
    token: str


class Sessions:
    """Begins, finds and ends sessions. `key` is a secret of this deployment, the same in every instance."""

    def __init__(self, store: Store, key: bytes, chance: Callable[[], str], *, is_secure: bool) -> None:
        self._store = store
        self._key = key
        self._chance = chance
        self._is_secure = is_secure
        self.cookie = "__Host-hearback" if is_secure else "hearback"

    async def begin(self, visitor: Visitor, response: web.Response) -> None:
        """Begin a session, and hand its cookie to whoever gets the response."""
        name = self._chance()
        doc = {
            "id": _id(name),
            "kind": KIND,
            "visitor": msgspec.to_builtins(visitor),
            "ttl": int(GOOD_FOR.total_seconds()),
        }
        await self._store.create("state", doc)
        response.set_cookie(
            self.cookie,
            f"{name}.{self._signed('session', name)}",
            max_age=int(GOOD_FOR.total_seconds()),
            path="/",
            httponly=True,
            secure=self._is_secure,
            samesite="Lax",
        )

    async def find(self, request: web.Request) -> Session | None:
        """Return the session that a request belongs to; None for a cookie that is not ours, or is over."""
        name, _, signature = request.cookies.get(self.cookie, "").partition(".")
        if not name or not hmac.compare_digest(signature.encode(), self._signed("session", name).encode()):
            return None
        doc = await self._store.get("state", _id(name), _id(name))
        if doc is None:
            return None
        return Session(_id(name), msgspec.convert(doc["visitor"], Visitor), self._signed("form", name))

    async def end(self, session: Session, response: web.Response) -> None:
        """End a session for good, whoever else may hold its cookie."""
        with contextlib.suppress(Conflict, Missing):
            await self._store.delete("state", session.id, session.id)
        response.del_cookie(self.cookie, path="/", httponly=True, secure=self._is_secure, samesite="Lax")

    async def is_alive(self, session: Session) -> bool:
        """Say whether a session has not ended meanwhile."""
        return await self._store.get("state", session.id, session.id) is not None

    def _signed(self, purpose: str, name: str) -> str:
        return hmac.new(self._key, f"{purpose}:{name}".encode(), hashlib.sha256).hexdigest()


def session_key(secret: str) -> bytes:
    """Return a key for sessions that follows from a secret and does not give it away."""
    return hmac.new(secret.encode(), b"hearback: sessions of the dashboard", hashlib.sha256).digest()


def _id(name: str) -> str:
    return f"{KIND}-{hashlib.sha256(name.encode()).hexdigest()}"
