"""Who is calling: from the Authorization header to claims, and from claims to "may this activity come from them".

Follows Microsoft's "Authentication with the Bot Connector API": issuer, audience, lifetime with five minutes of
skew, signature by a published key, the key endorsed for the channel, and the serviceUrl claim.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Collection

import aiohttp
import jwt
import msgspec

CHANNEL = "msteams"
SKEW_S = 300
KEYS_MAX_AGE_S = 24 * 3600.0
KEYS_MIN_AGE_S = 60.0  # an unknown key id may cause a fetch this often
MAX_REMEMBERED = 1_000
TIMEOUT = aiohttp.ClientTimeout(total=10)

log = logging.getLogger(__name__)


class Unauthenticated(Exception):
    """The caller did not prove who they are: HTTP 401."""


class Forbidden(Exception):
    """The caller is known, and may not do this: HTTP 403."""


class KeysUnavailable(Exception):
    """The keys to check the caller with cannot be fetched now: HTTP 503."""


class Claims(msgspec.Struct, frozen=True):
    """What a valid token says. `service_url` is the only address this caller may speak for."""

    service_url: str
    expires_at: float


class Caller(msgspec.Struct, frozen=True):
    """What an activity says about where it comes from, to be held against the claims."""

    channel: str
    service_url: str
    tenant: str


class _Key(msgspec.Struct):
    key: jwt.PyJWK
    endorsements: tuple[str, ...]


class _Metadata(msgspec.Struct):
    jwks_uri: str


class _Jwks(msgspec.Struct):
    keys: list[dict[str, object]]


class KeyRing:
    """The published signing keys, cached for a day and fetched anew for an unknown key id."""

    def __init__(self, session: aiohttp.ClientSession, *, metadata_url: str, clock: Callable[[], float]) -> None:
        self._session = session
        self._metadata_url = metadata_url
        self._clock = clock
        self._keys: dict[str, _Key] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, key_id: str) -> _Key | None:
        """Return the key, or None. Raises `KeysUnavailable` when there is none to look among."""
        if self._is_due(key_id):
            async with self._lock:
                if self._is_due(key_id):
                    await self._refresh()
        return self._keys.get(key_id)

    def _is_due(self, key_id: str) -> bool:
        now = self._clock()
        if not self._keys:
            return True
        is_wanted = key_id not in self._keys or now - self._fetched_at > KEYS_MAX_AGE_S
        return is_wanted and now - self._tried_at > KEYS_MIN_AGE_S

    async def _refresh(self) -> None:
        self._tried_at = self._clock()
        try:
            self._keys = await self._fetch()
        except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError, jwt.PyJWTError) as error:
            log.warning("signing keys cannot be fetched: %s", type(error).__name__)
            if not self._keys:
                raise KeysUnavailable from error
        else:
            self._fetched_at = self._tried_at

    async def _fetch(self) -> dict[str, _Key]:
        metadata = msgspec.json.decode(await self._read(self._metadata_url), type=_Metadata)
        jwks = msgspec.json.decode(await self._read(metadata.jwks_uri), type=_Jwks)
        return dict(_usable(jwks.keys))

    async def _read(self, url: str) -> bytes:
        async with self._session.get(url, timeout=TIMEOUT, raise_for_status=True) as reply:
            return await reply.read()


def _usable(keys: list[dict[str, object]]) -> list[tuple[str, _Key]]:
    found = []
    for one in keys:
        endorsements = one.get("endorsements")
        if one.get("kty") == "RSA" and isinstance(one.get("kid"), str):
            named = tuple(str(each) for each in endorsements) if isinstance(endorsements, list) else ()
            found.append((str(one["kid"]), _Key(key=jwt.PyJWK(one, algorithm="RS256"), endorsements=named)))
    return found


class TokenVerifier:
    """Turns an Authorization header into claims. A token already verified is not verified again until it ends."""

    def __init__(self, keys: KeyRing, *, app_id: str, issuer: str, clock: Callable[[], float]) -> None:
        self._keys = keys
        self._app_id = app_id
        self._issuer = issuer
        self._clock = clock
        self._verified: OrderedDict[str, Claims] = OrderedDict()

    async def verify(self, header: str | None) -> Claims:
        """Return the claims. Raises `Unauthenticated` or `KeysUnavailable`."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated
        known = self._verified.get(token)
        if known is not None and self._clock() < known.expires_at + SKEW_S:
            return known
        claims = await self._check(token)
        self._verified[token] = claims
        if len(self._verified) > MAX_REMEMBERED:
            self._verified.popitem(last=False)
        return claims

    async def _check(self, token: str) -> Claims:
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            key = await self._keys.find(key_id) if isinstance(key_id, str) else None
            if key is None or CHANNEL not in key.endorsements:
                raise Unauthenticated
            found = jwt.decode(
                token,
                key.key,
                algorithms=["RS256"],
                audience=self._app_id,
                issuer=self._issuer,
                leeway=SKEW_S,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise Unauthenticated from error
        service_url = found.get("serviceurl")
        if not isinstance(service_url, str):
            raise Unauthenticated
        return Claims(service_url=service_url, expires_at=float(found["exp"]))


class Gate:
    """Whom to talk to: the caller's address, channel and tenant must be ones we trust."""

    def __init__(self, *, is_allowed_host: Callable[[str], bool], tenants: Collection[str]) -> None:
        self._is_allowed_host = is_allowed_host
        self._tenants = tenants

    def is_allowed_tenant(self, tenant: str) -> bool:
        """Say whether people of a tenant may be talked to."""
        return "*" in self._tenants or tenant in self._tenants

    def check(self, caller: Caller, claims: Claims | None) -> None:
        """Return when the activity may come in; `claims` is None in dev. Raises `Forbidden`."""
        if caller.channel != CHANNEL:
            raise Forbidden
        if claims is not None and _plain(claims.service_url) != _plain(caller.service_url):
            raise Forbidden
        if not self._is_allowed_host(caller.service_url):
            log.warning("an activity names a service address that is not on the allow list")
            raise Forbidden
        if not self.is_allowed_tenant(caller.tenant):
            log.warning("an activity comes from a tenant that is not allowed")
            raise Forbidden


def _plain(url: str) -> str:
    return url.rstrip("/").lower()
