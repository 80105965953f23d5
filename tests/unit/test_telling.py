"""Being told when a run has so many answers: once, by whoever comes first, over restarts, or that it ended before."""

import pytest

from broadcast.outbox import written
from broadcast.sender import GAVE_UP, Message, Objection
from broadcast.telling import DELAYS_S, Come, Teller
from feedback.errors import Refusal
from feedback.people.people import Contact, Conversation, Person, meet
from feedback.results.tallier import Tallier
from feedback.results.tally_tree import find_tally
from feedback.runs.deliveries import Outcome
from feedback.runs.runs import RUN_DOC, DeliveryState, RunState, find_run
from feedback.wishes import (
    BOOK,
    NeverThatMany,
    NoNumber,
    OverAlready,
    ThereAlready,
    find_wish,
    forget_wish,
    keep_wish,
    number_in,
)
from store.contract import Patch, Store, Unavailable
from tests.conftest import Clock
from tests.dashboard.house import furnish

HOME = "00000000-0000-0000-0000-0000000000001"
WHO = f"{HOME}:waits"


class House:
    """A run with no answers yet, people who wait for some, and a channel that does as it is told."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.told: list[tuple[str, str]] = []  # person and what they were told
        self.state, self.reason = DeliveryState.SENT, ""
        self.is_engineer = True
        self.dies = False
        self.teller = self.make_teller()

    def make_teller(self) -> Teller:
        tallier = Tallier(self.store, self.clock.now, name="sample")
        return Teller(self.store, self, tallier, render=said, may_read=lambda _: self.is_engineer, now=self.clock.now)

    async def send(self, person: Person, message: Message, objection: Objection) -> Outcome:
        assert await objection() is None
        if self.dies:
            raise SystemError
        self.told.append((person.id, message.summary))
        return Outcome(person.id, self.state, self.clock.now(), self.reason)

    async def wait_for(self, words: str, *, who: str = WHO) -> None:
        run = await find_run(self.store, "pulse-1")
        cell = (await find_tally(self.store, "pulse-1")).everybody
        await keep_wish(self.store, run, who, words, cell, at=written(self.clock.now()))

    async def answered(self, people: int = 200) -> int:
        """Let people answer, and count them."""
        await furnish(self.store, people, first=1000)
        await Tallier(self.store, self.clock.now, name="sample").catch_up("pulse-1")
        return (await find_tally(self.store, "pulse-1")).everybody.answered

    async def move(self, state: RunState) -> None:
        await self.store.patch("runs", "pulse-1", Patch(RUN_DOC, set={"state": state.value}))

    async def kept(self) -> int:
        return len((await self.store.query("ledger", partition=BOOK)).docs)


def said(come: Come) -> Message:
    words = f"{come.run.run} {'reached' if come.answered >= come.wish.answers else 'ended before'} {come.wish.answers}"
    return Message({"answered": come.answered}, words)


@pytest.fixture
async def house(embedded: Store, clock: Clock) -> House:
    await furnish(embedded, 0)
    await embedded.patch("runs", "pulse-1", Patch(RUN_DOC, set={"people": 1000}))
    for object_id in ("waits", "too"):
        chat = Conversation(f"a:{object_id}", "https://smba.example/", f"29:{object_id}", "28:b")
        await meet(embedded, Contact(HOME, object_id, "Sample Engineer", "en", chat), clock.now())
    return House(embedded, clock)


async def test_it_is_told_once_when_the_number_is_reached(house: House) -> None:
    await house.wait_for("50")
    await house.teller.tick()
    assert house.told == []
    assert await house.answered() >= 50
    for _ in range(3):
        await house.teller.tick()
        house.clock.pass_s(100_000)
    assert house.told == [(WHO, "pulse-1 reached 50")]
    assert await house.kept() == 0


async def test_a_number_that_is_not_reached_is_not_told(house: House) -> None:
    await house.wait_for("500")
    assert await house.answered() < 500
    await house.teller.tick()
    assert house.told == []
    assert await house.kept() == 1


@pytest.mark.parametrize("state", [RunState.CLOSED, RunState.RECALLED])
async def test_a_run_that_is_over_before_is_told_too_with_its_last_answers_counted(
    house: House, state: RunState
) -> None:
    await house.wait_for("500")
    await furnish(house.store, 200, first=1000)  # nobody has counted these
    await house.move(state)
    await house.teller.tick()
    await house.teller.tick()
    assert house.told == [(WHO, "pulse-1 ended before 500")]
    assert (await find_tally(house.store, "pulse-1")).everybody.answered > 50


async def test_a_run_that_is_on_hold_is_waited_for(house: House) -> None:
    await house.wait_for("500")
    await house.move(RunState.HELD)
    await house.teller.tick()
    assert (house.told, await house.kept()) == ([], 1)


async def test_another_number_takes_the_place_of_the_first(house: House) -> None:
    await house.wait_for("20")
    await house.wait_for("50")
    await house.answered()
    await house.teller.tick()
    assert house.told == [(WHO, "pulse-1 reached 50")]


async def test_everybody_who_waits_is_told(house: House) -> None:
    await house.wait_for("20")
    await house.wait_for("50", who=f"{HOME}:too")
    await house.answered()
    await house.teller.tick()
    assert sorted(house.told) == [(f"{HOME}:too", "pulse-1 reached 50"), (WHO, "pulse-1 reached 20")]


async def test_a_restart_forgets_nobody_and_tells_nothing_twice(house: House) -> None:
    await house.wait_for("50")
    house.teller = house.make_teller()
    await house.answered()
    await house.teller.tick()
    house.teller = house.make_teller()
    await house.teller.tick()
    assert len(house.told) == 1


async def test_two_instances_tell_it_once(house: House) -> None:
    await house.wait_for("50")
    await house.answered()
    one, other = house.make_teller(), house.make_teller()
    await one._notice()  # noqa: SLF001 - both have seen it before either tells it
    await other._notice()  # noqa: SLF001
    await one.tick()
    await other.tick()
    assert len(house.told) == 1


async def test_who_died_while_telling_is_followed_by_another_later(house: House) -> None:
    await house.wait_for("50")
    await house.answered()
    house.dies = True
    with pytest.raises(SystemError):
        await house.make_teller().tick()
    house.dies = False
    other = house.make_teller()
    await other.tick()
    assert house.told == [], "the other may still be at it"
    house.clock.pass_s(DELAYS_S[0])
    await other.tick()
    assert len(house.told) == 1


async def test_a_message_in_doubt_is_not_sent_again(house: House) -> None:
    house.state, house.reason = DeliveryState.UNCONFIRMED, "the connection broke"
    await house.wait_for("50")
    await house.answered()
    await house.teller.tick()
    house.clock.pass_s(10**6)
    await house.teller.tick()
    assert len(house.told) == 1
    assert await house.kept() == 0


async def test_what_was_not_delivered_is_tried_again_later_and_given_up_in_the_end(house: House) -> None:
    house.state, house.reason = DeliveryState.FAILED, f"{GAVE_UP}503"
    await house.wait_for("50")
    await house.answered()
    for delay in (*DELAYS_S, 10**6, 10**6):
        await house.teller.tick()
        await house.teller.tick()
        house.clock.pass_s(delay)
    assert len(house.told) == len(DELAYS_S) + 1
    assert await house.kept() == 0


async def test_who_cannot_be_reached_is_not_tried_again(house: House) -> None:
    house.state, house.reason = DeliveryState.FAILED, "unreachable: 403"
    await house.wait_for("50")
    await house.answered()
    await house.teller.tick()
    house.clock.pass_s(10**6)
    await house.teller.tick()
    assert len(house.told) == 1


async def test_who_may_no_longer_read_results_is_told_nothing(house: House) -> None:
    await house.wait_for("50")
    await house.answered()
    house.is_engineer = False
    await house.teller.tick()
    assert (house.told, await house.kept()) == ([], 0)


async def test_a_store_that_fails_before_anything_was_sent_delays_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.wait_for("50")
    await house.answered()

    async def fails(*_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as broken:
        broken.setattr("broadcast.telling.find_person", fails)
        with pytest.raises(Unavailable):
            await house.teller.tick()
    await house.teller.tick()
    assert len(house.told) == 1


async def test_a_wish_can_be_taken_back(house: House) -> None:
    await house.wait_for("50")
    assert await find_wish(house.store, "pulse-1", WHO) is not None
    await forget_wish(house.store, "pulse-1", WHO)
    await forget_wish(house.store, "pulse-1", WHO)
    await house.answered()
    await house.teller.tick()
    assert house.told == []


async def test_a_wish_about_a_run_that_is_gone_is_forgotten(house: House) -> None:
    await house.wait_for("50")
    await house.store.delete("runs", "pulse-1", RUN_DOC)
    await house.teller.tick()
    assert (house.told, await house.kept()) == ([], 0)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ("", NoNumber),
        ("many", NoNumber),
        ("0", NoNumber),
        ("-5", NoNumber),
        ("1.5", NoNumber),
        ("9" * 30, NoNumber),
        ("1001", NeverThatMany),
    ],
)
async def test_what_cannot_be_waited_for_is_refused(house: House, words: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        await house.wait_for(words)
    assert await house.kept() == 0


async def test_what_is_there_already_or_will_never_be_is_refused(house: House) -> None:
    answered = await house.answered()
    with pytest.raises(ThereAlready, match=f"{answered} answers already"):
        await house.wait_for(str(answered))
    await house.move(RunState.CLOSED)
    with pytest.raises(OverAlready, match=f"{answered} answers"):
        await house.wait_for("900")


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("100", 100),
        (" 100. ", 100),
        ("1,000", 1000),
        ("1.000", 1000),
        ("1 000", 1000),
        ("12'500", 12500),
        ("1,5", None),
    ],
)
def test_numbers_are_read_as_people_write_them(words: str, number: int | None) -> None:
    assert number_in(words) == number
