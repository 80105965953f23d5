"""The web side of tokens: OpenID metadata and keys for the bot to check ours, an OAuth endpoint for its own.

Counts what the bot fetches, because a bot that fetches too often is slow.
"""

import asyncio
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

import jwt
from aiohttp import web

from simulator.entra import Entra
from simulator.faults import Fault, suffer
from simulator.ids import Clock
from simulator.payload import Json
from simulator.tokens import Issuer

SCOPE = "https://api.botframework.com/.default"


class Login:
    """The sign-in service of the simulated cloud. `respond` may return a fault for a path it is asked for."""

    def __init__(
        self, tokens: Issuer, *, secret: str, tenant: str, clock: Clock, closing: asyncio.Event, lifetime_s: int = 3599
    ) -> None:
        self.metadata_fetches = 0
        self.key_fetches = 0
        self.token_calls = 0
        self.lifetime_s = lifetime_s
        self.respond: Callable[[str], Fault | None] | None = None
        self._tokens = tokens
        self._secret = secret
        self._tenant = tenant
        self._clock = clock
        self._closing = closing
        self._issued: dict[str, datetime] = {}
        self.entra = Entra(tokens, secret=secret, tenant=tenant)

    def routes(self) -> list[web.RouteDef]:
        """Return what the server answers."""
        return [
            web.get("/v1/.well-known/openidconfiguration", self._metadata),
            web.get("/v1/.well-known/keys", self._keys),
            web.post("/{tenant}/oauth2/v2.0/token", self._token),
            *self.entra.routes(),
        ]

    def accepts(self, authorization: str) -> bool:
        """Say whether this Authorization header carries a living token that was issued here."""
        scheme, _, token = authorization.partition(" ")
        until = self._issued.get(token)
        return scheme.lower() == "bearer" and until is not None and self._clock() < until

    def revoke_all(self) -> None:
        """Stop accepting every token issued so far."""
        self._issued.clear()

    async def _metadata(self, request: web.Request) -> web.Response:
        self.metadata_fetches += 1
        base = f"{request.scheme}://{request.host}"
        return await self._answer(
            request,
            {
                "issuer": self._tokens.issuer,
                "authorization_endpoint": "https://invalid.botframework.com",
                "jwks_uri": f"{base}/v1/.well-known/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            },
        )

    async def _keys(self, request: web.Request) -> web.Response:
        self.key_fetches += 1
        return await self._answer(request, self._tokens.jwks())

    async def _token(self, request: web.Request) -> web.Response:
        self.token_calls += 1
        form = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
        if form.get("grant_type") == "authorization_code":
            status, body = self.entra.redeem(f"{request.scheme}://{request.host}", form)
            return await self._answer(request, body, status)
        problem = self._problem(request.match_info["tenant"], form)
        if problem:
            status, error, description = problem
            return await self._answer(request, {"error": error, "error_description": description}, status)
        token = self._issue()
        lifetime = {"expires_in": self.lifetime_s, "ext_expires_in": self.lifetime_s}
        return await self._answer(request, {"token_type": "Bearer", "access_token": token, **lifetime})

    def _problem(self, tenant: str, form: dict[str, str]) -> tuple[int, str, str] | None:
        if tenant != self._tenant:
            return 400, "invalid_request", f"tenant {tenant} not found"
        if form.get("grant_type") != "client_credentials":
            return 400, "unsupported_grant_type", "only client_credentials is supported"
        if form.get("client_id") != self._tokens.app_id:
            return 400, "unauthorized_client", "application not found in the tenant"
        if not hmac.compare_digest(form.get("client_secret", "").encode(), self._secret.encode()):
            return 401, "invalid_client", "invalid client secret"
        if form.get("scope") != SCOPE:
            return 400, "invalid_scope", f"the scope must be {SCOPE}"
        return None

    def _issue(self) -> str:
        until = self._clock() + timedelta(seconds=self.lifetime_s)
        key = self._tokens.keys[-1]
        claims = {"appid": self._tokens.app_id, "exp": int(until.timestamp()), "jti": str(self.token_calls)}
        token = jwt.encode(claims, key.private, "RS256", headers={"kid": key.kid})
        self._issued[token] = until
        return token

    async def _answer(self, request: web.Request, body: Json, status: int = 200) -> web.Response:
        async def work() -> web.Response:
            return web.json_response(body, status=status)

        fault = self.respond(request.path) if self.respond else None
        return await suffer(fault, request, work, self._closing) if fault else await work()
