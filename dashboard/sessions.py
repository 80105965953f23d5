"""Who is signed in: a session in the store for each, and the cookie that names it.

The cookie holds a random name, a turn and a signature, the store only a fingerprint of the name. Every quarter of an
hour the cookie is replaced by its next turn; when one that was replaced comes back, somebody has a copy, and the
session ends for both. What somebody may do is not in it: that is looked up anew with each request.

A session in a tab of Teams has a cookie of its own, because browsers send the other to no frame of another site. It
counts only for requests that come from a page of ours, so it does no more for other sites than the other one.
"""

import contextlib
import hashlib
import hmac
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from aiohttp import web

from feedback.people.people import Person, person_id
from store.contract import Conflict, Doc, Missing, Op, Patch, Store, Where

GOOD_FOR = timedelta(hours=8)  # a working day; then one signs in again
TURNS_AFTER = timedelta(minutes=15)
OVERLAP = timedelta(seconds=60)  # requests that were on their way when the cookie was replaced
KIND = "session"
OUR_PAGES = "same-origin"  # in Sec-Fetch-Site, which browsers set and no page can: a page of ours asks

log = logging.getLogger(__name__)


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
    """One browser of one visitor. `token` has to come with everything that it changes.

    `turn` is the newest turn of the cookie; `is_behind` says that the browser has not got it.
    """

    id: str
    name: str  # as in the cookie
    visitor: Visitor
    token: str
    turn: int
    turned_at: datetime
    until: datetime
    is_behind: bool = False
    is_in_teams: bool = False  # in the tab, framed by Teams


class _Kept(msgspec.Struct):
    """A session as the store has it. `is_seen` says that the newest cookie has come back."""

    id: str
    visitor: Visitor
    until: datetime
    turn: int
    turned_at: datetime
    is_seen: bool
    is_in_teams: bool = False


