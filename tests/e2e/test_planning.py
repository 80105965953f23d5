"""Before anything is sent: panels from a file, what a send would do, a second admin, the contact budget."""

from datetime import UTC, datetime, time

import msgspec
import pytest

from settings import Settings
from simulator import Person, Teams, card_text
from tests.conftest import Clock
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, PULSE, Service, is_survey

SECOND = "aaaaaaaa-0000-0000-0000-000000000002"


def _said(person: Person) -> str:
    return card_text(person.card()).replace("\u200b", "").replace("\\", "")


@pytest.fixture
async def people(service: Service, customer: Person) -> list[Person]:
    """Five customers who have installed the app."""
    more = [service.teams.person(f"Sample Customer {number}", tenant=ELSEWHERE) for number in range(4)]
    for person in more:
        await person.install()
    return [customer, *more]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return Settings(
        **{name: getattr(settings, name) for name in settings.__struct_fields__}
        | {"admins": frozenset({ADMIN, SECOND})}
    )


@pytest.fixture
async def second(service: Service) -> Person:
    person = service.teams.person("Sample Second Admin", tenant=HOME, object_id=SECOND)
    await person.install()
    return person


def _csv(people: list[Person], size: str) -> str:
    rows = "".join(f"{one.who.tenant},{one.who.object_id},{size}\n" for one in people)
    return f"tenant,object id,size\n{rows}"


async def test_a_panel_from_a_file_is_an_audience(admin: Person, people: list[Person]) -> None:
    await admin.say(f"survey import {PULSE}")
    await admin.say(f"panel import insiders\n{_csv(people[:2], 'small')}")
    assert "insiders" in _said(admin)
    await admin.say("panel list")
    assert "2 people" in _said(admin)
    everything = await people[0].say("my data")
    assert '"panels": [\n    "insiders"' in "".join(everything.texts)
    assert '"size": "small"' in "".join(everything.texts)
    await admin.say("send pulse to panel insiders and size=small")
    for person in people[:2]:
        await person.received(is_survey)
    assert not any(is_survey(message) for person in people[2:] for message in person.inbox)


async def test_a_panel_may_be_attached(admin: Person, people: list[Person], teams: Teams) -> None:
    attachment = teams.files.offer("insiders.csv", _csv(people, "large").encode())
    await admin.say("panel import insiders", [attachment])
    assert "People now" in _said(admin)
    assert "5" in _said(admin)


async def test_a_large_file_is_read_to_its_end(admin: Person, teams: Teams) -> None:
    rows = "".join(f"{ELSEWHERE},00000000-0000-4000-8000-{number:012d},large\n" for number in range(5000))
    attachment = teams.files.offer("insiders.csv", f"tenant,object id,size\n{rows}".encode())
    await admin.say("panel import insiders", [attachment])
    assert "5,000" in _said(admin)


