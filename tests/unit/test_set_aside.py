"""Work that was set aside comes back when an admin says so; and a start finds what is open of what follows sending."""

import pytest

from broadcast.closing import Closing
from broadcast.slices import CLOSE, FOLLOW_UP, RECALL, REMIND, Slice, open_slices
from feedback.errors import RunIsOver
from feedback.runs.runs import DeliveryState, Run, RunState, find_run
from store.contract import Store
from tests.conftest import Clock
from tests.unit.test_closing import House
from tests.unit.test_worker import BY, SURVEY


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


async def _poisoned(house: House, job: str) -> Run:
    """Return a run of which one piece of a job was set aside."""
    run = await house.sent_run(3)
    await _ask(house, run, job)
    await _set_aside(house)
    return run


async def _ask(house: House, run: Run, job: str) -> None:
    if job == CLOSE:
        await house.broadcaster.close(run)
    elif job == RECALL:
        await house.broadcaster.recall(run)
    else:
        await house.broadcaster.remind(run, 1)


async def _set_aside(house: House) -> None:
    lease = await house.queue.take()
    assert lease is not None
    await house.queue.set_aside(lease, "it fails every time")


@pytest.mark.parametrize(
    ("job", "done"),
    [(CLOSE, "closed"), (RECALL, "withdrawn sent"), (REMIND, "moved")],
    ids=["close", "recall", "remind"],
)
async def test_what_follows_sending_comes_back_by_continue_whatever_the_run_is(
    job: str, done: str, house: House
) -> None:
    run = await _poisoned(house, job)
    before = (await find_run(house.store, run.run)).state
    await house.worker.drain()
    assert not house.put, "set aside is set aside"
    await house.broadcaster.go_on(run)
    await house.worker.drain()
    assert {what for _, what in house.put} == {done}
    assert house.put.total() == 3
    assert await open_slices(house.store, run.run, FOLLOW_UP) == []
    assert await house.queue.aside() == []
    assert (await find_run(house.store, run.run)).state is before


async def test_a_piece_of_sending_comes_back_by_continue_alone(house: House) -> None:
    await house.populate(120)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await _set_aside(house)
    await house.worker.drain()
    assert (await house.states(run.run))[DeliveryState.PLANNED] > 0
    await house.broadcaster.go_on(run)
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: 120}
    assert set(house.sent.values()) == {1}


async def test_a_held_run_that_continues_takes_back_what_was_set_aside_too(house: House) -> None:
    await house.populate(120)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await _set_aside(house)
    await house.broadcaster.hold(run)
    await house.worker.drain()
    assert (await house.broadcaster.go_on(run)).state is RunState.SENDING
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: 120}


@pytest.mark.parametrize("state", [RunState.SENT, RunState.CLOSED])
async def test_a_run_that_nothing_was_set_aside_of_has_nothing_to_continue(state: RunState, house: House) -> None:
    run = await house.sent_run(2)
    if state is RunState.CLOSED:
        await house.broadcaster.close(run)
        await house.worker.drain()
    with pytest.raises(RunIsOver, match=state.value):
        await house.broadcaster.go_on(run)


async def test_what_was_set_aside_of_another_run_stays_there(house: House) -> None:
    poisoned = await _poisoned(house, CLOSE)
    other = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    with pytest.raises(RunIsOver):
        await house.broadcaster.go_on(other)
    assert [one.slice.run for one in await house.queue.aside() if one.slice] == [poisoned.run]


@pytest.mark.parametrize(("job", "done"), [(CLOSE, "closed"), (RECALL, "withdrawn sent"), (REMIND, "moved")])
async def test_a_start_finds_what_is_open_of_what_follows_sending(job: str, done: str, house: House) -> None:
    run = await house.sent_run(3)
    await _ask(house, run, job)
    lease = await house.queue.take()
    assert lease is not None
    await house.queue.finish(lease)  # lost
    await house.worker.drain()
    assert not house.put
    await house.broadcaster.recover()
    await house.worker.drain()
    assert {what for _, what in house.put} == {done}
    assert await open_slices(house.store, run.run, FOLLOW_UP) == []
    house.put.clear()
    await house.broadcaster.recover()
    await house.worker.drain()
    assert not house.put, "what is done is not done again"


async def test_a_start_leaves_aside_what_was_set_aside(house: House) -> None:
    run = await _poisoned(house, CLOSE)
    await house.broadcaster.recover()
    await house.worker.drain()
    assert not house.put
    assert [one.slice for one in await house.queue.aside()] == [Slice(run.run, 0, "away", job=CLOSE)]


async def test_what_fails_again_is_set_aside_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    run = await _poisoned(house, CLOSE)

    async def failing(*_: object) -> None:
        msg = "a sample fault"
        raise RuntimeError(msg)

    monkeypatch.setattr(Closing, "work", failing)
    house.worker = house.make_worker()
    await house.broadcaster.go_on(run)
    for _ in range(6):
        await house.worker.drain()
        house.clock.pass_s(60)
    assert [one.reason for one in await house.queue.aside()] == ["RuntimeError"]
