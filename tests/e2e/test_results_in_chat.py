"""Results in the chat over HTTP: by segment and back, what is refused to whom, and being told when there are more."""

import asyncio
import contextlib

import msgspec
import pytest

from app import TELLER
from settings import Settings
from simulator import Json, Person, card_text
from simulator.cards import card_of
from store.contract import StoreError
from tests.e2e.conftest import ELSEWHERE, PULSE, STORES, Service, is_survey

SECRET = PULSE.replace("id: pulse", "id: secret").replace("questions:", "anonymous: true\nthreshold: 3\nquestions:")
NEWS = "You wanted to know when it has"
FORGED: list[Json] = [
    {"act": "segments", "run": "nothing"},
    {"act": "segments", "run": "pulse-1", "by": ["size"], "first": "x"},
    {"act": "segments", "run": "pulse-1", "by": "**x**" * 100, "first": -3},
    {"act": "results", "run": "pulse-1", "first": 10**9},
    {"act": "wish", "run": "nothing", "is_said": True, "answers": "5"},
    {"act": "wish", "run": "pulse-1", "is_said": True, "answers": {"x": 1}},
    {"act": "unwish", "run": "pulse-1"},
]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, approval_above=1000)


@pytest.fixture
async def people(service: Service, admin: Person) -> list[Person]:
    """Eleven customers with a pulse: six are small, four are large, and of one nothing is known."""
    found = [service.teams.person(f"Sample Customer {number:02}", tenant=ELSEWHERE) for number in range(11)]
    for person in found:
        await person.install()
    sizes = ["small"] * 6 + ["large"] * 4
    rows = "".join(f"{ELSEWHERE},{one.who.object_id},{size}\n" for one, size in zip(found, sizes, strict=False))
    await admin.say(f"panel import insiders\ntenant,object id,size\n{rows}")
    await admin.say(f"survey import\n```\n{PULSE}```")
    await _sent(admin, "pulse", found)
    return found


async def _sent(admin: Person, survey: str, people: list[Person]) -> None:
    await admin.say(f"send {survey} to customers")
    for person in people:
        await person.received(lambda message: f"{survey}-1" in str(message) and is_survey(message))
    async with asyncio.timeout(60):
        while "dealt with (100%)" not in _said((await admin.forge({"act": "status", "run": f"{survey}-1"})).card):
            pass


def _said(card: Json) -> str:
    return card_text(card).replace("\u200b", "").replace("\\", "").replace("**", "")


async def _answered(people: list[Person], score: int) -> None:
    for person in people:
        await person.press("answer", {"q_nps": str(score), "q_tools": "phone"})
        assert "saved" in _said(person.card())


async def _news(service: Service, person: Person, *, is_expected: bool = True) -> list[str]:
    """Let everybody be told who is to be, and return all that a person has been told so far."""
    with contextlib.suppress(StoreError):  # it looks again by itself, a little later
        await service.part(TELLER).tick()
    if is_expected:
        await person.received(lambda message: NEWS in str(message))
    return [_said(card_of(one)) for one in person.inbox if NEWS in str(one)]


@STORES
async def test_an_engineer_goes_by_segment_and_back_in_one_card(people: list[Person], engineer: Person) -> None:
    await _answered(people[:6], 10)
    await _answered(people[6:], 0)
    await engineer.say("results pulse")
    messages = len(engineer.inbox)
    whole = _said(engineer.card())
    assert "11 of 11 people answered" in whole
    assert "NPS +9" in whole
    await engineer.press("By segment…")
    assert "What shall the answers be divided by?" in _said(engineer.card())
    await engineer.press("size")
    found = _said(engineer.card())
    assert "NPS +100" in found
    assert "small" in found
    assert "large" not in found
    assert "5 answers of segments with fewer than 5 of them are not shown" in found
    await engineer.press("Other segments")
    await engineer.press("Back to all answers")
    assert _said(engineer.card()) == whole
    assert len(engineer.inbox) == messages, "it was the same card all the time"


async def test_segments_can_be_typed(people: list[Person], engineer: Person) -> None:
    await _answered(people[:6], 10)
    await engineer.say("results pulse by Size")
    assert "NPS +100" in _said(engineer.card())
    await engineer.say("results pulse by colour")
    assert "Nothing called “colour” is known" in _said(engineer.card())
    assert "size" in _said(engineer.card())
    await engineer.say("results pulse by")
    assert "What shall the answers be divided by?" in _said(engineer.card())


async def test_clients_that_only_submit_go_by_segment_too(people: list[Person], engineer: Person) -> None:
    await _answered(people[:6], 10)
    await engineer.say("results pulse")
    await engineer.submit("By segment…")
    await engineer.submit("size")
    assert "NPS +100" in _said(engineer.card())
    await engineer.submit("Back to all answers")
    assert "6 of 11 people answered" in _said(engineer.card())


async def test_a_customer_gets_nothing_of_it_whatever_they_send_or_type(people: list[Person], service: Service) -> None:
    await _answered(people[:6], 10)
    for act in ("results", "segments", "wish", "unwish"):
        forged: Json = {"act": act, "run": "pulse-1", "by": "size", "is_said": True, "answers": "7", "first": 0}
        answer = await people[0].forge(forged)
        assert "is for engineers" in _said(answer.card)
        assert "NPS" not in str(answer.body)
    for words in ("results pulse by size", "results pulse at 7"):
        await people[0].say(words)
        assert "is for engineers" in _said(people[0].card())
    assert (await service.store.query("ledger", partition="wishes")).docs == []


