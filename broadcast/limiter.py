"""How fast we may call: a budget of requests a second for each tenant. Clock and sleep come from outside."""

from collections.abc import Awaitable, Callable


class Limiter:
    """Lets calls through one by one, evenly spaced within each tenant's budget, in the order they asked."""

    def __init__(
        self, per_second: float, *, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._gap_s = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._next: dict[str, float] = {}

    async def acquire(self, tenant: str) -> None:
        """Return when one more request to this tenant is within its budget."""
        now = self._clock()
        turn = max(self._next.get(tenant, now), now)
        self._next[tenant] = turn + self._gap_s
        if turn > now:
            await self._sleep(turn - now)
