"""A survey is written, previewed, tried out, saved and sent by dialog alone, over HTTP, on both stores."""

import asyncio

import pytest

from feedback.surveys.questions import Kind
from feedback.surveys.templates import NAMES
from simulator import Person, Teams, action_titles, card_text
from simulator.cards import card_of
from tests.e2e.conftest import STORES, Service
from tests.e2e.writing import BRANCHED, THREE, is_first_steps, press, said, sketch_of, survey_of, talk

pytestmark = pytest.mark.usefixtures("hurried")


@STORES
async def test_three_questions_by_buttons_alone(admin: Person, service: Service, customer: Person) -> None:
    await talk(admin, "survey new")
    messages = len(admin.inbox)
    for words in ("First steps", "Three questions, half a minute.", "nps", "How likely are you to recommend it?"):
        await press(admin, "Next", say=words)
    assert "Question 1 is in" in said(admin)
    for words in ("choices", "Where do you use it?", "Phone\nLaptop\nTablet"):
        if words == "choices":
            await press(admin, "Add a question")
        await press(admin, "Next", say=words)
    await press(admin, "Add a question")
    await press(admin, "Next", say="text")
    await press(admin, "Next", say="Don't you agree that it is easy and fast?")
    assert "Preview — this is what people will see" in said(admin)
    assert "Leading:" in said(admin)
    await press(admin, "Change a question", pick="3")
    await press(admin, "Change it", pick="text 3")
    await press(admin, "Next", say="Why?")
    await press(admin, "Change it", pick="up 3")
    await press(admin, "Back to the survey")
    assert "Leading:" not in said(admin)
    await press(admin, "Test on myself")
    await press(admin, "Send my answers", q_why="Because.")
    assert "these answers would be kept" in said(admin)
    await press(admin, "Back to the survey")
    await press(admin, "Save")
    await press(admin, "Next", say="first-steps")
    assert "Saved: First steps" in said(admin)
    assert await sketch_of(service) is None
    await press(admin, "Whom would it reach?", to="customers")
    assert "Will get it" in said(admin)
    await press(admin, "Send it now")
    assert "Status: First steps" in said(admin)
    (sent,) = await customer.received(is_first_steps)
    words = card_text(card_of(sent))
    assert words.index("How likely") < words.index("Why?") < words.index("Where do you use it?")
    assert len(admin.inbox) == messages, "one card, that became the next each time"


@STORES
async def test_the_same_by_typing_alone_with_a_restart_after_every_message(
    admin: Person, service: Service, customer: Person
) -> None:
    for words in (*THREE, "Why?", "required 1", "move 3 to 1", "title", "First steps again", "save", "again"):
        await talk(admin, words)
        await service.restart()
    assert "Saved: First steps again" in said(admin)
    await talk(admin, "send again to customers")
    (sent,) = await customer.received(is_first_steps)
    assert card_text(card_of(sent)).index("Why?") < card_text(card_of(sent)).index("How likely?")


@pytest.mark.parametrize("kind", Kind)
async def test_every_kind_is_written_shown_and_saved(kind: Kind, admin: Person, service: Service) -> None:
    words = {
        Kind.MATRIX: ("Speed\nPrice", "Bad\nGood"),
        Kind.IMAGE_CHOICE: ("A | https://pictures.example/a.png | An A\nB | https://pictures.example/b.png | A B",),
        **dict.fromkeys([Kind.CHOICE, Kind.CHOICES, Kind.RANKING], ("One\nTwo",)),
    }.get(kind, ())
    shown = await talk(admin, "survey new", "Sample", "skip", kind.value, "What about it?", *words)
    assert "Preview" in shown
    assert shown.count("What about it?") >= 2, "in the preview and in the list"
    await talk(admin, "save", "sample")
    kept = await survey_of(service, "sample")
    assert kept is not None
    assert [one["kind"] for one in kept["questions"]] == [kind.value]  # type: ignore[attr-defined]


@STORES
async def test_cancel_keeps_the_sketch_and_says_how_to_go_on(admin: Person, service: Service) -> None:
    await talk(admin, *THREE)
    await talk(admin, "cancel")
    assert admin.texts[-1] == "Stopped. The survey that you are writing is kept; type **survey new** to go on with it."
    await talk(admin, "survey list")
    assert "Your survey" not in said(admin)
    await service.restart()
    assert "What do you ask?" in await talk(admin, "survey new")
    await talk(admin, "Why?")
    assert "3. Why?" in said(admin)


async def test_a_button_goes_on_with_a_sketch_that_was_left(admin: Person) -> None:
    await talk(admin, *THREE, "Why?")
    await talk(admin, "cancel")
    await press(admin, "Add a question")
    await talk(admin, "yes_no", "Would you?")
    assert "4. Would you?" in said(admin)


async def test_a_button_does_not_break_off_something_else(admin: Person) -> None:
    await talk(admin, *THREE, "Why?")
    await talk(admin, "cancel")
    await talk(admin, "note")
    answer = await press(admin, "Add a question")
    assert "in the middle of something else" in card_text(answer.card)
    await talk(admin, "Fabrikam")
    assert "About which product?" in admin.texts[-1]


@STORES
async def test_a_press_that_is_delivered_five_times_counts_once(admin: Person, teams: Teams, service: Service) -> None:
    await talk(admin, *THREE, "Why?")
    pressed = await press(admin, "Change a question", pick="2")
    assert isinstance(pressed.sent, dict)
    deleted = await press(admin, "Change it", pick="delete 2")
    assert isinstance(deleted.sent, dict)
    await asyncio.gather(*(teams.post({**deleted.sent, "id": f"again-{n}"}) for n in range(4)))
    kept = await sketch_of(service)
    assert kept is not None
    assert [one["text"] for one in kept["survey"]["questions"]] == ["How likely?", "Why?"]  # type: ignore[index]


