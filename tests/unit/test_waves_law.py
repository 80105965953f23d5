"""The law of waves: whatever people do and whatever crashes, states add up, nobody gets two, and a run ends.

And a segment that is sure gets no further wave.
"""

import asyncio
import random
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.runs.runs import DeliveryState, Run, RunState, find_run
from feedback.runs.wave_words import Waves
from store.contract import Conflict, StoreError, Unavailable
from store.sqlite import open_sqlite
from tests.conftest import Clock
from tests.unit.wave_house import WaveHouse

SIZES = st.dictionaries(st.sampled_from(["small", "large", "huge"]), st.integers(1, 12), min_size=1)
FEW = 3  # answers that are enough here
LOST = st.sampled_from(["no", "before", "after"])


@given(
    sizes=SIZES,
    size=st.integers(1, 6),
    margin=st.sampled_from([0.3, 1.2, 1.9]),
    stops=st.lists(st.tuples(LOST, st.integers(1, 3)), min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
@settings(max_examples=12)
def test_waves_end_with_everybody_in_one_state_and_nobody_asked_twice_or_without_need(
    sizes: dict[str, int], size: int, margin: float, stops: list[tuple[str, int]], seed: int
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr("feedback.waves.ENOUGH", FEW)
        asyncio.run(_live_through(Path(folder) / "hearback.db", sizes, Waves(margin, "size", size), stops, seed))


async def _live_through(
    path: Path, sizes: dict[str, int], waves: Waves, stops: list[tuple[str, int]], seed: int
) -> None:
    clock, chance = Clock(), random.Random(seed)
    store = await open_sqlite(path, clock=clock.time)
    house = WaveHouse(store, clock)
    try:
        await house.settle(sizes)
        run = await house.start(waves)
        looks = -(-max(sizes.values()) // waves.size) + 2
        sure: dict[str, list[str]] = {}
        for look in range(looks + len(stops)):
            await house.wave_leaves()
            await _answers(house, run, chance)
            for segment in (await house.book(run)).segments:
                asked = await house.asked(run, segment.value)
                if segment.is_sure:
                    assert sure.setdefault(segment.value, asked) == asked, "who is sure is left in peace"
            assert (await house.states(run.run)).total() == sum(sizes.values())
            clock.pass_s(timedelta(days=1).total_seconds())
            await _tick_in_trouble(house, *stops[look] if look < len(stops) else ("no", 1))
        await house.wave_leaves()
        assert (await find_run(store, run.run)).state is RunState.SENT
        assert DeliveryState.PLANNED not in await house.states(run.run)
        assert set(house.sent.values()) == {1}
        assert {one.value for one in (await house.book(run)).segments if one.is_sure} == set(sure)
    finally:
        await store.close()


async def _answers(house: WaveHouse, run: Run, chance: random.Random) -> None:
    for person in await house.asked(run):
        if chance.random() < 0.7 and not (await house.store.get("runs", run.run, person) or {}).get("answers"):
            await house.answer(run, person, chance.choice([3, 4, 4, 5]))


async def _tick_in_trouble(house: WaveHouse, lost: str, instances: int) -> None:
    """Let some instances look while one write fails: it does not happen, or happens and nobody hears of it."""
    write, failed = house.store.replace, list[bool]()

    async def replace(*change: object, **more: object) -> object:
        is_first = not failed and lost != "no"
        failed.append(True)
        if is_first and lost == "before":
            raise Unavailable
        made = await write(*change, **more)  # type: ignore[arg-type]
        if is_first:
            raise Unavailable
        return made

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(house.store, "replace", replace)
        ended = await asyncio.gather(*(house.master().tick() for _ in range(instances)), return_exceptions=True)
    assert all(one is None or (isinstance(one, StoreError) and not isinstance(one, Conflict)) for one in ended)
