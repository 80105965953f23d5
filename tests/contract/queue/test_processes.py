"""The queue is shared between processes, and may itself be away."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from broadcast.azure_queue import open_azure_queue
from broadcast.queue import QueueUnavailable
from broadcast.slices import Slice
from store.contract import Unavailable
from store.sqlite import open_sqlite
from tests.azurite import Azurite
from tests.contract.queue.engines import Engine, on_azure

ROOT = Path(__file__).resolve().parents[3]
ONE = Slice("pulse-1", 0)
COUNT = 300  # enough to keep both at it


async def _taker(where: list[str]) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.contract.queue.taker", *where, cwd=ROOT, stdin=pipe, stdout=pipe
    )
    assert started.stdout is not None
    assert await started.stdout.readline() == b"ready\n"
    return started


async def _first(taker: asyncio.subprocess.Process) -> int:
    assert taker.stdin is not None
    assert taker.stdout is not None
    taker.stdin.write(b"go\n")
    return int(await taker.stdout.readline())


async def test_two_processes_share_the_slices_and_no_slice_twice(engine: Engine) -> None:
    await engine.queue.put([Slice("pulse-1", number) for number in range(COUNT)])
    takers = [await _taker(engine.where) for _ in range(2)]
    firsts = [await _first(taker) for taker in takers]
    said = await asyncio.gather(*(taker.communicate(b"go\n") for taker in takers))
    shares = [[first, *(int(one) for one in out.split())] for first, (out, _) in zip(firsts, said, strict=True)]
    assert [taker.returncode for taker in takers] == [0, 0]
    assert sorted([*shares[0], *shares[1]]) == list(range(COUNT))


async def test_a_service_that_is_away_is_unavailable_whatever_is_asked(tmp_path: Path) -> None:
    with Azurite() as azurite:
        async with on_azure(tmp_path, azurite) as engine:
            queue = engine.queue
            await queue.put([ONE])
            lease = await queue.take()
            assert lease is not None
            azurite.stop()
            asked = [
                queue.ping(),
                queue.put([ONE]),
                queue.take(),
                queue.renew(lease),
                queue.finish(lease),
                queue.hand_back(lease),
                queue.fail(lease, "away"),
                queue.set_aside(lease, "away"),
            ]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(answer) for answer in answers] == [QueueUnavailable] * len(asked)
            assert issubclass(QueueUnavailable, Unavailable)
            assert await queue.aside() == []


async def test_a_service_that_is_away_is_noticed_at_once(tmp_path: Path) -> None:
    with Azurite() as azurite:
        async with on_azure(tmp_path, azurite) as engine:
            azurite.stop()
            began = time.monotonic()
            with pytest.raises(QueueUnavailable):
                await engine.queue.ping()
            assert time.monotonic() - began < 1


async def test_a_queue_that_nobody_made_is_unavailable(azurite: Azurite, tmp_path: Path) -> None:
    """A serving process does not make it either."""
    store, key = await open_sqlite(tmp_path / "hearback.db"), azurite.connection_string
    async with open_azure_queue(store, connection_string=key, clock=time.time, name="test-nobody") as queue:
        for asked in (queue.ping(), queue.take(), queue.put([ONE]), queue.ping()):
            with pytest.raises(QueueUnavailable, match="ResourceNotFound"):
                await asked
    await store.close()


async def test_a_key_that_is_wrong_is_unavailable(azurite: Azurite, tmp_path: Path) -> None:
    store, wrong = await open_sqlite(tmp_path / "hearback.db"), azurite.connection_string.replace("Eby8", "Wrng")
    async with open_azure_queue(store, connection_string=wrong, clock=time.time) as queue:
        with pytest.raises(QueueUnavailable, match="ClientAuthentication"):
            await queue.ping()
    await store.close()


async def test_making_a_queue_that_is_there_changes_nothing(azurite: Azurite, tmp_path: Path) -> None:
    store, key = await open_sqlite(tmp_path / "hearback.db"), azurite.connection_string
    for is_new in (True, False):
        async with open_azure_queue(
            store, connection_string=key, clock=time.time, name="test-again", creates=True
        ) as queue:
            if is_new:
                await queue.put([ONE])
            else:
                assert await queue.take() is not None
    await store.close()
