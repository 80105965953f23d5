"""A concept test over HTTP: everybody sees one design, in equal numbers, in the card and by typing; results by arm."""

import asyncio
from collections import Counter

import msgspec
import pytest

from settings import Settings
from simulator import Json, Person, card_text
from simulator.cards import card_of
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, STORES, Service

TEST = """\
id: page
title: Sample of two designs
arms:
- {id: calm, text: "It opens with what you did last."}
- {id: busy, text: "It opens with eight tiles.", image: "https://example.com/busy.png", alt: "Eight tiles"}
questions:
  - {id: useful, kind: rating, text: "How useful?", required: true}
"""
WORDS = {"calm": "It opens with what you did last.", "busy": "It opens with eight tiles."}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, approval_above=1000)


@pytest.fixture
async def people(service: Service, admin: Person) -> list[Person]:
    """Five customers who were sent the test as run page-1."""
    found = [service.teams.person(f"Sample Customer {number}", tenant=ELSEWHERE) for number in range(5)]
    for person in found:
        await person.install()
    await admin.say(f"survey import\n```\n{TEST}```")
    await admin.say("send page to customers")
    for person in found:
        await person.received(lambda message: "page-1" in str(message))
    return found


def _said(card: Json) -> str:
    return card_text(card).replace("\u200b", "").replace("\\", "").replace("**", "")


def _arm(card: Json) -> str:
    (found,) = [arm for arm, words in WORDS.items() if words in _said(card)]
    return found


async def _held(service: Service, person: Person) -> Json:
    doc = await service.store.get("runs", "page-1", f"{ELSEWHERE}:{person.who.object_id}")
    assert doc is not None
    return doc


@STORES
async def test_everybody_sees_one_arm_and_the_arms_are_balanced(people: list[Person], service: Service) -> None:
    arms = Counter([_arm(person.card()) for person in people])
    assert sorted(arms.values()) == [2, 3]
    for person in people:
        assert (await _held(service, person))["arm"] == _arm(person.card())
    busy = next(person for person in people if _arm(person.card()) == "busy")
    assert "https://example.com/busy.png" in str(busy.card())


async def test_the_arm_stays_with_its_person_after_mistakes_edits_and_restarts(
    people: list[Person], service: Service
) -> None:
    person = people[0]
    arm = _arm(person.card())
    await person.press("answer", {"q_useful": ""}, validate=False)
    assert _arm(person.card()) == arm
    await service.restart()
    await person.press("answer", {"q_useful": "4"})
    await person.press("Edit my answer")
    assert _arm(person.card()) == arm
    doc = await _held(service, person)
    assert (doc["arm"], doc["answers"]) == (arm, {"useful": 4})


async def test_who_answers_by_typing_is_told_about_their_arm(people: list[Person]) -> None:
    for person in people[:2]:
        arm = _arm(person.card())
        await person.say("answer page")
        said = "\n".join(person.texts)
        assert [one for one, words in WORDS.items() if words in said.replace("\\", "")] == [arm]


async def test_results_are_split_by_arm(people: list[Person], admin: Person) -> None:
    for person in people:
        await person.press("answer", {"q_useful": "5" if _arm(person.card()) == "busy" else "1"})
    async with asyncio.timeout(60):
        while "5 of 5" not in _said(admin.card()):
            await admin.say("results page-1")
    said = _said(admin.card())
    calm, busy = said.partition("Arm calm")[2].partition("Arm busy")[::2]
    assert "Average 1.0 of 5" in calm
    assert "Average 5.0 of 5" in busy


@pytest.mark.usefixtures("hurried")
async def test_the_template_is_a_concept_test_with_designs_of_ones_own(admin: Person, service: Service) -> None:
    for words in ("survey new from concept-test", "designs", "- Sample: calm\n- Sample: busy", "anonymous 3", "test"):
        await admin.say(words)
    assert "You see arm a, one of 2" in _said(admin.card())
    assert "Sample: calm" in _said(admin.card())
    assert "never of fewer than 3 people" in _said(admin.card())
    await admin.press("Back to the survey")
    for words in ("save", "my-test", "send my-test to everyone"):
        await admin.say(words)
    doc = await service.store.get("runs", "my-test-1", f"{HOME}:{ADMIN}")
    assert doc is not None
    assert doc["arm"] in {"a", "b"}


async def test_the_admin_sees_every_arm_before_sending(admin: Person) -> None:
    await admin.say(f"survey import\n```\n{TEST}```")
    await admin.say("survey show page")
    shown = "\n".join(_said(card_of(one)) for one in admin.inbox if one.get("attachments"))
    assert all(shown.count(words) == 1 for words in WORDS.values())
    await admin.say("survey export page")
    assert "busy.png" in admin.texts[-1]
