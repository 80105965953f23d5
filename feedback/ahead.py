"""Reading what comes next while something is made of what came last. Knows not what that is."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")


async def ahead(source: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Give what a generator gives, while it works on the next. However this ends, the generator is closed."""
    coming = _next(source)
    try:
        while (found := await coming) is not None:
            coming = _next(source)
            await asyncio.sleep(0)  # it asks for the next before this one keeps the processor busy
            yield found[0]
    finally:
        coming.cancel()
        await asyncio.wait({coming})
        if not coming.cancelled():
            coming.exception()  # nobody waits for what it could have given
        await source.aclose()


def _next(source: AsyncGenerator[T, None]) -> asyncio.Task[tuple[T] | None]:
    async def ask() -> tuple[T] | None:
        async for one in source:
            return (one,)
        return None

    return asyncio.create_task(ask())