async def test_a_file_that_is_too_large_is_refused_whole(
    admin: Person, teams: Teams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.files.MAX_BYTES", 200_000)
    rows = "".join(f"{ELSEWHERE},00000000-0000-4000-8000-{number:012d},large\n" for number in range(5000))
    attachment = teams.files.offer("insiders.csv", f"tenant,object id,size\n{rows}".encode())
    await admin.say("panel import insiders", [attachment])
    assert "larger than I can read" in _said(admin)
    await admin.say("panel list")
    assert "none yet" in _said(admin)


async def test_wrong_lines_are_told_and_nobody_is_imported(admin: Person, people: list[Person]) -> None:
    wrong = _csv(people[:1], "small") + "not-a-tenant,nobody,small\n"
    await admin.say(f"panel import insiders\n{wrong}")
    assert "Nobody was imported" in _said(admin)
    assert "Line 3" in _said(admin)
    await admin.say("panel list")
    assert "none yet" in _said(admin)
    await admin.say(f"panel import insiders skip wrong lines\n{wrong}")
    assert "Lines left out" in _said(admin)


async def test_a_dry_run_counts_and_sends_nothing(admin: Person, people: list[Person], service: Service) -> None:
    await people[0].say("stop")
    await admin.say(f"survey import {PULSE}")
    await admin.say("dry run pulse to customers")
    said = _said(admin)
    assert "Nothing sent yet" in said
    assert "opted out" in said
    assert (await service.store.query("runs")).docs == []


async def test_many_people_need_a_second_admin(admin: Person, second: Person, people: list[Person]) -> None:
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to customers")
    assert "Waiting for an approval" in _said(admin)
    await admin.say("approve pulse-1")
    assert "another admin has to approve it" in _said(admin)
    assert not any(is_survey(message) for person in people for message in person.inbox)
    await second.say("approve pulse-1")
    for person in people:
        await person.received(is_survey)
    await second.say("approve pulse-1")
    assert "does not wait for an approval" in _said(second)


async def test_whoever_approves_sees_whom_it_would_reach_and_why_not_the_others(
    admin: Person, second: Person, people: list[Person]
) -> None:
    await people[0].say("stop")
    await admin.say(f"survey import {PULSE}")
    await admin.say("dry run pulse to customers")
    assert "need a second admin" in _said(admin)
    await admin.say("send pulse to customers")
    await second.say("status pulse-1")
    said = _said(second)
    assert "Approval was asked for 4 people" in said.replace("*", "")
    assert "opted out" in said
    await second.say("status")
    assert "It would reach 4 people" in _said(second)
    await second.say("approve pulse-1")
    assert "opted out" in _said(second)
    await people[1].received(is_survey)


async def test_a_run_that_has_grown_is_not_sent_by_the_first_approval(
    admin: Person, second: Person, people: list[Person], service: Service
) -> None:
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to customers")
    newcomer = service.teams.person("Sample Newcomer", tenant=ELSEWHERE)
    await newcomer.install()
    await second.say("approve pulse-1")
    assert "would reach 6 people by now, and was proposed for 5" in _said(second)
    assert not any(is_survey(message) for person in [*people, newcomer] for message in person.inbox)
    await second.say("approve pulse-1")
    await newcomer.received(is_survey)


async def test_the_button_approves_what_its_question_has_shown(
    admin: Person, second: Person, people: list[Person], service: Service
) -> None:
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to customers")
    newcomer = service.teams.person("Sample Newcomer", tenant=ELSEWHERE)
    await newcomer.install()
    await second.say("status pulse-1")
    asked = await second.press("Approve…")
    assert "It has grown" in card_text(asked.card)
    await second.press("Yes, send it")
    for person in [*people, newcomer]:
        await person.received(is_survey)


async def test_a_proposed_run_can_be_cancelled(admin: Person, second: Person, people: list[Person]) -> None:
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to customers")
    await admin.say("cancel pulse-1")
    await second.say("approve pulse-1")
    assert "does not wait for an approval" in _said(second)
    assert not any(is_survey(message) for person in people for message in person.inbox)


async def test_a_customer_approves_nothing(admin: Person, people: list[Person]) -> None:
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to customers")
    await people[0].say("approve pulse-1")
    assert "is for admins" in _said(people[0])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("send pulse to panel nobody", "no panel called"),
        ("send pulse to size=", "audience"),
        ("panel import", "panel import <name>"),
        ("panel import insiders", "panel import <name>"),
        (f"panel import 1st\ntenant,object id\n{ELSEWHERE},{ELSEWHERE}\n", "cannot be the name"),
        ("dry run pulse", "dry run <survey> to <audience>"),
        ("approve", "approve <run>"),
    ],
)
async def test_half_a_plan_says_what_is_missing(words: str, sentence: str, admin: Person) -> None:
    await admin.say(f"survey import {PULSE}")
    await admin.say(words)
    assert sentence in _said(admin)


async def test_nobody_is_written_to_more_often_than_allowed(teams: Teams, settings: Settings) -> None:
    rare = Settings(
        **{name: getattr(settings, name) for name in settings.__struct_fields__} | {"contacts_per_30_days": 2}
    )
    service = Service(teams, rare)
    await service.start()
    try:
        boss = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
        customer = teams.person("Sample Customer", tenant=ELSEWHERE)
        await boss.install()
        await customer.install()
        await boss.say(f"survey import {PULSE}")
        await boss.say("send pulse to customers")
        await customer.received(is_survey)
        await boss.say("send pulse to everyone")
        await customer.received(lambda message: is_survey(message) and "pulse-2" in str(message))
        await boss.say("send pulse to customers and customers")
        await boss.say("status pulse-3")
        assert "contact budget" in _said(boss)
    finally:
        await service.stop()


