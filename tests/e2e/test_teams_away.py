"""Teams is away for everybody: the run waits instead of failing for all of them, says so, and goes on by itself."""

import asyncio
from datetime import datetime, timedelta

import msgspec
import pytest

from app import utc_now
from broadcast.slices import SLICE
from feedback.runs.runs import RunState, find_run
from settings import Settings
from simulator import Fault, Person, Teams, card_text
from simulator.connector import Call
from store.contract import Op, Where
from tests.e2e.conftest import ELSEWHERE, PULSE, Service, is_survey

PEOPLE = 60
LONG_S = 60.0
WAITS = "nobody’s card gets through"


class Later:
    """The time, and what was passed over."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def now(self) -> datetime:
        return utc_now() + timedelta(seconds=self.passed_s)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, approval_above=1000)


@pytest.fixture
def later(service: Service) -> Later:
    later = Later()
    service.clock = later.now
    return later


@pytest.fixture
async def people(service: Service) -> list[Person]:
    people = [service.teams.person(f"Sample Customer {number}", tenant=ELSEWHERE) for number in range(PEOPLE)]
    await asyncio.gather(*(person.install() for person in people))
    return people


async def _shows(admin: Person, words: str) -> None:
    """Wait until the status card says so."""
    async with asyncio.timeout(LONG_S):
        while words not in card_text((await admin.forge({"act": "status", "run": "pulse-1"})).card):
            pass


async def _all_let_go(service: Service) -> None:
    """Wait until nobody holds a slice any more: who still does would lose it as soon as time is passed over."""
    where = [Where("kind", Op.EQ, SLICE)]
    async with asyncio.timeout(LONG_S):
        while any(doc["until"] for doc in (await service.store.query("runs", partition="pulse-1", where=where)).docs):
            pass


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(drop="before")], ids=["500", "reset"])
async def test_a_run_waits_out_an_outage_and_reaches_the_others(
    fault: Fault, admin: Person, people: list[Person], service: Service, teams: Teams, later: Later
) -> None:
    tried: set[str] = set()

    def away(call: Call) -> Fault | None:
        if call.operation != "send" or call.person not in people or not is_survey(call.body):
            return None
        tried.add(call.person.who.object_id)
        return fault

    await admin.say(f"survey import {PULSE}")
    teams.respond = away
    await admin.say("send pulse to customers")
    await _shows(admin, WAITS)
    await _all_let_go(service)
    await admin.say("status pulse-1")
    said = card_text(admin.card())
    assert WAITS in said
    assert "goes on by itself" in said
    assert 20 <= len(tried) < PEOPLE

    before = len(tried)
    later.passed_s = 60
    await service.ticker.tick()
    assert len(tried) == before + 1, "one card is tried"
    assert (await find_run(service.store, "pulse-1")).is_in_outage

    await service.restart()
    teams.respond = None
    later.passed_s = 600
    await service.ticker.tick()
    await _shows(admin, "Sent, open for answers")
    got = [person for person in people if any(is_survey(message) for message in person.inbox)]
    assert {person.who.object_id for person in people} - {person.who.object_id for person in got} == tried
    await admin.say("status pulse-1")
    said = card_text(admin.card())
    assert f"For {len(tried)} people we did not hear whether the survey arrived" in said
    assert "Resend…" in str(admin.card())


async def test_an_admin_ends_a_run_that_waits(
    admin: Person, people: list[Person], service: Service, teams: Teams, later: Later
) -> None:
    assert later
    await admin.say(f"survey import {PULSE}")
    teams.respond = lambda call: Fault(status=500) if call.person in people else None
    await admin.say("send pulse to customers")
    await _shows(admin, WAITS)
    teams.respond = None
    await admin.say("cancel pulse-1")
    later.passed_s = 600
    await service.ticker.tick()
    assert (await find_run(service.store, "pulse-1")).state is RunState.CANCELLED
    assert not any(is_survey(message) for person in people for message in person.inbox)
