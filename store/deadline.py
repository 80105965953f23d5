"""For how long somebody waits for what the store is asked, through everything that is asked meanwhile.

One call that asks again takes two seconds at most, but a turn has many calls. An engine that asks again stops in time;
one that does not has nothing to look at here. What a turn has begun and leaves at work is free when the turn is over.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class _Wait:
    """Somebody's waiting, which what they have begun has to know of: it is over when they have their answer."""

    def __init__(self, until: float) -> None:
        self.until = until


_WAIT: ContextVar[_Wait | None] = ContextVar("wait", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let the store wait and ask again for so long in all, for everything that is asked in this block."""
    wait = _Wait(time.monotonic() + seconds)
    token = _WAIT.set(wait)
    try:
        yield
    finally:
        _WAIT.reset(token)
        wait.until = math.inf


@contextmanager
def unhurried() -> Iterator[None]:
    """Let every call in this block wait for itself: for work that takes the longer the more people there are."""
    token = _WAIT.set(None)
    try:
        yield
    finally:
        _WAIT.reset(token)


def left_s() -> float:
    """Return for how long whoever asks may still be kept waiting, in seconds; nothing left is less than nought."""
    wait = _WAIT.get()
    return math.inf if wait is None else wait.until - time.monotonic()
