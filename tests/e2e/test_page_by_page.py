"""A survey of five pages with branches over HTTP: in the card on two devices, across restarts, and by typing alone."""

from datetime import UTC, datetime, timedelta

import pytest

from simulator import Json, Person, action_titles, card_text
from simulator.cards import card_of
from tests.e2e.conftest import ELSEWHERE, STORES, Service

pytestmark = STORES

FIVE = """\
id: five
title: Sample of five pages
pages:
- questions:
  - {id: score, kind: nps, text: "How likely?", required: true}
- title: What went wrong
  questions:
  - {id: why, kind: text, text: "Why so low?", required: true, ask_if: {question: score, at_most: 6}}
- questions:
  - {id: tools, kind: choices, text: "What do you use?", choices: [Phone, Laptop]}
- questions:
  - {id: rank, kind: ranking, text: "What matters most?", choices: [Speed, Price]}
  - {id: phone, kind: ces, text: "The phone was easy.", ask_if: {question: tools, includes: phone}}
- questions:
  - {id: grid, kind: matrix, text: "How good is it?", rows: [Search, Sync], choices: [Bad, Good]}
"""


def is_five(message: Json) -> bool:
    return "Sample of five pages" in card_text(card_of(message))


@pytest.fixture
async def begun(admin: Person, customer: Person) -> Person:
    """The customer, who has just been sent the survey as run five-1."""
    imported = await admin.say(f"survey import\n```\n{FIVE}```")
    assert "Survey imported" in card_text(admin.card()), imported.texts
    await admin.say("send five to customers")
    await customer.received(is_five)
    return customer


async def held(service: Service, person: Person, run: str = "five-1") -> Json:
    doc = await service.store.get("runs", run, f"{ELSEWHERE}:{person.who.object_id}")
    assert doc is not None
    return doc


def said(person: Person) -> str:
    return card_text(person.card())


async def test_a_survey_is_answered_page_by_page_with_a_restart_between_all_of_them(
    begun: Person, service: Service, admin: Person
) -> None:
    assert "Page 1 of at most 5" in said(begun)
    assert "Back" not in action_titles(begun.card())
    await begun.press("answer", {"q_score": "3"})
    assert "Page 2 of 5" in said(begun)
    assert "What went wrong" in said(begun)
    assert (await held(service, begun))["state"] in {"planned", "sent"}, "on its way, as far as anybody has recorded"
    await service.restart()
    await begun.press("answer", {"q_why": "It is slow."})
    await service.restart()
    await begun.press("answer", {"q_tools": "laptop"})
    await service.restart()
    assert "The phone was easy" not in said(begun)
    await begun.press("answer", {"q_rank.1": "price", "q_rank.2": "speed"})
    await service.restart()
    assert "Page 5 of 5" in said(begun)
    await begun.press("answer", {"q_grid.search": "good"})
    assert "Thank you — your answers are saved" in said(begun)
    assert "1. Price, 2. Speed" in said(begun)
    doc = await held(service, begun)
    assert (doc["state"], doc["revision"]) == ("answered", 1)
    assert doc["draft"] is None
    assert doc["answers"] == {
        "score": 3,
        "why": "It is slow.",
        "tools": ["laptop"],
        "rank": ["price", "speed"],
        "grid": {"search": "good"},
    }
    await admin.say("results five")
    assert "1 of 1" in said(admin).replace("**", "")
    assert len(begun.inbox) == 2  # the welcome, and the card that became the thanks


async def test_a_page_that_is_not_asked_is_passed_over_and_its_answers_are_dropped(
    begun: Person, service: Service
) -> None:
    await begun.press("answer", {"q_score": "3"})
    await begun.press("answer", {"q_why": "It is slow."})
    await begun.press("back", {"q_tools": "phone"})
    await begun.press("back")
    assert "Page 1 of" in said(begun)
    assert (await held(service, begun))["draft"]["answers"]["tools"] == ["phone"]  # type: ignore[index]
    await begun.press("answer", {"q_score": "9"})
    assert "Page 2 of at most 4" not in said(begun), "what the page was filled with settles the rest"
    assert "Why so low" not in said(begun)
    await begun.press("answer")
    assert "The phone was easy" in said(begun)
    await begun.press("answer", {"q_phone": "7"})
    await begun.press("answer")
    assert (await held(service, begun))["answers"] == {"score": 9, "tools": ["phone"], "phone": 7}


