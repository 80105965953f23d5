"""A reply in a chat, when Teams asks to wait or takes nothing: the person sees it all the same, once."""

import asyncio

import aiohttp
import msgspec
import pytest

from broadcast.budget_share import BOOK, BudgetShare, Member
from settings import Settings
from simulator import Call, Fault, Person, Teams
from store.contract import Store
from store.opening import open_store
from tests.e2e.conftest import Service, is_survey


@pytest.mark.parametrize(
    "trouble",
    [
        Fault(status=429, headers={"Retry-After": "1"}),
        Fault(status=429),
        Fault(status=502),
        Fault(status=503),
        Fault(status=504),
        Fault(status=412),
    ],
    ids=str,
)
async def test_a_reply_that_teams_did_not_take_comes_a_little_later(customer: Person, trouble: Fault) -> None:
    before = len(customer.inbox)
    customer.run_into(trouble)
    exchange = await customer.say("help")
    assert exchange.status == 200
    assert len(exchange.activities) == 1
    assert len(customer.inbox) == before + 1


async def test_a_card_that_is_replaced_after_a_429_is_replaced_in_its_place(asked: Person) -> None:
    before = len(asked.inbox)
    asked.run_into(Fault(status=429, headers={"Retry-After": "1"}))
    await asked.submit("answer", {"q_nps": "9"})
    assert len(asked.inbox) == before
    assert not any(map(is_survey, asked.inbox))


async def test_a_wait_longer_than_a_turn_does_not_keep_teams_waiting(teams: Teams, customer: Person) -> None:
    calls: list[str] = []

    def refuse(call: Call) -> Fault:
        calls.append(call.operation)
        return Fault(status=429, headers={"Retry-After": "30"})

    teams.respond = refuse
    exchange = await customer.say("help")
    assert exchange.status == 200
    assert len(calls) == 1


async def test_what_may_have_arrived_is_not_said_twice(customer: Person) -> None:
    before = len(customer.inbox)
    customer.run_into(Fault(status=500, delivered=True))
    assert (await customer.say("help")).status == 200
    assert len(customer.inbox) == before + 1


async def test_the_answer_to_a_card_action_is_given_though_the_tenant_may_not_be_called(asked: Person) -> None:
    asked.run_into(Fault(status=429, headers={"Retry-After": "30"}))
    await asked.say("help")
    assert "Thank you" in str((await asked.press("answer", {"q_nps": "9"})).card)


async def test_one_alone_has_the_whole_budget_from_the_start_says_so_and_leaves_it_when_stopped(
    service: Service, settings: Settings
) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{service.url}/metrics") as answer:
        assert "\nhearback_budget_requests_per_second 10000.0\n" in await answer.text()
    assert await _sharing(service.store) == 1
    await service.stop()
    store = await open_store(settings.store)
    assert await _sharing(store) == 0
    await store.close()


async def test_the_first_share_is_there_before_anything_else_is_at_work(
    teams: Teams, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BudgetShare, "run", lambda _share: asyncio.Event().wait())
    service = Service(teams, settings)
    await service.start()
    async with aiohttp.ClientSession() as session, session.get(f"{service.url}/metrics") as answer:
        assert "\nhearback_budget_requests_per_second 10000.0\n" in await answer.text()
    await service.stop()


async def _sharing(store: Store) -> int:
    doc = await store.get("state", BOOK, BOOK)
    assert doc is not None
    return len(msgspec.convert(doc["members"], list[Member]))
