"""Teams delivers at least once, and services stop at any moment: neither may be seen by the people."""

import asyncio

import pytest

from simulator import Fault, Json, Person, Teams, card_text
from store.contract import Patch
from tests.e2e.conftest import ELSEWHERE, PULSE, STORES, Service, is_survey

pytestmark = STORES


def _under(sent: Json | bytes, **changes: object) -> Json:
    assert isinstance(sent, dict)
    return {**sent, **changes}


async def _redelivered(teams: Teams, sent: Json | bytes, times: int = 4) -> None:
    """Deliver an activity again and again at the same moment, half of the times under a new id."""
    again = [_under(sent, **({"id": f"again-{n}"} if n % 2 else {})) for n in range(times)]
    answers = await asyncio.gather(*(teams.post(one) for one in again))
    assert {answer.status for answer in answers} == {200}


async def test_an_answer_delivered_five_times_is_one_answer(asked: Person, teams: Teams, service: Service) -> None:
    answer = await asked.press("answer", {"q_nps": "9"})
    await _redelivered(teams, answer.sent)
    doc = await service.store.get("runs", "pulse-1", f"{ELSEWHERE}:{asked.who.object_id}")
    assert doc is not None
    assert (doc["revision"], doc["answers"]) == (1, {"nps": 9})


async def test_five_deliveries_at_the_same_moment_are_one_answer(asked: Person, teams: Teams, service: Service) -> None:
    answer = await asked.forge({"act": "nothing"})
    data = {"act": "answer", "run": "pulse-1", "rev": 0, "q_nps": "4"}
    first = _under(answer.sent, value={"action": {"type": "Action.Execute", "verb": "answer", "data": data}})
    answers = await asyncio.gather(*(teams.post({**first, "id": f"moment-{n}"}) for n in range(5)))
    assert [card_text(_card(one.body)).count("Thank you") for one in answers] == [1] * 5
    doc = await service.store.get("runs", "pulse-1", f"{ELSEWHERE}:{asked.who.object_id}")
    assert doc is not None
    assert (doc["revision"], doc["answers"]) == (1, {"nps": 4})


def _card(body: object) -> Json:
    assert isinstance(body, dict)
    value = body["value"]
    assert isinstance(value, dict)
    return value


async def test_an_old_answer_that_comes_again_does_not_undo_an_edit(
    asked: Person, teams: Teams, service: Service
) -> None:
    first = await asked.press("answer", {"q_nps": "9"})
    await asked.press("edit")
    await asked.press("answer", {"q_nps": "2"})
    late = await teams.post(_under(first.sent, id="late"))
    assert late.status == 200
    doc = await service.store.get("runs", "pulse-1", f"{ELSEWHERE}:{asked.who.object_id}")
    assert doc is not None
    assert (doc["revision"], doc["answers"]) == (2, {"nps": 2})


async def test_answers_sent_before_and_changed_since_are_not_thanked_for(asked: Person, service: Service) -> None:
    first = asked.inbox[-1]
    for score in ("1", "2"):
        await asked.press("answer", {"q_nps": score}, on=first)
    again = await asked.press("answer", {"q_nps": "1"}, on=first)
    assert "nothing was changed now" in card_text(again.card)
    assert "Thank you" not in card_text(again.card)
    doc = await service.store.get("runs", "pulse-1", f"{ELSEWHERE}:{asked.who.object_id}")
    assert doc is not None
    assert doc["answers"] == {"nps": 2}


@pytest.mark.parametrize("state", ["planned", "sending", "unconfirmed", "failed", "excluded", "cancelled"])
async def test_whoever_has_the_card_may_answer_whatever_we_know(state: str, asked: Person, service: Service) -> None:
    who = f"{ELSEWHERE}:{asked.who.object_id}"
    await service.store.patch("runs", "pulse-1", Patch(id=who, set={"state": state}))
    answer = await asked.press("answer", {"q_nps": "9"})
    assert "Thank you" in card_text(answer.card)


async def test_a_card_that_cannot_be_replaced_is_followed_by_the_answer(asked: Person) -> None:
    asked.run_into(Fault(status=404))
    await asked.submit("answer", {"q_nps": "9"})
    assert is_survey(asked.inbox[1])
    assert "Thank you" in card_text(asked.card())


async def test_help_and_stop_are_no_answers_in_a_conversation(engineer: Person) -> None:
    await engineer.say("note")
    await engineer.say("help")
    assert "What you can type here" in card_text(engineer.card())
    said = await engineer.say("Contoso")
    assert "which product" in said.texts[-1]


