"""Runs in waves: who is asked when, when a segment is sure enough, and what hold, cancel and crashes make of it."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from broadcast.plan import Planner
from feedback.errors import AudienceEmpty
from feedback.people.people import set_opt_out
from feedback.runs.contacts import ContactRules, QuietHours
from feedback.runs.runs import RUN_DOC, DeliveryState, RunState, deliveries, find_run
from feedback.runs.wave_words import Waves
from feedback.waves import (
    MOST_SEGMENTS,
    SegmentUnknown,
    TooManySegments,
    WavesAnonymous,
)
from store.contract import Patch, Store, Unavailable
from tests.conftest import Clock
from tests.unit.test_worker import BY, POLICY
from tests.unit.wave_house import STARS, WaveHouse

DAY_S = 24 * 3600


async def _dies(*_: object) -> None:
    raise Unavailable


@pytest.fixture
def house(embedded: Store, clock: Clock) -> WaveHouse:
    return WaveHouse(embedded, clock)


async def test_everybody_has_a_delivery_and_only_the_first_wave_leaves(house: WaveHouse) -> None:
    await house.settle({"small": 12, "large": 7, "": 3})
    await set_opt_out(house.store, "away:small-000", has_opted_out=True)
    run = await house.start(Waves(0.5, "size", 5))
    await house.worker.drain()
    assert await house.states(run.run) == {
        DeliveryState.SENT: 13,
        DeliveryState.PLANNED: 8,
        DeliveryState.EXCLUDED: 1,
    }
    assert [len(await house.asked(run, size)) for size in ("small", "large", "none")] == [5, 5, 3]
    assert (await find_run(house.store, run.run)).state is RunState.SENDING
    assert set(house.sent.values()) == {1}


async def test_a_plan_that_was_cut_short_comes_to_the_same_waves(house: WaveHouse) -> None:
    await house.settle({"small": 130, "large": 9})
    run = await house.start(Waves(0.5, "size", 120))
    before = {one.id: one.slice async for one in deliveries(house.store, run.run)}
    for person in [*sorted(before)[::3], *sorted(before)[:9]]:
        if await house.store.get("runs", run.run, person):
            await house.store.delete("runs", run.run, person)
    await house.store.patch("runs", run.run, Patch(RUN_DOC, set={"state": RunState.PLANNING.value}))
    planner = Planner(house.store, house.queue, POLICY, house.rules, house.clock.now, above=10_000)
    found = await find_run(house.store, run.run)
    again = await asyncio.gather(planner.write(found), planner.write(found))
    assert {one.people for one in again} == {139}
    assert {one.id: one.slice async for one in deliveries(house.store, run.run)} == before


async def test_waves_go_on_until_nobody_is_left_and_then_the_run_is_sent(house: WaveHouse) -> None:
    await house.settle({"small": 5})
    run = await house.start(Waves(0.5, size=2, every=timedelta(hours=5)))
    for asked in (2, 4):
        await house.wave_leaves()
        assert len(await house.asked(run)) == asked
        house.clock.pass_s(5 * 3600 - 1)
        await house.wave_leaves()
        assert len(await house.asked(run)) == asked, "its time is not over"
        house.clock.pass_s(1)
    await house.wave_leaves()
    assert await house.states(run.run) == {DeliveryState.SENT: 5}
    assert (await find_run(house.store, run.run)).state is RunState.SENT
    assert not (await house.book(run)).is_open


async def test_who_is_sure_is_left_in_peace_with_the_reason(house: WaveHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedback.waves.ENOUGH", 3)
    await house.settle({"small": 230, "": 4})
    run = await house.start(Waves(1.9, "size", 110))
    await house.wave_leaves()
    for person in (await house.asked(run, "small"))[:10]:
        await house.answer(run, person, 4)
    house.clock.pass_s(DAY_S)
    await asyncio.gather(*(house.master().tick() for _ in range(3)))
    await house.wave_leaves()
    assert len(await house.asked(run, "small")) == 110
    assert await house.reasons(run) == {"sure enough: size=small is at ±0.9, asked for ±1.9": 120}
    assert (await house.states(run.run)).total() == 234
    assert (await find_run(house.store, run.run)).state is RunState.SENT


async def test_several_that_look_at_once_let_one_wave_leave(house: WaveHouse) -> None:
    await house.settle({"small": 9})
    run = await house.start(Waves(0.5, size=2))
    await house.wave_leaves()
    house.clock.pass_s(DAY_S)
    await asyncio.gather(*(house.master().tick() for _ in range(4)))
    await house.worker.drain()
    assert len(await house.asked(run)) == 4
    assert set(house.sent.values()) == {1}


async def test_a_wave_that_was_let_go_by_somebody_who_died_is_queued_by_the_next(
    house: WaveHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.settle({"small": 4})
    run = await house.start(Waves(0.5, size=2))
    await house.wave_leaves()
    house.clock.pass_s(DAY_S)
    with monkeypatch.context() as patched:
        patched.setattr(house.queue, "put", _dies)
        with pytest.raises(Unavailable):
            await house.master().tick()
    await house.worker.drain()
    assert len(await house.asked(run)) == 2
    await house.wave_leaves()
    assert len(await house.asked(run)) == 4


async def test_a_held_run_lets_no_wave_leave(house: WaveHouse) -> None:
    await house.settle({"small": 4})
    run = await house.start(Waves(0.5, size=2))
    await house.wave_leaves()
    await house.broadcaster.hold(run)
    house.clock.pass_s(9 * DAY_S)
    await house.wave_leaves()
    assert len(await house.asked(run)) == 2
    await house.broadcaster.go_on(run)
    await house.wave_leaves()
    assert len(await house.asked(run)) == 4


@pytest.mark.parametrize("how", ["cancel", "close", "recall"])
async def test_a_stopped_run_asks_nobody_else(house: WaveHouse, how: str) -> None:
    await house.settle({"small": 4})
    run = await house.start(Waves(0.5, size=2))
    await house.wave_leaves()
    await getattr(house.broadcaster, how)(run)
    await house.master().tick()
    house.clock.pass_s(9 * DAY_S)
    await house.master().tick()
    states = await house.states(run.run)
    assert (states[DeliveryState.CANCELLED], states.total(), house.sent.total()) == (2, 4, 2)
    assert await house.reasons(run) == {"the run was stopped": 2}
    assert not (await house.book(run)).is_open


async def test_whoever_was_written_to_too_often_meanwhile_is_left_out_of_their_wave(
    embedded: Store, clock: Clock
) -> None:
    house = WaveHouse(embedded, clock, ContactRules(contacts_per_30_days=1, quiet=QuietHours()))
    await house.settle({"small": 4})
    run = await house.start(Waves(0.5, size=2))
    await house.wave_leaves()
    unasked = sorted({one.id async for one in deliveries(house.store, run.run)} - {*await house.asked(run)})
    house.clock.pass_s(DAY_S)
    other = await house.broadcaster.start(msgspec.structs.replace(STARS, id="other"), "customers", by=BY)
    await house.store.patch(
        "runs", other.run, Patch(unasked[0], set={"state": "sent", "sent_at": msgspec.to_builtins(clock.now())})
    )
    await house.store.patch("runs", other.run, Patch(unasked[1], set={"state": "cancelled"}))
    await house.master().tick()
    await house.worker.drain()
    assert unasked[1] in await house.asked(run)
    assert unasked[0] not in await house.asked(run)
    assert (await house.reasons(run))["contact budget"] == 1


async def test_segments_that_there_are_not_are_refused(house: WaveHouse) -> None:
    await house.settle({"": 2})
    with pytest.raises(SegmentUnknown):
        await house.start(Waves(0.5, "size"))
    await house.settle({f"size {number}": 1 for number in range(MOST_SEGMENTS + 1)})
    with pytest.raises(TooManySegments):
        await house.start(Waves(0.5, "size"))
    with pytest.raises(WavesAnonymous):
        await house.start(Waves(0.5), msgspec.structs.replace(STARS, is_anonymous=True, threshold=3))
    assert [doc for doc in (await house.store.query("runs")).docs if doc["kind"] == "run"] == []


async def test_waves_of_nobody_are_refused(house: WaveHouse) -> None:
    with pytest.raises(AudienceEmpty):
        await house.start(Waves(0.5))


async def test_a_standing_says_how_sure_each_segment_is(house: WaveHouse) -> None:
    await house.settle({"small": 4, "": 2})
    run = await house.start(Waves(0.5, "size", 3))
    await house.wave_leaves()
    for person in (await house.asked(run, "small"))[:2]:
        await house.answer(run, person, 4)
    await house.tallier.catch_up(run.run)
    waves = (await house.broadcaster.standing(await find_run(house.store, run.run))).waves
    assert waves is not None
    assert waves.look_at == house.clock.now() + timedelta(days=1)
    small, none = waves.segments
    assert (small.name, small.people, small.asked, small.n, small.answered) == ("size=small", 4, 3, 2, 2)
    assert (none.name, none.people, none.asked, none.n, none.margin) == ("size unknown", 2, 2, 0, None)
