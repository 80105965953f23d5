"""Who may come in: the signature of the account's key, or a token that a callback accepts."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

from simulator.cosmos.refusals import Refusal


class Doorkeeper:
    """Checks the Authorization header of every request. `accepts_token` is asked about Entra tokens; None: none are."""

    def __init__(self, key: str, accepts_token: Callable[[str], bool] | None = None) -> None:
        self._key = base64.b64decode(key)
        self.accepts_token = accepts_token

    def check(self, verb: str, kind: str, link: str, headers: Mapping[str, str]) -> None:
        """Raise `Refusal` unless the header proves who asks: for this verb, this kind of resource and this link."""
        fields = dict(parse_qsl(unquote(headers.get("authorization", "")).replace("+", "%2B")))
        if fields.get("type") == "aad":
            if self.accepts_token is None or not self.accepts_token(fields.get("sig", "")):
                raise Refusal(HTTPStatus.UNAUTHORIZED, "the Entra token is not accepted")
            return
        if fields.get("type") != "master" or fields.get("ver") != "1.0":
            raise Refusal(HTTPStatus.UNAUTHORIZED, "required Header authorization is missing or of an unknown type")
        date = headers.get("x-ms-date", "")
        if not date:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "required Header x-ms-date is missing")
        signed = f"{verb.lower()}\n{kind.lower()}\n{link}\n{date.lower()}\n\n"
        expected = hmac.new(self._key, signed.encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(expected, _decoded(fields.get("sig", ""))):
            raise Refusal(
                HTTPStatus.UNAUTHORIZED,
                "The input authorization token can't serve the request. The wrong key is being used or the expected "
                f"payload is not built as per the protocol. Server used the following payload to sign: {signed!r}",
            )


def _decoded(signature: str) -> bytes:
    try:
        return base64.b64decode(signature, validate=True)
    except binascii.Error:
        return b""
