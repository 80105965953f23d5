"""For how long somebody is kept waiting by a store in trouble, through everything that is asked meanwhile.

One call that asks again takes two seconds at most, but a turn has many calls. An engine that asks again says how long
that kept whoever asked, and stops when there is no more left; one that does not has nothing to do with this. What a
healthy store or the turn itself takes does not count. What a turn leaves at work is free when the turn is over.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class _Wait:
    """Somebody's waiting, which what they have begun has to know of: it is over when they have their answer."""

    def __init__(self, left_s: float) -> None:
        self.left_s = left_s
        self._counted_until = -math.inf

    def count(self, began: float, ended: float) -> None:
        """Take away a time of waiting, in seconds of one clock. What several calls wait at once counts once."""
        self.left_s -= max(0.0, ended - max(began, self._counted_until))
        self._counted_until = max(ended, self._counted_until)


_WAIT: ContextVar[_Wait | None] = ContextVar("wait", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let the store wait and ask again for so long in all, for everything that is asked in this block."""
    wait = _Wait(seconds)
    token = _WAIT.set(wait)
    try:
        yield
    finally:
        _WAIT.reset(token)
        wait.left_s = math.inf


@contextmanager
def unhurried() -> Iterator[None]:
    """Let every call in this block wait for itself: for work that takes the longer the more people there are."""
    token = _WAIT.set(None)
    try:
        yield
    finally:
        _WAIT.reset(token)


def waited(began: float, ended: float) -> None:
    """Say that a call in trouble kept whoever asks waiting, from and until two moments of a clock in seconds."""
    wait = _WAIT.get()
    if wait is not None:
        wait.count(began, ended)


def left_s() -> float:
    """Return for how long whoever asks may still be kept waiting, in seconds; nothing left is nought or less."""
    wait = _WAIT.get()
    return math.inf if wait is None else wait.left_s
