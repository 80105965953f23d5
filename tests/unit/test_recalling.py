"""Taking a run back: every card, whatever the run is doing, and a count of what could not be."""

import asyncio

import pytest

from bot.connector import error_for
from broadcast.messenger import Doubtful, Rejected, Retriable, SendError, Throttled, Unreachable
from broadcast.sender import MAX_TRIES
from broadcast.slices import RECALL, Slice, advance, open_slices, take_hold
from feedback.answers.answers import find_answered, record_answer
from feedback.errors import RunIsOver, RunIsRecalled
from feedback.runs.approvals import propose_run
from feedback.runs.progress import progress
from feedback.runs.runs import DeliveryState, Run, RunState, find_delivery, find_run
from store.contract import Store
from tests.conftest import Clock
from tests.unit.test_closing import House
from tests.unit.test_worker import BY, SURVEY


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


async def _recall(house: House, run: Run, *, is_deleting: bool = False) -> None:
    await house.broadcaster.recall(run, is_deleting=is_deleting)
    await house.worker.drain()


async def _reasons(house: House, run: Run) -> dict[str, int]:
    return (await progress(house.store, await find_run(house.store, run.run))).by_reason


async def test_every_card_of_a_run_is_taken_back_once_however_often_that_is_asked(house: House) -> None:
    run = await house.sent_run(230)
    for _ in range(3):
        await _recall(house, run)
    assert house.put == {(f"activity-a:{number}-1", "withdrawn sent"): 1 for number in range(230)}
    assert await house.states(run.run) == {DeliveryState.RECALLED: 230}
    assert (await find_run(house.store, run.run)).state is RunState.RECALLED
    assert await _reasons(house, run) == {}


async def test_who_has_answered_keeps_their_answer_and_a_card_that_shows_it(house: House) -> None:
    run = await house.sent_run(2)
    await record_answer(house.store, run, "away:0000", {"q": "So"}, revision=0, now=house.clock.now())
    await _recall(house, run)
    assert await house.states(run.run) == {DeliveryState.ANSWERED: 1, DeliveryState.RECALLED: 1}
    assert house.put["activity-a:0-1", "withdrawn answered"] == 1
    kept = await house.delivery(run, 0)
    assert kept.answers == {"q": "So"}


async def test_a_recalled_run_takes_no_answer_and_says_that_it_was_withdrawn(house: House) -> None:
    run = await house.sent_run(1)
    await _recall(house, run)
    recalled = await find_run(house.store, run.run)
    with pytest.raises(RunIsRecalled, match="withdrawn"):
        await record_answer(house.store, recalled, "away:0000", {"q": "So"}, revision=0, now=house.clock.now())
    with pytest.raises(RunIsRecalled):  # also where the run was read before it was recalled
        await record_answer(house.store, run, "away:0000", {"q": "So"}, revision=0, now=house.clock.now())
    with pytest.raises(RunIsRecalled):
        await find_answered(house.store, run, "away:0000")
    assert await house.states(run.run) == {DeliveryState.RECALLED: 1}


async def test_an_answer_faster_than_the_record_of_the_recall_counts(house: House) -> None:
    run = await house.sent_run(1)
    update = house.update_card

    async def answered_meanwhile(*args: object) -> None:
        await update(*args)  # type: ignore[arg-type]
        await record_answer(house.store, run, "away:0000", {"q": "So"}, revision=0, now=house.clock.now())

    house.update_card = answered_meanwhile  # type: ignore[assignment]
    await _recall(house, run)
    assert await house.states(run.run) == {DeliveryState.ANSWERED: 1}
    assert house.put == {("activity-a:0-1", "withdrawn sent"): 1, ("activity-a:0-1", "withdrawn answered"): 1}


async def test_a_recall_while_sending_stops_the_rest_and_takes_back_what_went_out(house: House) -> None:
    await house.populate(150)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    working = asyncio.create_task(house.worker.drain())
    await house.on_send.wait()
    await house.broadcaster.recall(run)
    await working
    for _ in range(3):  # what follows sending waits a little for it
        house.clock.pass_s(16)
        await house.worker.drain()
    states = await house.states(run.run)
    assert set(states) <= {DeliveryState.RECALLED, DeliveryState.CANCELLED}
    assert states.total() == 150
    assert states[DeliveryState.RECALLED] == len(house.sent) > 0
    assert set(house.sent.values()) == {1}
    assert (await find_run(house.store, run.run)).state is RunState.RECALLED


async def test_a_run_on_hold_can_be_recalled(house: House) -> None:
    await house.populate(120)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.broadcaster.hold(run)
    await house.worker.drain()
    await _recall(house, run)
    assert await house.states(run.run) == {DeliveryState.CANCELLED: 120}
    assert not house.sent


async def test_a_card_still_on_its_way_is_recalled_once_it_is_known_what_became_of_it(house: House) -> None:
    await house.populate(2)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    grip = await take_hold(house.store, Slice(run.run, 0, "away"), now=house.clock.time(), lease_s=15)
    assert grip is not None
    await advance(house.store, grip, [], ["away:0000"], until=house.clock.time() + 15)
    await _recall(house, run)
    assert [one.job for one in await open_slices(house.store, run.run, "follow-up")] == [RECALL]
    for _ in range(2):
        house.clock.pass_s(16)
        await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.UNCONFIRMED: 1, DeliveryState.CANCELLED: 1}
    assert await _reasons(house, run) == {
        "unconfirmed: not taken back: it is not known which message it was": 1,
        "cancelled: the run was stopped": 1,
    }