async def test_what_is_wrong_is_said_beside_the_question_and_nothing_is_lost(begun: Person) -> None:
    await begun.press("answer")
    assert "please answer this question" in said(begun)
    await begun.press("answer", {"q_score": "9"})
    await begun.press("answer", {"q_tools": "phone"})
    await begun.press("answer", {"q_rank.1": "speed", "q_rank.2": "speed", "q_phone": "5"}, validate=False)
    assert "use each choice once" in said(begun)
    inputs = {str(one["id"]): one.get("value") for one in _inputs(begun.card())}
    assert inputs == {"q_rank.1": "speed", "q_rank.2": "speed", "q_phone": "5"}
    await begun.press("back", {"q_rank.1": "speed", "q_rank.2": "speed"}, validate=False)
    assert "use each choice once" in said(begun)
    await begun.press("back", {"q_rank.1": "", "q_rank.2": ""})
    assert "What do you use?" in said(begun)


async def test_an_older_copy_leads_to_where_the_person_is_and_loses_nothing(begun: Person, service: Service) -> None:
    old = begun.inbox[-1]
    await begun.press("answer", {"q_score": "3"})
    await begun.press("answer", {"q_why": "It is slow."})
    await begun.press("answer", {"q_score": "4"}, on=old)  # the other device
    assert "What do you use?" in said(begun)
    assert (await held(service, begun))["draft"]["answers"] == {"score": 4, "why": "It is slow."}  # type: ignore[index]
    await begun.press("answer", {"q_score": "3"}, on=old)
    await begun.press("later", {"q_tools": "laptop"})
    await begun.press("answer", {"q_score": ""}, on=old)
    assert "please answer" not in said(begun)
    assert (await held(service, begun))["draft"]["answers"]["score"] == 4  # type: ignore[index]
    await begun.press("answer", {"q_tools": "laptop"})
    await begun.press("answer")
    await begun.press("answer")
    assert "Thank you" in said(begun)
    await begun.press("answer", {"q_score": "4"}, on=old)
    assert "Thank you" in said(begun)
    await begun.press("answer", {"q_score": "10"}, on=old)
    assert "You have sent your answers already" in said(begun)
    assert (await held(service, begun))["answers"]["score"] == 4  # type: ignore[index]
    assert [one["value"] for one in _inputs(begun.card())] == ["10"], "it is there to be sent again"


async def test_an_edit_replaces_the_answers_when_its_last_page_is_sent(begun: Person, service: Service) -> None:
    await _answer_all(begun)
    before = (await held(service, begun))["answers"]
    await begun.press("edit")
    await begun.press("answer", {"q_score": "2"})
    assert (await held(service, begun))["answers"] == before
    await begun.press("answer", {"q_why": "It broke."})
    await service.restart()
    await begun.press("answer")
    await begun.press("answer")
    await begun.press("answer")
    assert "your changes are saved" in said(begun)
    doc = await held(service, begun)
    assert (doc["revision"], doc["answers"]) == (2, {"score": 2, "why": "It broke.", "tools": ["laptop"]})


async def test_a_closed_survey_says_so_to_who_was_half_way(begun: Person, admin: Person) -> None:
    await begun.press("answer", {"q_score": "9"})
    await admin.say("survey close five")
    await begun.received(lambda message: "This survey is closed" in card_text(card_of(message)))
    assert "the last page was not sent" in said(begun)
    old = await begun.forge({"act": "answer", "run": "five-1", "rev": 0, "page": 1, "q_tools": "phone"})
    assert "This survey is closed" in card_text(old.card)


async def test_later_asks_again_by_itself_where_the_person_was(begun: Person, service: Service) -> None:
    await begun.press("answer", {"q_score": "9"})
    await begun.press("later", {"q_tools": "phone"})
    assert "When shall I ask you again?" in said(begun)
    await begun.press("snooze", {"days": "3"})
    assert "I will ask you again" in said(begun)
    count = len(begun.inbox)
    await service.ticker.tick()
    assert len(begun.inbox) == count
    later = datetime.now(UTC) + timedelta(days=3, minutes=1)
    service.clock = lambda: later
    await service.restart()
    await service.ticker.tick()
    await begun.received(count + 1)
    assert "What do you use?" in said(begun)
    assert "phone" in str(_inputs(begun.card()))
    await service.ticker.tick()
    assert len(begun.inbox) == count + 1
    await begun.press("answer", {"q_tools": "phone"})
    assert "What matters most?" in said(begun)


