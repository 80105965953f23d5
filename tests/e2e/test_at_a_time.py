"""Sending later and again, reminders and the closing date, over HTTP. The service's clock stands still until moved."""

import asyncio
import itertools
from datetime import time, timedelta

import aiohttp
import msgspec
import pytest

from settings import Settings
from simulator import Fault, Json, Person, Teams, card_text
from tests.conftest import Clock
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, PULSE, Service, is_survey

HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture(autouse=True)
def _stopped(service: Service, clock: Clock) -> None:
    ticks = itertools.count()
    service.clock = lambda: clock.now() + timedelta(microseconds=next(ticks))  # no two moments are the same


@pytest.fixture
async def planner(teams: Teams) -> Person:
    """An admin in Berlin, who has imported the pulse."""
    person = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN, time_zone="Europe/Berlin")
    await person.install()
    await person.say(f"survey import {PULSE}")
    return person


def _said(person: Person) -> str:
    return card_text(person.card()).replace("\u200b", "").replace("\\", "")


def _surveys(person: Person) -> int:
    return sum(map(is_survey, person.inbox))


def _is_closed(message: Json) -> bool:
    return "This survey is closed" in str(message)


def _is_moved(message: Json) -> bool:
    return "further down" in str(message)


async def _state_of_run(service: Service, run: str) -> object:
    doc = await service.store.get("runs", run, "run")
    return None if doc is None else doc["state"]


async def _when_sent(service: Service, run: str = "pulse-s1.2026-11-24") -> None:
    """Return when a run is sent. What follows it waits for that, and by a clock that stands still it waits for ever."""
    async with asyncio.timeout(60):
        while True:
            if await _state_of_run(service, run) == "sent":
                return
            await asyncio.sleep(0.01)


async def test_a_survey_is_sent_at_its_time_in_the_admins_zone_and_not_before(
    planner: Person, customer: Person, service: Service, clock: Clock
) -> None:
    await planner.say("send pulse to customers at today 17:00")
    assert "Planned: pulse-s1" in _said(planner)
    assert "Tuesday, 24 November 2026, 17:00 (Europe/Berlin)" in _said(planner)
    clock.pass_s(7 * HOUR - 1)  # 16:59:59 in Berlin
    await service.ticker.tick()
    assert await _state_of_run(service, "pulse-s1.2026-11-24") is None
    await service.restart()
    clock.pass_s(1)
    service.ticker.wake()
    await customer.received(is_survey)
    await service.ticker.tick()
    assert _surveys(customer) == 1
    await planner.say("audit")
    assert "by the schedule pulse-s1" in _said(planner)
    thanks = await customer.press("answer", {"q_nps": "9"})
    assert "Thank you" in card_text(thanks.card)
    await planner.say("results pulse-s1.2026-11-24")
    assert "Sample pulse" in _said(planner)


async def test_a_schedule_sends_again_and_again_until_it_is_paused_and_stopped(
    planner: Person, customer: Person, service: Service, clock: Clock
) -> None:
    await planner.say("schedule pulse to customers every day at 11:00")
    for date in ("24 November 2026, 11:00", "25 November 2026, 11:00", "26 November 2026, 11:00"):
        assert date in _said(planner)
    for times, wait_s in ((1, HOUR), (2, DAY)):
        clock.pass_s(wait_s)
        service.ticker.wake()
        await customer.received(1 + times)  # the welcome, and the surveys
        assert _surveys(customer) == times
    await planner.say("schedule pause pulse-s1")
    assert "paused" in _said(planner)
    clock.pass_s(DAY)
    await service.ticker.tick()
    await planner.say("schedule resume pulse-s1")
    assert "27 November" in _said(planner)
    await planner.say("schedule list")
    assert "skipped – the schedule was paused" in _said(planner)
    assert "started, run pulse-s1.2026-11-25" in _said(planner).replace("*", "")
    await planner.say("schedule stop pulse-s1")
    assert "nothing more will start" in _said(planner)
    clock.pass_s(DAY)
    await service.ticker.tick()
    assert await _state_of_run(service, "pulse-s1.2026-11-27") is None
    assert _surveys(customer) == 2
    await planner.say("schedule pause pulse-s1")
    assert "is over" in _said(planner)


