"""The queue of work: which slices of which runs still have people to write to.

A message is leased, worked on, and finished. A lease that is not renewed in time runs out, and somebody else may take
the message. Work that fails again and again is set aside with its reason, so that it holds up nobody.

The same slice may be handed out twice, by a service that repeats itself or because it was put in again: a message
says that there is something to do, never who may do it. The engines are in store_queue.py and azure_queue.py.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from broadcast.slices import Slice
from store.contract import Unavailable

MAX_TRIES = 5  # times that work on a message may fail in a row
LEASE_S = 15


class QueueUnavailable(Unavailable):
    """The queue cannot be reached, or did not say whether it did what it was asked."""


class Lease(msgspec.Struct, frozen=True):
    """A slice that is ours until `until`, in epoch seconds. `mark` changes whenever anybody touches the message.

    `tries` counts this lease and those before it that ended in failure, or with the death of whoever held them.
    """

    slice: Slice
    message: str
    until: float
    mark: str
    tries: int


class Aside(msgspec.Struct, frozen=True):
    """A message that nobody works on any more, and why. One that could not be read has its text and no slice."""

    slice: Slice | None
    reason: str
    at: datetime
    text: str = ""


class Queue(Protocol):
    """Slices waiting to be sent. What fails raises `Unavailable`, here or in the store."""

    @property
    def lease_s(self) -> float:
        """How long a lease lasts when it is not renewed, in seconds."""

    async def put(self, slices: Sequence[Slice]) -> None:
        """Add slices, also those set aside. One that is being worked on will be taken once more after that."""

    async def take(self) -> Lease | None:
        """Lease the slice that has waited longest, or return None. Sets aside what cannot be worked on."""

    async def renew(self, lease: Lease) -> Lease | None:
        """Keep a lease for another while; None when it is no longer ours."""

    async def finish(self, lease: Lease) -> bool:
        """Remove a message whose work is done; False when it is no longer ours."""

    async def hand_back(self, lease: Lease, *, after_s: float = 0.0) -> None:
        """Let somebody else take the slice, at once or later. Nothing went wrong, so no try is counted."""

    async def fail(self, lease: Lease, reason: str) -> None:
        """Let the slice be tried again after a pause; set it aside when it has failed `MAX_TRIES` times in a row."""

    async def set_aside(self, lease: Lease, reason: str) -> None:
        """Keep the slice, and the reason, where nobody works on it until it is put in again."""

    async def aside(self) -> list[Aside]:
        """Return what was set aside, the oldest first."""

    async def ping(self) -> None:
        """Return when the queue answers. Raises `Unavailable` when it does not."""
