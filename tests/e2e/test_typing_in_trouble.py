"""Azure Cosmos DB in trouble while people write: notes, answers that are typed, and conversations step by step."""

import asyncio

import pytest

from simulator import Person, card_text
from simulator.cosmos import Call, CosmosStandIn, reset_after, slow, throttled, unavailable
from simulator.faults import Fault
from simulator.payload import mapping
from tests.e2e.conftest import COSMOS, Service
from tests.e2e.trouble import FOR_LONG, delivery, is_thanks, is_write, notes

pytestmark = COSMOS


@pytest.mark.parametrize("trouble", ["429", "reset before", "reset after"])
async def test_a_note_that_was_not_kept_is_said_so_and_kept_once_in_the_end(
    engineer: Person, service: Service, cosmos: CosmosStandIn, trouble: str
) -> None:
    words = "note @contoso about Search: finds nothing"
    cosmos.troubles.respond = lambda call: FOR_LONG[trouble] if is_write(call) else None
    await engineer.say(words)
    assert "Not saved" in card_text(engineer.card())
    cosmos.troubles.respond = None
    await service.restart()
    if not await notes(service):
        await engineer.say(words + ".")
    assert len(await notes(service)) == 1


async def test_a_turn_whose_every_request_has_to_wait_ends_in_time_with_the_truth(
    engineer: Person, service: Service, cosmos: CosmosStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them would be answered at the second try, within what one request may take."""
    monkeypatch.setattr("bot.adapter.STORE_S", 0.5)
    met: set[tuple[object, ...]] = set()

    def at_first(call: Call) -> Fault | None:
        what = (call.verb, call.parts, call.body)
        if call.kind != "docs" or what in met:
            return None
        met.add(what)
        return throttled(300)

    cosmos.troubles.respond = at_first
    await engineer.say("note @contoso finds nothing")
    assert "Not saved" in card_text(engineer.card())
    assert await notes(service) == []
    cosmos.troubles.respond = None
    await engineer.say("note @contoso finds nothing")
    assert len(await notes(service)) == 1


async def test_what_was_typed_and_kept_unseen_is_no_answer_to_the_next_question(
    asked: Person, service: Service, cosmos: CosmosStandIn
) -> None:
    await asked.say("answer")
    cosmos.troubles.respond = lambda call: reset_after() if is_write(call) and call.container == "runs" else None
    await asked.say("3")
    assert "Not saved" in card_text(asked.card())
    cosmos.troubles.respond = None
    again = await asked.say("3")
    assert "was not taken as an answer" in again.texts[0]
    assert "Why?" in again.texts[0]
    doc = await delivery(service, asked)
    assert mapping(doc["draft"])["answers"] == {"nps": 3}
    await asked.say("It is fast.")
    cosmos.troubles.respond = lambda call: reset_after() if is_write(call) and call.container == "runs" else None
    await asked.say("1, 2")
    assert "Not saved" in card_text(asked.card())
    cosmos.troubles.respond = None
    thanks = await asked.say("1, 2")
    assert is_thanks(thanks.texts)
    doc = await delivery(service, asked)
    assert (doc["revision"], doc["answers"]) == (1, {"nps": 3, "why": "It is fast.", "tools": ["phone", "laptop"]})


async def test_what_was_typed_and_not_kept_is_taken_when_it_comes_again(
    asked: Person, service: Service, cosmos: CosmosStandIn
) -> None:
    await asked.say("answer")
    cosmos.troubles.respond = lambda call: unavailable() if is_write(call) and call.container == "runs" else None
    await asked.say("3")
    assert "Not saved" in card_text(asked.card())
    cosmos.troubles.respond = None
    assert "Why?" in (await asked.say("3")).texts[0]
    assert mapping((await delivery(service, asked))["draft"])["answers"] == {"nps": 3}


async def test_of_two_messages_at_once_in_a_conversation_one_is_taken_and_the_other_told(
    engineer: Person, service: Service, cosmos: CosmosStandIn
) -> None:
    """Both have read where the conversation stands before either writes."""
    await engineer.say("note")
    cosmos.troubles.respond = lambda call: slow(0.3) if call.name == "item.replace" else None
    before = len(engineer.inbox)
    await asyncio.gather(engineer.say("Contoso"), engineer.say("Fabrikam"))
    said = [str(one) for one in engineer.inbox[before:]]
    assert sorted(["Not saved" in one for one in said]) == [False, True]
    assert ["which product" in one for one in said] == ["Not saved" not in one for one in said]
    cosmos.troubles.respond = None
    await engineer.say("Sample Rooms")
    await engineer.say("It drops calls.")
    (note,) = await notes(service)
    assert note["companies"] in (["Contoso"], ["Fabrikam"])
    assert note["product"] == "Sample Rooms"


async def test_what_is_done_is_said_even_if_its_marks_cannot_be_confirmed(
    engineer: Person, service: Service, cosmos: CosmosStandIn
) -> None:
    def is_confirming(call: Call) -> bool:
        return call.name == "item.patch" and call.container == "state"

    cosmos.troubles.respond = lambda call: unavailable() if is_confirming(call) else None
    said = await engineer.say("note @contoso finds nothing")
    assert "Not saved" not in str(said.activities)
    assert len(await notes(service)) == 1
