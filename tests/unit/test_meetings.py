"""People who press buttons are met together, a moment later."""

from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from bot.meetings import Meetings
from feedback.people.people import Contact, Conversation, find_person, mark_unreachable, meet
from store.contract import Page, Store, Unavailable, Where
from tests.conftest import Clock


def contact(number: int, **news: str) -> Contact:
    chat = Conversation(id=f"chat-{number}", service_url="https://sample", user_id=f"29:{number}", bot_id="28:bot")
    told: Mapping[str, str] = {"name": "Sample", "locale": "de-DE", **news}
    return Contact(tenant="t", object_id=str(number), conversation=chat, name=told["name"], locale=told["locale"])


class Asked:
    """The embedded store; it counts the questions, and can be away."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner
        self.queries = 0
        self.is_away = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def query(self, container: str, *, where: Sequence[Where], limit: int) -> Page:
        self.queries += 1
        if self.is_away:
            raise Unavailable
        return await self._inner.query(container, where=where, limit=limit)


@pytest.fixture
def asked(embedded: Store) -> Asked:
    return Asked(embedded)


@pytest.fixture
def meetings(asked: Asked, clock: Clock) -> Meetings:
    return Meetings(cast("Store", asked), clock.now)


async def test_five_hundred_people_are_looked_up_at_once(meetings: Meetings, asked: Asked, embedded: Store) -> None:
    for number in range(550):
        meetings.add(contact(number))
    await meetings.meet_waiting()
    assert asked.queries == 2
    found = await find_person(embedded, "t:549")
    assert found is not None
    assert found.conversation is not None
    assert (found.locale, found.conversation.id) == ("de-DE", "chat-549")


async def test_who_could_not_be_reached_can_be_again(meetings: Meetings, embedded: Store, clock: Clock) -> None:
    await meet(embedded, contact(1), clock.now())
    await mark_unreachable(embedded, "t:1", "the app was removed")
    meetings.add(contact(1, name="New Name"))
    await meetings.meet_waiting()
    found = await find_person(embedded, "t:1")
    assert found is not None
    assert (found.name, found.unreachable) == ("New Name", "")


async def test_a_store_that_is_away_costs_nothing_but_the_meeting(
    meetings: Meetings, asked: Asked, embedded: Store
) -> None:
    asked.is_away = True
    meetings.add(contact(1))
    await meetings.meet_waiting()
    asked.is_away = False
    meetings.add(contact(2))
    await meetings.meet_waiting()
    assert await find_person(embedded, "t:1") is None
    assert await find_person(embedded, "t:2") is not None


async def test_no_more_people_wait_than_there_is_room_for(embedded: Store, clock: Clock) -> None:
    meetings = Meetings(embedded, clock.now, room=3)
    for number in range(4):
        meetings.add(contact(number))
    await meetings.meet_waiting()
    assert await find_person(embedded, "t:3") is None
    assert await find_person(embedded, "t:2") is not None
