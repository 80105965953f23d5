"""Azure Cosmos DB in trouble while people answer and write: they are told the truth, and nothing is doubled."""

import asyncio
import logging
import os
import time

import msgspec
import pytest

from settings import Settings
from simulator import Person, Teams, action_titles
from simulator.cosmos import (
    CosmosStandIn,
    hung,
    stale_session,
    too_large,
)
from tests.e2e.conftest import ADMIN, COSMOS, ELSEWHERE, HOME, PULSE, Service, is_survey
from tests.e2e.trouble import FOR_LONG, ONCE, delivery, is_thanks, is_write

pytestmark = COSMOS


@pytest.mark.parametrize("trouble", ONCE)
async def test_a_trouble_that_passes_is_not_noticed(
    asked: Person, service: Service, cosmos: CosmosStandIn, trouble: str
) -> None:
    cosmos.troubles.script(ONCE[trouble], when=lambda call: call.name == "item.patch")
    thanks = await asked.press("answer", {"q_nps": "9"})
    assert is_thanks(thanks.body)
    assert cosmos.troubles.waiting() == 0
    doc = await delivery(service, asked)
    assert (doc["state"], doc["revision"], doc["answers"]) == ("answered", 1, {"nps": 9})


@pytest.mark.parametrize("trouble", FOR_LONG)
async def test_who_is_not_thanked_may_try_again_and_is_kept_once(
    asked: Person, service: Service, cosmos: CosmosStandIn, trouble: str
) -> None:
    cosmos.troubles.respond = lambda call: FOR_LONG[trouble] if is_write(call) else None
    told = await asked.press("answer", {"q_nps": "9", "q_why": "It is fast."})
    assert "Not saved" in str(told.body)
    assert not is_thanks(told.body)
    assert "It is fast." in str(told.body), "what was entered is still there"
    cosmos.troubles.respond = None
    assert "answer" in {title.lower().split()[-1].rstrip("s") for title in action_titles(told.card)}
    thanks = await asked.press("answer", {"q_nps": "9", "q_why": "It is fast."})
    assert is_thanks(thanks.body)
    doc = await delivery(service, asked)
    assert (doc["state"], doc["revision"], doc["answers"]) == ("answered", 1, {"nps": 9, "why": "It is fast."})


async def test_who_meets_a_store_that_hangs_is_told_so_and_may_try_again(
    asked: Person, service: Service, cosmos: CosmosStandIn
) -> None:
    cosmos.troubles.respond = lambda call: hung() if is_write(call) else None
    began = time.monotonic()
    told = await asked.press("answer", {"q_nps": "9"})
    assert "Not saved" in str(told.body)
    assert time.monotonic() - began < 10, "Teams gives up after that"
    cosmos.troubles.respond = None
    assert is_thanks((await asked.press("answer", {"q_nps": "9"})).body)
    assert (await delivery(service, asked))["revision"] == 1


async def test_a_replica_that_lags_behind_is_asked_again_and_nobody_notices(
    asked: Person, service: Service, cosmos: CosmosStandIn
) -> None:
    survey = next(one for one in asked.inbox if is_survey(one))
    cosmos.troubles.script(stale_session(), when=lambda call: call.name == "item.read")
    await asked.say("help")
    assert cosmos.troubles.waiting() == 0, "it was met"
    assert is_thanks((await asked.press("answer", {"q_nps": "9"}, on=survey)).body)
    assert (await delivery(service, asked))["answers"] == {"nps": 9}


@pytest.mark.parametrize("says", ["answer", "note"])
async def test_who_sends_too_much_is_told_to_shorten_it_and_not_to_try_again(
    asked: Person, engineer: Person, cosmos: CosmosStandIn, says: str
) -> None:
    cosmos.troubles.respond = lambda call: too_large() if is_write(call) and call.container != "state" else None
    if says == "answer":
        told = await asked.press("answer", {"q_nps": "9", "q_why": "It is fast."})
        assert "It is fast." in str(told.body), "what was entered is still there"
    else:
        told = await engineer.say("note @contoso finds nothing")
    said = str(told.body) + str(told.activities)
    assert "too long to be kept" in said
    assert "try again" not in said
    cosmos.troubles.respond = None
    assert is_thanks((await asked.press("answer", {"q_nps": "9"})).body)


async def test_a_store_that_cannot_be_read_thanks_nobody(
    asked: Person, service: Service, cosmos: CosmosStandIn
) -> None:
    async with cosmos.outage():
        told = await asked.press("answer", {"q_nps": "9"})
        assert "Not saved" in str(told.body)
        await asked.say("help")
        assert "Not saved" in str(asked.inbox[-1])
    assert is_thanks((await asked.press("answer", {"q_nps": "9"})).body)
    assert (await delivery(service, asked))["revision"] == 1


PEOPLE = 200
OUTAGE_S = float(os.environ.get("OUTAGE_S", "0"))  # how long it lasts at least; otherwise until everybody has met it


async def test_an_outage_while_two_hundred_answer_loses_nothing_and_thanks_nobody_falsely(
    teams: Teams, settings: Settings, cosmos: CosmosStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)  # what is kept of the log, and of what people see, is the test's own memory
    service = Service(teams, msgspec.structs.replace(settings, approval_above=1000))
    await service.start()
    admin = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
    await admin.install()
    people = [teams.person(f"Sample Customer {n}", tenant=ELSEWHERE) for n in range(PEOPLE)]
    for start in range(0, PEOPLE, 50):
        await asyncio.gather(*(one.install() for one in people[start : start + 50]))
    await admin.say(f"survey import\n```\n{PULSE}```")
    await admin.say("send pulse to customers")
    await asyncio.gather(*(one.received(is_survey) for one in people))
    refused: set[str] = set()
    everybody_met_it = asyncio.Event()

    async def answer(number: int) -> bool:
        """Say whether the answer was thanked for."""
        told = await people[number].press("answer", {"q_nps": str(number % 11)})
        return is_thanks(told.body)

    async def insist(number: int) -> None:
        """Answer until thanked."""
        while not await answer(number):
            refused.add(people[number].name)
            people[number].view.history.clear()
            if len(refused) == PEOPLE:
                everybody_met_it.set()
            await asyncio.sleep(0.1)

    before = _memory_mb()
    async with cosmos.outage():
        answering = [asyncio.create_task(insist(number)) for number in range(PEOPLE)]
        await everybody_met_it.wait()
        met = _memory_mb()
        await asyncio.sleep(OUTAGE_S)
        assert not any(task.done() for task in answering), "nobody is thanked while nothing can be kept"
        grown = _memory_mb() - met
    await asyncio.gather(*answering)
    kept = [await delivery(service, one) for one in people]
    assert [(doc["state"], doc["answers"]) for doc in kept] == [("answered", {"nps": n % 11}) for n in range(PEOPLE)]
    assert {doc["revision"] for doc in kept} == {1}
    assert met - before < 100
    assert grown < 20, "however long it lasts"
    await service.stop()


def _memory_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - not a file of ours
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024
