"""Rounds of bad luck: random faults of the channel for 2,000 people, a `kill -9` at a random moment, two services.

Two rounds run with the other tests; `CHAOS_ROUNDS=20 make chaos` runs more and prints the counts of each.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedback.people import Contact, Conversation, meet
from feedback.runs import DeliveryState
from feedback.survey_files import read_survey
from feedback.surveys import import_survey
from settings import CosmosAt
from simulator import Call, Fault, Person, Teams
from store.opening import open_store
from tests.chaos.processes import RUN_S, Place, Process, check_tallies, settings_for, when_over
from tests.cosmos_account import DATABASE, stand_in
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, PULSE, TROUBLES, is_survey

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "2"))
PEOPLE = 2000
FEWER = 300  # on the stand-in of Cosmos DB, which shares a process with the test
SHARE = 0.08  # of the requests go wrong

FAULTS: list[Fault] = [
    Fault(status=429, headers={"Retry-After": "1"}),
    Fault(status=429),
    Fault(status=403),
    Fault(status=404),
    Fault(status=412),
    Fault(status=413),
    Fault(status=500, delivered=True),
    Fault(status=500),
    Fault(status=502),
    Fault(status=503),
    Fault(status=504),
    Fault(drop="before"),
    Fault(drop="after", delivered=True),
]


def _bad_luck(chance: random.Random, reached: asyncio.Event, at: int) -> Callable[[Call], Fault | None]:
    """Return what goes wrong with a request; `reached` is set at the moment of the kill, after so many of them."""
    sent = Counter[str]()

    def respond(call: Call) -> Fault | None:
        if call.operation != "send" or not is_survey(call.body):
            return None
        sent[call.conversation] += 1
        if sent.total() >= at:
            reached.set()
        return chance.choice(FAULTS) if chance.random() < SHARE else None

    return respond


async def _crowd(teams: Teams, place: Place, size: int) -> list[Person]:
    """Write people who have all met the bot, and the survey, straight into the store."""
    people = [teams.person(f"Sample {number}", tenant=ELSEWHERE, has_bot=True) for number in range(size)]
    store = await open_store(place)
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
    await asyncio.gather(*(meet(store, contact, datetime.now(UTC)) for contact in contacts))
    await import_survey(store, read_survey(PULSE))
    await store.close()
    return people


@pytest.mark.parametrize("number", range(ROUNDS))
async def test_a_round_ends_with_everybody_accounted_for(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await _round(number, tmp_path, tmp_path / "hearback.db", PEOPLE, capsys)


@pytest.mark.parametrize("number", range(ROUNDS))
async def test_so_does_a_round_on_cosmos_with_troubles_of_its_own(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with stand_in() as account:
        place = CosmosAt(account.url, DATABASE, key=account.key, verifies_tls=False)
        account.troubles.by_chance(0.05, TROUBLES, seed=number, when=lambda call: call.kind == "docs")
        await _round(number, tmp_path, place, FEWER, capsys)
        assert account.counters().faults > 0


async def _round(number: int, folder: Path, place: Place, size: int, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(number)
    async with Teams(tenant=HOME, keep_transcript=100) as teams:
        people = await _crowd(teams, place, size)
        services = [Process(teams, folder, **settings_for(place)) for _ in range(1 + number % 2)]
        try:
            for one in services:
                await one.start()
            teams.bot_url = f"{services[0].url}/api/messages"
            admin = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
            await admin.install()
            reached = asyncio.Event()
            teams.respond = _bad_luck(chance, reached, chance.randrange(50, size - 200))
            await admin.say("send pulse to customers")
            await asyncio.wait_for(reached.wait(), RUN_S)
            await services[-1].kill()
            if len(services) == 1:
                await services[0].start()
            states = await when_over(place, "pulse-1", size)
        finally:
            for one in services:
                await one.stop()
    _check(people, states)
    await check_tallies(place, "pulse-1")
    with capsys.disabled():
        counts = {state.value: count for state, count in sorted(Counter(states.values()).items())}
        print(f"\n  round {number}, {len(services)} services: {counts}")  # noqa: T201 - what the round is for


def _check(people: list[Person], states: dict[str, DeliveryState]) -> None:
    """Nobody is lost, nobody got two cards, and whoever got none is known to have got none, or to be in doubt."""
    got = {f"{ELSEWHERE}:{one.who.object_id}": sum(map(is_survey, one.inbox)) for one in people}
    assert len(states) == len(people)
    assert max(got.values()) == 1, "somebody got two cards"
    assert {who for who, state in states.items() if state is DeliveryState.SENT and not got[who]} == set()
    assert {who for who, state in states.items() if state is DeliveryState.FAILED and got[who]} == set()
    known = {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCONFIRMED, DeliveryState.EXCLUDED}
    assert set(states.values()) <= known
