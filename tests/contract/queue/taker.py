"""Another process at the same queue: says "ready", and waits for a line before its first slice and for one before the
others, so that nobody has taken them all before the other has begun."""

import asyncio
import sys
import time
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

from broadcast.azure_queue import open_azure_queue
from broadcast.queue import Queue
from broadcast.store_queue import StoreQueue
from store.contract import Store
from store.sqlite import open_sqlite


def _queue(store: Store, engine: str, *where: str) -> AbstractAsyncContextManager[Queue]:
    if engine == "store":
        return nullcontext(StoreQueue(store, clock=lambda: float(where[0])))
    key, name = where
    return open_azure_queue(store, connection_string=key, name=name, clock=time.time)


async def _wait_after(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)


async def main(engine: str, path: str, *where: str) -> None:
    store = await open_sqlite(Path(path))
    async with _queue(store, engine, *where) as queue:
        await queue.ping()
        await _wait_after("ready")
        is_first = True
        while (lease := await queue.take()) is not None:
            assert await queue.finish(lease)
            if is_first:
                await _wait_after(str(lease.slice.number))
            else:
                sys.stdout.write(f"{lease.slice.number}\n")
            is_first = False
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
