"""Lists that came as a file: what they are called, who is in one, and what a cut-short or a second one leaves."""

import pytest

from feedback.errors import AudienceUnclear, ListUnknown
from feedback.people.audience_words import InList, is_attached, read_audience, write_audience
from feedback.people.members import leave_books
from feedback.people.panels import import_panel, list_panels, panels_of
from feedback.people.people import Policy, find_person
from feedback.people.people_files import Listed, PeopleFile
from feedback.people.people_lists import PeopleList, find_list, keep_list, listed, listed_among, lists_of
from feedback.runs.audiences import check_names, people_in
from store.contract import Change, Doc, Store, Unavailable
from tests.conftest import Clock

POLICY = Policy(home_tenants=frozenset({"home"}))
ANNA, BEN = Listed("t", "anna", "Anna", {"size": "small"}), Listed("t", "ben", "", {"size": "large"})


async def _kept(store: Store, clock: Clock, *people: Listed, name: str = "Insiders 2026.csv") -> PeopleList:
    attributes = tuple(sorted({key for one in people for key in one.attributes}))
    return await keep_list(store, PeopleFile(people, attributes), name=name, by="home:boss", now=clock.now())


async def _in(store: Store, words: str) -> list[str]:
    return [one.id async for one in people_in(store, words, policy=POLICY, by="home:boss")]


async def test_a_list_is_named_after_its_file_and_its_people(embedded: Store, clock: Clock) -> None:
    made = await _kept(embedded, clock, BEN, ANNA)
    assert made.id.startswith("insiders-2026-")
    assert (made.people, made.attributes, made.made_by) == (2, ("size",), "home:boss")
    assert await find_list(embedded, made.id.upper()) == made
    assert [one async for one in listed(embedded, made.id)] == ["t:anna", "t:ben"]
    assert await listed_among(embedded, made.id, ["t:ben", "t:carl"]) == {"t:ben"}
    anna = await find_person(embedded, "t:anna")
    assert anna is not None
    assert (anna.conversation, anna.attributes) == (None, {"size": "small"})


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("people.csv", "people-"),
        ("2026 Q1!.CSV", "q1-"),
        ("顧客.csv", "people-"),
        ("", "people-"),
        ("pasted", "pasted-"),
        ("a" * 300 + ".csv", "a" * 30 + "-"),
        ("../../etc/passwd", "people-"),
    ],
)
async def test_any_file_name_makes_a_name_that_can_be_typed(
    name: str, beginning: str, embedded: Store, clock: Clock
) -> None:
    made = await _kept(embedded, clock, ANNA, name=name)
    assert made.id.startswith(beginning)
    assert await check_names(embedded, f"list {made.id}") == f"list {made.id}"


async def test_the_same_people_are_the_same_list_and_others_another(embedded: Store, clock: Clock) -> None:
    first = await _kept(embedded, clock, ANNA, BEN)
    clock.pass_s(60)
    assert await _kept(embedded, clock, BEN, ANNA) == first
    assert (await _kept(embedded, clock, BEN)).id != first.id
    assert len([one async for one in listed(embedded, first.id)]) == 2


async def test_a_list_that_was_cut_short_is_not_known_and_is_finished_by_doing_it_again(
    embedded: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [Listed("t", f"{number:04d}") for number in range(250)]
    batch, calls = embedded.batch, 0

    async def failing(container: str, partition: str, changes: list[Change]) -> list[Doc]:
        nonlocal calls
        calls += 1
        if calls == 2:
            msg = "away"
            raise Unavailable(msg)
        return await batch(container, partition, changes)

    with monkeypatch.context() as patched:
        patched.setattr(embedded, "batch", failing)
        with pytest.raises(Unavailable):
            await _kept(embedded, clock, *people)
    made = await _kept(embedded, clock, *people)
    assert made.people == len([one async for one in listed(embedded, made.id)]) == 250


async def test_a_list_goes_together_with_everything_else_in_an_audience(embedded: Store, clock: Clock) -> None:
    made = await _kept(embedded, clock, ANNA, BEN, Listed("home", "eva", "", {"size": "small"}))
    await import_panel(embedded, "insiders", PeopleFile((BEN,)), by="home:boss", now=clock.now())
    assert await _in(embedded, f"list {made.id}") == ["home:eva", "t:anna", "t:ben"]
    assert await _in(embedded, f"list {made.id} and not panel insiders and customers") == ["t:anna"]
    assert await _in(embedded, f"panel insiders and list {made.id}") == ["t:ben"]
    assert await check_names(embedded, f"List {made.id} and Size=small") == f"list {made.id} and size=small"


async def test_a_list_is_no_panel_and_is_left_like_one(embedded: Store, clock: Clock) -> None:
    made = await _kept(embedded, clock, ANNA, BEN)
    await import_panel(embedded, "apple", PeopleFile((ANNA,)), by="home:boss", now=clock.now())
    assert [one.id for one in await list_panels(embedded)] == ["apple"]
    assert (await panels_of(embedded, "t:anna"), await lists_of(embedded, "t:anna")) == (["apple"], [made.id])
    await leave_books(embedded, "t:anna")
    assert (await panels_of(embedded, "t:anna"), await lists_of(embedded, "t:anna")) == ([], [])
    assert await lists_of(embedded, "t:ben") == [made.id]


@pytest.mark.parametrize("words", ["list nowhere-1a2b3c4d", "customers and list x", "list 1"])
async def test_a_list_that_nobody_kept_is_refused(words: str, embedded: Store) -> None:
    with pytest.raises(ListUnknown, match="attached csv"):
        await check_names(embedded, words)


@pytest.mark.parametrize(
    ("words", "audience"),
    [
        ("attached csv", "list x-1"),
        ("Attached", "list x-1"),
        ("attached file and size=small", "list x-1 and size=small"),
        ("customers and not (attached list or panel insiders)", "customers and not (list x-1 or panel insiders)"),
    ],
)
def test_attached_stands_for_the_list_that_came_with_the_message(words: str, audience: str) -> None:
    assert is_attached(words)
    assert write_audience(read_audience(words, attached="x-1")) == audience


@pytest.mark.parametrize("words", ["customers", "list x-1", "attached=yes", "role=attached", 'region="attached csv"'])
def test_what_only_looks_like_it_is_nothing_attached(words: str) -> None:
    assert not is_attached(words)


@pytest.mark.parametrize("words", ["attached csv", "customers or attached"])
def test_without_a_file_attached_means_nothing(words: str) -> None:
    with pytest.raises(AudienceUnclear, match="attached to the message itself"):
        read_audience(words)


def test_a_list_is_read_as_it_is_written() -> None:
    assert read_audience("LIST Insiders-1A2B") == InList("insiders-1a2b")