async def test_what_no_card_offers_does_no_harm(people: list[Person], engineer: Person) -> None:
    await _answered(people[:1], 10)
    for forged in FORGED:
        answer = await engineer.forge(forged)
        assert answer.status == 200
        assert "Something went wrong" not in _said(answer.card)
        assert "**x**" not in card_text(answer.card)


async def test_an_anonymous_run_has_no_segments_open_or_closed(
    people: list[Person], admin: Person, engineer: Person
) -> None:
    await admin.say(f"survey import\n```\n{SECRET}```")
    await _sent(admin, "secret", people)
    await _answered(people[:6], 10)
    for _ in range(2):
        await engineer.say("results secret")
        assert "By segment" not in str(engineer.card())
        for forged in ({"by": "size"}, {}):
            answer = await engineer.forge({"act": "segments", "run": "secret-1", **forged})
            assert "there are no figures by segment" in _said(answer.card)
            assert "small" not in _said(answer.card)
            assert "NPS" not in str(answer.card)
        await engineer.say("results secret by size")
        assert "there are no figures by segment" in _said(engineer.card())
        await admin.say("survey close secret")


@STORES
async def test_who_waits_for_answers_is_told_once_they_are_there(
    people: list[Person], engineer: Person, service: Service
) -> None:
    await _answered(people[:1], 10)
    await engineer.say("results pulse at 3")
    assert "I tell you once pulse-1 has 3 answers. Now it has 1." in _said(engineer.card())
    assert await _news(service, engineer, is_expected=False) == []
    await _answered(people[1:3], 10)
    await engineer.say("results pulse")  # which counts what is new
    (news,) = await _news(service, engineer)
    assert "pulse-1 has 3 answers" in news
    assert "You wanted to know when it has 3." in news
    await _answered(people[3:5], 10)
    await engineer.say("results pulse")
    assert await _news(service, engineer) == [news]
    (told,) = [message for message in engineer.inbox if NEWS in str(message)]
    await engineer.press("See the results", on=told)
    assert any("5 of 11 people answered" in _said(card_of(message)) for message in engineer.inbox)


async def test_a_number_is_asked_for_on_the_card_and_taken_back_there(
    people: list[Person], engineer: Person, service: Service
) -> None:
    await _answered(people[:1], 10)
    await engineer.say("results pulse")
    await engineer.press("Tell me…")
    assert "At how many answers?" in _said(engineer.card())
    await engineer.press("Tell me then", {"answers": "1"}, validate=False)
    assert "has 1 answers already" in _said(engineer.card())
    await engineer.press("Tell me then", {"answers": "2"})
    assert "I tell you once pulse-1 has 2 answers." in _said(engineer.card())
    assert "1 of 11 people answered" in _said(engineer.card())
    await engineer.press("Tell me…")
    assert "You are told at 2." in _said(engineer.card())
    await engineer.press("Do not tell me")
    assert "I do not tell you." in _said(engineer.card())
    await _answered(people[1:3], 10)
    await engineer.say("results pulse")
    assert await _news(service, engineer, is_expected=False) == []


@STORES
async def test_asked_twice_the_later_number_counts_and_a_restart_forgets_neither(
    people: list[Person], engineer: Person, service: Service
) -> None:
    await engineer.say("results pulse at 1")
    await engineer.say("results pulse at 2")
    await service.restart()
    await _answered(people[:1], 10)
    await engineer.say("results pulse")
    assert await _news(service, engineer, is_expected=False) == []
    await _answered(people[1:2], 10)
    await engineer.say("results pulse")
    await service.restart()
    (news,) = await _news(service, engineer)
    assert "pulse-1 has 2 answers" in news
    await service.restart()
    assert await _news(service, engineer) == [news]


async def test_a_run_that_ends_before_is_told_too(
    people: list[Person], admin: Person, engineer: Person, service: Service
) -> None:
    await engineer.say("results pulse at 9")
    await _answered(people[:2], 10)
    await admin.say("survey close pulse")
    (news,) = await _news(service, engineer)
    assert "pulse-1 is over" in news
    assert "It ended with 2 answers" in news
    assert await _news(service, engineer) == [news]
    await engineer.say("results pulse at 9")
    assert "pulse-1 is over: it has 2 answers" in _said(engineer.card())


async def test_how_many_answered_an_anonymous_run_is_told_and_nothing_else(
    people: list[Person], admin: Person, engineer: Person, service: Service
) -> None:
    await admin.say(f"survey import\n```\n{SECRET}```")
    await _sent(admin, "secret", people)
    await engineer.say("results secret at 3")
    await _answered(people[:3], 10)
    await engineer.say("results secret")
    (news,) = await _news(service, engineer)
    assert "secret-1 has 3 answers" in news
    await engineer.press("See the results")
    assert "Its results appear once it is closed" in _said(engineer.card())


async def test_what_cannot_be_done_is_said(people: list[Person], engineer: Person) -> None:
    assert people
    for words, said in {
        "at": "At how many answers shall I tell you?",
        "at noon": "At how many answers shall I tell you?",
        "at 12": "pulse-1 went to 11 people",
        "in Spanish": "results <survey or run> [by <attribute>] [at <number>]",
    }.items():
        await engineer.say(f"results pulse {words}")
        assert said in _said(engineer.card())


async def test_what_somebody_waits_for_is_in_my_data(people: list[Person], engineer: Person) -> None:
    assert people
    await engineer.say("results pulse at 9")
    everything = await engineer.say("my data")
    assert '"answers": 9' in "".join(everything.texts)