async def test_a_submitted_answer_delivered_again_leaves_one_card(asked: Person, teams: Teams) -> None:
    answer = await asked.submit("answer", {"q_nps": "9"})
    await _redelivered(teams, answer.sent)
    assert len(asked.inbox) == 2  # the welcome and the thanks
    assert "Thank you" in card_text(asked.card())


async def test_a_note_delivered_again_is_kept_once(engineer: Person, teams: Teams, service: Service) -> None:
    said = await engineer.say("note @Contoso likes it")
    before = len(engineer.inbox)
    await _redelivered(teams, said.sent)
    assert len((await service.store.query("ledger")).docs) == 1
    assert len(engineer.inbox) == before


async def test_a_send_delivered_again_sends_once(
    admin: Person, customer: Person, teams: Teams, service: Service
) -> None:
    await admin.say(f"survey import {PULSE}")
    said = await admin.say("send pulse to customers")
    await customer.received(is_survey)
    await _redelivered(teams, said.sent)
    later = _under(said.sent, id="much-later", timestamp="2026-11-24T12:00:00.000Z")
    assert (await teams.post(later)).status == 200
    runs = [doc for doc in (await service.store.query("runs")).docs if doc["kind"] == "run"]
    assert len(runs) == 1
    assert sum(map(is_survey, customer.inbox)) == 1


async def test_help_delivered_again_is_answered_once(customer: Person, teams: Teams) -> None:
    said = await customer.say("help")
    before = len(customer.inbox)
    await _redelivered(teams, said.sent)
    assert len(customer.inbox) == before


async def test_asking_for_help_twice_is_answered_twice(customer: Person) -> None:
    before = len(customer.inbox)
    await customer.say("help")
    await customer.say("help")
    assert len(customer.inbox) == before + 2


async def test_five_installations_at_once_welcome_once(teams: Teams, service: Service) -> None:
    newcomer = teams.person("Sample Newcomer", tenant=ELSEWHERE)
    await asyncio.gather(*(newcomer.install() for _ in range(5)))
    assert len(newcomer.inbox) == 1
    assert len((await service.store.query("people")).docs) == 1


async def test_the_note_conversation_survives_restarts(engineer: Person, service: Service) -> None:
    asked = await engineer.say("note")
    assert "Which company" in asked.texts[-1]
    await service.restart()
    asked = await engineer.say("@Contoso")
    assert "which product" in asked.texts[-1]
    await service.restart()
    asked = await engineer.say("Sample Rooms")
    assert "What was said" in asked.texts[-1]
    await service.restart()
    await engineer.say("help, it *drops* calls #audio\nand | more <b>mess</b>")
    for piece in ("Contoso", "Sample Rooms", "audio"):
        assert piece in card_text(engineer.card())
    doc = (await service.store.query("ledger")).docs[0]
    assert doc["text"] == "help, it *drops* calls #audio\nand | more <b>mess</b>"
    assert (doc["companies"], doc["product"], doc["tags"]) == (["Contoso"], "Sample Rooms", ["audio"])
    await engineer.say("help")
    assert "note <text>" in card_text(engineer.card()).replace("\u200b", "")


async def test_a_step_of_the_conversation_delivered_again_is_taken_once(engineer: Person, teams: Teams) -> None:
    await engineer.say("note")
    said = await engineer.say("Contoso")
    before = len(engineer.inbox)
    await _redelivered(teams, said.sent)
    assert len(engineer.inbox) == before


async def test_the_conversation_can_be_cancelled_at_any_step(engineer: Person, service: Service) -> None:
    for answers in ([], ["Contoso"], ["Contoso", "Rooms"]):
        await engineer.say("note")
        for answer in answers:
            await engineer.say(answer)
        said = await engineer.say("Cancel")
        assert "Nothing was kept" in said.texts[-1]
    said = await engineer.say("cancel")
    assert "nothing to cancel" in said.texts[-1]
    assert (await service.store.query("ledger")).docs == []


async def test_a_card_can_be_answered_in_the_middle_of_a_conversation(admin: Person, engineer: Person) -> None:
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to engineers")
    await engineer.received(is_survey)
    await engineer.say("note")
    card = next(message for message in engineer.inbox if is_survey(message))
    thanks = await engineer.press("answer", {"q_nps": "8"}, on=card)
    assert "Thank you" in card_text(thanks.card)
    asked = await engineer.say("Contoso")
    assert "which product" in asked.texts[-1]