async def test_an_old_card_changes_nothing(admin: Person, service: Service) -> None:
    await talk(admin, *THREE, "Why?")
    old = admin.inbox[-1]
    await talk(admin, "title", "Another title")
    before = await sketch_of(service)
    answer = await admin.press("Save", on=old)
    assert "That card was older than your survey" in card_text(answer.card)
    assert await sketch_of(service) == before
    assert await survey_of(service, "first-steps") is None


@STORES
async def test_an_edit_makes_the_next_version_and_what_was_sent_stays(admin: Person, customer: Person) -> None:
    await talk(admin, *THREE, "Why?", "save", "first-steps")
    await talk(admin, "send first-steps to customers")
    (sent,) = await customer.received(is_first_steps)
    await talk(admin, "survey edit first-steps", "text 3", "What else?", "save")
    assert "version 2" in said(admin)
    await customer.press("answer", {"q_why": "It is fast."}, on=sent)
    assert "Why?" in said(customer)
    await talk(admin, "send first-steps to everyone")
    await customer.received(lambda one: "What else?" in str(one))
    await talk(admin, "survey show first-steps")
    assert "Version 2 was sent as first-steps-2." in str(admin.inbox)
    assert "Version 1 was sent as first-steps-1." in str(admin.inbox)
    assert "What else?" in said(admin)
    await talk(admin, "survey list")
    assert "3 questions, version 2; last sent as first-steps-2, version 2" in said(admin)
    await talk(admin, "survey show first-steps 1")
    assert "Why?" in said(admin)
    assert "What else?" not in said(admin)
    await talk(admin, "survey show first-steps 3")
    assert "Version 3 of “first-steps” is not kept" in said(admin)


async def test_an_export_of_what_was_written_imports_as_the_same(admin: Person) -> None:
    await talk(admin, *BRANCHED, "save", "first-steps")
    for form in ("", " json"):
        await talk(admin, f"survey export first-steps{form}")
        exported = admin.texts[-1]
        await talk(admin, f"survey import\n{exported}")
        assert "Nothing has changed" in said(admin), exported
    changed = exported.replace("Where?", "Where exactly?")
    await talk(admin, f"survey import\n{changed}")
    assert "version 2" in said(admin)


async def test_the_test_follows_the_branches_and_keeps_nothing(admin: Person, service: Service) -> None:
    await talk(admin, *BRANCHED, "done")
    kept = await sketch_of(service)
    await press(admin, "Test on myself")
    assert action_titles(admin.card()) == ["Next", "Back to the survey"]
    await admin.press("Next", {"q_how-likely": "11"}, validate=False)
    assert "whole number from 0 to 10" in said(admin)
    await press(admin, "Next")
    assert "please answer this question" in said(admin)
    await admin.press("Next", {"q_how-likely": "3", "q_where": "phone"})
    assert "Why?" in said(admin)
    await press(admin, "Back")
    await admin.press("Next", {"q_how-likely": "3", "q_where": "phone,laptop"})
    await admin.press("Send my answers", {"q_why": "x" * 5000}, validate=False)
    assert "4,000 characters" in said(admin)
    await press(admin, "Send my answers", q_why="<b>**Slow**</b>")
    assert "these answers would be kept" in said(admin)
    assert "Phone, Laptop" in said(admin)
    assert "<b>**Slow**</b>" in said(admin)
    await press(admin, "Test again")
    await admin.press("Next", {"q_how-likely": "9"})
    assert "these answers would be kept" in said(admin), "nobody asks why of those who are happy"
    assert await sketch_of(service) == kept
    runs = await service.store.query("runs", where=[])
    assert not runs.docs


@STORES
async def test_send_it_now_sends_once_however_often_it_is_pressed(
    admin: Person, service: Service, customer: Person, teams: Teams
) -> None:
    await talk(admin, *THREE, "Why?", "save", "first-steps")
    await press(admin, "Whom would it reach?", to="customers")
    ready = admin.inbox[-1]
    pressed = await press(admin, "Send it now")
    assert isinstance(pressed.sent, dict)
    again = await admin.press("Send it now", on=ready)
    assert "it sends once" in card_text(again.card)
    await asyncio.gather(*(teams.post({**pressed.sent, "id": f"again-{n}"}) for n in range(3)))
    await customer.received(is_first_steps)
    assert await service.store.get("runs", "first-steps-2", "run") is None


@pytest.mark.parametrize("name", NAMES)
async def test_every_template_is_begun_with_tried_and_saved(name: str, admin: Person, service: Service) -> None:
    await talk(admin, "survey templates")
    assert name in said(admin)
    await talk(admin, f"survey new from {name}")
    assert "(sample)" not in said(admin)
    await press(admin, "Test on myself")
    assert "Test — nothing" in said(admin)
    await press(admin, "Back to the survey")
    await talk(admin, "save", f"my-{name}")
    assert "Saved:" in said(admin)
    kept = await survey_of(service, f"my-{name}")
    assert kept is not None


async def test_my_data_shows_the_sketch(admin: Person) -> None:
    await talk(admin, *THREE, "A question that nobody has seen?")
    await talk(admin, "cancel")
    before = len(admin.inbox)
    await admin.say("my data")
    assert "A question that nobody has seen?" in str(admin.inbox[before:])