async def test_the_closing_date_closes_the_cards_over_a_restart(
    planner: Person, customer: Person, engineer: Person, service: Service, clock: Clock
) -> None:
    await planner.say("send pulse to everyone, close after 2 days")
    for person in (customer, engineer, planner):
        await person.received(is_survey)
    await _when_sent(service)
    await customer.press("answer", {"q_nps": "9", "q_why": "It is quick"})
    await service.restart()
    clock.pass_s(2 * DAY)
    service.ticker.wake()
    for person in (customer, engineer, planner):
        await person.received(_is_closed)
        assert _surveys(person) == 0
    assert "It is quick" in _said(customer)
    assert "takes answers" in _said(engineer)
    assert await _state_of_run(service, "pulse-s1.2026-11-24") == "closed"


async def test_closing_a_survey_closes_the_cards_and_gets_over_troubles(
    planner: Person, customer: Person, engineer: Person
) -> None:
    await planner.say("send pulse to customers")
    await planner.say("send pulse to engineers")
    await customer.received(is_survey)
    await engineer.received(is_survey)
    customer.run_into(Fault(status=429, headers={"Retry-After": "0"}))
    engineer.run_into(Fault(status=404))
    said = await planner.say("survey close pulse")
    assert "2 open runs" in said.texts[-1]
    await customer.received(_is_closed)
    await planner.received(_is_closed)
    assert _surveys(engineer) == 1  # that card is gone for Teams; what is pressed there is refused all the same
    again = await engineer.press("answer", {"q_nps": "3"})
    assert "This survey is closed" in card_text(again.card)


async def test_who_has_not_answered_is_reminded_and_who_has_is_not(
    planner: Person, customer: Person, service: Service, teams: Teams, clock: Clock
) -> None:
    quick = teams.person("Sample Quick", tenant=ELSEWHERE)
    stopped = teams.person("Sample Stopped", tenant=ELSEWHERE)
    for person in (quick, stopped):
        await person.install()
    await planner.say("send pulse to customers, remind after 3 days, close after 14 days")
    for person in (customer, quick, stopped):
        await person.received(is_survey)
    await _when_sent(service)
    await quick.press("answer", {"q_nps": "9"})
    await stopped.say("stop")
    await service.ticker.tick()
    await service.restart()
    clock.pass_s(60)
    await service.ticker.tick()  # sees that everybody has been written to
    clock.pass_s(3 * DAY)
    service.ticker.wake()
    await customer.received(_is_moved)
    assert _surveys(customer) == 1
    assert "Reminder: you have not answered this yet" in _said(customer)
    assert customer.inbox[-1]["summary"] == "Reminder: Sample pulse"
    assert "Thank you" in _said(quick)
    assert _surveys(stopped) == 1
    thanks = await customer.press("answer", {"q_nps": "3"})
    assert "Thank you" in card_text(thanks.card)
    clock.pass_s(11 * DAY)
    service.ticker.wake()
    for person in (customer, quick, stopped):
        await person.received(_is_closed)
        assert _surveys(person) == 0


async def test_a_reminder_waits_for_the_end_of_quiet_hours_where_the_person_is(
    teams: Teams, settings: Settings, clock: Clock
) -> None:
    service = Service(teams, msgspec.structs.replace(settings, quiet_hours=(time(20), time(8))), clock.now)
    await service.start()
    planner = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
    in_tokyo = teams.person("Sample Early", tenant=ELSEWHERE, time_zone="Asia/Tokyo")
    in_new_york = teams.person("Sample Late", tenant=ELSEWHERE, time_zone="America/New_York")
    for person in (planner, in_tokyo, in_new_york):
        await person.install()
    await planner.say(f"survey import {PULSE}")
    await planner.say("send pulse to customers, remind after 3 days")
    await in_tokyo.received(is_survey)
    clock.pass_s(4 * HOUR)  # 22:00 in Tokyo, 8:00 in New York
    service.worker.wake()
    await in_new_york.received(is_survey)
    await _when_sent(service)
    await service.restart()
    clock.pass_s(60)
    await service.ticker.tick()  # sees that everybody has been written to
    clock.pass_s(3 * DAY)
    service.ticker.wake()
    await in_new_york.received(_is_moved)
    assert "Reminder" not in str(in_tokyo.inbox)
    clock.pass_s(10 * HOUR)  # 8:00 in Tokyo, 18:00 in New York
    service.worker.wake()
    await in_tokyo.received(_is_moved)
    await service.stop()
    assert [_surveys(person) for person in (in_tokyo, in_new_york)] == [1, 1]


