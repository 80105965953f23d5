"""Reading ahead: the same in the same order, one ahead of whoever takes it, and nothing left running."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from feedback.ahead import ahead


class Source:
    """Gives numbers, and says how far it has come."""

    def __init__(self, count: int, *, breaks_at: int | None = None) -> None:
        self.asked = 0
        self.is_closed = False
        self._count = count
        self._breaks_at = breaks_at

    async def numbers(self) -> AsyncGenerator[int, None]:
        try:
            for number in range(self._count):
                self.asked += 1
                await asyncio.sleep(0)
                if number == self._breaks_at:
                    raise ValueError(number)
                yield number
        finally:
            self.is_closed = True


@pytest.mark.parametrize("count", [0, 1, 5])
async def test_everything_comes_once_and_in_order(count: int) -> None:
    source = Source(count)
    assert [one async for one in ahead(source.numbers())] == list(range(count))
    assert source.is_closed


async def test_what_comes_next_has_been_asked_for_before_this_one_is_given() -> None:
    source = Source(5)
    numbers = ahead(source.numbers())
    assert await anext(numbers) == 0
    assert source.asked == 2
    await numbers.aclose()


async def test_whoever_stops_ends_the_source() -> None:
    source = Source(5)
    numbers = ahead(source.numbers())
    await anext(numbers)
    await numbers.aclose()
    assert source.is_closed
    assert len(asyncio.all_tasks()) == 1


async def test_whoever_is_cancelled_ends_the_source() -> None:
    source, is_waiting = Source(5), asyncio.Event()

    async def take() -> None:
        async for _ in (numbers := ahead(source.numbers())):
            is_waiting.set()
            try:
                await asyncio.Event().wait()
            finally:
                await numbers.aclose()

    taking = asyncio.create_task(take())
    await is_waiting.wait()
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert source.is_closed


async def test_what_breaks_ahead_is_told_in_its_turn() -> None:
    numbers = ahead(Source(5, breaks_at=2).numbers())
    assert [await anext(numbers), await anext(numbers)] == [0, 1]
    with pytest.raises(ValueError, match="2"):
        await anext(numbers)


async def test_what_breaks_after_everybody_has_gone_is_told_to_nobody() -> None:
    source = Source(5, breaks_at=1)
    numbers = ahead(source.numbers())
    await anext(numbers)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await numbers.aclose()
    assert source.is_closed
