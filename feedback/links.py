"""Links to files for admins, good for a short while: they say which file, for whom and until when, and are signed.

Whoever has the link has the file, so it is short-lived, and whoever serves it looks again whether that person may.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import msgspec

from feedback.errors import Refusal

GOOD_FOR = timedelta(minutes=15)


class LinkRefused(Refusal):
    """This link does not work, or no longer. Ask Hearback for a new one."""


class NoPublicAddress(Refusal):
    """I cannot give you a link, because I do not know my own address. Whoever runs me has to set {setting}."""


class Grant(msgspec.Struct, frozen=True):
    """What a link allows: one file, for one person, until then."""

    path: str  # from the first slash, not encoded
    person: str  # person id
    until: int  # epoch seconds


class Links:
    """Makes links and checks them. `key` is a secret of this deployment, `address` where people find the service."""

    def __init__(self, key: bytes, address: str) -> None:
        self._key = key
        self._address = address.rstrip("/")

    def make(self, path: str, person: str, now: datetime) -> tuple[str, datetime]:
        """Return a link and when it ends. Raises `NoPublicAddress`."""
        if not self._address:
            raise NoPublicAddress(setting="HEARBACK_PUBLIC_URL")
        until = now.replace(microsecond=0) + GOOD_FOR
        grant = Grant(path=path, person=person, until=int(until.timestamp()))
        query = urlencode({"for": person, "until": grant.until, "sig": self._signature(grant)})
        return f"{self._address}{quote(path)}?{query}", until.astimezone(UTC)

    def page(self, path: str) -> str:
        """Return the address of a page, which opens nothing without signing in. Raises `NoPublicAddress`."""
        if not self._address:
            raise NoPublicAddress(setting="HEARBACK_PUBLIC_URL")
        return f"{self._address}{quote(path)}"

    def check(self, path: str, person: str, until: str, signature: str, now: datetime) -> Grant:
        """Return what a link allows. Raises `LinkRefused` for one that we did not make, and for one that is over."""
        if not (until.isascii() and until.isdigit() and len(until) <= len(str(2**53))):
            raise LinkRefused
        grant = Grant(path=path, person=person, until=int(until))
        if not hmac.compare_digest(self._signature(grant).encode(), signature.encode()):
            raise LinkRefused
        if now.timestamp() >= grant.until:
            raise LinkRefused
        return grant

    def _signature(self, grant: Grant) -> str:
        said = msgspec.json.encode([grant.path, grant.person, grant.until])
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()


def link_key(secret: str) -> bytes:
    """Return a key for links that follows from a secret and does not give it away; the same in every instance."""
    return hmac.new(secret.encode(), b"hearback: links to files", hashlib.sha256).digest()


def people_path(run: str, form: str = "csv") -> str:
    """Return the path of the file with the people of a run, as `csv` or as `xlsx`."""
    return f"/api/runs/{run}/people.{form}"
