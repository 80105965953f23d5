"""First contact: chats opened ahead of the card, on the budget, kept unless the person was faster."""

import asyncio
from datetime import time

import pytest

from bot.connector import error_for
from broadcast.messenger import Doubtful, Rejected, Retriable, SendError, Throttled, Unreachable
from broadcast.sender import MAX_TRIES, Message
from broadcast.slices import AHEAD, OPEN_CHATS, Slice, open_slices, take_hold
from broadcast.windows import Call
from feedback.people.people import (
    find_person,
    set_opt_out,
)
from feedback.runs.contacts import QuietHours
from feedback.runs.progress import progress
from feedback.runs.runs import DeliveryState, RunState, find_run, move_run
from store.contract import Store
from tests.conftest import Clock
from tests.unit.opening_house import BY, NOT_INSTALLED, SURVEY, House


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


async def test_chats_are_opened_before_any_card_leaves_and_each_costs_two_requests(house: House) -> None:
    run = await house.start(230)
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 230}
    assert set(house.teams.opened.values()) == set(house.teams.cards.values()) == {1}
    assert house.limiter.calls == {Call.CREATE: 230, Call.SEND: 230}
    for number in range(3):  # whatever a slice's neighbours do, its own cards come after all of its chats
        mine = [one.split()[0] for one in house.teams.order if int(one[-4:]) // 100 == number]
        assert mine == ["open"] * (len(mine) // 2) + ["card"] * (len(mine) // 2)
    assert (await find_run(house.store, run.run)).state is RunState.SENT
    assert await open_slices(house.store, run.run, AHEAD) == []


async def test_the_next_run_finds_the_chats_that_were_opened(house: House) -> None:
    await house.start(30)
    await house.worker.drain()
    again = await house.broadcaster.start(SURVEY, "panel insiders", by=BY)
    assert await open_slices(house.store, again.run, AHEAD) == []
    await house.worker.drain()
    assert house.limiter.calls == {Call.CREATE: 30, Call.SEND: 60}


async def test_whoever_has_not_installed_the_app_is_failed_once_and_tried_again_when_they_have_spoken(
    house: House,
) -> None:
    house.teams.trouble = {"0001": [NOT_INSTALLED]}
    run = await house.start(3)
    await house.worker.drain()
    found = await progress(house.store, run)
    assert found.by_state == {DeliveryState.SENT: 2, DeliveryState.FAILED: 1}
    assert found.by_reason == {"failed: unreachable: 403 ForbiddenOperationException": 1}
    second = await house.broadcaster.start(SURVEY, "panel insiders", by=BY)
    await house.worker.drain()
    assert house.teams.opened["0001"] == 1
    assert (await progress(house.store, second)).by_reason == {
        "excluded: unreachable: 403 ForbiddenOperationException": 1
    }
    await house.speak("0001")
    third = await house.broadcaster.start(SURVEY, "panel insiders", by=BY)
    await house.worker.drain()
    assert await house.states(third) == {DeliveryState.SENT: 3}
    assert house.teams.opened["0001"] == 1
    assert house.teams.cards["a:own-0001"] == 1


async def test_without_the_job_ahead_the_chat_is_opened_right_before_the_card(house: House) -> None:
    house.worker = house.new_worker({OPEN_CHATS: lambda held: held.finish([])})  # somebody else was there, and left
    house.teams.trouble = {"0002": [NOT_INSTALLED]}
    run = await house.start(30)
    await house.worker.drain()
    found = await progress(house.store, run)
    assert found.by_state == {DeliveryState.SENT: 29, DeliveryState.FAILED: 1}
    assert found.by_reason == {"failed: unreachable: 403 ForbiddenOperationException": 1}
    gone = await find_person(house.store, "away:0002")
    assert gone is not None
    assert gone.unreachable == "403 ForbiddenOperationException"


@pytest.mark.parametrize(
    ("error", "tries", "state"),
    [
        (error_for(429, b"{}", 3.0), 2, DeliveryState.SENT),
        (Retriable("503"), 2, DeliveryState.SENT),
        (Doubtful("no answer from the channel in time"), 2, DeliveryState.SENT),
        (error_for(403, b'{"error": {"code": "ForbiddenOperationException"}}', None), 1, DeliveryState.FAILED),
        (error_for(404, b'{"error": {"code": "ConversationNotFound"}}', None), 1, DeliveryState.FAILED),
        (Rejected("400 BadArgument"), 1, DeliveryState.FAILED),
    ],
)
async def test_each_answer_of_the_channel_has_its_end(
    error: SendError, tries: int, state: DeliveryState, house: House
) -> None:
    await house.panel(1)
    house.teams.trouble = {"0000": [error]}
    person = await find_person(house.store, "away:0000")
    assert person is not None
    outcome = await house.first.send(person, Message({}, "Sample"), _nothing)
    assert (outcome.state, house.teams.opened["0000"]) == (state, tries)
    assert state is DeliveryState.SENT or error.reason in outcome.reason
    known = await find_person(house.store, "away:0000")
    assert known is not None
    assert known.unreachable == (error.reason if isinstance(error, Unreachable) else "")


async def test_a_channel_that_stays_busy_is_given_up_and_asked_again_by_the_next_run(house: House) -> None:
    house.teams.trouble = {"0000": [Throttled("429", retry_after_s=1.0)] * (2 * MAX_TRIES)}
    run = await house.start(1)
    await house.worker.drain()
    found = await progress(house.store, run)
    assert found.by_reason == {"failed: gave up: 429": 1}
    again = await house.broadcaster.start(SURVEY, "panel insiders", by=BY)
    await house.worker.drain()
    assert await house.states(again) == {DeliveryState.SENT: 1}


async def test_a_chat_that_the_person_told_meanwhile_wins(house: House) -> None:
    house.teams.meanwhile = house.speak
    run = await house.start(1)
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 1}
    assert house.teams.cards == {"a:own-0000": 1}
    person = await find_person(house.store, "away:0000")
    assert person is not None
    assert person.conversation is not None
    assert person.conversation.user_id == "29:0000"


async def test_whoever_writes_while_they_are_found_unreachable_gets_their_card(house: House) -> None:
    house.teams.meanwhile = house.speak
    house.teams.trouble = {"0000": [NOT_INSTALLED]}
    run = await house.start(1)
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 1}
    person = await find_person(house.store, "away:0000")
    assert person is not None
    assert person.unreachable == ""


