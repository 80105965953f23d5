"""An event loop whose clock jumps to whatever is due next: hours of waiting take as long as the work in them.

For what runs in this process alone: whoever waits for another thread or machine does not find its answer on time.
"""

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from typing import Protocol, TypeVar

T = TypeVar("T")


class _HasFileno(Protocol):
    def fileno(self) -> int: ...


_File = int | _HasFileno


class NothingLeft(RuntimeError):
    """Everybody waits, and nothing is due."""


class _Jumping(selectors.BaseSelector):
    """Instead of waiting for input, lets the time pass."""

    def __init__(self) -> None:
        self.now = 0.0
        self._real = selectors.DefaultSelector()

    def register(self, fileobj: _File, events: int, data: object = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: _File) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeft
        self.now += max(timeout, 0.0)
        return []

    def get_map(self) -> Mapping[_File, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` starts at 0 and passes only while everybody waits."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the seconds that have passed."""
        return self._jumping.now


def run_virtually(main: Coroutine[object, object, T]) -> T:
    """Run to the end in virtual time, with a loop of its own. Raises `NothingLeft` when it waits for ever."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
