"""The law of schedules: every occurrence starts once or is recorded as missed, whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import chain, islice, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.runs.schedules import (
    OccurrenceState,
    Schedule,
    latest_occurrences,
)
from store.contract import Unavailable
from store.sqlite import open_sqlite
from tests.conftest import Clock
from tests.unit.schedule_house import ZONE, House, Killed

HOURS = st.one_of(st.integers(0, 30), st.integers(0, 200), st.integers(-30, 0))
STOPS = st.sampled_from(["none", "none", "before", "after", "error", "lost", "unheard"])
STEPS = st.lists(st.tuples(HOURS, STOPS, st.integers(1, 3)), min_size=1, max_size=12)
RULES = st.sampled_from(["every day at 2:30", "every 2 days at 9:00", "every weekday", "every day 3 times"])
STARTS = st.sampled_from([datetime(2026, 10, 22, 9, tzinfo=UTC), datetime(2027, 3, 26, 9, tzinfo=UTC)])
FAULTS: dict[str, list[Exception | None]] = {
    "none": [],
    "before": [Killed()],
    "after": [None, Killed()],
    "error": [Unavailable()],
    "lost": [],  # a write of the store's own does not happen
    "unheard": [],  # it happens, and nobody hears of it
}


async def _tick_in_trouble(house: House, stop: str, instances: int) -> None:
    """Let some instances tick while something goes wrong once."""
    house.faults = list(FAULTS[stop])
    with pytest.MonkeyPatch.context() as patched:
        if stop in {"lost", "unheard"}:
            for name in ("batch", "patch"):
                patched.setattr(house.store, name, _failing_once(getattr(house.store, name), stop))
        await asyncio.gather(*(house.ticker().tick() for _ in range(instances)), return_exceptions=True)
    house.faults = []


def _failing_once(write: Callable[..., Awaitable[object]], stop: str) -> Callable[..., Awaitable[object]]:
    failed: list[bool] = []

    async def attempt(*change: object) -> object:
        fails = not failed
        failed.append(True)
        if fails and stop == "lost":
            raise Unavailable
        result = await write(*change)
        if fails:
            raise Unavailable
        return result

    return attempt


@given(steps=STEPS, rule=RULES, start=STARTS)
@settings(max_examples=40)
def test_each_occurrence_starts_once_or_is_recorded_as_missed(
    steps: list[tuple[int, str, int]], rule: str, start: datetime
) -> None:
    """Whatever the clock does, whenever the process ends, and however many instances tick."""
    with TemporaryDirectory() as folder:
        asyncio.run(_live_through(Path(folder) / "hearback.db", steps, rule, start))


async def _live_through(path: Path, steps: list[tuple[int, str, int]], rule: str, start: datetime) -> None:
    clock = Clock()
    clock.moment = start
    store = await open_sqlite(path, clock=clock.time)
    house = House(store, clock)
    try:
        schedule = await house.plan(f"customers {rule}")
        latest = start
        for hours, stop, instances in steps:
            clock.pass_s(hours * 3600)
            latest = max(latest, clock.now())
            await _tick_in_trouble(house, stop, instances)
        clock.moment = latest
        for _ in range(2):  # what a crash left is held for two minutes more
            await house.tick_after(130)
        await _check(house, schedule, clock.now())
    finally:
        await store.close()


async def _check(house: House, schedule: Schedule, now: datetime) -> None:
    found = await latest_occurrences(house.store, schedule, limit=1000)
    first = schedule.timing.recurrence.start
    walls = islice(chain([first], schedule.timing.recurrence.after(first)), 1000)
    came = takewhile(lambda wall: wall.replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC) <= now, walls)
    assert [one.id for one in reversed(found)] == [f"{schedule.id}@{wall.isoformat()}" for wall in came]
    assert {one.state for one in found} <= {OccurrenceState.STARTED, OccurrenceState.MISSED}
    assert house.created == {one.run: 1 for one in found if one.state is OccurrenceState.STARTED}
