"""Where Cosmos DB sets limits: documents over 2 MB, and batches of more than 100 changes. Here nothing is pretended."""

import msgspec
import pytest

from feedback.runs.runs import deliveries
from settings import Settings
from simulator import Person, Teams, card_text
from simulator.cosmos import Call, CosmosStandIn
from store.contract import MAX_BATCH, MAX_DOC_BYTES, Patch
from tests.e2e.conftest import ADMIN, COSMOS, ELSEWHERE, HOME, PULSE, Service, is_survey

pytestmark = COSMOS

WORDS = "It is fast. " * 100
PEOPLE = 250


async def test_an_answer_that_would_make_a_document_larger_than_2_mb_is_said_to_be_too_long(
    asked: Person, service: Service, cosmos: CosmosStandIn
) -> None:
    person = f"{ELSEWHERE}:{asked.who.object_id}"
    await service.store.patch("runs", "pulse-1", Patch(person, set={"sample": "x" * (MAX_DOC_BYTES - 1000)}))
    cosmos.reset_counters()
    told = await asked.press("answer", {"q_nps": "9", "q_why": WORDS})
    assert 413 in cosmos.counters().by_name["item.patch"].statuses
    assert "too long to be kept" in str(told.body)
    assert "Thank you" not in str(told.body)
    assert WORDS.strip() in str(told.body), "what was entered is still there"
    doc = await service.store.get("runs", "pulse-1", person)
    assert doc is not None
    assert doc["state"] == "sent"
    await service.store.patch("runs", "pulse-1", Patch(person, set={"sample": ""}))
    thanks = await asked.press("answer", {"q_nps": "9", "q_why": WORDS})
    assert "Thank you" in str(thanks.body)


@pytest.fixture
async def batches(cosmos: CosmosStandIn) -> list[int]:
    """How many changes each batch has."""
    sizes: list[int] = []

    def look(call: Call) -> None:
        if call.name == "items.batch":
            sizes.append(len(msgspec.json.decode(call.body)))

    cosmos.troubles.respond = look
    return sizes


async def test_more_people_than_a_batch_may_have_are_imported_and_sent_to_to_the_last(
    teams: Teams, settings: Settings, batches: list[int]
) -> None:
    service = Service(teams, msgspec.structs.replace(settings, approval_above=PEOPLE))
    await service.start()
    people = [teams.person(f"Sample {number}", tenant=ELSEWHERE, has_bot=True) for number in range(PEOPLE)]
    admin = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
    await admin.install()
    await admin.say(f"survey import\n```\n{PULSE}```")
    rows = "".join(f"{ELSEWHERE},{one.who.object_id}\n" for one in people)
    await admin.say("panel import insiders", [teams.files.offer("all.csv", f"tenant,object id\n{rows}".encode())])
    assert str(PEOPLE) in card_text(admin.card())
    await admin.say("send pulse to panel insiders")
    for one in people:
        await one.received(is_survey)
    assert [sum(map(is_survey, one.inbox)) for one in people] == [1] * PEOPLE
    assert len([one async for one in deliveries(service.store, "pulse-1")]) == PEOPLE
    assert max(batches) == MAX_BATCH, "as many as may be, and never more"
    await service.stop()