async def test_whoever_says_stop_before_their_chat_is_opened_is_left_alone(house: House) -> None:
    run = await house.start(2)
    await set_opt_out(house.store, "away:0001", has_opted_out=True)
    await house.worker.drain()
    assert (await progress(house.store, run)).by_reason == {"excluded: opted out": 1}
    assert house.teams.opened == {"0000": 1}


async def test_chats_are_opened_in_quiet_hours_and_cards_wait(embedded: Store, clock: Clock) -> None:
    house = House(embedded, clock, QuietHours(start=time(0), end=time(12)))
    run = await house.start(30)
    await house.worker.drain()
    assert (house.teams.opened.total(), house.teams.cards.total()) == (30, 0)
    assert await house.states(run) == {DeliveryState.PLANNED: 30}
    clock.pass_s(4 * 3600)
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 30}
    assert house.limiter.calls == {Call.CREATE: 30, Call.SEND: 30}


async def test_a_held_run_opens_nothing_until_it_goes_on(house: House) -> None:
    run = await house.start(30)
    await house.broadcaster.hold(run)
    await house.worker.drain()
    assert not house.teams.order
    assert len(await open_slices(house.store, run.run, AHEAD)) == 1
    await house.broadcaster.go_on(run)
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 30}


async def test_a_cancelled_run_opens_nothing(house: House) -> None:
    run = await house.start(30)
    await house.broadcaster.cancel(run)
    await house.worker.drain()
    assert not house.teams.order
    assert await house.states(run) == {DeliveryState.CANCELLED: 30}
    assert await open_slices(house.store, run.run, AHEAD) == []


async def test_cards_wait_while_somebody_opens_their_chats(house: House) -> None:
    run = await house.start(30)
    ahead = Slice(run.run, 0, "away", job=OPEN_CHATS)
    assert await take_hold(house.store, ahead, now=house.clock.time(), lease_s=15) is not None
    await house.worker.drain()
    assert not house.teams.order
    house.clock.pass_s(16)  # whoever held it has died
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 30}
    assert set(house.teams.cards.values()) == {1}


async def test_a_worker_that_dies_while_it_opens_chats_leaves_nobody_in_doubt(house: House) -> None:
    stuck, opened = asyncio.Event(), 0

    async def stop_at_the_tenth(_object_id: str) -> None:
        nonlocal opened
        opened += 1
        if opened >= 10:
            stuck.set()
            await asyncio.Event().wait()

    house.teams.meanwhile = stop_at_the_tenth
    run = await house.start(60)
    work = asyncio.create_task(house.worker.run())
    await asyncio.wait_for(stuck.wait(), 60)
    work.cancel()
    await asyncio.wait({work})
    assert await house.states(run) == {DeliveryState.PLANNED: 60}
    house.teams.meanwhile = None
    await house.broadcaster.recover()
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 60}
    assert set(house.teams.cards.values()) == {1}
    assert max(house.teams.opened.values()) <= 2


async def test_a_plan_cut_short_opens_the_chats_at_the_next_start(house: House) -> None:
    run = await house.start(150)
    await move_run(house.store, run, RunState.PLANNING, leaving=frozenset(RunState))
    await house.store.delete("runs", run.run, "away:0149")
    await house.broadcaster.recover()
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 150}
    assert house.limiter.calls == {Call.CREATE: 150, Call.SEND: 150}


async def _nothing() -> None:
    """Nothing speaks against it."""
