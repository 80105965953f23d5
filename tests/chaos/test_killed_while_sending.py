"""`kill -9` in the middle of a run: everybody is accounted for, and nobody is written to twice without being asked.

On both engines; on Cosmos DB's one request in twenty goes wrong besides.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from feedback.runs.runs import DeliveryState
from simulator import Call, Person, Teams
from tests.chaos.people import crowd, key_of, surveys_of
from tests.chaos.processes import (
    RUN_S,
    Place,
    Process,
    check_tallies,
    settings_for,
    states_of,
    tries_again,
    when_over,
)
from tests.e2e.conftest import ADMIN, HOME, is_survey

pytestmark = pytest.mark.chaos

PEOPLE = 500
FEWER = 240  # on the stand-in of Cosmos DB, which shares a process with the test
WHO_ANSWER = 40


@pytest.fixture
async def teams(place: Place) -> AsyncIterator[Teams]:
    async with Teams(tenant=HOME) as teams:
        teams.tries_again = tries_again(place)
        yield teams


@pytest.fixture
async def process(teams: Teams, place: Place, tmp_path: Path) -> AsyncIterator[Process]:
    process = Process(teams, tmp_path, **settings_for(place))
    teams.bot_url = f"{process.url}/api/messages"
    await process.start()
    yield process
    await process.stop()


@pytest.fixture
async def admin(teams: Teams, process: Process) -> Person:
    assert process.url in teams.bot_url
    person = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
    await person.install()
    return person


def _when_sent(teams: Teams, count: int) -> asyncio.Event:
    """Return an event that is set when so many surveys have arrived."""
    reached, seen = asyncio.Event(), 0

    def look(call: Call) -> None:
        nonlocal seen
        seen += call.operation == "send" and is_survey(call.body)
        if seen >= count:
            reached.set()

    teams.respond = look
    return reached


async def _check_resend_settles_every_doubt(
    admin: Person, place: Place, people: list[Person], states: Mapping[str, DeliveryState]
) -> None:
    """Only those in doubt have another card, and in the end nobody is in doubt.

    Where the store is in trouble too, somebody may be in doubt anew: then it is asked for again.
    """
    cards = Counter({key_of(one): 1 for one in people})
    for times in range(1 + admin.tries_again):
        doubtful = {who for who, state in states.items() if state is DeliveryState.UNCONFIRMED}
        if times and not doubtful:
            break
        cards.update(doubtful)
        await admin.say("resend pulse-1" + "." * times)  # the very same words so soon are taken for a repeat
        states = await when_over(place, "pulse-1", len(people))
    assert Counter(states.values()) == {DeliveryState.SENT: len(people)}
    assert all(1 <= surveys_of(one) <= cards[key_of(one)] for one in people)


async def test_killed_in_the_middle_of_a_run(teams: Teams, process: Process, place: Place, admin: Person) -> None:
    people = await crowd(teams, place, PEOPLE if isinstance(place, Path) else FEWER)
    reached = _when_sent(teams, len(people) // 3)
    await admin.say("send pulse to customers")
    await asyncio.wait_for(reached.wait(), RUN_S)
    await process.kill()
    assert sum(map(surveys_of, people)) < len(people), "the kill came too late"

    await process.start()
    states = await when_over(place, "pulse-1", len(people))
    assert set(states.values()) <= {DeliveryState.SENT, DeliveryState.UNCONFIRMED}
    assert max(map(surveys_of, people)) == 1, "somebody got two cards"
    without = {states[key_of(one)] for one in people if not surveys_of(one)}
    assert without <= {DeliveryState.UNCONFIRMED}, "somebody is lost"
    await _check_resend_settles_every_doubt(admin, place, people, states)
    await check_tallies(place, "pulse-1")


async def test_killed_while_people_answer(teams: Teams, process: Process, place: Place, admin: Person) -> None:
    """Whoever was thanked is in the store; whoever was not can answer again."""
    people = await crowd(teams, place, WHO_ANSWER)
    await admin.say("send pulse to customers")
    await asyncio.gather(*(person.received(is_survey, RUN_S) for person in people))
    thanked: set[str] = set()

    async def answer(person: Person, score: int) -> None:
        reply = await person.press("answer", {"q_nps": str(score)})
        if "Thank you" in str(reply.card):
            thanked.add(key_of(person))

    answering = [asyncio.create_task(answer(person, number % 11)) for number, person in enumerate(people)]
    await asyncio.wait(answering, return_when=asyncio.FIRST_COMPLETED)
    await process.kill()
    await asyncio.gather(*answering, return_exceptions=True)
    states = await states_of(place, "pulse-1")
    assert thanked
    assert {who for who in thanked if states[who] is not DeliveryState.ANSWERED} == set()

    await process.start()
    rest = [(number, one) for number, one in enumerate(people) if key_of(one) not in thanked]
    await asyncio.gather(*(answer(person, number % 11) for number, person in rest))
    states = await states_of(place, "pulse-1")
    assert Counter(states.values()) == {DeliveryState.ANSWERED: len(people)}
    await check_tallies(place, "pulse-1")
