"""`kill -9` while chats are opened, and while the first cards leave: nobody gets two cards, nobody is lost.

On both engines; on Cosmos DB's one request in twenty goes wrong besides.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedback.people.panels import import_panel
from feedback.people.people_files import Listed, PeopleFile
from feedback.runs.runs import DeliveryState
from feedback.surveys.survey_files import read_survey
from feedback.surveys.surveys import import_survey
from simulator import Call, Person, Teams
from tests.chaos.people import key_of, surveys_of
from tests.chaos.processes import RUN_S, Place, Process, open_beside, settings_for, tries_again, when_over
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, PULSE

pytestmark = pytest.mark.chaos

PEOPLE = 500
FEWER = 150  # on the stand-in of Cosmos DB, which shares a process with the test
KILL_AT = 4  # after the requests about one in so many
EVERY = 20  # of so many people, one has not got the app
NOT_SENT = {DeliveryState.FAILED, DeliveryState.EXCLUDED}


async def _strangers(teams: Teams, place: Place) -> list[Person]:
    """Write a panel of people who never wrote, and the survey, straight into the store."""
    size = PEOPLE if isinstance(place, Path) else FEWER
    people = [teams.person(f"Sample {n}", tenant=ELSEWHERE, has_bot=n % EVERY > 0) for n in range(size)]
    store = await open_beside(place)
    file = PeopleFile(tuple(Listed(ELSEWHERE, one.who.object_id) for one in people))
    await import_panel(store, "insiders", file, by=f"{HOME}:{ADMIN}", now=datetime.now(UTC))
    await import_survey(store, read_survey(PULSE))
    await store.close()
    return people


def _when(teams: Teams, operation: str, count: int, calls: Counter[str]) -> asyncio.Event:
    """Count requests by kind, and return an event that is set when there were so many of one."""
    reached = asyncio.Event()

    def look(call: Call) -> None:
        if call.person is not None and call.person.who.tenant == ELSEWHERE:
            calls[call.operation] += 1
            if calls[operation] >= count:
                reached.set()

    teams.respond = look
    return reached


@pytest.mark.parametrize("operation", ["create", "send"])
async def test_killed_at_first_contact(operation: str, place: Place, tmp_path: Path) -> None:
    calls = Counter[str]()
    async with Teams(tenant=HOME) as teams:
        teams.tries_again = tries_again(place)
        people = await _strangers(teams, place)
        process = Process(teams, tmp_path, **settings_for(place))
        teams.bot_url = f"{process.url}/api/messages"
        try:
            await process.start()
            admin = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
            await admin.install()
            reached = _when(teams, operation, len(people) // KILL_AT, calls)
            await admin.say("send pulse to panel insiders")
            await asyncio.wait_for(reached.wait(), RUN_S)
            await process.kill()
            cards = calls["send"]
            assert cards < len(people) * (EVERY - 1) // EVERY, "the kill came too late"
            await process.start()
            states = await when_over(place, "pulse-1", len(people))
        finally:
            await process.stop()
    got = {key_of(one): surveys_of(one) for one in people}
    without = {key_of(one) for one in people if not one.has_bot}
    assert max(got.values()) == 1, "somebody got two cards"
    assert {who for who, state in states.items() if state in NOT_SENT} == without
    assert {who for who, state in states.items() if state is DeliveryState.SENT and not got[who]} == set()
    assert set(states.values()) <= NOT_SENT | {DeliveryState.SENT, DeliveryState.UNCONFIRMED}
    if operation == "create":
        assert cards == 0
        if isinstance(place, Path):  # elsewhere the record of a card may be in doubt by itself
            assert DeliveryState.UNCONFIRMED not in states.values(), "no card was on its way"