async def test_whoever_answers_before_it_is_due_is_not_asked_again(begun: Person, service: Service) -> None:
    await begun.press("later")
    await begun.press("snooze", {"days": "1"})
    await begun.press("open")
    await _answer_all(begun)
    count = len(begun.inbox)
    later = datetime.now(UTC) + timedelta(days=2)
    service.clock = lambda: later
    await service.restart()
    await service.ticker.tick()
    assert len(begun.inbox) == count


async def test_not_for_me_is_counted_keeps_reminders_away_and_can_be_taken_back(
    begun: Person, service: Service, admin: Person
) -> None:
    await begun.press("answer", {"q_score": "9"})
    await begun.press("decline")
    assert "not for you" in said(begun)
    doc = await held(service, begun)
    assert (doc["state"], doc["reason"]) == ("sent", "declined: “not for me”")
    await admin.say("status five-1")
    assert "declined" in said(admin)
    await admin.say("status five-1 sent")
    assert "Sample Customer" in said(admin), "an admin can see who it was"
    assert "the team can see that you did" in said(begun), "and the person is told so"
    await admin.say("send five to non-responders of five-1")
    assert "Nobody is in the audience" in str(admin.inbox[-1])
    await begun.press("open")
    assert "What do you use?" in said(begun)
    assert (await held(service, begun))["reason"] == ""


async def test_the_same_survey_by_typing_only(begun: Person, service: Service) -> None:
    asked = await begun.say("answer")
    assert "Question 1 of at most" in asked.texts[0]
    assert "Type a number from 0 to 10" in asked.texts[0]
    wrong = await begun.say("eleven")
    assert "please choose a whole number from 0 to 10" in wrong.texts[0]
    assert "please answer this question" in (await begun.say("skip")).texts[0]
    assert "Why so low?" in (await begun.say("3")).texts[0]
    await service.restart()
    assert "Phone" in (await begun.say("It is *slow*.")).texts[0]
    assert "Your answer so far" in (await begun.say("back")).texts[0]
    assert "What do you use?" in (await begun.say("skip")).texts[0]
    stopped = await begun.say("cancel")
    assert "What you have answered so far is kept" in stopped.texts[0]
    again = await begun.say("answer five")
    assert "What do you use?" in again.texts[0]
    assert "What matters most?" in (await begun.say("2")).texts[0]
    await service.restart()
    assert "A – Search" in (await begun.say("2, 1")).texts[0]
    thanks = await begun.say("2 -")
    assert "Thank you — your answers are saved" in thanks.texts[0]
    assert (await held(service, begun))["answers"] == {
        "score": 3,
        "why": "It is *slow*.",
        "tools": ["laptop"],
        "rank": ["price", "speed"],
        "grid": {"search": "good"},
    }
    assert "No survey waits" in str((await begun.say("answer")).activities)


async def test_typing_goes_on_where_the_card_left_off_and_the_other_way_round(begun: Person) -> None:
    await begun.press("answer", {"q_score": "9"})
    pressed = await begun.press("type", {"q_tools": "phone"})
    assert "What do you use?" in pressed.texts[0]
    assert "Your answer so far: Phone" in pressed.texts[0]
    assert "What matters most?" in (await begun.say("skip")).texts[0]
    await begun.press("open")
    assert "What matters most?" in said(begun)
    await begun.press("answer", {"q_rank.1": "price", "q_rank.2": "speed", "q_phone": "5"})
    await begun.press("answer")
    assert "Thank you" in said(begun)
    assert "was not kept" in (await begun.say("2, 1")).texts[0]


async def test_later_by_typing(begun: Person, service: Service) -> None:
    await begun.say("answer")
    assert "I will ask you again in 3 days" in (await begun.say("later 3")).texts[0]
    assert "snoozed_until" in await held(service, begun)


async def test_nobody_answers_for_somebody_else(begun: Person, engineer: Person) -> None:
    assert begun
    for act in ("answer", "back", "later", "snooze", "decline", "type", "open", "edit"):
        reply = await engineer.forge({"act": act, "run": "five-1", "rev": 0, "page": 0, "q_score": "9"})
        assert "was not sent to you" in str(reply.body)
    assert "No survey waits" in str((await engineer.say("answer five")).activities)


def _inputs(card: Json) -> list[Json]:
    return [one for one in card["body"] if str(one["type"]).startswith("Input.")]  # type: ignore[attr-defined]


async def _answer_all(person: Person) -> None:
    await person.press("answer", {"q_score": "9"})
    await person.press("answer", {"q_tools": "laptop"})
    await person.press("answer")
    await person.press("answer")
    assert "Thank you" in said(person)
