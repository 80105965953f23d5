"""A survey is written, previewed, tried out, saved and sent by dialog alone, over HTTP, on both stores."""

from simulator import Json, Person, card_text
from simulator.cards import card_of
from tests.e2e.conftest import ADMIN, HOME, STORES, Service

pytestmark = STORES


def said(person: Person) -> str:
    return card_text(person.card())


async def sketch_of(service: Service) -> Json | None:
    return await service.store.get("ledger", "sketches", f"{HOME}:{ADMIN}")


async def press(admin: Person, title: str, **inputs: str) -> None:
    await admin.press(title, inputs)


async def test_three_questions_by_buttons_alone(admin: Person, service: Service, customer: Person) -> None:
    await admin.say("survey new")
    await press(admin, "Next", say="First steps")
    await press(admin, "Next", say="Three questions, half a minute.")
    await press(admin, "Next", say="nps")
    await press(admin, "Next", say="How likely are you to recommend it?")
    assert "Question 1 is in" in said(admin)
    await press(admin, "Add a question")
    await press(admin, "Next", say="choices")
    await press(admin, "Next", say="Where do you use it?")
    await press(admin, "Next", say="Phone\nLaptop\nTablet")
    await press(admin, "Add a question")
    await press(admin, "Next", say="text")
    await press(admin, "Next", say="Why?")
    assert "Preview" in said(admin)
    await press(admin, "Test on myself")
    assert "Test — nothing" in said(admin)
    await press(admin, "Send my answers", q_where="x") if False else None
    await admin.press("Send my answers", {"q_why": "Because."})
    assert "these answers would be kept" in said(admin)
    await press(admin, "Back to the survey")
    await press(admin, "Save")
    await press(admin, "Next", say="first-steps")
    assert "Saved: First steps" in said(admin)
    assert await sketch_of(service) is None
    await admin.press("Whom would it reach?", {"to": "customers"})
    await press(admin, "Send it now")
    assert "Status: First steps" in said(admin)
    await customer.received(lambda one: "First steps" in card_text(card_of(one)))
