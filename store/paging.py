"""Where a page of a query starts: the token that the page before it gave. Knows no database.

A token names the last document that was seen, by what the page is ordered by, so it stays right whatever is written or
removed in between.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence

import msgspec

from store.containers import CONTAINERS
from store.contract import Doc, Where


class Question(msgspec.Struct, frozen=True):
    """What `Store.query` is asked, but for where the page starts and how long it is."""

    container: str
    partition: str | None
    where: Sequence[Where]
    order: str
    descending: bool


class Position(msgspec.Struct, frozen=True, array_like=True):
    """The last document of a page, by what the page is ordered by."""

    value: str | int | float
    partition: str
    id: str


def token_at(question: Question, stored: Doc) -> str:
    """Return the continuation of a page that ends with a document, given as it is stored."""
    partition = stored[CONTAINERS[question.container].partition]
    position = msgspec.json.encode([stored[question.order], partition, stored["id"]])
    return base64.urlsafe_b64encode(_digest(question, position) + position).decode()


def read_token(question: Question, token: str) -> Position:
    """Return where a continuation points. Raises `ValueError` for one that is not this question's."""
    msg = "not a continuation of this query"
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
        if raw[:8] == _digest(question, raw[8:]):
            return msgspec.json.decode(raw[8:], type=Position)
    except (binascii.Error, UnicodeError, msgspec.DecodeError) as error:
        raise ValueError(msg) from error
    raise ValueError(msg)


def _digest(question: Question, position: bytes) -> bytes:
    # Against mix-ups and garbled tokens, not against attackers: a forged position shows nothing but another page.
    body = msgspec.json.encode(question, order="deterministic")
    return hashlib.blake2b(body + b"\0" + position, digest_size=8).digest()
