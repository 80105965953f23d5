"""When a run will be done: those who may be written to now by the rate, those who are asleep by their clocks."""

from datetime import UTC, datetime, timedelta

import pytest

from broadcast.broadcaster import Approvals, Broadcaster
from broadcast.messenger import Doubtful, Retriable, Unreachable
from broadcast.sender import Message
from broadcast.standing import standing_of
from broadcast.worker import Worker
from feedback.people.people import Contact, Conversation, meet
from feedback.runs.contacts import ContactRules, QuietHours
from feedback.runs.runs import Run, find_run
from feedback.standing import Standing
from store.contract import Store
from tests.conftest import Clock
from tests.unit.test_worker import BY, POLICY, SURVEY, House

QUIET = QuietHours()  # from 20:00 to 8:00
TOKYO, AUCKLAND, BERLIN = "Asia/Tokyo", "Pacific/Auckland", "Europe/Berlin"


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    clock.moment = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    house = House(embedded, clock)
    house.worker = Worker(embedded, house.queue, house.sender, render=_sample, now=clock.now, quiet=QUIET)
    rules = ContactRules(quiet=QUIET)
    house.broadcaster = Broadcaster(
        embedded,
        house.queue,
        POLICY,
        rules,
        Approvals(above=10_000, per_second=50),
        now=clock.now,
        wake=house.worker.wake,
    )
    return house


def _sample(_run: Run, _language: str, _arm: str) -> Message:
    return Message({}, "Sample")


async def _live(house: House, counts: dict[str, int]) -> None:
    """Meet so many people in each time zone."""
    for zone, count in counts.items():
        for number in range(count):
            name = f"{zone[-4:]}{number:04d}"
            chat = Conversation(f"a:{name}", "https://smba.example/", f"29:{name}", "28:b")
            await meet(house.store, Contact("away", name, "Sample", "en", chat, time_zone=zone), house.clock.now())


async def _standing(house: House, run: Run) -> Standing:
    return await standing_of(house.store, house.queue, await find_run(house.store, run.run), house.clock.now())


async def test_who_is_asleep_does_not_count_for_when_the_others_are_done(house: House) -> None:
    await _live(house, {BERLIN: 250, TOKYO: 120, AUCKLAND: 7})
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    send, calls = house.sender.send, 0

    async def hold_in_the_middle(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 40:
            await house.broadcaster.hold(run)
            house.clock.pass_s(5)
        return await send(*args)  # type: ignore[arg-type]

    house.sender.send = hold_in_the_middle  # type: ignore[assignment, method-assign]
    await house.worker.drain()
    await house.broadcaster.go_on(run)
    found = await _standing(house, run)
    assert found.asleep == 127
    awake = found.waiting - 127
    assert 0 < awake < 250
    assert found.per_second > 0
    assert found.finishes_at == house.clock.now() + timedelta(seconds=awake / found.per_second)
    assert found.last_wakes_at == datetime(2026, 11, 24, 23, 0, tzinfo=UTC), "8:00 in Tokyo, after 8:00 in Auckland"
    assert found.waits_until is None


async def test_when_all_who_are_left_are_asleep_the_first_and_the_last_morning_are_told(house: House) -> None:
    await _live(house, {BERLIN: 30, TOKYO: 20, AUCKLAND: 7})
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    found = await _standing(house, run)
    assert (found.waiting, found.asleep, found.finishes_at) == (27, 27, None)
    assert found.waits_until == datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
    assert found.last_wakes_at == datetime(2026, 11, 24, 23, 0, tzinfo=UTC)


async def test_where_nobody_is_asleep_nothing_is_said_of_mornings(house: House) -> None:
    await _live(house, {BERLIN: 30})
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    found = await _standing(house, run)
    assert (found.asleep, found.last_wakes_at, found.waits_until) == (0, None, None)


async def test_many_who_are_asleep_are_counted_in_parts(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await _live(house, {TOKYO: 350})
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    assert (await _standing(house, run)).asleep == 350
    monkeypatch.setattr("broadcast.standing.ASKED", 1)
    assert (await _standing(house, run)).asleep == 350, "those that are not asked about count as full, and no more wait"


async def test_who_was_given_up_may_be_sent_to_again_like_who_is_in_doubt(house: House) -> None:
    await house.populate(6)
    house.trouble = {
        "a:0": Retriable("503"),
        "a:1": Retriable("429"),
        "a:2": Doubtful("500"),
        "a:3": Unreachable("403"),
    }
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    found = await _standing(house, run)
    assert (found.given_up, found.may_go_again) == (2, 3)
    assert await house.broadcaster.resend(run) == found.may_go_again
    house.trouble = {}
    await house.worker.drain()
    again = await _standing(house, run)
    assert (again.given_up, again.may_go_again) == (0, 0)