async def test_nobody_is_written_to_in_their_quiet_hours(teams: Teams, settings: Settings) -> None:
    quiet = msgspec.structs.replace(settings, quiet_hours=(time(20), time(8)))
    service = Service(teams, quiet, now=lambda: datetime(2026, 11, 24, 12, 0, tzinfo=UTC))
    await service.start()
    try:
        boss = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
        awake = teams.person("Sample Awake", tenant=ELSEWHERE, time_zone="Europe/Berlin")
        asleep = teams.person("Sample Asleep", tenant=ELSEWHERE, time_zone="Pacific/Auckland")
        for person in (boss, awake, asleep):
            await person.install()
        await boss.say(f"survey import {PULSE}")
        await boss.say("send pulse to customers")
        await awake.received(is_survey)
        await boss.say("status pulse-1")
        assert not any(is_survey(message) for message in asleep.inbox)
        assert "Waiting" in _said(boss)
    finally:
        await service.stop()


async def test_a_plan_for_many_people_says_that_it_needs_a_second_admin_and_is_refused_without(
    admin: Person, people: list[Person], service: Service, clock: Clock
) -> None:
    service.clock = clock.now
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to customers at in 2 hours")
    said = _said(admin)
    assert "Today it would reach 5 people, more than one admin may write to" in said
    assert "approve pulse-s1" in said
    await admin.say("approve pulse-s1")
    assert "another admin has to approve it" in _said(admin)
    clock.pass_s(2 * 3600)
    await service.ticker.tick()
    await admin.say("schedule list")
    assert "refused – “customers” is more people than one admin may write to" in _said(admin)
    assert not any(is_survey(message) for person in people for message in person.inbox)


async def test_a_plan_that_a_second_admin_approved_is_sent_unless_it_has_grown(
    admin: Person, second: Person, people: list[Person], service: Service, clock: Clock
) -> None:
    service.clock = clock.now
    await admin.say(f"survey import {PULSE}")
    await admin.say("schedule pulse to customers every day at 11:00")
    await second.say("approve pulse-s1")
    assert "Approved for 5 people" in _said(second)
    clock.pass_s(2 * 3600)
    await service.ticker.tick()
    for person in people:
        await person.received(is_survey)
    late = service.teams.person("Sample Late Customer", tenant=ELSEWHERE)
    await late.install()
    clock.pass_s(24 * 3600)
    await service.ticker.tick()
    await admin.say("schedule list")
    assert "refused" in _said(admin)
    assert not any(is_survey(message) for message in late.inbox)


async def test_a_small_plan_needs_nobody_else(admin: Person, people: list[Person]) -> None:
    assert people
    await admin.say(f"survey import {PULSE}")
    await admin.say("send pulse to me at in 2 hours")
    assert "more than one admin may write to" not in _said(admin)
    await admin.say("approve pulse-s9")
    assert "There is no schedule called" in _said(admin)


async def _asked(admin: Person) -> None:
    await admin.say(f"survey import {PULSE}")


async def test_a_survey_goes_to_the_people_in_an_attached_file(
    admin: Person, people: list[Person], service: Service
) -> None:
    await _asked(admin)
    file = service.teams.files.offer("Q4 insiders.csv", _csv(people[:2], "small").encode())
    await admin.say("send pulse to attached csv and size=small", [file])
    for person in people[:2]:
        await person.received(is_survey)
    assert not any(is_survey(message) for person in people[2:] for message in person.inbox)
    await admin.say("status pulse-1")
    assert "to list q4-insiders-" in _said(admin).lower().replace("run pulse-1 ", "")


@pytest.mark.parametrize("words", ["send pulse", "send pulse to", "Send pulse to Attached"])
async def test_with_a_file_a_send_needs_no_more_words(
    words: str, admin: Person, people: list[Person], service: Service
) -> None:
    await _asked(admin)
    await admin.say(words, [service.teams.files.offer("few.csv", _csv(people[:1], "small").encode())])
    await people[0].received(is_survey)


async def test_the_people_may_be_pasted_below(admin: Person, people: list[Person]) -> None:
    await _asked(admin)
    await admin.say(f"send pulse to attached csv\n{_csv(people[:1], 'small')}")
    await people[0].received(is_survey)
    assert not any(is_survey(message) for person in people[1:] for message in person.inbox)


