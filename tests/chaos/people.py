"""People who have all met the bot, written straight into the store; and what they got."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from feedback.people.people import Contact, Conversation, find_people, meet
from feedback.surveys.survey_files import read_survey
from feedback.surveys.surveys import import_survey
from simulator import Person, Teams
from tests.chaos.processes import Place, open_beside
from tests.e2e.conftest import ELSEWHERE, PULSE, is_survey

TOGETHER = 50  # at once: to Cosmos DB, each takes a connection


def key_of(person: Person) -> str:
    return f"{person.who.tenant}:{person.who.object_id}"


def surveys_of(person: Person) -> int:
    """Return how many surveys a person got."""
    return sum(map(is_survey, person.inbox))


async def crowd(teams: Teams, place: Place, count: int) -> list[Person]:
    """Write so many customers and the survey into the store."""
    people = [teams.person(f"Sample {number}", tenant=ELSEWHERE, has_bot=True) for number in range(count)]
    store = await open_beside(place)
    for person in people:
        person.has_chat = True
    contacts = [
        Contact(
            ELSEWHERE,
            one.who.object_id,
            one.name,
            "en",
            Conversation(one.who.conversation, teams.service_url, one.who.user_id, f"28:{teams.app_id}"),
        )
        for one in people
    ]
    for start in range(0, len(contacts), TOGETHER):
        some = contacts[start : start + TOGETHER]
        await asyncio.gather(*(meet(store, contact, datetime.now(UTC)) for contact in some))
    await import_survey(store, read_survey(PULSE))
    await store.close()
    return people


async def unreachable(place: Place, keys: Sequence[str]) -> set[str]:
    """Return who of these is written to no more until they speak."""
    store = await open_beside(place)
    try:
        return {one.id for one in await find_people(store, keys) if one.unreachable}
    finally:
        await store.close()
