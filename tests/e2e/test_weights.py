"""From a panel's target mix to a weighted result and a verdict, all by words in the chat."""

import msgspec
import pytest

from settings import Settings
from simulator import Person, card_text
from tests.e2e.conftest import ELSEWHERE, STORES, Service, is_survey

SURVEY = """\
id: pulse
title: Sample pulse
questions:
  - {id: nps, kind: nps, text: "How likely are you to recommend us?", required: true}
"""
SIZES = ("Small", "small", "small", "small", "large", "large")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, approval_above=1000)


def _said(person: Person) -> str:
    return card_text(person.card()).replace("\u200b", "").replace("\\", "").replace("**", "")


@pytest.fixture
async def people(service: Service, admin: Person) -> list[Person]:
    """Six customers in the panel insiders."""
    found = [service.teams.person(f"Sample Customer {number}", tenant=ELSEWHERE) for number in range(len(SIZES))]
    for person in found:
        await person.install()
    rows = "".join(f"{one.who.tenant},{one.who.object_id},{size}\n" for one, size in zip(found, SIZES, strict=True))
    await admin.say(f"survey import\n```\n{SURVEY}```")
    await admin.say(f"panel import insiders\ntenant,object id,size\n{rows}")
    return found


async def answer(people: list[Person], scores: list[int]) -> None:
    for person, score in zip(people, scores, strict=True):
        await person.received(is_survey)
        await person.press("answer", {"q_nps": str(score)})


@STORES
async def test_results_are_weighted_to_the_target_mix_of_the_panel(admin: Person, people: list[Person]) -> None:
    await admin.say("panel target insiders size small=50 large=50")
    shown = _said(admin)
    assert "small\n50 %; now 67 %, 4" in shown
    assert "large\n50 %; now 33 %, 2" in shown
    await admin.say("send pulse to panel insiders")
    await answer(people, [10, 10, 10, 10, 0, 0])
    await admin.say("results pulse")
    said = _said(admin)
    assert "NPS +33 (n 6)" in said
    assert "Weighted: NPS 0" in said
    assert "effective n 5 of 6" in said
    assert "Do not conclude yet" in said
    assert "Too few answers: 6; it takes 30." in said
    assert "Leaving out size=small turns the finding from “an NPS of zero” to “an NPS below zero”." in said
    assert "target mix size small=50 large=50, design effect 1.12" in said
    await admin.say("audit")
    assert "panel target" in _said(admin)
    await admin.say("panel list")
    assert "Target mix: size small=50 large=50" in _said(admin)


async def test_a_segment_that_nobody_answers_of_is_said_on_the_card(admin: Person, people: list[Person]) -> None:
    await admin.say("panel target insiders size small=40 large=40 huge=20")
    assert "Nobody in the panel has the value huge." in _said(admin)
    await admin.say("send pulse to panel insiders")
    await answer(people, [10, 10, 10, 10, 0, 0])
    await admin.say("results pulse")
    said = _said(admin)
    assert "Nobody has answered of size=huge (20 % of the target mix)." in said
    assert "Not weighted to the target mix" in said
    assert "Weighted: NPS" not in said


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("insiders size small=40 large=50", "The shares add up to 90, not to 100"),
        ("insiders siez small=100", "did you mean “size”?"),
        ("insider size small=100", "There is no panel called “insider” (did you mean “insiders”?)"),
        ("insiders size small", "I can't read “small”"),
        ("insiders size small=50 Small=50", "“small” is there twice"),
        ("insiders size", "Please write it like this"),
        ("", "Please write it like this"),
    ],
)
async def test_what_is_no_target_is_refused_and_nothing_changes(admin: Person, words: str, reason: str) -> None:
    await admin.say("panel target insiders size small=50 large=50")
    await admin.say(f"panel target {words}")
    assert reason in _said(admin)
    await admin.say("panel target insiders")
    assert "small\n50 %" in _said(admin)


async def test_only_admins_set_a_target(people: list[Person]) -> None:
    await people[0].say("panel target insiders size small=100")
    assert "is for admins" in _said(people[0])
