"""Cards that move by themselves: what is put, when it stops, and that the store is all that is remembered."""

import random

import pytest

from broadcast.editor import Editor
from broadcast.limiter import Limiter
from broadcast.messenger import Card, Rejected, SendError
from broadcast.objections import FRESH_S
from broadcast.sender import Message
from broadcast.standing import standing_of
from broadcast.watch import EVERY_S, FOR, MAX_FAILURES, Watcher
from feedback.people.people import Conversation, Person
from feedback.runs.approvals import propose_run
from feedback.runs.runs import DeliveryState, Run, RunState, find_run, move_run
from feedback.standing import Standing
from feedback.surveys.surveys import import_survey
from store.contract import Op, Store, Where
from tests.conftest import Clock
from tests.unit.test_worker import BY, SURVEY
from tests.unit.test_worker import House as Broadcasting

WHO = "away:0000"


class House(Broadcasting):
    """Broadcasting, watched by one person; it counts what takes the place of their card."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, clock)
        self.put: list[tuple[str, str]] = []  # activity id and what was put there
        self.errors: list[SendError] = []
        self.may_watch = True
        self.watcher = self.make_watcher()

    def make_watcher(self) -> Watcher:
        limiter = Limiter(1000, clock=self.clock.time, sleep=self.clock.sleep)
        editor = Editor(self.store, self, limiter, sleep=self.clock.sleep, chance=random.Random(1))

        def render(standing: Standing, person: Person, is_moving: bool) -> Message:  # noqa: FBT001 - as it is called
            assert person.id == WHO
            said = f"{standing.run.state.value} {standing.waiting} {'moves' if is_moving else 'stays'}"
            return Message({"text": said}, said)

        return Watcher(
            self.store,
            editor,
            stand=self.broadcaster.standing,
            render=render,
            may_watch=lambda _: self.may_watch,
            now=self.clock.now,
        )

    async def update_card(self, to: Conversation, activity_id: str, card: Card, summary: str) -> None:
        assert (to.id, card) == ("a:0", {"text": summary})
        if self.errors:
            raise self.errors.pop(0)
        self.put.append((activity_id, summary))

    async def watches(self) -> int:
        return len((await self.store.query("state", where=[Where("kind", Op.EQ, "watch")])).docs)

    async def look(self, *, times: int = 1) -> None:
        for _ in range(times):
            self.clock.pass_s(EVERY_S)
            await self.watcher.tick()

    async def begun(self, people: int = 5) -> Run:
        await self.populate(people)
        run = await self.broadcaster.start(SURVEY, "everyone", by=BY)
        await self.watcher.begin(run.run, WHO, "card-1")
        return run


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


async def test_a_card_moves_when_something_has_changed_and_stops_when_the_run_is_over(house: House) -> None:
    await house.begun()
    await house.look(times=3)
    assert house.put == [("card-1", "sending 5 moves")], "what looks the same is not put again"
    await house.worker.drain()
    await house.look(times=3)
    assert house.put[1:] == [("card-1", "sent 0 stays")]
    assert await house.watches() == 0


async def test_a_restart_goes_on_with_what_was_watched(house: House) -> None:
    await house.begun()
    await house.look()
    house.watcher = house.make_watcher()
    await house.worker.drain()
    await house.look()
    assert house.put[-1] == ("card-1", "sent 0 stays")


async def test_two_instances_do_not_move_a_card_twice(house: House) -> None:
    await house.begun()
    other = house.make_watcher()
    house.clock.pass_s(EVERY_S)
    await house.watcher.tick()
    await other.tick()
    assert len(house.put) == 1


async def test_only_the_newest_card_of_a_person_moves(house: House) -> None:
    run = await house.begun()
    await house.look()
    await house.watcher.begin(run.run, WHO, "card-2")
    await house.look(times=2)
    assert [card for card, _ in house.put] == ["card-1", "card-2"]
    assert await house.watches() == 1


async def test_a_card_that_its_person_uses_for_something_else_is_left_alone(house: House) -> None:
    run = await house.begun()
    await house.watcher.end(run.run, WHO)
    await house.watcher.end(run.run, WHO)
    await house.look(times=2)
    assert not house.put


async def test_watching_ends_after_a_while_with_a_card_that_says_so(house: House) -> None:
    run = await house.begun()
    await house.broadcaster.hold(run)
    await house.look()
    house.clock.pass_s(FOR.total_seconds())
    await house.look(times=2)
    assert house.put == [("card-1", "held 5 moves"), ("card-1", "held 5 stays")]
    assert await house.watches() == 0


async def test_what_is_watched_ends_by_itself_when_nobody_is_there_to_look(house: House) -> None:
    await house.begun()
    house.clock.pass_s(FOR.total_seconds() + 61)
    assert await house.watches() == 0


async def test_a_move_that_fails_is_tried_again_and_given_up_after_some(house: House) -> None:
    await house.begun()
    house.errors = [Rejected("400")]
    await house.look(times=2)
    assert house.put == [("card-1", "sending 5 moves")]
    await house.worker.drain()
    house.errors = [Rejected("404")] * (MAX_FAILURES + 1)
    await house.look(times=MAX_FAILURES + 2)
    assert len(house.put) == 1
    assert len(house.errors) == 1, "nothing was tried after it was given up"
    assert await house.watches() == 0


async def test_somebody_who_is_no_admin_any_more_sees_nothing_new(house: House) -> None:
    await house.begun()
    house.may_watch = False
    await house.look(times=2)
    assert not house.put
    assert await house.watches() == 0


async def test_a_proposed_run_is_shown_once_it_is_approved(house: House) -> None:
    await house.populate(3)
    await import_survey(house.store, SURVEY)
    run = await propose_run(house.store, SURVEY, "everyone", by=WHO, now=house.clock.now(), people=3)
    await house.watcher.begin(run.run, WHO, "card-1")
    await house.look(times=2)
    assert not house.put, "the card that asks for the approval stays"
    await house.broadcaster.approve(run.run, by=BY)
    await house.look()
    assert house.put == [("card-1", "sending 3 moves")]


async def test_the_watch_of_a_run_that_is_gone_ends(house: House) -> None:
    await house.populate(1)
    await house.watcher.begin("gone-1", WHO, "card-1")
    await house.look()
    assert await house.watches() == 0


async def test_the_rate_and_the_end_follow_from_what_is_stored(house: House) -> None:
    await house.populate(90)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    house.clock.pass_s(10)
    send, holds = house.send_card, iter([house.broadcaster.hold])

    async def hold_at_the_first(to: Conversation, card: Card, summary: str) -> str:
        for hold in holds:
            await hold(run)
            house.clock.pass_s(FRESH_S + 1)
        return await send(to, card, summary)

    house.send_card = hold_at_the_first  # type: ignore[method-assign]
    await house.worker.drain()
    await house.broadcaster.go_on(run)
    began = house.clock.now()
    found = await standing_of(house.store, house.queue, await find_run(house.store, run.run), began)
    sent = found.progress.by_state[DeliveryState.SENT]
    elapsed = (began - run.created_at).total_seconds()
    assert found.waiting == 90 - sent > 0
    assert found.per_second == pytest.approx(sent / elapsed)
    assert found.finishes_at is not None
    assert (found.finishes_at - began).total_seconds() == pytest.approx(found.waiting / found.per_second)
    house.clock.pass_s(60)
    later = await standing_of(house.store, house.queue, await find_run(house.store, run.run), house.clock.now())
    assert later.per_second == 0, "nobody was written to of late"
    assert later.finishes_at is None


async def test_pieces_set_aside_are_part_of_where_a_run_stands(house: House) -> None:
    await house.populate(2)
    run = await house.broadcaster.start(SURVEY, "everyone", by=BY)
    lease = await house.queue.take()
    assert lease is not None
    await house.queue.set_aside(lease, "it fails every time")
    found = await house.broadcaster.standing(await find_run(house.store, run.run))
    assert [one.reason for one in found.aside] == ["it fails every time"]
    assert not found.is_over


@pytest.mark.parametrize("state", [RunState.SENT, RunState.CLOSED, RunState.CANCELLED])
async def test_a_run_is_over_when_nothing_more_changes_by_itself(state: RunState, house: House) -> None:
    run = await house.begun(1)
    await house.worker.drain()
    await move_run(house.store, run, state, leaving=frozenset(RunState))
    assert (await house.broadcaster.standing(await find_run(house.store, run.run))).is_over
