"""Parts are kept at work: what fails starts again, and a store that is away is waited for."""

import asyncio
import logging

import pytest

from broadcast.at_work import PAUSE_S, AtWork
from store.contract import Unavailable


class Pauses:
    """Pauses that are over at once, and are remembered."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)


class Worker:
    """Fails as often as it is told to, then works until it is cancelled."""

    def __init__(self, name: str, ends: list[str], *, failures: int = 0) -> None:
        self.is_well = True
        self.began = 0
        self.at_work = asyncio.Event()
        self._name, self._ends, self._failures = name, ends, failures

    async def run(self) -> None:
        self.began += 1
        if self.began <= self._failures:
            msg = "a fault of ours"
            raise RuntimeError(msg)
        self.at_work.set()
        try:
            await asyncio.Event().wait()
        finally:
            self._ends.append(self._name)


async def test_a_part_that_fails_is_started_again_after_a_pause(caplog: pytest.LogCaptureFixture) -> None:
    pauses, ends = Pauses(), list[str]()
    at_work, part = AtWork(sleep=pauses.sleep), Worker("worker", ends, failures=2)
    with caplog.at_level(logging.CRITICAL):
        at_work.keep({"worker": part})
        await part.at_work.wait()
    assert part.began == 3
    assert pauses.taken == [PAUSE_S, PAUSE_S]
    assert not part.is_well  # until it says otherwise itself
    assert [record.message for record in caplog.records] == ["the worker has failed and starts again"] * 2
    await at_work.stop(last="worker")


async def test_what_others_need_ends_after_them() -> None:
    ends = list[str]()
    parts = {name: Worker(name, ends) for name in ("budget", "ticker", "worker")}
    at_work = AtWork(sleep=Pauses().sleep)
    at_work.keep(parts)
    for part in parts.values():
        await part.at_work.wait()
    await at_work.stop(last="budget")
    assert sorted(ends[:2]) == ["ticker", "worker"]
    assert ends[2:] == ["budget"]


async def test_preparing_goes_on_beside_the_work_until_the_store_answers(caplog: pytest.LogCaptureFixture) -> None:
    pauses, ends, tries, done = Pauses(), list[str](), list[int](), asyncio.Event()

    async def job() -> None:
        tries.append(1)
        if len(tries) < 3:
            msg = "does not answer"
            raise Unavailable(msg)
        done.set()

    at_work = AtWork(sleep=pauses.sleep)
    await at_work.prepare(job)
    assert len(tries) == 1
    at_work.keep({"worker": Worker("worker", ends)})
    await done.wait()
    assert pauses.taken == [PAUSE_S, PAUSE_S]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    await at_work.stop(last="worker")


async def test_a_fault_of_ours_while_preparing_is_not_waited_out() -> None:
    async def job() -> None:
        msg = "a fault of ours"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError):
        await AtWork(sleep=Pauses().sleep).prepare(job)
