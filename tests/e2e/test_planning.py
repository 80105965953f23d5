"""Before anything is sent: panels from a file, what a send would do, a second admin, the contact budget."""

from datetime import UTC, datetime, time

import msgspec
import pytest

from settings import Settings
from simulator import Person, Teams, card_text
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
