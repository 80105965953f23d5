"""A run in waves over HTTP: whom it asks, whom it leaves in peace, a restart in between, and what an admin sees."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import msgspec
import pytest

from feedback.runs.progress import count_states
from feedback.runs.runs import find_run
from feedback.waves import find_book
from settings import Settings
from simulator import Json, Person, Teams, card_text
from tests.conftest import Clock
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, Service

DAY = 24 * 3600
SECOND = "aaaaaaaa-0000-0000-0000-000000000002"
STARS = """\
id: stars
title: Sample stars
questions:
  - {id: stars, kind: rating, text: "How good is it?", required: true}
"""


@pytest.fixture(autouse=True)
def _stopped(service: Service, clock: Clock) -> None:
    ticks = itertools.count()
    service.clock = lambda: clock.now() + timedelta(microseconds=next(ticks))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, admins=frozenset({ADMIN, SECOND}))


@pytest.fixture
async def second(service: Service) -> Person:
    person = service.teams.person("Sample Second Admin", tenant=HOME, object_id=SECOND)
    await person.install()
    return person


@pytest.fixture
async def author(service: Service, teams: Teams) -> Person:
    assert service.url
    person = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
    await person.install()
    await person.say(f"survey import {STARS}")
    return person


async def _people(teams: Teams, author: Person, size: str, count: int) -> list[Person]:
    people = [teams.person(f"Sample {size} {number}", tenant=ELSEWHERE) for number in range(count)]
    await asyncio.gather(*(one.install() for one in people))
    rows = "".join(f"{one.who.tenant},{one.who.object_id},{size}\n" for one in people)
    await author.say(f"panel import {size}\ntenant,object id,size\n{rows}")
    return people


def _is_stars(message: Json) -> bool:
    return "Sample stars" in str(message)


def _asked(people: Sequence[Person]) -> list[Person]:
    return [one for one in people if any(map(_is_stars, one.inbox))]


def _said(person: Person) -> str:
    return card_text(person.card()).replace("\u200b", "").replace("\\", "")


async def _run(service: Service, name: str = "stars-1") -> Json:
    doc = await service.store.get("runs", name, "run")
    assert doc is not None
    return doc


async def _states(service: Service, name: str = "stars-1") -> dict[str, int]:
    found = await count_states(service.store, await find_run(service.store, name))
    return {state.value: count for state, count in found.items()}


async def _until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await is_so():  # noqa: ASYNC110 - a condition in the store
            await asyncio.sleep(0.02)


async def _until_asked(service: Service, people: Sequence[Person], count: int) -> list[Person]:
    async def is_so() -> bool:
        service.worker.wake()
        return len(_asked(people)) >= count

    await _until(is_so)
    return _asked(people)


async def _until_states(service: Service, states: dict[str, int]) -> None:
    async def is_so() -> bool:
        await service.ticker.tick()
        return await _states(service) == states

    await _until(is_so)


async def _until_state(service: Service, state: str) -> None:
    async def is_so() -> bool:
        await service.ticker.tick()
        return (await _run(service))["state"] == state

    await _until(is_so)


async def _wave_has_left(service: Service) -> None:
    """Wait until the ticker has seen that a wave has left: from then on it has its time."""

    async def is_so() -> bool:
        await service.ticker.tick()
        found = await find_book(service.store, "stars-1")
        return found is not None and found[0].look_at is not None

    await _until(is_so)


async def test_a_segment_that_is_sure_is_left_in_peace_and_the_other_gets_the_next_wave(
    author: Person, second: Person, teams: Teams, service: Service, clock: Clock
) -> None:
    small, large = await _people(teams, author, "small", 70), await _people(teams, author, "large", 70)
    await author.say("send stars to size=small or size=large until ±0.5 by size, 35 a wave, every 2 days")
    assert "Waiting for an approval" in _said(author)
    assert "until ±0.5 by size, 35 a wave, every 2 days" in _said(author)
    await second.say("approve stars-1")
    alike, divided = await _until_asked(service, small, 35), await _until_asked(service, large, 35)
    await asyncio.gather(*(one.press("answer", {"q_stars": "4"}) for one in alike))
    await asyncio.gather(*(one.press("answer", {"q_stars": str(1 + 4 * (n % 2))}) for n, one in enumerate(divided)))
    await _wave_has_left(service)
    await service.restart()
    clock.pass_s(2 * DAY - 60)
    await service.ticker.tick()
    assert len(_asked(small)) == len(_asked(large)) == 35, "not before its time"
    await author.say("results stars-1")  # which counts what is new
    await author.say("status stars-1")
    assert "size=small" in _said(author)
    assert "±0.23 now: 35 answers of 35 asked, 70 in all" in _said(author)
    clock.pass_s(61)
    service.ticker.wake()
    rest = [one for one in await _until_asked(service, large, 70) if one not in divided]
    assert len(_asked(small)) == 35
    states = await _states(service)
    assert (states["answered"], states["cancelled"], sum(states.values())) == (70, 35, 140)
    await author.say("status stars-1")
    assert "±0.23 now, sure enough: 35 answers of 35 asked, 70 in all" in _said(author)
    assert "sure enough: size=small is at ±0.23, asked for ±0.5" in _said(author)
    await asyncio.gather(*(one.press("answer", {"q_stars": "4"}) for one in rest))
    await _until_state(service, "sent")
    assert await _states(service) == {"answered": 105, "cancelled": 35}


@pytest.mark.parametrize(("command", "state"), [("cancel", "cancelled"), ("recall", "recalled")])
async def test_a_run_that_is_stopped_between_two_waves_asks_nobody_else(
    command: str, state: str, author: Person, teams: Teams, service: Service, clock: Clock
) -> None:
    people = await _people(teams, author, "small", 3)
    await author.say("send stars to size=small until ±0.5, 1 a wave")
    asked = await _until_asked(service, people, 1)
    await _wave_has_left(service)
    await author.say(f"{command} stars-1")
    await _until_states(service, {"cancelled": 2, "sent" if command == "cancel" else "recalled": 1})
    clock.pass_s(3 * DAY)
    await service.ticker.tick()
    await service.worker.drain()
    assert _asked(people) == asked
    assert (await _run(service))["state"] == state


@pytest.mark.parametrize("store_at", ["sqlite", "cosmos"], indirect=True)
async def test_a_held_run_asks_on_when_it_is_continued_and_ends_when_nobody_is_left(
    author: Person, teams: Teams, service: Service, clock: Clock
) -> None:
    people = await _people(teams, author, "small", 2)
    await author.say("send stars to size=small until ±0.5, 1 a wave")
    await _until_asked(service, people, 1)
    await _wave_has_left(service)
    await author.say("hold stars-1")
    clock.pass_s(2 * DAY)
    await service.ticker.tick()
    await service.worker.drain()
    assert len(_asked(people)) == 1
    await author.say("continue stars-1")
    service.ticker.wake()
    await _until_asked(service, people, 2)
    await _until_state(service, "sent")
    assert await _states(service) == {"sent": 2}
    await author.say("status stars-1")
    assert "no margin yet: 0 answers of 2 asked, 2 in all" in _said(author)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("size=small until ±5 stars", "I can't read “±5 stars” after “until”, so nothing was sent"),
        ("size=small until ±0.5 at tomorrow 9:00", "Waves begin at once"),
        ("size=small until ±2", "±2 says nothing about “How good is it?”: its margin has to be under ±2"),
        ("size=small until ±0.5 by region", "Nobody in this audience has a value of “region”"),
        ("size=small until ±0.5, 0 a wave", "A wave is of 1 to 10,000 people"),
        ("size=huge until ±0.5", "nobody"),
    ],
)
async def test_what_cannot_be_in_waves_is_refused_and_nothing_is_sent(
    words: str, sentence: str, author: Person, teams: Teams, service: Service
) -> None:
    people = await _people(teams, author, "small", 1)
    await author.say(f"send stars to {words}")
    assert sentence.lower() in _said(author).lower()
    assert [doc for doc in (await service.store.query("runs")).docs if doc["kind"] == "run"] == []
    assert _asked(people) == []


async def test_a_dry_run_of_waves_counts_everybody_and_refuses_what_sending_would(author: Person, teams: Teams) -> None:
    people = await _people(teams, author, "small", 2)
    await author.say("dry run stars to size=small until ±0.5, 1 a wave")
    assert "Nothing sent yet" in _said(author)
    assert "Will get it\n2" in _said(author)
    await author.say("dry run stars to size=small until ±2")
    assert "±2 says nothing about" in _said(author)
    assert _asked(people) == []


async def test_an_anonymous_survey_has_no_waves(author: Person, teams: Teams) -> None:
    people = await _people(teams, author, "small", 1)
    hushed = STARS.replace("id: stars", "id: hushed\nanonymous: true", 1)
    await author.say(f"survey import {hushed}")
    await author.say("send hushed to size=small until ±0.5")
    assert "“hushed” is anonymous: it has no figures before its end, so no wave can be the last" in _said(author)
    assert _asked(people) == []
