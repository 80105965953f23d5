"""Where chats with people who never wrote are opened, and what is kept of them."""

import random

import msgspec
import pytest

from broadcast.messenger import Rejected
from broadcast.opening import LOOK_AT, NO_ADDRESS, REMEMBER_S, Opener
from feedback.people.people import (
    Contact,
    Conversation,
    Person,
    find_person,
    keep_conversation,
    mark_unopened,
    meet,
)
from feedback.runs.runs import DeliveryState
from store.contract import Store
from tests.conftest import Clock
from tests.unit.opening_house import BY, DEFAULT, SURVEY, House


@pytest.fixture
def house(embedded: Store, clock: Clock) -> House:
    return House(embedded, clock)


async def test_chats_are_opened_where_their_tenant_was_heard_from(house: House) -> None:
    await house.panel(3)
    await house.speak("0002")
    run = await house.broadcaster.start(SURVEY, "panel insiders", by=BY)
    await house.worker.drain()
    assert await house.states(run) == {DeliveryState.SENT: 3}
    assert house.teams.addresses == {"https://smba.example/heard/"}


async def test_of_a_tenant_nobody_was_heard_from_chats_are_opened_where_the_settings_say(house: House) -> None:
    await house.start(LOOK_AT + 1)
    await house.worker.drain()
    assert house.teams.addresses == {DEFAULT}


async def test_an_address_that_is_not_allowed_is_never_used(house: House) -> None:
    chat = Conversation("a:1", "https://elsewhere.example/", "29:1", "28:b")
    await meet(house.store, Contact("away", "1", "Sample", "en", chat), house.clock.now())
    assert await house.addresses().of("away") == DEFAULT
    with pytest.raises(Rejected, match=NO_ADDRESS):
        await house.addresses("https://elsewhere.example/").of("away")


async def test_without_an_address_nobody_is_marked_as_unreachable(embedded: Store, clock: Clock) -> None:
    house = House(embedded, clock)
    opener = Opener(
        embedded, house.teams, house.limiter, house.addresses(""), sleep=clock.sleep, chance=random.Random(1)
    )
    await house.panel(1)
    person = await find_person(embedded, "away:0000")
    assert person is not None
    with pytest.raises(Rejected, match=NO_ADDRESS):
        await opener.open(person, _no_objection)
    assert await find_person(embedded, "away:0000") == person
    assert not house.limiter.calls


async def test_a_tenants_address_is_looked_up_once_in_a_while(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses, looked = house.addresses(""), 0

    async def look(*_: object) -> list[Person]:
        nonlocal looked
        looked += 1
        return []

    monkeypatch.setattr("broadcast.opening.neighbours", look)
    for _ in range(5):
        with pytest.raises(Rejected):
            await addresses.of("away")
    assert looked == 1
    house.clock.pass_s(REMEMBER_S)
    with pytest.raises(Rejected):
        await addresses.of("away")
    assert looked == 2


async def test_what_is_kept_of_an_opened_chat_follows_what_the_person_says_later(house: House) -> None:
    await house.panel(1)
    opened = Conversation("a:away:0000", DEFAULT, "0000", "28:b")
    kept = await keep_conversation(house.store, "away:0000", opened)
    assert kept is not None
    assert kept.conversation == opened
    said = await house.speak("0000")
    assert said.conversation is not None
    assert said.conversation.user_id == "29:0000"
    again = await keep_conversation(house.store, "away:0000", opened)
    assert again is not None
    assert again.conversation == said.conversation


async def test_nothing_is_kept_about_somebody_who_is_no_longer_known(house: House) -> None:
    assert await keep_conversation(house.store, "away:gone", Conversation("a", DEFAULT, "u", "b")) is None
    assert await mark_unopened(house.store, "away:gone", "403") is None
    assert msgspec.to_builtins(await find_person(house.store, "away:gone")) is None


async def _no_objection() -> bool:
    return False
