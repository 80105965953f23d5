"""A run under control, over HTTP: the card that moves, its buttons, recall, the people of a run and their file."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp
import msgspec
import pytest

from settings import Settings
from simulator import Fault, Json, Person, Teams, card_text
from tests.conftest import Clock
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, PULSE, Service, is_survey

SECOND = "aaaaaaaa-0000-0000-0000-000000000002"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(
        settings,
        admins=frozenset({ADMIN, SECOND}),
        approval_above=1000,
        public_url="https://hearback.example",
    )


@pytest.fixture
async def people(service: Service, admin: Person) -> list[Person]:
    """Twelve customers who have installed the app, and a survey to send them."""
    found = [service.teams.person(f"Sample Customer {number:02}", tenant=ELSEWHERE) for number in range(12)]
    for person in found:
        await person.install()
    await admin.say(f"survey import {PULSE}")
    return found


def _said(card: Json) -> str:
    return card_text(card).replace("\u200b", "").replace("\\", "").replace("**", "")


async def _sent(admin: Person, people: list[Person]) -> None:
    await admin.say("send pulse to customers")
    for person in people:
        await person.received(is_survey)
    await _recorded(admin)


async def _recorded(admin: Person) -> None:
    """Wait until it is written down how every card ended; that is a little later than they arrive."""
    async with asyncio.timeout(60):
        while "dealt with (100%)" not in _said((await admin.forge({"act": "status", "run": "pulse-1"})).card):
            pass


async def test_the_card_after_a_send_moves_by_itself_and_stops_at_the_end(admin: Person, people: list[Person]) -> None:
    await _sent(admin, people)
    before = len(admin.inbox)
    await admin.received(lambda message: "12 of 12 dealt with (100%)" in str(message))
    assert len(admin.inbox) == before, "it is the same message"


async def test_a_card_moves_on_after_a_restart(
    admin: Person, people: list[Person], service: Service, teams: Teams
) -> None:
    stuck = Fault(status=503)
    teams.respond = lambda call: stuck if call.person in people else None
    await admin.say("send pulse to customers")
    assert "0 of 12 dealt with" in _said(admin.card())
    await service.stop()
    teams.respond = None
    await service.start()
    await admin.received(lambda message: "12 of 12 dealt with (100%)" in str(message))


async def test_refresh_answers_in_the_response_itself(admin: Person, people: list[Person], teams: Teams) -> None:
    teams.respond = lambda call: Fault(status=404) if call.operation == "update" else None
    await _sent(admin, people)
    answer = await admin.press("Refresh")
    assert "12 of 12 dealt with (100%)" in _said(answer.card)


async def test_buttons_hold_continue_and_cancel_and_ask_where_it_cannot_be_undone(
    admin: Person, people: list[Person], teams: Teams
) -> None:
    teams.respond = lambda call: Fault(status=503) if call.person in people else None
    await admin.say("send pulse to customers")
    held = await admin.press("Hold")
    assert "On hold" in _said(held.card)
    again = await admin.press("Refresh")
    assert "On hold" in _said(again.card)
    teams.respond = None
    asked = await admin.press("Cancel…")
    assert "will not be written to any more" in _said(asked.card)
    back = await admin.press("Back")
    assert "On hold" in _said(back.card)
    going = await admin.press("Continue")
    assert "Status" in _said(going.card)
    for person in people:
        await person.received(is_survey)


async def test_a_button_that_comes_too_late_says_so_on_the_card(admin: Person, people: list[Person]) -> None:
    await _sent(admin, people)
    await admin.say("cancel pulse-1")
    late = await admin.forge({"act": "hold", "run": "pulse-1"})
    assert "cannot be done now" in _said(late.card)
    assert "12 of 12 dealt with" in _said(late.card)


@pytest.mark.parametrize(
    "act", ["status", "confirm", "approve", "hold", "continue", "cancel", "resend", "recall", "people", "export"]
)
async def test_no_button_works_for_somebody_who_is_no_admin(
    act: str, admin: Person, people: list[Person], engineer: Person
) -> None:
    await _sent(admin, people)
    for person in (people[0], engineer):
        answer = await person.forge({"act": act, "run": "pulse-1", "what": "recall", "state": "sent"})
        assert "is for admins" in _said(answer.card)
        assert "Sample Customer" not in str(answer.body)


async def test_recall_takes_the_cards_back_and_keeps_the_answers(admin: Person, people: list[Person]) -> None:
    await _sent(admin, people)
    await people[0].press("answer", {"q_nps": "9", "q_why": "It is quick"})
    pressed = people[1].inbox[-1]
    asked = await admin.say("recall pulse-1")
    assert asked.status == 200
    for person in people:
        await person.received(lambda message: "This survey was withdrawn" in str(message))
        assert not any(is_survey(message) for message in person.inbox)
    assert "It is quick" in _said(people[0].card())
    late = await people[1].press("answer", {"q_nps": "9"}, on=pressed)
    assert "withdrawn" in _said(late.card)
    assert "none of yours were saved" in _said(late.card)
    await admin.received(lambda message: "11 of 11 cards taken back (100%)" in str(message))
    await admin.say("results pulse-1")
    assert "1 of" in _said(admin.card())
    await admin.say("resend pulse-1")
    assert "cannot be done now" in _said(admin.card())


async def test_recall_by_button_deletes_where_asked_and_replaces_where_that_is_not_possible(
    admin: Person, people: list[Person]
) -> None:
    await _sent(admin, people)
    people[0].run_into(Fault(status=501))
    await admin.say("status pulse-1")
    asked = await admin.press("Recall…")
    assert "12 cards" in _said(asked.card)
    await admin.press("Yes, delete the cards")
    await people[0].received(lambda message: "This survey was withdrawn" in str(message))
    await admin.received(lambda message: "12 of 12 cards taken back (100%)" in str(message))
    for person in people[1:]:
        assert not any("Sample pulse" in str(message) for message in person.inbox)


async def test_a_card_that_cannot_be_taken_back_is_counted_with_its_reason(admin: Person, people: list[Person]) -> None:
    await _sent(admin, people)
    people[3].run_into(Fault(status=403, body={"error": {"code": "ForbiddenOperationException"}}))
    await admin.say("recall pulse-1")
    await admin.received(lambda message: "11 of 12 cards taken back (92%)" in str(message))
    await admin.say("status pulse-1")
    assert "1 – Received it, not answered yet: not taken back: unreachable: 403 ForbiddenOperationException" in _said(
        admin.card()
    )
    await people[3].say("help")  # until they speak, nothing more goes to them
    await admin.say("recall pulse-1")
    await admin.received(lambda message: "12 of 12 cards taken back (100%)" in str(message))


async def test_people_are_listed_by_state_and_reason_page_by_page(
    admin: Person, people: list[Person], teams: Teams
) -> None:
    teams.respond = lambda call: (
        Fault(status=403, body={"error": {"code": "Sample"}}) if call.person is people[5] else None
    )
    await admin.say("send pulse to customers")
    for person in people:
        if person is not people[5]:
            await person.received(is_survey)
    await _recorded(admin)
    await admin.say("status pulse-1 failed 403")
    assert "Sample Customer 05" in _said(admin.card())
    assert "unreachable: 403 Sample" in _said(admin.card())
    await admin.say("status pulse-1 failed 404")
    assert "0 people" in _said(admin.card())
    await admin.say("status pulse-1 sent")
    first = _said(admin.card())
    assert "1 to 10 of 11 people" in first
    more = await admin.press("More")
    second = _said(more.card)
    assert "11 to 11 of 11 people" in second
    named = re.findall(r"Sample Customer \d\d", first + second)
    assert sorted(named) == sorted(person.name for person in people if person is not people[5])
    states = await admin.press("Other people")
    assert "People: pulse-1" in _said(states.card)
    failed = await admin.press("Could not be reached (1)")
    assert "Sample Customer 05" in _said(failed.card)
    back = await admin.press("Back")
    assert "Status: Sample pulse" in _said(back.card)
    await admin.say("status pulse-1 nowhere")
    assert "I don't know “nowhere”" in _said(admin.card())


async def _link(admin: Person) -> str:
    await admin.say("status pulse-1 csv")
    (url,) = {str(action["url"]) for action in admin.card()["actions"] if "url" in action}  # type: ignore[attr-defined]
    assert url.startswith("https://hearback.example/api/runs/pulse-1/people.csv?")
    return url.removeprefix("https://hearback.example")


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_the_people_of_a_run_are_a_file_without_formulas_and_downloads_are_recorded(
    admin: Person, people: list[Person], service: Service, web: aiohttp.ClientSession
) -> None:
    evil = service.teams.person("=HYPERLINK(1) Sample", tenant=ELSEWHERE)
    await evil.install()
    await _sent(admin, [*people, evil])
    async with web.get(f"{service.url}{await _link(admin)}") as answer:
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert "attachment" in answer.headers["Content-Disposition"]
        text = (await answer.read()).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["name"] for row in rows} == {*(one.name for one in people), "'=HYPERLINK(1) Sample"}
    assert {(row["state"], row["tenant"]) for row in rows} == {("sent", ELSEWHERE)}
    await admin.say("audit")
    said = _said(admin.card())
    assert "download pulse-1: people.csv" in said
    assert "send pulse-1: sending, 13 people" in said
    assert "Sample Admin" in said


async def test_the_people_of_a_run_are_an_excel_workbook_too(
    admin: Person, people: list[Person], service: Service, web: aiohttp.ClientSession
) -> None:
    await _sent(admin, people)
    await admin.say("status pulse-1 xlsx")
    assert "an Excel workbook" in _said(admin.card())
    (url,) = {str(action["url"]) for action in admin.card()["actions"] if "url" in action}  # type: ignore[attr-defined]
    path = url.removeprefix("https://hearback.example")
    async with web.get(f"{service.url}{path}") as answer:
        assert answer.status == 200
        assert (await answer.read()).startswith(b"PK")
    async with web.get(f"{service.url}{path.replace('people.xlsx', 'people.csv')}") as answer:
        assert answer.status == 403


@pytest.mark.parametrize("wrong", ["sig=0", "until=9999999999", "for=somebody", "until=x", "path", "none", "sig=é"])
async def test_a_link_that_was_changed_opens_nothing(
    wrong: str, admin: Person, people: list[Person], service: Service, web: aiohttp.ClientSession
) -> None:
    await _sent(admin, people)
    await admin.say("send pulse to customers and everyone")
    link = await _link(admin)
    name, _, value = wrong.partition("=")
    if name == "path":
        link = link.replace("pulse-1", "pulse-2")
    elif name == "none":
        link = urlsplit(link).path
    else:
        link = re.sub(rf"{name}=[^&]*", f"{name}={quote(value)}", link)
    async with web.get(f"{service.url}{link}") as answer:
        assert answer.status == 403
        assert "Sample Customer" not in await answer.text()
    await admin.say("audit")
    assert "download" not in _said(admin.card())


async def test_a_link_ends_after_a_quarter_of_an_hour(
    admin: Person, people: list[Person], service: Service, web: aiohttp.ClientSession, clock: Clock
) -> None:
    await _sent(admin, people)
    service.clock = clock.now
    link = await _link(admin)
    for seconds, status in ((899, 200), (1, 403)):
        clock.pass_s(seconds)
        async with web.get(f"{service.url}{link}") as answer:
            assert answer.status == status


async def test_a_link_opens_nothing_for_somebody_who_is_no_admin_any_more(
    teams: Teams, settings: Settings, web: aiohttp.ClientSession
) -> None:
    service = Service(teams, settings)
    await service.start()
    try:
        boss = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
        await boss.install()
        await boss.say(f"survey import {PULSE}")
        await boss.say("send pulse to me")
        link = await _link(boss)
        assert parse_qs(urlsplit(link).query)["for"] == [f"{HOME}:{ADMIN}"]
        await service.stop()
        service = Service(teams, msgspec.structs.replace(settings, admins=frozenset({SECOND})))
        await service.start()
        async with web.get(f"{service.url}{link}") as answer:
            assert answer.status == 403
    finally:
        await service.stop()


async def test_without_an_address_of_its_own_it_gives_no_link(teams: Teams, settings: Settings) -> None:
    service = Service(teams, msgspec.structs.replace(settings, public_url=""))
    await service.start()
    try:
        boss = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
        await boss.install()
        await boss.say(f"survey import {PULSE}")
        await boss.say("send pulse to me")
        await boss.say("status pulse-1 csv")
        assert "HEARBACK_PUBLIC_URL" in _said(boss.card())
    finally:
        await service.stop()


async def test_what_admins_change_is_recorded_with_before_and_after(
    admin: Person, people: list[Person], teams: Teams
) -> None:
    teams.respond = lambda call: Fault(status=503) if call.person in people else None
    await admin.say("send pulse to customers")
    for words in ("hold pulse-1", "continue pulse-1", "cancel pulse-1", "recall pulse-1", "survey close pulse"):
        await admin.say(words)
    await admin.say("audit")
    said = _said(admin.card())
    for line in (
        "hold pulse-1: sending → held",
        "continue pulse-1: held → sending",
        "cancel pulse-1: sending → cancelled",
        "recall pulse-1: cancelled → recalled",
        "survey close pulse: 0 open runs → closed",
    ):
        assert line in said
    await admin.say("hold pulse-1")
    await admin.say("audit")
    assert _said(admin.card()).count("hold pulse-1") == 1, "what was refused is not recorded"
