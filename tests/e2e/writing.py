"""Somebody writes a survey: what they type for one with three questions, and what there is of it."""

from simulator import Json, Person, card_text
from simulator.cards import card_of
from simulator.channel import Exchange
from tests.e2e.conftest import ADMIN, HOME, Service

FIRST = ("survey new", "First steps", "skip", "nps", "How likely?")
THREE = (*FIRST, "add choices", "Where?", "Phone\nLaptop", "add text")
BRANCHED = (*THREE, "Why?", "required 1", "only 3 if 1 at most 6")


def said(person: Person) -> str:
    return card_text(person.card())


async def talk(admin: Person, *words: str) -> str:
    """Type one message after the other, and return the words of the newest card."""
    for one in words:
        await admin.say(one)
    return said(admin)


async def press(admin: Person, title: str, **inputs: str) -> Exchange:
    """Press a button on the newest card."""
    return await admin.press(title, inputs)


async def sketch_of(service: Service) -> Json | None:
    return await service.store.get("ledger", "sketches", f"{HOME}:{ADMIN}")


async def survey_of(service: Service, name: str) -> Json | None:
    return await service.store.get("surveys", name, name)


def is_first_steps(message: Json) -> bool:
    return "First steps" in card_text(card_of(message))