class Sessions:
    """Begins, finds, turns and ends sessions. `key` is a secret of this deployment, the same in every instance."""

    def __init__(
        self, store: Store, key: bytes, *, chance: Callable[[], str], now: Callable[[], datetime], is_secure: bool
    ) -> None:
        self._store = store
        self._key = key
        self._chance = chance
        self._now = now
        self.is_secure = is_secure
        self.cookie = "__Host-hearback" if is_secure else "hearback"
        self.cookie_in_teams = "__Host-hearback-teams"  # Teams shows pages by https alone

    async def begin(self, visitor: Visitor, response: web.StreamResponse, *, is_in_teams: bool = False) -> None:
        """Begin a session, and hand its cookie to whoever gets the response."""
        name, at = self._chance(), self._now()
        kept = _Kept(_id(name), visitor, at + GOOD_FOR, turn=0, turned_at=at, is_seen=False, is_in_teams=is_in_teams)
        doc: Doc = {**msgspec.to_builtins(kept), "kind": KIND, "ttl": _seconds(GOOD_FOR)}
        await self._store.create("state", doc)
        self._hand_out(name, 0, GOOD_FOR, response, is_in_teams=is_in_teams)

    async def find(self, request: web.Request) -> Session | None:
        """Return the session that a request belongs to; None for a cookie that is not ours, or is over."""
        found = await self._find(request.cookies.get(self.cookie, ""), is_in_teams=False)
        if found is not None or not comes_from_us(request):
            return found
        return await self._find(request.cookies.get(self.cookie_in_teams, ""), is_in_teams=True)

    async def _find(self, cookie: str, *, is_in_teams: bool) -> Session | None:
        named = self._read(cookie)
        if named is None:
            return None
        name, turn = named
        doc = await self._store.get("state", _id(name), _id(name))
        if doc is None:
            return None
        kept = msgspec.convert(doc, _Kept)
        if self._now() >= kept.until or kept.is_in_teams is not is_in_teams:
            return None
        if turn != kept.turn and not self._may_lag(turn, kept):
            log.warning("a cookie came back that had been replaced: its session has ended")
            await self._drop(kept.id)
            return None
        if turn == kept.turn and not kept.is_seen:
            await self._change(kept.id, Patch(kept.id, set={"is_seen": True}, when=[Where("turn", Op.EQ, turn)]))
        return Session(
            id=kept.id,
            name=name,
            visitor=kept.visitor,
            token=self._signed("form", name),
            turn=kept.turn,
            turned_at=kept.turned_at,
            until=kept.until,
            is_behind=turn != kept.turn and not kept.is_seen,
            is_in_teams=is_in_teams,
        )

    async def turn(self, session: Session, response: web.StreamResponse) -> None:
        """Replace the cookie by its next turn when it is time; hand the newest out again where it got lost."""
        at, turn = self._now(), session.turn
        if not session.is_behind:
            if at - session.turned_at < TURNS_AFTER:
                return
            news = {"turn": turn + 1, "turned_at": msgspec.to_builtins(at), "is_seen": False}
            if not await self._change(session.id, Patch(session.id, set=news, when=[Where("turn", Op.EQ, turn)])):
                return  # another request of the same browser was first
            turn += 1
        self._hand_out(session.name, turn, session.until - at, response, is_in_teams=session.is_in_teams)

    async def end(self, session: Session, response: web.StreamResponse) -> None:
        """End a session for good, whoever else may hold its cookie."""
        await self._drop(session.id)
        self._set(response, "", 0, is_in_teams=session.is_in_teams)

    def is_settled(self, session: Session, response: web.StreamResponse) -> bool:
        """Say whether a response has a cookie for such a session already, because one has begun or ended."""
        return "Set-Cookie" in response.headers if session.is_in_teams else self.cookie in response.cookies

    async def is_alive(self, session: Session) -> bool:
        """Say whether a session has not ended meanwhile."""
        return self._now() < session.until and await self._store.get("state", session.id, session.id) is not None

    def _may_lag(self, turn: int, kept: _Kept) -> bool:
        """Say whether a cookie may be the one before the newest: just replaced, or the newest never arrived."""
        return turn == kept.turn - 1 and (not kept.is_seen or self._now() - kept.turned_at < OVERLAP)

    def _hand_out(
        self, name: str, turn: int, good_for: timedelta, response: web.StreamResponse, *, is_in_teams: bool
    ) -> None:
        value = f"{name}.{turn}.{self._signed(f'session {turn}', name)}"
        self._set(response, value, _seconds(good_for), is_in_teams=is_in_teams)

    def _set(self, response: web.StreamResponse, value: str, age: int, *, is_in_teams: bool) -> None:
        """Set the cookie, or remove it with an age of nought. In Teams it is kept for frames of Teams alone."""
        if not is_in_teams:
            named, secure = self.cookie, self.is_secure
            response.set_cookie(named, value, max_age=age, path="/", httponly=True, secure=secure, samesite="Lax")
            return
        # Written by hand: until Python 3.14 its cookies know no Partitioned.
        response.headers.popall("Set-Cookie", None)
        attributes = f"Max-Age={age}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"
        response.headers["Set-Cookie"] = f"{self.cookie_in_teams}={value}; {attributes}"

    def _read(self, cookie: str) -> tuple[str, int] | None:
        name, _, rest = cookie.partition(".")
        turn, _, signature = rest.partition(".")
        expected = self._signed(f"session {turn}", name)
        if not name or not hmac.compare_digest(signature.encode(), expected.encode()):
            return None
        return name, int(turn)  # we signed it, so it is one

    async def _change(self, key: str, patch: Patch) -> bool:
        try:
            await self._store.patch("state", key, patch)
        except (Conflict, Missing):
            return False
        return True

    async def _drop(self, key: str) -> None:
        with contextlib.suppress(Conflict, Missing):
            await self._store.delete("state", key, key)

    def _signed(self, purpose: str, name: str) -> str:
        return hmac.new(self._key, f"{purpose}:{name}".encode(), hashlib.sha256).hexdigest()


def comes_from_us(request: web.Request) -> bool:
    """Say whether a page of ours makes a request. A browser that does not say so is taken for another site."""
    return request.headers.get("Sec-Fetch-Site") == OUR_PAGES


def session_key(secret: str) -> bytes:
    """Return a key for sessions that follows from a secret and does not give it away."""
    return hmac.new(secret.encode(), b"hearback: sessions of the dashboard", hashlib.sha256).digest()


def _id(name: str) -> str:
    return f"{KIND}-{hashlib.sha256(name.encode()).hexdigest()}"


def _seconds(good_for: timedelta) -> int:
    return max(int(good_for.total_seconds()), 1)
