"""People known from a panel's file alone: the bot opens their chats and sends them the survey."""

import asyncio
from collections import Counter

import pytest
from msgspec.structs import replace

from feedback.runs.runs import DeliveryState, RunState, deliveries, find_run
from settings import Settings
from simulator import Call, Fault, Person, Teams, card_text
from tests.e2e.conftest import ELSEWHERE, PULSE, Service, is_survey

PEOPLE = 30
WITHOUT = 4  # of them, the app is not installed for so many


def _csv(people: list[Person]) -> str:
    return "tenant,object id\n" + "".join(f"{one.who.tenant},{one.who.object_id}\n" for one in people)


@pytest.fixture
def strangers(teams: Teams) -> list[Person]:
    """People who never wrote; the last ones have not got the app."""
    return [teams.person(f"Sample {n}", tenant=ELSEWHERE, has_bot=n < PEOPLE - WITHOUT) for n in range(PEOPLE)]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, approval_above=1000)


def _counting(teams: Teams) -> Counter[str]:
    """Return how many requests there were of each kind, from now on."""
    calls: Counter[str] = Counter()

    def look(call: Call) -> Fault | None:
        if call.person is None or call.person.who.tenant == ELSEWHERE:
            calls[call.operation] += 1
        return None

    teams.respond = look
    return calls


async def _over(service: Service, admin: Person, run: str) -> Counter[str]:
    """Return the states of a run, with their reasons, when everybody was dealt with."""
    async with asyncio.timeout(60):
        while (await find_run(service.store, run)).state is not RunState.SENT:
            await service.worker.drain()
    await admin.say(f"status {run}")
    return Counter([f"{one.state.value}: {one.reason}".rstrip(": ") async for one in deliveries(service.store, run)])


async def test_a_panel_of_people_who_never_wrote_gets_the_survey(
    service: Service, admin: Person, strangers: list[Person], teams: Teams
) -> None:
    calls = _counting(teams)
    await admin.say(f"survey import {PULSE}")
    await admin.say(f"panel import insiders\n{_csv(strangers)}")
    await admin.say("dry run pulse to panel insiders")
    said = card_text(admin.card())
    assert "no conversation yet, will be opened" in said
    assert calls == {}, "a dry run asks Teams nothing"

    await admin.say("send pulse to panel insiders")
    there, without = strangers[:-WITHOUT], strangers[-WITHOUT:]
    for person in there:
        await person.received(is_survey)
    not_installed = "failed: unreachable: 403 ForbiddenOperationException"
    assert await _over(service, admin, "pulse-1") == {"sent": len(there), not_installed: WITHOUT}
    assert calls == {"create": PEOPLE, "send": len(there)}
    assert not any(one.inbox for one in without)
    assert "unreachable: 403 ForbiddenOperationException" in card_text(admin.card())

    await there[0].press("answer", {"q_nps": "9"})
    assert [
        one.state async for one in deliveries(service.store, "pulse-1") if one.id.endswith(there[0].who.object_id)
    ] == [DeliveryState.ANSWERED]


async def test_whoever_is_not_installed_is_not_tried_again_until_they_speak(
    service: Service, admin: Person, strangers: list[Person], teams: Teams
) -> None:
    await admin.say(f"survey import {PULSE}")
    await admin.say(f"panel import insiders\n{_csv(strangers)}")
    await admin.say("send pulse to panel insiders")
    await _over(service, admin, "pulse-1")
    calls = _counting(teams)
    await admin.say("send pulse to panel insiders and customers")
    left_out = "excluded: unreachable: 403 ForbiddenOperationException"
    assert await _over(service, admin, "pulse-2") == {"sent": PEOPLE - WITHOUT, left_out: WITHOUT}
    assert calls == {"send": PEOPLE - WITHOUT}

    await strangers[-1].install()
    await admin.say("send pulse to customers and panel insiders")
    assert await _over(service, admin, "pulse-3") == {"sent": PEOPLE - WITHOUT + 1, left_out: WITHOUT - 1}
    assert calls["create"] == 0
    assert sum(map(is_survey, strangers[-1].inbox)) == 1


async def test_trouble_while_chats_are_opened_costs_nobody_their_survey(
    service: Service, admin: Person, strangers: list[Person]
) -> None:
    there = strangers[:-WITHOUT]
    for number, trouble in enumerate(
        [
            Fault(status=429, headers={"Retry-After": "0"}),
            Fault(status=503),
            Fault(status=500),
            Fault(drop="before"),
            Fault(drop="after", delivered=True),
            Fault(status=502, delivered=True),
        ]
    ):
        there[number].run_into(trouble)
    await admin.say(f"survey import {PULSE}")
    await admin.say(f"panel import insiders\n{_csv(there)}")
    await admin.say("send pulse to panel insiders")
    for person in there:
        await person.received(is_survey, 20)
    assert await _over(service, admin, "pulse-1") == {"sent": len(there)}
    assert {sum(map(is_survey, person.inbox)) for person in there} == {1}


async def test_whoever_writes_later_keeps_their_one_chat(
    service: Service, admin: Person, strangers: list[Person]
) -> None:
    await admin.say(f"survey import {PULSE}")
    await admin.say(f"panel import insiders\n{_csv(strangers[:2])}")
    await admin.say("send pulse to panel insiders")
    await strangers[0].received(is_survey)
    await strangers[0].say("stop")
    await _over(service, admin, "pulse-1")
    await admin.say("send pulse to panel insiders and customers")
    assert await _over(service, admin, "pulse-2") == {"sent": 1, "excluded: opted out": 1}
