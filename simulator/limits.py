"""Microsoft's limits: how many requests a bot may make in one tenant, and about one conversation. Knows no HTTP.

"Rate limiting for agents", 8 October 2026. Requests that are refused count too: whoever asks on and on stays outside.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable

import msgspec

PER_SECOND = 50  # of one bot in one tenant, whatever it asks


class Window(msgspec.Struct, frozen=True):
    """At most so many requests in any time of this length."""

    seconds: float
    most: int


class Row(msgspec.Struct, frozen=True):
    """One row of the table: requests that are counted together, for each conversation."""

    operations: frozenset[str]
    windows: tuple[Window, ...]


_WRITING = (Window(1, 7), Window(2, 8), Window(30, 60), Window(3600, 1800))
_READING = (Window(1, 14), Window(2, 16), Window(30, 120), Window(3600, 3600))
TABLE = (
    Row(frozenset({"send", "reply", "update", "delete"}), _WRITING),
    Row(frozenset({"create"}), _WRITING),
    Row(frozenset({"members", "pagedmembers", "member"}), _READING),
    Row(frozenset({"conversations"}), _READING),
)


class Limits:
    """Counts requests. `tells_wait` says whether a refusal names the time after which there is room."""

    def __init__(
        self, per_second: int = PER_SECOND, *, tells_wait: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.tells_wait = tells_wait
        self.refused = 0
        self.peaks: dict[str, int] = defaultdict(int)  # of each tenant, the most requests in any second
        self._tenant_windows = (Window(1, per_second),)
        self._clock = clock
        self._tenants: dict[str, deque[float]] = defaultdict(deque)
        self._threads: dict[tuple[str, int], deque[float]] = defaultdict(deque)

    def wait_s(self, tenant: str, conversation: str, operation: str) -> float:
        """Count a request, and return 0, or after how many seconds there is room when it is one too many."""
        now = self._clock()
        row = next(number for number, row in enumerate(TABLE) if operation in row.operations)
        in_tenant, in_thread = self._tenants[tenant], self._threads[conversation, row]
        waits = _take(in_tenant, self._tenant_windows, now), _take(in_thread, TABLE[row].windows, now)
        self.peaks[tenant] = max(self.peaks[tenant], sum(now - time < 1 for time in in_tenant))
        self.refused += any(waits)
        return max(waits)


def _take(times: deque[float], windows: tuple[Window, ...], now: float) -> float:
    """Add a request to those in the longest window; where it is one too many, return when the next no longer is."""
    while len(times) > max(window.most for window in windows):
        times.popleft()
    times.append(now)
    if not any(_full_for(times, window.seconds, window.most + 1, now) > 0 for window in windows):
        return 0.0
    return max(_full_for(times, window.seconds, window.most, now) for window in windows)


def _full_for(times: deque[float], seconds: float, count: int, now: float) -> float:
    """Return for how long there will still be so many in the time that has just passed."""
    return times[-count] + seconds - now if len(times) >= count else 0.0
