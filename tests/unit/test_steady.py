"""A part that is always at work: woken, resting, and while the store is away."""

import asyncio

import pytest

from broadcast.steady import Steady
from store.contract import Unavailable


class Part(Steady):
    """Counts how often it worked, and ends as it is told."""

    def __init__(self, idle_s: float) -> None:
        super().__init__(idle_s=idle_s, pauses="the part pauses")
        self.worked = 0
        self.trouble: Exception | None = None
        self.has_worked = asyncio.Event()

    async def _work_off(self) -> None:
        self.worked += 1
        self.has_worked.set()
        if self.trouble is not None:
            raise self.trouble

    async def again(self) -> int:
        """Return how often it worked, once it has done so again."""
        self.has_worked.clear()
        await asyncio.wait_for(self.has_worked.wait(), 60)
        return self.worked


async def _ended(work: asyncio.Task[None]) -> BaseException | None:
    work.cancel()
    await asyncio.wait({work})
    return None if work.cancelled() else work.exception()


async def test_it_works_at_once_and_again_whenever_it_is_woken() -> None:
    part = Part(idle_s=3600)
    work = asyncio.create_task(part.run())
    assert await part.again() == 1
    part.wake()
    assert await part.again() == 2
    assert await _ended(work) is None


async def test_it_works_again_when_it_has_rested() -> None:
    part = Part(idle_s=0.001)
    work = asyncio.create_task(part.run())
    for times in (1, 2, 3):
        assert await part.again() >= times
    assert await _ended(work) is None


async def test_a_store_that_is_away_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    part = Part(idle_s=3600)
    part.trouble = Unavailable("the disk is full")
    work = asyncio.create_task(part.run())
    await part.again()
    part.wake()
    await part.again()
    wells = [part.is_well]
    assert "the part pauses: the store does not answer" in caplog.text
    part.trouble = None
    part.wake()
    await part.again()
    part.wake()
    await part.again()
    assert [*wells, part.is_well] == [False, True]
    assert await _ended(work) is None


async def test_a_fault_of_ours_ends_it() -> None:
    part = Part(idle_s=3600)
    part.trouble = LookupError("a mistake")
    with pytest.raises(LookupError):
        await part.run()
