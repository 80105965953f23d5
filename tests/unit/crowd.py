"""What the tests of the limiter share: virtual time, and a crowd that always has more to send."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from itertools import count

from benchmarks.virtual_time import run_virtually
from broadcast.limiter import Limiter


def now() -> float:
    return asyncio.get_running_loop().time()


def limiter_of(per_second: float = 50, share: Callable[[], int] | None = None) -> Limiter:
    return Limiter(per_second, clock=now, sleep=asyncio.sleep, share=share)


def virtual(test: Callable[[], Coroutine[object, object, None]]) -> Callable[[], None]:
    """Run a test in virtual time."""

    def run() -> None:
        run_virtually(test())

    run.__name__ = test.__name__
    return run


class Crowd:
    """Broadcasting that always has more to send, to somebody new each time."""

    def __init__(self, limiter: Limiter, tenant: str = "t", *, at_once: int = 30) -> None:
        self.times: list[float] = []
        self._limiter = limiter
        self._tenant = tenant
        self._numbers = count()
        self._tasks = [asyncio.create_task(self._send()) for _ in range(at_once)]

    async def _send(self) -> None:
        while True:
            await self._limiter.acquire(self._tenant, f"{self._tenant}-{next(self._numbers)}")
            self.times.append(now())
            await asyncio.sleep(0)

    def since(self, start: float) -> int:
        return sum(time >= start for time in self.times)

    async def stop(self) -> None:
        await cancel(*self._tasks)


async def cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def waited(call: Awaitable[None]) -> float:
    asked = now()
    await call
    return now() - asked
