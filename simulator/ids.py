"""Identifiers as Teams makes them. Ids of people follow from who they are, so a restarted simulator agrees."""

import hashlib
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]

_NAMES = uuid.UUID("8f2d1f3e-5b0c-4b52-9d0c-6f4d1b1c7a10")  # any fixed namespace will do


def now() -> datetime:
    """Return the real time."""
    return datetime.now(UTC)


class Ids:
    """Activity ids: milliseconds since the epoch, never the same twice, always rising."""

    __slots__ = ("_last",)

    def __init__(self, clock: Clock) -> None:
        self._last = int(clock().timestamp() * 1000)

    def message(self) -> str:
        """Return the id of a new message."""
        self._last += 1
        return str(self._last)

    def event(self) -> str:
        """Return the id of a new invoke or event."""
        return f"f:{guid(self.message())}"


def guid(*parts: str) -> str:
    """Return the GUID that these words always give."""
    return str(uuid.uuid5(_NAMES, "\n".join(parts)))


def user_id(app_id: str, tenant: str, object_id: str) -> str:
    """Return a person's id towards one bot; another bot knows the same person by another id."""
    return "29:1" + _opaque(app_id, tenant, object_id)


def conversation_id(app_id: str, tenant: str, object_id: str) -> str:
    """Return the id of the personal chat between one bot and one person."""
    return "a:1" + _opaque("chat", app_id, tenant, object_id)


def bot_id(app_id: str) -> str:
    """Return the bot's id as a member of a chat."""
    return f"28:{app_id}"


def _opaque(*parts: str) -> str:
    digest = hashlib.sha384("\n".join(parts).encode()).digest()
    return urlsafe_b64encode(digest).decode()
