"""Signing in with Microsoft Entra: OpenID Connect's code flow with PKCE, and what a token has to prove.

By Microsoft's "Microsoft identity platform and OAuth 2.0 authorization code flow", "ID token claims reference", "Access
token claims reference" and "Configure your tab app in Microsoft Entra ID". Knows no pages and no sessions.
"""

import hashlib
import hmac
import logging
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Collection
from urllib.parse import urlencode, urlsplit

import aiohttp
import jwt
import msgspec

from dashboard.sessions import Visitor
from feedback.errors import Refusal

SKEW_S = 300
TIMEOUT = aiohttp.ClientTimeout(total=10)
SCOPE = "openid profile"
MEMBER = 0  # the claim `acct` of somebody who is no guest
TAB_SCOPE = "access_as_user"  # what Teams may ask of us for whoever opens the tab
TEAMS = frozenset(  # Microsoft's ids for Teams: on desktops and phones, and in browsers
    {"1fec8e78-bce4-4aaf-ab1b-5451cc387264", "5e3ce6c0-2b1f-4285-8d4b-75ee78787346"}
)
_TOO_LONG = 100_000  # characters; a real token has some thousand
_PROVEN = ("aud", "exp", "iat", "iss", "sub")  # what every token has to say

FindKey = Callable[[str], Awaitable[jwt.PyJWK | None]]

log = logging.getLogger(__name__)


class SignInRefused(Refusal):
    """Signing in did not work. Try again; if it stays so, tell whoever runs Hearback."""


class NotAMember(Refusal):
    """Only members of the organisation that runs Hearback can open these pages, and guests of it cannot."""


class SignInUnavailable(Exception):
    """Microsoft cannot be asked right now."""


class Registration(msgspec.Struct, frozen=True):
    """The app registration, and where Microsoft's sign-in is. `tenants` may sign in, and no others."""

    app_id: str
    password: str
    tenant: str
    login_url: str
    redirect_url: str
    tenants: Collection[str]

    @property
    def address(self) -> str:
        """Where the tenant's endpoints are."""
        return f"{self.login_url}/{self.tenant}"

    @property
    def metadata_url(self) -> str:
        """Where the keys of ID tokens are described."""
        return f"{self.address}/v2.0/.well-known/openid-configuration"

    @property
    def resource(self) -> str:
        """What the tab is called where Teams asks for a token for it, as in the manifest."""
        return f"api://{urlsplit(self.redirect_url).netloc}/{self.app_id}"


class _Answer(msgspec.Struct):
    id_token: str


class Entra:
    """One tenant's sign-in. `find_key` returns a published key by its id, and may raise `SignInUnavailable`."""

    def __init__(self, registration: Registration, session: aiohttp.ClientSession, find_key: FindKey) -> None:
        self._at = registration
        self._session = session
        self._find_key = find_key

    def address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Return where to send somebody who wants to sign in."""
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "client_id": self._at.app_id,
            "response_type": "code",
            "response_mode": "query",
            "redirect_uri": self._at.redirect_url,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._at.address}/oauth2/v2.0/authorize?{urlencode(query)}"

    async def visitor(self, code: str, *, nonce: str, verifier: str) -> Visitor:
        """Return who has signed in, for the code they came back with.

        Raises `SignInRefused`, `NotAMember` or `SignInUnavailable`.
        """
        return await self.check(await self._redeem(code, verifier), nonce=nonce)

    async def check(self, token: str, *, nonce: str) -> Visitor:
        """Return whom an ID token is about: signed by a published key, for us, now, for this very sign-in.

        Raises `SignInRefused`, `NotAMember` or `SignInUnavailable`.
        """
        claims = await self._claims(token, [self._at.app_id], [*_PROVEN, "nonce"])
        given = claims["nonce"]
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
            raise SignInRefused
        return self._member(claims)

    async def check_tab(self, token: str) -> Visitor:
        """Return whom an access token is about: one that Teams has got for our tab, and nobody else for anything else.

        Its audience is the app id in version 2, the only one that we take; or the resource, should Entra name us so. An
        ID token of ours has the same audience, but no scope. Raises as `check` does.
        """
        claims = await self._claims(token, [self._at.app_id, self._at.resource], [*_PROVEN, "azp", "scp"])
        if str(claims["azp"]) not in TEAMS or TAB_SCOPE not in str(claims["scp"]).split():
            raise SignInRefused
        return self._member(claims)

    def _member(self, claims: dict[str, object]) -> Visitor:
        """Return whom claims are about. Raises `SignInRefused`, or `NotAMember` for somebody from elsewhere."""
        tenant, object_id = claims.get("tid"), claims.get("oid")
        if not (isinstance(tenant, str) and isinstance(object_id, str) and tenant and object_id):
            raise SignInRefused
        if claims["iss"] != f"{self._at.login_url}/{tenant}/v2.0":
            raise SignInRefused
        if tenant not in self._at.tenants or self._is_guest(claims):
            raise NotAMember
        return Visitor(tenant, object_id, str(claims.get("name") or "(no name)")[:200])

    @staticmethod
    def _is_guest(claims: dict[str, object]) -> bool:
        """Say whether the account is at home elsewhere: a guest has the tenant's id and none of its trust."""
        return claims.get("idp", claims["iss"]) != claims["iss"] or claims.get("acct", MEMBER) != MEMBER

    async def _claims(self, token: str, audiences: list[str], required: list[str]) -> dict[str, object]:
        """Return what a token says that is signed by a published key, for one audience of these, now."""
        try:
            if len(token) > _TOO_LONG:
                raise SignInRefused
            key_id = jwt.get_unverified_header(token).get("kid")
            key = await self._find_key(key_id) if isinstance(key_id, str) else None
            if key is None:
                raise SignInRefused
            found: dict[str, object] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=audiences,
                leeway=SKEW_S,
                options={"require": required},
            )
        except (jwt.PyJWTError, ValueError) as error:
            log.warning("a token was refused: %s", type(error).__name__)
            raise SignInRefused from error
        if found["aud"] not in audiences:  # one of several is not ours alone
            raise SignInRefused
        return found

    async def _redeem(self, code: str, verifier: str) -> str:
        """Return the ID token that a code stands for."""
        form = {
            "client_id": self._at.app_id,
            "client_secret": self._at.password,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._at.redirect_url,
            "code_verifier": verifier,
            "scope": SCOPE,
        }
        at = f"{self._at.address}/oauth2/v2.0/token"
        try:
            async with self._session.post(at, data=form, timeout=TIMEOUT, allow_redirects=False) as reply:
                body = await reply.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SignInUnavailable from error
        if reply.status >= 500:  # noqa: PLR2004 - theirs, not ours
            raise SignInUnavailable
        try:
            return msgspec.json.decode(body, type=_Answer).id_token
        except msgspec.MsgspecError as error:
            log.warning("a sign-in was refused by the token endpoint: HTTP %s", reply.status)
            raise SignInRefused from error
