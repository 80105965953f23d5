"""The sign-in of the simulated Microsoft Entra: authorize, token and keys, with tokens that are really signed.

Whoever `signs_in` is signed in without asking. What a test wants to be wrong about a token it lays over `claims`.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from simulator.ids import guid
from simulator.payload import Json
from simulator.tokens import Issuer, Key

LIFETIME_S = 3600.0
TEAMS_IN_A_BROWSER = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346"


class Account(msgspec.Struct, frozen=True):
    """Somebody who can sign in."""

    object_id: str
    name: str
    tenant: str = ""  # empty: the tenant that is asked


class _Pending(msgspec.Struct):
    """What was asked for when a code was given out."""

    account: Account
    nonce: str
    challenge: str
    redirect_url: str


class Entra:
    """One tenant's sign-in for one app registration. `redirect_urls` are those that are registered."""

    def __init__(self, tokens: Issuer, *, secret: str, tenant: str) -> None:
        self.redirect_urls: set[str] = set()
        self.signs_in: Account | None = None  # None: they change their mind
        self.claims: Mapping[str, object] = {}  # over the usual ones; None removes one
        self.signed_by: Key | None = None
        self.algorithm = "RS256"
        self.expires_in_s = LIFETIME_S
        self.is_down = False  # what keys there are cannot be had
        self.redeemed = 0
        self._tokens = tokens
        self._secret = secret
        self._tenant = tenant
        self._pending: dict[str, _Pending] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return what the server answers, besides the token endpoint."""
        return [
            web.get("/{tenant}/v2.0/.well-known/openid-configuration", self._metadata),
            web.get("/{tenant}/discovery/v2.0/keys", self._keys),
            web.get("/{tenant}/oauth2/v2.0/authorize", self._authorize),
        ]

    def redeem(self, base: str, form: Mapping[str, str]) -> tuple[int, Json]:
        """Return the status and the answer to a code, which is good once."""
        pending = self._pending.pop(form.get("code", ""), None)
        if not hmac.compare_digest(form.get("client_secret", "").encode(), self._secret.encode()):
            return 401, {"error": "invalid_client", "error_description": "invalid client secret"}
        if pending is None or form.get("client_id") != self._tokens.app_id:
            return 400, {"error": "invalid_grant", "error_description": "the code is not valid"}
        if form.get("redirect_uri") != pending.redirect_url:
            return 400, {"error": "invalid_grant", "error_description": "the redirect address is another one"}
        if _challenge(form.get("code_verifier", "")) != pending.challenge:
            return 400, {"error": "invalid_grant", "error_description": "the code verifier does not fit"}
        self.redeemed += 1
        return 200, {"token_type": "Bearer", "expires_in": 3599, "id_token": self.id_token(base, pending)}

    def id_token(self, base: str, pending: _Pending) -> str:
        """Return the ID token for a sign-in."""
        return self._signed(base, pending.account, {"nonce": pending.nonce})

    def tab_token(self, base: str, account: Account) -> str:
        """Return the access token that Teams gets for a tab when somebody opens it."""
        allowed: Json = {"azp": TEAMS_IN_A_BROWSER, "azpacr": "0", "scp": "access_as_user"}
        return self._signed(base, account, allowed)

    def _signed(self, base: str, account: Account, more: Json) -> str:
        tenant = account.tenant or self._tenant
        usual: Json = {
            "ver": "2.0",
            "tid": tenant,
            "oid": account.object_id,
            "sub": guid("subject", account.object_id),
            "name": account.name,
            "serviceurl": None,
        }
        return self._tokens.token(
            issuer=f"{base}/{tenant}/v2.0",
            expires_in_s=self.expires_in_s,
            signed_by=self.signed_by,
            algorithm=self.algorithm,
            claims={**usual, **more, **self.claims},
        )

    async def _metadata(self, request: web.Request) -> web.Response:
        if self.is_down:
            return web.Response(status=503)
        base = f"{request.scheme}://{request.host}/{request.match_info['tenant']}"
        return web.json_response(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def _keys(self, _request: web.Request) -> web.Response:
        keys = [
            {name: value for name, value in key.public().items() if name != "endorsements"} for key in self._tokens.keys
        ]
        return web.json_response({"keys": keys})

    async def _authorize(self, request: web.Request) -> web.Response:
        said = request.query
        problem = self._problem(request.match_info["tenant"], said)
        if problem:
            return web.Response(status=400, text=problem)  # on a page of Microsoft's; nobody is led anywhere
        back = {"state": said["state"]}
        if self.signs_in is None:
            back |= {"error": "access_denied", "error_description": "the person has changed their mind"}
        else:
            back["code"] = guid("code", str(len(self._pending)), said["state"])
            self._pending[back["code"]] = _Pending(
                self.signs_in, said["nonce"], said["code_challenge"], said["redirect_uri"]
            )
        return web.Response(status=302, headers={"Location": f"{said['redirect_uri']}?{urlencode(back)}"})

    def _problem(self, tenant: str, said: Mapping[str, str]) -> str:
        wanted = {"response_type": "code", "response_mode": "query", "code_challenge_method": "S256"}
        wrong = [name for name, value in wanted.items() if said.get(name) != value]
        wrong += [name for name in ("state", "nonce", "code_challenge") if not said.get(name)]
        if tenant != self._tenant:
            wrong.append("tenant")
        if said.get("client_id") != self._tokens.app_id:
            wrong.append("client_id")
        if said.get("redirect_uri") not in self.redirect_urls:
            wrong.append("redirect_uri")
        if "openid" not in said.get("scope", "").split():
            wrong.append("scope")
        return f"wrong: {', '.join(wrong)}" if wrong else ""


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
