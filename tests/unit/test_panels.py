"""Panels: who is in one after an import, what is known about them, and what a cut-short or concurrent import leaves."""

import asyncio

import pytest

from feedback.errors import PanelNameRefused, PanelUnknown
from feedback.people.members import leave_books
from feedback.people.panels import (
    PanelImport,
    find_panel,
    import_panel,
    list_panels,
    members,
    members_among,
    panels_of,
)
from feedback.people.people import Contact, Conversation, Person, find_person, meet, set_opt_out
from feedback.people.people_files import Listed, PeopleFile
from store.contract import Change, Doc, Store, Unavailable
from tests.conftest import Clock

ANNA, BEN = Listed("t", "anna", "Anna", {"size": "small"}), Listed("t", "ben", "", {"size": "large"})


async def _import(
    store: Store, clock: Clock, *people: Listed, name: str = "insiders", replaces: bool = False
) -> PanelImport:
    attributes = tuple(sorted({key for one in people for key in one.attributes}))
    file = PeopleFile(people, attributes)
    return await import_panel(store, name, file, by="home:boss", now=clock.now(), replaces=replaces)


async def _person(store: Store, key: str) -> Person:
    found = await find_person(store, key)
    assert found is not None
    return found


async def _members(store: Store, name: str = "insiders") -> list[str]:
    return [one async for one in members(store, name)]


async def test_a_panel_keeps_its_people_and_what_is_known_about_them(embedded: Store, clock: Clock) -> None:
    led = await _import(embedded, clock, BEN, ANNA)
    assert (led.is_new, led.added, led.kept, led.removed) == (True, 2, 0, 0)
    assert led.panel == await find_panel(embedded, " Insiders ")
    assert (led.panel.people, led.panel.attributes, led.panel.changed_by) == (2, ("size",), "home:boss")
    assert await _members(embedded) == ["t:anna", "t:ben"]
    assert await members_among(embedded, "insiders", ["t:ben", "t:carl"]) == {"t:ben"}
    assert await members_among(embedded, "insiders", []) == set()


async def test_people_who_never_wrote_are_known_without_a_conversation(embedded: Store, clock: Clock) -> None:
    await _import(embedded, clock, ANNA)
    anna = await _person(embedded, "t:anna")
    assert (anna.name, anna.conversation, anna.attributes) == ("Anna", None, {"size": "small"})
    chat = Conversation("a:1", "https://smba.example/", "29:1", "28:b")
    met = await meet(embedded, Contact("t", "anna", "Anna A", "de-DE", chat), clock.now())
    assert (met.conversation, met.attributes, met.name) == (chat, {"size": "small"}, "Anna A")


async def test_an_import_changes_attributes_and_nothing_else_of_people_who_are_known(
    embedded: Store, clock: Clock
) -> None:
    chat = Conversation("a:1", "https://smba.example/", "29:1", "28:b")
    await meet(embedded, Contact("t", "anna", "Anna from Teams", "de-DE", chat), clock.now())
    await set_opt_out(embedded, "t:anna", has_opted_out=True)
    await _import(embedded, clock, Listed("t", "anna", "Anna", {"region": "emea", "size": "small"}))
    await _import(embedded, clock, Listed("t", "anna", "", {"size": "large"}), name="other")
    anna = await _person(embedded, "t:anna")
    assert anna.attributes == {"region": "emea", "size": "large"}
    assert (anna.name, anna.conversation, anna.has_opted_out) == ("Anna from Teams", chat, True)


async def test_another_import_adds_and_says_how_many_were_in_it_already(embedded: Store, clock: Clock) -> None:
    await _import(embedded, clock, ANNA)
    led = await _import(embedded, clock, ANNA, Listed("t", "carl", "", {"role": "cook"}))
    assert (led.is_new, led.added, led.kept, led.removed) == (False, 1, 1, 0)
    assert (led.panel.people, led.panel.attributes) == (2, ("role", "size"))
    assert await find_panel(embedded, "insiders") == led.panel


async def test_an_import_that_replaces_takes_the_others_out_and_forgets_nobody(embedded: Store, clock: Clock) -> None:
    crowd = [Listed("t", f"{number:03d}") for number in range(230)]
    await _import(embedded, clock, ANNA, *crowd)
    led = await _import(embedded, clock, ANNA, BEN, replaces=True)
    assert (led.added, led.kept, led.removed, led.panel.people) == (1, 1, 230, 2)
    assert await _members(embedded) == ["t:anna", "t:ben"]
    assert (await _person(embedded, "t:000")).id == "t:000"
    emptied = await _import(embedded, clock, Listed("t", "ben"), replaces=True)
    assert (await find_panel(embedded, "insiders")).attributes == emptied.panel.attributes == ()


async def test_panels_are_listed_by_name(embedded: Store, clock: Clock) -> None:
    for name in ("zebra", "apple"):
        await _import(embedded, clock, ANNA, name=name)
    assert [one.id for one in await list_panels(embedded)] == ["apple", "zebra"]
    assert await panels_of(embedded, "t:anna") == ["apple", "zebra"]
    assert await panels_of(embedded, "t:ben") == []


async def test_who_leaves_is_in_no_panel(embedded: Store, clock: Clock) -> None:
    for name in ("one", "two"):
        await _import(embedded, clock, ANNA, BEN, name=name)
    await leave_books(embedded, "t:anna")
    assert await panels_of(embedded, "t:anna") == []
    assert await _members(embedded, "two") == ["t:ben"]


async def test_imports_at_the_same_time_lose_nobody(embedded: Store, clock: Clock) -> None:
    crowd = [Listed("t", f"{number:03d}", "", {"size": "s"}) for number in range(150)]
    others = [Listed("t", f"{number:03d}", "", {"region": "r"}) for number in range(100, 250)]
    await asyncio.gather(_import(embedded, clock, *crowd), _import(embedded, clock, *others))
    assert len(await _members(embedded)) == 250
    assert (await _person(embedded, "t:120")).attributes == {"size": "s", "region": "r"}


async def test_an_import_cut_short_makes_no_new_panel_and_is_finished_by_another(
    embedded: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = [Listed("t", f"{number:03d}") for number in range(150)]
    batch, failed = embedded.batch, list[str]()

    async def fails_once(container: str, partition: str, changes: list[Change]) -> list[Doc]:
        if len(changes) == 50 and not failed:
            failed.append(partition)
            raise Unavailable
        return await batch(container, partition, changes)

    monkeypatch.setattr(embedded, "batch", fails_once)
    with pytest.raises(Unavailable):
        await _import(embedded, clock, *crowd)
    with pytest.raises(PanelUnknown):
        await find_panel(embedded, "insiders")
    led = await _import(embedded, clock, *crowd)
    assert (led.added, led.kept, led.panel.people) == (50, 100, 150)


@pytest.mark.parametrize("name", ["", "1st", "two words", "a/b", "ä", "x" * 41])
async def test_what_cannot_be_a_name_is_refused_before_anything_is_written(
    embedded: Store, clock: Clock, name: str
) -> None:
    with pytest.raises(PanelNameRefused):
        await _import(embedded, clock, ANNA, name=name)
    assert await find_person(embedded, "t:anna") is None


@pytest.mark.parametrize(("name", "part"), [("insider", "did you mean “insiders”?"), ("a/b", "“a/b”"), ("", "“”")])
async def test_a_panel_that_does_not_exist_is_refused_with_the_nearest(
    embedded: Store, clock: Clock, name: str, part: str
) -> None:
    await _import(embedded, clock, ANNA)
    with pytest.raises(PanelUnknown) as refused:
        await find_panel(embedded, name)
    assert part in str(refused.value)
