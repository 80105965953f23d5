"""What every queue does about work that fails: pauses that grow, then the shelf. Knows no engine."""

from abc import ABC, abstractmethod

from broadcast.queue import MAX_TRIES, Aside, Lease
from broadcast.shelf import Shelf

FIRST_PAUSE_S = 2.0  # after a failure; twice as long after each further one
DIED = "whoever worked on it stopped without a word, every time"


class Retries(ABC):
    """The part of `broadcast.queue.Queue` that is the same in every engine."""

    def __init__(self, shelf: Shelf, first_pause_s: float) -> None:
        self.shelf = shelf
        self._first_pause_s = first_pause_s

    @abstractmethod
    async def renew(self, lease: Lease) -> Lease | None:
        """Keep a lease for another while; None when it is no longer ours."""

    @abstractmethod
    async def finish(self, lease: Lease) -> bool:
        """Remove a message whose work is done; False when it is no longer ours."""

    @abstractmethod
    async def _rest(self, lease: Lease, after_s: float, *, is_forgiven: bool) -> None:
        """Let somebody take the message after so many seconds; a forgiven one starts to count its tries again."""

    async def hand_back(self, lease: Lease, *, after_s: float = 0.0) -> None:
        """Let somebody else take the slice, at once or later. Nothing went wrong, so no try is counted."""
        await self._rest(lease, after_s, is_forgiven=True)

    async def fail(self, lease: Lease, reason: str) -> None:
        """Let the slice be tried again after a pause; set it aside when it has failed `MAX_TRIES` times in a row."""
        if lease.tries >= MAX_TRIES:
            await self.set_aside(lease, reason)
        else:
            await self._rest(lease, self._first_pause_s * 2.0 ** (lease.tries - 1), is_forgiven=False)

    async def set_aside(self, lease: Lease, reason: str) -> None:
        """Put the slice on the shelf, then remove the message: a crash in between repeats it."""
        ours = await self.renew(lease)
        if ours is not None:
            await self.shelf.add(ours.slice, reason)
            await self.finish(ours)

    async def aside(self) -> list[Aside]:
        """Return what was set aside, the oldest first."""
        return await self.shelf.all()
