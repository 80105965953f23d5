"""Azure Cosmos DB in trouble while an admin sends: there is one run, and everybody has one card."""

import pytest

from feedback.runs.runs import latest_runs
from simulator import Person
from simulator.cosmos import Call, CosmosStandIn, reset_after, unavailable
from tests.e2e.conftest import COSMOS, PULSE, Service, is_survey

pytestmark = COSMOS

SEND = "send pulse to customers"
IN_DOUBT = {"503": unavailable(), "reset after": reset_after()}


@pytest.fixture
async def sender(admin: Person, customer: Person) -> Person:
    """An admin with a survey and a customer to send it to."""
    assert customer.has_bot
    await admin.say(f"survey import\n```\n{PULSE}```")
    return admin


async def names(service: Service) -> list[str]:
    return [run.run for run in await latest_runs(service.store)]


def _is_planning(call: Call) -> bool:
    return call.name in {"items.batch", "item.create"} and b"delivery" in call.body and call.container == "runs"


@pytest.mark.parametrize("trouble", IN_DOUBT)
async def test_a_run_that_could_not_be_planned_goes_on_by_itself(
    sender: Person, customer: Person, service: Service, cosmos: CosmosStandIn, trouble: str
) -> None:
    cosmos.troubles.respond = lambda call: IN_DOUBT[trouble] if _is_planning(call) else None
    said = await sender.say(SEND)
    assert "Not saved" not in str(said.activities)
    assert "pulse-1" in str(said.activities)
    assert cosmos.counters().faults > 0
    cosmos.troubles.respond = None
    service.ticker.wake()
    await customer.received(is_survey)
    assert await names(service) == ["pulse-1"]
    assert sum(map(is_survey, customer.inbox)) == 1


async def test_whoever_cannot_be_shown_the_run_is_told_that_it_is_there(
    sender: Person, customer: Person, service: Service, cosmos: CosmosStandIn
) -> None:
    cosmos.troubles.respond = lambda call: unavailable() if call.container == "audit" else None
    said = await sender.say(SEND)
    assert said.texts == ["pulse-1 is written down. `status pulse-1` shows where it stands."]
    await customer.received(is_survey)
    assert await names(service) == ["pulse-1"]


@pytest.mark.parametrize("trouble", IN_DOUBT)
async def test_whoever_is_told_to_try_again_before_anything_is_written_down_starts_one_run(
    sender: Person, customer: Person, service: Service, cosmos: CosmosStandIn, trouble: str
) -> None:
    cosmos.troubles.respond = lambda call: (
        IN_DOUBT[trouble] if (call.name, call.container) == ("item.create", "runs") else None
    )
    assert "Not saved" in str((await sender.say(SEND)).activities)
    cosmos.troubles.respond = None
    await sender.say(SEND + ".")
    await customer.received(is_survey)
    assert await names(service) == ["pulse-1"]
