"""Dry runs: everybody is counted once, with the reason or the time, and nothing is written."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from feedback.people.panels import import_panel
from feedback.people.people import Conversation, Person, Policy
from feedback.people.people_files import Listed, PeopleFile
from feedback.runs.contacts import ContactRules
from feedback.runs.dry_run import DryRun, dry_run
from feedback.runs.runs import Delivery, DeliveryState
from store.containers import CONTAINERS
from store.contract import Store
from tests.conftest import Clock

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


async def _person(store: Store, tenant: str, number: int, **facts: object) -> str:
    chat = Conversation(f"a:{tenant}{number}", "https://smba.example/", f"29:{number}", "28:b")
    key = f"{tenant}:{number:04d}"
    one = Person(id=key, tenant=tenant, object_id=f"{number:04d}", conversation=chat)
    await store.create("people", {**msgspec.to_builtins(one), **facts})
    return key


async def _try(
    store: Store, words: str = "everyone", *, now: datetime = NOON, per_second: float = 10, by: str = "home:boss"
) -> DryRun:
    rules = ContactRules(contacts_per_30_days=1)
    return await dry_run(store, words, policy=Policy(), by=by, now=now, rules=rules, per_second=per_second)


async def test_everybody_is_counted_once_with_the_reason(embedded: Store) -> None:
    for number in range(120):
        await _person(embedded, "t", number)
    for number in range(200, 203):
        await _person(embedded, "t", number, has_opted_out=True)
    await _person(embedded, "t", 300, unreachable="the app was removed")
    await _person(embedded, "t", 301, conversation=None)
    over = await _person(embedded, "t", 302)
    sent = Delivery(run="r", id=over, state=DeliveryState.SENT, slice=0, sent_at=NOON)
    await embedded.create("runs", {**msgspec.to_builtins(sent), "kind": "delivery"})
    found = await _try(embedded)
    assert found.excluded == {
        "opted out": 3,
        "unreachable: the app was removed": 1,
        "contact budget": 1,
    }
    assert (found.reachable, found.first_contacts, found.waiting, found.people) == (121, 1, {}, 126)
    assert found.finishes_at == NOON + timedelta(seconds=12.2), "a first contact costs two requests"
    assert found.seconds(NOON) == 12.2


async def test_tenants_are_sent_to_side_by_side(embedded: Store) -> None:
    for number in range(40):
        await _person(embedded, f"t{number % 4}", number)
    await _person(embedded, "t0", 99)
    assert (await _try(embedded)).finishes_at == NOON + timedelta(seconds=1.1)


async def test_people_in_their_quiet_hours_wait_and_the_run_ends_after_them(embedded: Store) -> None:
    for number in range(20):
        await _person(embedded, "t", number, time_zone="Europe/Berlin")
    for number in range(20, 50):
        await _person(embedded, "t", number, time_zone="Asia/Tokyo")
    found = await _try(embedded)
    morning_in_tokyo = datetime(2026, 11, 24, 23, tzinfo=UTC)
    assert (found.reachable, found.waiting) == (50, {morning_in_tokyo: 30})
    assert found.finishes_at == morning_in_tokyo + timedelta(seconds=3)


async def test_whoever_asks_is_not_kept_waiting(embedded: Store) -> None:
    key = await _person(embedded, "t", 1, time_zone="Asia/Tokyo")
    assert (await _try(embedded, "me", by=key)).waiting == {}


async def test_an_audience_without_anybody_is_done_at_once(embedded: Store) -> None:
    assert await _try(embedded) == DryRun(reachable=0, first_contacts=0, excluded={}, waiting={}, finishes_at=NOON)
    assert (await _try(embedded)).seconds(NOON + timedelta(hours=1)) == 0


async def test_people_of_a_panel_who_never_wrote_are_first_contacts(embedded: Store, clock: Clock) -> None:
    file = PeopleFile(tuple(Listed("t", f"{number}") for number in range(3)))
    await import_panel(embedded, "insiders", file, by="home:boss", now=clock.now())
    found = await _try(embedded, "panel insiders")
    assert (found.reachable, found.first_contacts, found.excluded) == (3, 3, {})
    assert found.seconds(NOON) == pytest.approx(0.6)


async def test_nothing_is_written(embedded: Store) -> None:
    await _person(embedded, "t", 1)
    before = [(await embedded.changes(container)).mark for container in CONTAINERS]
    await _try(embedded)
    assert [(await embedded.changes(container)).mark for container in CONTAINERS] == before