async def test_a_wrong_line_stops_an_attached_audience_and_is_told_with_its_line(
    admin: Person, people: list[Person], service: Service
) -> None:
    await _asked(admin)
    wrong = _csv(people[:2], "small") + "not-a-tenant,nobody,small\n"
    await admin.say("send pulse to attached csv", [service.teams.files.offer("few.csv", wrong.encode())])
    said = _said(admin)
    assert "Nothing was sent" in said
    assert "Line 4, tenant" in said
    assert "skip wrong lines" in said
    assert (await service.store.query("runs")).docs == []
    assert (await service.store.query("ledger", partition="lists")).docs == []
    again = service.teams.files.offer("few.csv", wrong.encode())
    await admin.say("send pulse to attached csv skip wrong lines", [again])
    for person in people[:2]:
        await person.received(is_survey)
    left_out = [message for message in admin.inbox if "Left out: 1 line" in str(message)]
    assert "Line 4" in str(left_out)


async def test_a_dry_run_of_a_file_sends_nothing_and_names_the_list_that_stands_for_it(
    admin: Person, people: list[Person], service: Service
) -> None:
    await _asked(admin)
    file = service.teams.files.offer("few.csv", _csv(people[:3], "small").encode())
    await admin.say("dry run pulse to attached csv", [file])
    said = _said(admin)
    assert "Nothing sent yet" in said
    name = said.partition("To list ")[2].split()[0]
    assert name.startswith("few-")
    assert (await service.store.query("runs")).docs == []
    await admin.say(f"send pulse to list {name}")
    for person in people[:3]:
        await person.received(is_survey)


async def test_an_attached_audience_that_needs_an_approval_outlives_a_restart(
    admin: Person, second: Person, people: list[Person], service: Service
) -> None:
    await _asked(admin)
    await admin.say("send pulse to attached csv", [service.teams.files.offer("all.csv", _csv(people, "x").encode())])
    assert "Waiting for an approval" in _said(admin)
    await service.restart()
    await second.say("approve pulse-1")
    for person in people:
        await person.received(is_survey)


async def test_an_attached_audience_can_be_planned(
    admin: Person, people: list[Person], service: Service, clock: Clock
) -> None:
    service.clock = clock.now
    await _asked(admin)
    file = service.teams.files.offer("few.csv", _csv(people[:1], "small").encode())
    await admin.say("send pulse to attached csv at in 2 hours, close after 3 days", [file])
    assert "Planned" in _said(admin)
    clock.pass_s(2 * 3600)
    service.ticker.wake()
    await people[0].received(is_survey)
    assert not any(is_survey(message) for person in people[1:] for message in person.inbox)


@pytest.mark.parametrize(
    ("words", "files", "sentence"),
    [
        ("send pulse to attached csv", 0, "attached csv"),
        ("send pulse to customers", 1, "the audience does not name it"),
        ("dry run pulse to customers", 1, "the audience does not name it"),
        ("send pulse to role=attached", 1, "the audience does not name it"),
        ("send pulse to attached csv", 2, "There are 2 files attached"),
        ("schedule pulse to attached csv every monday", 0, "attached csv"),
        ("send pulse to attached csv and panel nobody", 1, "no panel called"),
        ("send pulse to list nowhere", 0, "no list called"),
    ],
)
async def test_a_file_that_is_missing_or_not_meant_sends_nothing(
    words: str, files: int, sentence: str, admin: Person, people: list[Person], service: Service
) -> None:
    await _asked(admin)
    offered = [service.teams.files.offer(f"{n}.csv", _csv(people[:1], "x").encode()) for n in range(files)]
    await admin.say(words, offered)
    assert sentence in _said(admin)
    assert (await service.store.query("runs")).docs == []
    assert not any(is_survey(message) for person in people for message in person.inbox)


async def test_a_workbook_instead_of_a_csv_is_told_with_what_to_do(admin: Person, service: Service) -> None:
    await _asked(admin)
    await admin.say("send pulse to attached csv", [service.teams.files.offer("few.xlsx", b"PK\x03\x04 and so on")])
    assert "an Excel workbook" in _said(admin)
    assert "CSV UTF-8" in _said(admin)


async def test_the_same_words_with_another_file_are_another_send(
    admin: Person, people: list[Person], service: Service
) -> None:
    await _asked(admin)
    for number in range(2):
        file = service.teams.files.offer(f"{number}.csv", _csv([people[number]], "x").encode())
        await admin.say("send pulse to attached csv", [file])
        await people[number].received(is_survey)


async def test_a_customer_sends_no_file_to_anybody(people: list[Person], service: Service) -> None:
    file = service.teams.files.offer("few.csv", _csv(people, "x").encode())
    await people[0].say("send pulse to attached csv", [file])
    assert "is for admins" in _said(people[0])
    assert (await service.store.query("ledger", partition="lists")).docs == []