async def test_a_recall_that_was_cut_off_is_gone_on_with_by_whoever_comes_next(house: House) -> None:
    run = await house.sent_run(60)
    update, calls, stuck = house.update_card, 0, asyncio.Event()

    async def killed(*args: object) -> None:
        nonlocal calls
        calls += 1
        if calls > 30:  # in the second chunk
            stuck.set()
            await asyncio.Event().wait()
        await update(*args)  # type: ignore[arg-type]

    house.update_card = killed  # type: ignore[assignment]
    await house.broadcaster.recall(run)
    dying = asyncio.create_task(house.worker.drain())
    await stuck.wait()
    dying.cancel()
    await asyncio.wait({dying})
    assert await house.states(run.run) == {DeliveryState.RECALLED: 25, DeliveryState.SENT: 35}
    house.update_card = update  # type: ignore[method-assign]
    house.clock.pass_s(16)
    await house.make_worker().drain()
    assert await house.states(run.run) == {DeliveryState.RECALLED: 60}
    assert await open_slices(house.store, run.run, "follow-up") == []


@pytest.mark.parametrize(
    ("errors", "reason"),
    [
        ([Throttled("429", retry_after_s=3.0), Retriable("503"), Doubtful("no answer")], ""),
        ([Retriable("503")] * MAX_TRIES, "gave up: 503"),
        ([Rejected("400")], "400"),
        ([Unreachable("404 ActivityNotFoundInConversation")], "404 ActivityNotFoundInConversation"),
    ],
)
async def test_what_could_not_be_taken_back_is_counted_with_its_reason_and_tried_again_on_command(
    errors: list[SendError], reason: str, house: House
) -> None:
    run = await house.sent_run(1)
    house.errors = list(errors)
    await _recall(house, run)
    if reason:
        assert await house.states(run.run) == {DeliveryState.SENT: 1}
        assert await _reasons(house, run) == {f"sent: not taken back: {reason}": 1}
        await _recall(house, run)
    assert await house.states(run.run) == {DeliveryState.RECALLED: 1}
    assert await _reasons(house, run) == {}


@pytest.mark.parametrize("status", [501, 400])
async def test_where_a_card_cannot_be_deleted_it_is_replaced(status: int, house: House) -> None:
    run = await house.sent_run(2)
    house.refused = {"deleted": error_for(status, b"", None)}
    await _recall(house, run, is_deleting=True)
    assert house.put == {(f"activity-a:{number}-1", "withdrawn sent"): 1 for number in range(2)}
    assert await house.states(run.run) == {DeliveryState.RECALLED: 2}


async def test_a_card_that_is_not_there_any_more_needs_no_deleting(house: House) -> None:
    run = await house.sent_run(2)
    house.refused = {"deleted": error_for(404, b'{"error": {"code": "ActivityNotFoundInConversation"}}', None)}
    await _recall(house, run, is_deleting=True)
    assert not house.put
    assert await house.states(run.run) == {DeliveryState.RECALLED: 2}
    assert await house.broadcaster.start(SURVEY, "everyone", by=BY)
    await house.worker.drain()
    assert set(house.sent.values()) == {2}, "nobody is taken for unreachable because a card of theirs is gone"


@pytest.mark.parametrize("is_deleting", [False, True])
async def test_whoever_shuts_us_out_of_a_recall_is_left_alone_and_counted_with_the_reason(
    house: House, *, is_deleting: bool
) -> None:
    run = await house.sent_run(1)
    house.refused = {what: Unreachable("403 ConversationBlockedByUser") for what in ("deleted", "withdrawn sent")}
    await _recall(house, run, is_deleting=is_deleting)
    house.refused = {}
    await _recall(house, run, is_deleting=is_deleting)  # they have not written, so nothing is tried
    assert not house.put
    reason = "sent: not taken back: unreachable: 403 ConversationBlockedByUser"
    assert await _reasons(house, run) == {reason: 1}
    await house.populate(1)  # they write
    await _recall(house, run, is_deleting=is_deleting)
    assert await house.states(run.run) == {DeliveryState.RECALLED: 1}


async def test_cards_are_deleted_on_request_also_those_that_were_replaced_before(house: House) -> None:
    run = await house.sent_run(3)
    await record_answer(house.store, run, "away:0002", {"q": "So"}, revision=0, now=house.clock.now())
    await _recall(house, run)
    house.put.clear()
    for _ in range(2):
        await _recall(house, run, is_deleting=True)
    assert [house.put[f"activity-a:{number}-1", "deleted"] for number in range(3)] == [1, 1, 0]
    assert (await house.delivery(run, 0)).activity_id == ""
    assert await house.states(run.run) == {DeliveryState.RECALLED: 2, DeliveryState.ANSWERED: 1}


async def test_nothing_is_sent_for_a_recalled_run_any_more(house: House) -> None:
    run = await house.sent_run(2)
    await _recall(house, run)
    with pytest.raises(RunIsOver, match="recalled"):
        await house.broadcaster.resend(run)
    with pytest.raises(RunIsOver, match="recalled"):
        await house.broadcaster.go_on(run)
    await house.broadcaster.remind(run, 1)
    await house.worker.drain()
    assert set(house.sent.values()) == {1}


async def test_closing_a_recalled_run_leaves_it_and_its_cards_recalled(house: House) -> None:
    run = await house.sent_run(2)
    await _recall(house, run)
    closed = await house.broadcaster.close(run)
    await house.worker.drain()
    assert closed.state is RunState.RECALLED
    assert {what for _, what in house.put} == {"withdrawn sent"}


async def test_a_run_that_only_waits_for_an_approval_has_nothing_to_take_back(house: House, embedded: Store) -> None:
    run = await propose_run(embedded, SURVEY, "everyone", by=BY, now=house.clock.now(), people=3)
    with pytest.raises(RunIsOver, match="proposed"):
        await house.broadcaster.recall(run)
    assert await find_delivery(embedded, run.run, "away:0000") is None
