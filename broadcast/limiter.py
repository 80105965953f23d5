"""When a request to Teams may leave: within its tenant's budget and its conversation's limits, live replies first.

Owns who waits and who goes next. `pace` knows how fast a tenant may be called, `windows` what a conversation takes.
Waiting costs no requests: one who is cancelled gives back what they had been given.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from itertools import chain

from broadcast.pace import Pace
from broadcast.windows import Call, Threads, threads_by_call

LIVE_RUN = 9  # live calls in a row, then one of the others: nobody waits for ever
SHORTEST_SLEEP_S = 0.001  # timers are no finer
LONGEST_SLEEP_S = 1.0  # the share of the budget may have grown meanwhile
FORGET_S = 600.0  # a tenant nobody has called for so long starts afresh

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class _Waiter:
    """One call that waits."""

    __slots__ = ("at", "conversation", "future", "threads", "units")

    def __init__(self, threads: Threads, conversation: str) -> None:
        self.threads = threads
        self.conversation = conversation
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.at = 0.0
        self.units = 0


class _Line:
    """Those who wait for one tenant."""

    __slots__ = ("live", "others", "pace", "run", "timer", "wakes_at")

    def __init__(self) -> None:
        self.pace = Pace()
        self.live: OrderedDict[_Waiter, None] = OrderedDict()
        self.others: OrderedDict[_Waiter, None] = OrderedDict()
        self.run = 0  # live calls since one of the others went
        self.timer: asyncio.Task[None] | None = None
        self.wakes_at = 0.0

    def add(self, waiter: _Waiter, *, live: bool) -> None:
        (self.live if live else self.others)[waiter] = None

    def remove(self, waiter: _Waiter) -> None:
        """Take out of the line, and count who went."""
        self.run = self.run + 1 if waiter in self.live else 0
        self.discard(waiter)

    def discard(self, waiter: _Waiter) -> None:
        self.live.pop(waiter, None)
        self.others.pop(waiter, None)

    def is_empty(self) -> bool:
        return not self.live and not self.others

    def next(self, now: float, *, only_live: bool) -> _Waiter | float:
        """Return who goes next; when all conversations here are at their limit, when the first no longer is."""
        first, second = (self.others, self.live) if self.run >= LIVE_RUN else (self.live, self.others)
        soonest = now + LONGEST_SLEEP_S
        for waiter in self.live if only_live else chain(first, second):
            at = waiter.threads.ready_at(waiter.conversation)
            if at <= now or not waiter.conversation:
                return waiter
            soonest = min(soonest, at)
        return soonest


class Limiter:
    """Lets calls through at the pace of their tenant, in the order they asked, live ones before all others.

    In no second more than `per_second` calls to a tenant are let through, in no window of Microsoft's table more than
    it lists for a conversation. `share` says how many of the `per_second` are this process's; None: all of them.
    """

    def __init__(
        self, per_second: float, *, clock: Clock, sleep: Sleep, share: Callable[[], int] | None = None
    ) -> None:
        self._units = share or (lambda: int(per_second))
        self._clock = clock
        self._sleep = sleep
        self._threads = threads_by_call()
        self._lines: OrderedDict[str, _Line] = OrderedDict()

    async def acquire(self, tenant: str, conversation: str, kind: Call = Call.SEND, *, live: bool = False) -> None:
        """Return when the request may leave. No conversation ("") means that only the tenant's budget counts.

        A live call, a reply in a chat, waits for live calls that came before it, and for one other call in ten.
        """
        line = self._line(tenant)
        threads = self._threads[kind]
        if line.is_empty():
            line.pace.begin(self._clock())
            if self._take_now(line, threads, conversation, live=live):
                return
        waiter = _Waiter(threads, conversation)
        line.add(waiter, live=live)
        self._look(line)
        try:
            await waiter.future
        except asyncio.CancelledError:
            line.discard(waiter)
            if not waiter.future.cancelled():  # let through, and cancelled before it could go
                self._give_back(line, waiter)
            self._look(line)
            raise

    def throttled(self, tenant: str, retry_after_s: float | None) -> None:
        """Take note of a 429: nothing goes to the tenant until `retry_after_s` has passed, then less than before."""
        self._line(tenant).pace.slow_down(self._clock(), retry_after_s)

    def rate(self, tenant: str) -> float:
        """Return how many requests a second this process may make to the tenant now."""
        line = self._lines.get(tenant)
        return (line.pace if line else Pace()).rate(self._units())

    def remembered(self) -> tuple[int, int]:
        """Return how many tenants and conversations are held in memory."""
        return len(self._lines), sum(len(threads) for threads in set(self._threads.values()))

    def _line(self, tenant: str) -> _Line:
        line = self._lines.get(tenant)
        if line is None:
            self._forget_idle()
            line = self._lines[tenant] = _Line()
        return line

    def _forget_idle(self) -> None:
        """Look at two tenants for every new one, and drop those nobody has called for long."""
        for _ in range(min(2, len(self._lines))):
            tenant, line = self._lines.popitem(last=False)
            if not (line.is_empty() and line.pace.is_idle(self._clock(), FORGET_S)):
                self._lines[tenant] = line

    def _take_now(self, line: _Line, threads: Threads, conversation: str, *, live: bool) -> bool:
        now, units = self._clock(), self._units()
        if line.pace.ready_at(now, units, live=live) > now:
            return False
        if conversation:
            if threads.ready_at(conversation) > now:
                return False
            threads.take(conversation, now)
        line.pace.take(now, units)
        return True

    def _give_back(self, line: _Line, waiter: _Waiter) -> None:
        line.pace.give_back(waiter.at, waiter.units)
        waiter.threads.give_back(waiter.conversation)

    def _look(self, line: _Line) -> None:
        """Let through who may go, and make sure that somebody looks again in time."""
        at = self._let_through(line)
        timer = line.timer if line.timer is not None and not line.timer.done() else None
        if timer is not None and (at is None or at < line.wakes_at):
            timer.cancel()
            timer = None
        if timer is None and at is not None:
            line.wakes_at = at
            timer = asyncio.create_task(self._keep_looking(line))
        line.timer = timer

    async def _keep_looking(self, line: _Line) -> None:
        at: float | None = line.wakes_at
        while at is not None:
            line.wakes_at = at
            await self._sleep(max(at - self._clock(), SHORTEST_SLEEP_S))
            at = self._let_through(line)

    def _let_through(self, line: _Line) -> float | None:
        """Let through everybody who may go now; return when to look again, None when nobody waits."""
        while not line.is_empty():
            now, units = self._clock(), self._units()
            at = line.pace.ready_at(now, units, live=bool(line.live))
            if at > now:
                return min(at, now + LONGEST_SLEEP_S)
            found = line.next(now, only_live=units < 1)
            if not isinstance(found, _Waiter):
                return found
            self._let_go(line, found, now, units)
        return None

    def _let_go(self, line: _Line, waiter: _Waiter, now: float, units: int) -> None:
        if waiter.future.done():  # cancelled, and not yet awake to leave the line
            line.discard(waiter)
            return
        line.remove(waiter)
        line.pace.take(now, units)
        if waiter.conversation:
            waiter.threads.take(waiter.conversation, now)
        waiter.at, waiter.units = now, units
        waiter.future.set_result(None)