async def test_nothing_is_sent_for_somebody_who_is_no_admin_any_more(
    planner: Person, customer: Person, service: Service, clock: Clock
) -> None:
    await planner.say("send pulse to customers at in 2 hours")
    doc = next(one for one in (await service.store.query("ledger")).docs if one["kind"] == "schedule")
    await service.store.replace(
        "ledger", {**doc, "owner": f"{ELSEWHERE}:{customer.who.object_id}"}, etag=str(doc["_etag"])
    )
    clock.pass_s(2 * HOUR)
    await service.ticker.tick()
    await planner.say("schedule list")
    assert "refused – Whoever planned “pulse-s1” is no longer an admin" in _said(planner)
    assert _surveys(customer) == 0


async def test_a_survey_closed_meanwhile_is_not_sent(
    planner: Person, customer: Person, service: Service, clock: Clock
) -> None:
    await planner.say("send pulse to customers at in 2 hours")
    await planner.say("survey close pulse")
    clock.pass_s(2 * HOUR)
    await service.ticker.tick()
    await planner.say("schedule list")
    assert "refused – The survey “pulse” is closed" in _said(planner)
    assert _surveys(customer) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("send pulse to customers at today 9:59", "has passed: it is Tuesday, 24 November 2026, 10:00 (Europe/Berlin)"),
        ("send pulse to customers at next friday", "I can't read “next friday” as a time, so nothing was planned"),
        ("send pulse to customers at 2028-01-01 09:00", "more than a year ahead"),
        ("send pulse to customers, nag after 3 days", "I don't understand this audience"),
        ("send pulse to customers, remind after 3 days, close after 2 days", "closes before the last reminder"),
        ("send pulse to customers, close after 2 hours", "at least a day to answer"),
        ("send pulse to customers, remind after 9 dyas", "I can't read “remind after 9 dyas”"),
        ("send pulse to nobody at tomorrow 9:00", "understand this audience at character 1, at “nobody”"),
        ("send nothing to customers at tomorrow 9:00", "no survey called “nothing”"),
        ("schedule nothing to customers every day", "no survey called “nothing”"),
        ("schedule pulse to customers every now and then", "as how often, so nothing was planned"),
        ("schedule pulse to nobody every day", "understand this audience at character 1, at “nobody”"),
        ("schedule pulse", "schedule <survey> to <audience> every <when>"),
        ("schedule pause", "schedule pause <schedule>"),
        ("schedule stop pulse-s9", "There is no schedule called “pulse-s9”"),
        ("schedule resume pulse-s9", "There is no schedule called “pulse-s9”"),
    ],
)
async def test_what_cannot_be_planned_is_refused_with_its_sentence(
    words: str, sentence: str, planner: Person, customer: Person, service: Service
) -> None:
    await planner.say(words)
    assert sentence in _said(planner)
    assert (await service.store.query("ledger")).docs == []
    assert [doc for doc in (await service.store.query("runs")).docs if doc["kind"] == "run"] == []
    assert _surveys(customer) == 0


async def test_a_closed_survey_is_not_planned(planner: Person, service: Service) -> None:
    await planner.say("survey close pulse")
    for words in ("send pulse to customers at tomorrow 9:00", "schedule pulse to customers every day"):
        await planner.say(words)
        assert "closed and cannot be sent" in _said(planner)
    assert (await service.store.query("ledger")).docs == []


async def test_the_same_plan_twice_by_accident_is_one(planner: Person, service: Service) -> None:
    for _ in range(2):
        await planner.say("schedule pulse to customers every day")
    assert len((await service.store.query("ledger")).docs) == 1


async def test_without_plans_the_list_says_how_to_make_one(planner: Person) -> None:
    await planner.say("schedule list")
    assert "Nothing is planned" in _said(planner)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "UTC\x00"])
async def test_a_zone_that_does_not_exist_changes_nothing(
    zone: str, planner: Person, teams: Teams, service: Service
) -> None:
    said = await planner.say("help")
    assert isinstance(said.sent, dict)
    answer = await teams.post({**said.sent, "id": "other-zone", "text": "help me", "localTimezone": zone})
    assert answer.status == 200
    doc = await service.store.get("people", f"{HOME}:{ADMIN}", f"{HOME}:{ADMIN}")
    assert doc is not None
    assert doc["time_zone"] == "Europe/Berlin"


async def test_a_ticker_that_fails_makes_the_service_unready(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(service.ticker, "tick", broken)
    service.ticker.wake()
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        found: tuple[int, object] = (200, None)
        while found[0] == 200:
            async with session.get(f"{service.url}/readyz") as answer:
                found = answer.status, await answer.json()
    everybody = ("store", "queue", "worker", "planning", "ticker", "tallier", "watcher", "sealer", "teller", "budget")
    assert found == (503, {**dict.fromkeys(everybody, "ok"), "ticker": "does not answer"})
