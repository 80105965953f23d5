"""A service that starts, or is started again, while its store is away or incomplete: it says so, and then serves."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from simulator import Json, Person, card_text
from simulator.cosmos import Call, CosmosStandIn, forbidden, unavailable
from simulator.payload import mapping
from store.containers import CONTAINERS
from store.cosmos_setup import set_up
from tests.cosmos_account import DATABASE, account_of
from tests.e2e.conftest import COSMOS, ELSEWHERE, PULSE, Service, is_survey

pytestmark = COSMOS

SOON_S = 60.0
AWAY = "does not answer"
MESSAGE = "application/vnd.microsoft.activity.message"


@pytest.fixture(autouse=True)
def asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadcast.at_work.PAUSE_S", 0.1)


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def is_handed_out(call: Call) -> bool:
    """Say whether a request takes work from the queue."""
    return call.name == "item.patch" and call.container == "state"


async def probe(browser: aiohttp.ClientSession, service: Service, path: str = "readyz") -> tuple[int, Json]:
    async with browser.get(f"{service.url}/{path}") as answer:
        return answer.status, await answer.json()


async def until_it_answers(browser: aiohttp.ClientSession, service: Service) -> None:
    async with asyncio.timeout(SOON_S):
        while True:
            _, parts = await probe(browser, service)
            if parts["store"] == "ok":
                return
            await asyncio.sleep(0.05)


async def test_a_restart_in_an_outage_says_what_it_waits_for_and_serves_when_the_store_is_back(
    asked: Person,
    service: Service,
    cosmos: CosmosStandIn,
    browser: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with cosmos.outage():
        await service.restart()
        assert await probe(browser, service, "healthz") == (200, {"status": "alive"})
        status, parts = await probe(browser, service)
        assert (status, parts["store"]) == (503, AWAY)
        told = await asked.press("answer", {"q_nps": "9", "q_why": "It is fast."})
        assert "Not saved" in str(told.body)
        assert mapping(told.body)["type"] == MESSAGE, "the card stays as it is, with what was entered"
        assert "not ready, waiting for the store: the database does not answer" in caplog.text
    await until_it_answers(browser, service)
    thanks = await asked.press("answer", {"q_nps": "9", "q_why": "It is fast."})
    assert "Thank you" in str(thanks.body)
    doc = await service.store.get("runs", "pulse-1", f"{ELSEWHERE}:{asked.who.object_id}")
    assert doc is not None
    assert (doc["revision"], doc["answers"]) == (1, {"nps": 9, "why": "It is fast."})


async def test_a_run_that_an_outage_and_a_restart_came_into_is_finished_after_them(
    admin: Person, customer: Person, service: Service, cosmos: CosmosStandIn
) -> None:
    await admin.say(f"survey import\n```\n{PULSE}```")
    cosmos.troubles.respond = lambda call: unavailable() if is_handed_out(call) else None
    await admin.say("send pulse to customers")
    async with cosmos.outage():
        await service.restart()
    assert not any(map(is_survey, customer.inbox)), "nothing was sent before"
    cosmos.troubles.respond = None
    await customer.received(is_survey, SOON_S)
    assert sum(map(is_survey, customer.inbox)) == 1


async def test_a_start_without_its_containers_names_them_and_goes_on_when_they_are_made(
    engineer: Person,
    service: Service,
    cosmos: CosmosStandIn,
    browser: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await service.stop()
    cosmos.holdings.database(DATABASE).containers.clear()
    await service.start()
    missing = f"lacks the containers {', '.join(CONTAINERS)}: the deployment makes them"
    status, parts = await probe(browser, service)
    assert (status, parts["store"]) == (503, missing)
    assert f"not ready, waiting for the store: {missing}" in caplog.text
    await set_up(account_of(cosmos))
    await until_it_answers(browser, service)
    await engineer.say("note @contoso finds nothing")
    assert "Not saved" not in card_text(engineer.card())


async def test_a_start_with_a_key_that_does_not_fit_says_so(
    engineer: Person,
    service: Service,
    cosmos: CosmosStandIn,
    browser: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await service.stop()
    cosmos.troubles.respond = lambda _: forbidden()
    await service.start()
    status, parts = await probe(browser, service)
    assert (status, parts["store"]) == (503, "the database does not let Hearback in: 403/0")
    assert "not ready, waiting for the store: the database does not let Hearback in" in caplog.text
    await engineer.say("note @contoso finds nothing")
    assert "Not saved" in str(engineer.inbox[-1])
    assert "Traceback" not in caplog.text, "what the account says may quote a document"
    cosmos.troubles.respond = None
    await until_it_answers(browser, service)
    await engineer.say("note @contoso finds nothing at all")
    assert "Not saved" not in card_text(engineer.card())


async def test_a_container_that_vanishes_while_it_serves_is_named_until_it_is_back(
    engineer: Person, service: Service, cosmos: CosmosStandIn, browser: aiohttp.ClientSession
) -> None:
    await until_it_answers(browser, service)
    del cosmos.holdings.database(DATABASE).containers["ledger"]
    status, parts = await probe(browser, service)
    assert (status, parts["store"]) == (503, "lacks the containers ledger: the deployment makes them")
    await engineer.say("note @contoso finds nothing")
    assert "Not saved" in card_text(engineer.card())
    await set_up(account_of(cosmos))
    await until_it_answers(browser, service)
    await engineer.say("note @contoso finds nothing at all")
    assert "Not saved" not in card_text(engineer.card())
