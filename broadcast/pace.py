"""How fast one tenant may be called: evenly spaced, never too many in a second, slower after a 429.

Knows neither who calls nor who waits. Times are seconds of one steady clock, given from outside.

A 429 does not say whether the tenant or one conversation is meant. Conversations are kept within their limits before
anything is sent, so it is taken as the tenant's: nothing goes out until `Retry-After` has passed. The tenant's limit
counts by the second, though, while a conversation's may last an hour; so no tenant stands still for more than
`MAX_STOP_S`. If it was the tenant's after all, the next 429 stops it again.

Requests that leave evenly arrive less so: where transit times differ by J seconds, 50 in a second can arrive as 51
unless they leave over 1 + J. How large J is, only the 429s tell. So the first ones slow the tenant down a little, a
hundredth each; when that does not help, the limit itself is lower than we were told, and the pace is cut.
"""

import math
from collections import deque

SPACING_S = 1.01  # a second's calls are spread over this long: requests do not arrive exactly as they left
GUARD_S = 1.005  # at most a second's calls in any span of this length, even after a delay
CATCH_UP_S = 0.05  # a timer that rings late by up to this much costs nothing
MAX_STOP_S = 60.0
FIRST_STOP_S = 1.0  # after a 429 that does not say how long; longer, the slower the pace already is
LESS = 0.99  # what a 429 leaves of the pace, once or twice
CUT = 0.8  # what it leaves when others came shortly before
GENTLE = 2  # how often a little less is tried
CALM_S = 20.0  # after so long without a 429, the next is the first again
RISE_PER_S = 0.01  # of the full pace, for every second in which calls are made
UNDER = 0.97  # of the pace at which a cut came is not passed for `HOLD_S`: what failed once may fail again
HOLD_S = 120.0
LESS_HOLD_S = 600.0  # the same where a hundredth less was enough: each trial costs a stop, and holding costs little
SLOWEST = 0.02  # of the full pace
ECHO_S = 1.0  # after a stop, answers to calls made before it may still come in


class Pace:
    """One tenant's. `units` are the requests a second that this process has, a whole number that may change."""

    def __init__(self) -> None:
        self._due = -math.inf  # when the next call is due, by the spacing
        self._calls: deque[float] = deque()  # of the last second
        self._part = 1.0  # of the full pace
        self._ceiling = 1.0
        self._held_until = -math.inf  # until then the ceiling holds
        self._in_a_row = 0  # 429s, each new after the last one's stop
        self._stopped_until = -math.inf
        self._deaf_until = -math.inf  # until then a 429 belongs to the last cut
        self._called_at = -math.inf

    def ready_at(self, now: float, units: int, *, live: bool = False) -> float:
        """Return from when on a call may be made.

        Without any units only live calls may, one a second: somebody who is told nothing is worse than a 429.
        """
        self._drop_old(now)
        if units < 1 and not live:
            self.begin(now)
            return math.inf
        return max(self._due, self._guard(units), self._stopped_until)

    def begin(self, now: float) -> None:
        """Note that somebody calls after nobody waited: what was not used meanwhile is not made up for."""
        self._due = max(self._due, now)

    def take(self, now: float, units: int) -> None:
        """Count a call."""
        if self._part < 1:
            self._rise(now)
        self._due = max(self._due, self._guard(units), now - CATCH_UP_S) + self._gap_s(units)
        self._calls.append(now)
        self._called_at = now

    def give_back(self, at: float, units: int) -> None:
        """Count a call less: the one let through at this time was not made."""
        if at in self._calls:
            self._calls.remove(at)
            self._due -= self._gap_s(units)

    def slow_down(self, now: float, retry_after_s: float | None) -> None:
        """Stop for as long as was asked for, then go on slower. All 429s of one stop are one reason to slow down."""
        is_new = now >= self._deaf_until
        if is_new:
            self._slow_down(now)
        wait_s = FIRST_STOP_S / self._part if retry_after_s is None else retry_after_s
        self._stopped_until = max(self._stopped_until, now + min(wait_s, MAX_STOP_S))
        if is_new:
            self._deaf_until = self._stopped_until + ECHO_S
        self._due = max(self._due, self._stopped_until)

    def rate(self, units: int) -> float:
        """Return the pace in requests a second."""
        return units * self._part / SPACING_S

    def is_idle(self, now: float, for_s: float) -> bool:
        """Say whether nothing was due for so long."""
        return self._due + for_s <= now

    def _slow_down(self, now: float) -> None:
        self._in_a_row = self._in_a_row + 1 if now < self._deaf_until + CALM_S else 1
        if self._in_a_row <= GENTLE:
            self._part = self._ceiling = self._part * LESS
            self._held_until = now + LESS_HOLD_S
        else:
            self._ceiling, self._held_until = self._part * UNDER, now + HOLD_S
            self._part *= CUT
        self._part = max(self._part, SLOWEST)

    def _rise(self, now: float) -> None:
        most = self._ceiling if now < self._held_until else 1.0
        risen = self._part + RISE_PER_S * min(now - self._called_at, 1.0)
        self._part = max(self._part, min(risen, most))

    def _gap_s(self, units: int) -> float:
        return SPACING_S / (max(units, 1) * self._part)

    def _guard(self, units: int) -> float:
        allowed = max(units, 1)
        return self._calls[-allowed] + GUARD_S / self._part if len(self._calls) >= allowed else -math.inf

    def _drop_old(self, now: float) -> None:
        while self._calls and self._calls[0] + GUARD_S / self._part <= now:
            self._calls.popleft()
