"""`kill -9` while chats are opened, and while the first cards leave: nobody gets two cards, nobody is lost."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedback.panels import import_panel
from feedback.people_files import Listed, PeopleFile
from feedback.runs import DeliveryState
from feedback.survey_files import read_survey
from feedback.surveys import import_survey
from simulator import Call, Person, Teams
from store.sqlite import open_sqlite
from tests.chaos.processes import RUN_S, Process, settings_for, when_over
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, PULSE, is_survey

pytestmark = pytest.mark.chaos

PEOPLE = 500
EVERY = 20  # of so many people, one has not got the app
NOT_SENT = {DeliveryState.FAILED, DeliveryState.EXCLUDED}


async def _strangers(teams: Teams, database: Path) -> list[Person]:
    """Write a panel of people who never wrote, and the survey, straight into the store."""
    people = [teams.person(f"Sample {n}", tenant=ELSEWHERE, has_bot=n % EVERY > 0) for n in range(PEOPLE)]
    store = await open_sqlite(database)
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


@pytest.mark.parametrize(("operation", "count"), [("create", 120), ("send", 120)])
async def test_killed_at_first_contact(operation: str, count: int, tmp_path: Path) -> None:
    database, calls = tmp_path / "hearback.db", Counter[str]()
    async with Teams(tenant=HOME) as teams:
        people = await _strangers(teams, database)
        process = Process(teams, tmp_path, **settings_for(database))
        teams.bot_url = f"{process.url}/api/messages"
        try:
            await process.start()
            admin = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
            await admin.install()
            reached = _when(teams, operation, count, calls)
            await admin.say("send pulse to panel insiders")
            await asyncio.wait_for(reached.wait(), RUN_S)
            await process.kill()
            cards = calls["send"]
            assert cards < PEOPLE * (EVERY - 1) // EVERY, "the kill came too late"
            await process.start()
            states = await when_over(database, "pulse-1", PEOPLE)
        finally:
            await process.stop()
    got = {f"{ELSEWHERE}:{one.who.object_id}": sum(map(is_survey, one.inbox)) for one in people}
    without = {f"{ELSEWHERE}:{one.who.object_id}" for one in people if not one.has_bot}
    assert max(got.values()) == 1, "somebody got two cards"
    assert {who for who, state in states.items() if state in NOT_SENT} == without
    assert {who for who, state in states.items() if state is DeliveryState.SENT and not got[who]} == set()
    assert set(states.values()) <= NOT_SENT | {DeliveryState.SENT, DeliveryState.UNCONFIRMED}
    if operation == "create":
        assert cards == 0
        assert DeliveryState.UNCONFIRMED not in states.values(), "no card was on its way"
