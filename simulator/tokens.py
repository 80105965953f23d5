"""The keys of the simulated Bot Framework and the tokens that prove a request comes from it.

Can forge every kind of bad token as well. Knows nothing about HTTP.
"""

import functools
from collections.abc import Mapping, Sequence
from datetime import timedelta

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from simulator.ids import Clock, guid
from simulator.payload import Json

BOT_FRAMEWORK = "https://api.botframework.com"
LIFETIME_S = 3600.0
_RENEW_S = 300.0  # a fresh token is signed this long before the old one ends
_STRAY = -1


class Key(msgspec.Struct, frozen=True):
    """A signing key and the id it is published under."""

    kid: str
    private: rsa.RSAPrivateKey
    endorsements: Sequence[str] = ("msteams",)

    def public(self) -> Json:
        """Return the key as it stands in the JWKS."""
        described = dict(RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True))
        return {**described, "use": "sig", "kid": self.kid, "x5t": self.kid, "endorsements": list(self.endorsements)}


class Issuer:
    """Signs inbound tokens. `service_url` is known once the servers listen."""

    def __init__(self, *, app_id: str, clock: Clock, issuer: str = BOT_FRAMEWORK) -> None:
        self.app_id = app_id
        self.issuer = issuer
        self.service_url = ""
        self._clock = clock
        self.keys = [_key(0, ("msteams",))]
        self._current = ""
        self._renew_at = clock()

    def rotate(self, *, keep_old: bool = True, endorsements: Sequence[str] = ("msteams",)) -> Key:
        """Sign with a new key from now on; the old ones stay in the JWKS unless told otherwise."""
        new = _key(max(int(key.kid.rpartition("-")[2]) for key in self.keys) + 1, tuple(endorsements))
        self.keys = [*(self.keys if keep_old else []), new]
        self._current = ""
        return new

    def stray_key(self, *, kid: str = "unknown") -> Key:
        """Return a key that is not in the JWKS, under an unknown id or under that of a real one."""
        return Key(kid, _private(_STRAY))

    def jwks(self) -> Json:
        """Return the published keys."""
        return {"keys": [key.public() for key in self.keys]}

    def current(self) -> str:
        """Return a good token, the same one for as long as it lasts."""
        if not self._current or self._clock() >= self._renew_at:
            self._current = self.token()
            self._renew_at = self._clock() + timedelta(seconds=LIFETIME_S - _RENEW_S)
        return self._current

    def token(
        self,
        *,
        service_url: str | None = None,
        issuer: str | None = None,
        audience: str | None = None,
        starts_in_s: float = 0.0,
        expires_in_s: float = LIFETIME_S,
        signed_by: Key | None = None,
        algorithm: str = "RS256",
        claims: Mapping[str, object] | None = None,
    ) -> str:
        """Return an inbound token; whatever is given differs from a good one.

        `claims` is laid over the rest, and None removes a claim. The algorithm "none" leaves it unsigned.
        """
        now = self._clock().timestamp()
        usual: Json = {
            "iss": self.issuer if issuer is None else issuer,
            "aud": self.app_id if audience is None else audience,
            "serviceurl": self.service_url if service_url is None else service_url,
            "iat": int(now),
            "nbf": int(now + starts_in_s),
            "exp": int(now + expires_in_s),
        }
        wanted = {key: value for key, value in (usual | dict(claims or {})).items() if value is not None}
        key = signed_by or self.keys[-1]
        secret = "" if algorithm == "none" else key.private
        return jwt.encode(wanted, secret, algorithm, headers={"kid": key.kid, "x5t": key.kid})


@functools.cache
def _private(number: int) -> rsa.RSAPrivateKey:
    """Return the numbered key. Making one takes a tenth of a second, so all simulators share them."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _key(number: int, endorsements: Sequence[str]) -> Key:
    return Key(f"{guid('signing key')}-{number}", _private(number), endorsements)
