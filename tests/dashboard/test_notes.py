"""Notes on the dashboard: found and narrowed down, page by page; taken away by admins alone, and on record."""

import csv
import html
import io
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from dashboard import note_counts
from dashboard.notes import HEADER, IN_JSON, ON_A_PAGE
from dashboard.tokens import Purpose
from feedback import note_lists
from feedback.audit import latest_records
from feedback.note_lists import Wanted, all_notes, count_notes, page_of_notes
from feedback.notes import BOOK, NoteKind, keep_note
from feedback.people.people import Person, Role
from store.contract import Store
from tests.conftest import Clock
from tests.dashboard import spreadsheet
from tests.dashboard.house import HOME, NOTES, NOW, furnish, write_notes
from tests.dashboard.reading import quotes, read
from tests.dashboard.site import Browser, Site, site_of
from tests.dashboard.test_access import token_for

FOUND = {
    "": [4, 3, 2, 1, 0],
    "words=SEARCH": [4, 2, 0],
    "words=contoso slow": [0],
    "words=nobody finds nothing": [],
    "words=engineer": [2, 1, 0],
    "by=sample engi": [2, 1, 0],
    "by=person 3": [3],
    "company=@fabrikam": [1],
    "company=tos": [2, 0],
    "product=search": [2, 0],
    "tag=search": [4, 2, 0],
    "tag=#Search": [4, 2, 0],
    "tag=sear": [],
    "kind=feedback": [4, 3],
    "kind=note&tag=search": [2, 0],
    "kind=note&by=person": [],
    "words=setup&company=contoso": [],
}


@pytest.fixture
async def shelf(embedded: Store, clock: Clock) -> AsyncIterator[Site]:
    """A dashboard with more notes than stand on a page, and the people who wrote some of them."""
    await furnish(embedded, 10)
    await write_notes(embedded, 12)
    async with site_of(embedded, clock) as site:
        yield site


def query(said: str) -> str:
    return urlencode(dict(one.split("=", 1) for one in said.split("&"))) if said else ""


async def whole(browser: Browser, path: str) -> list[str]:
    """Return the texts of a page and of all that it leads on to."""
    found: list[str] = []
    while path:
        page = await read(browser, path)
        here = quotes(page)
        assert len(here) <= ON_A_PAGE
        found += here
        onward = re.search(r'href="(/notes\?[^"]*)" rel="next"', page)
        path = onward[1] if onward else ""
    return found


async def test_notes_are_found_by_what_they_carry(site: Site) -> None:
    engineer = await site.visitor(Role.ENGINEER)
    for said, places in FOUND.items():
        wanted = [NOTES[one] for one in places]
        assert quotes(await read(engineer, f"/notes?{query(said)}")) == wanted, said
        told = json.loads(await engineer.body(f"/api/notes?{query(said)}"))
        assert [one["text"] for one in told["notes"]] == wanted, said
        assert (told["after"], told["looked_back_to"]) == ("", None)


async def test_a_note_says_who_wrote_it_and_what_it_is_about(site: Site) -> None:
    engineer = await site.visitor(Role.ENGINEER)
    page = await read(engineer, "/notes?tag=slow")
    for words in ("Sample Engineer", "25 Oct 2026, 09:00 UTC", ">@Contoso<", ">about Search<", ">#slow<"):
        assert words in page
    assert ">Feedback<" not in page
    assert ">Feedback<" in await read(engineer, "/notes?kind=feedback")
    (row,) = json.loads(await engineer.body("/api/notes?tag=slow"))["notes"]
    assert row.pop("id").startswith("note-")
    assert row == {
        "kind": "note",
        "author": "Sample Engineer",
        "at": "2026-10-25T09:00:00Z",
        "text": NOTES[0],
        "companies": ["Contoso"],
        "product": "Search",
        "tags": ["search", "slow"],
    }


async def test_the_counts_are_of_each_kind(site: Site) -> None:
    assert await count_notes(site.store) == {NoteKind.NOTE: 3, NoteKind.FEEDBACK: 2}
    page = await read(await site.visitor(Role.ENGINEER), "/notes")
    assert re.findall(r'(\w+) <span class="quiet">(\d+)</span></a></li>', page) == [
        ("All", "5"),
        ("Conversations", "3"),
        ("unasked", "2"),
    ]
    assert ">All</a></li>" in await read(await site.visitor(Role.ENGINEER), "/notes?words=search")


async def test_many_are_counted_once_a_minute(site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    look, whole = site.parts.note_counts.look, {NoteKind.NOTE: 3, NoteKind.FEEDBACK: 2}
    assert await look() == whole
    monkeypatch.setattr(note_counts, "MANY", 5)
    (gone,) = (await page_of_notes(site.store, Wanted(tag="slow"), length=9)).notes
    await site.store.delete("ledger", BOOK, gone.id)
    clock.pass_s(59)
    assert await look() == whole
    clock.pass_s(1)
    assert await look() == {**whole, NoteKind.NOTE: 2}
    await write_notes(site.store)
    assert await look() == whole, "few are counted whenever somebody asks"


async def test_pages_together_have_each_note_once(shelf: Site) -> None:
    engineer = await shelf.visitor(Role.ENGINEER)
    for said in ("", "tag=search", "kind=feedback", "kind=note&tag=search"):
        found = await whole(engineer, f"/notes?{query(said)}")
        assert found == [NOTES[one] for one in FOUND[said]] * 12, said


async def test_notes_of_one_moment_are_each_on_one_page(embedded: Store) -> None:
    author = Person(f"{HOME}:engineer", HOME, "engineer", "Sample Engineer")
    for number in range(7):
        await keep_note(embedded, NoteKind.NOTE, author, f"text {number}", source=f"{number}", now=NOW)
    for wanted in (Wanted(), Wanted(words="text")):
        found, after = [], ""
        while page := await page_of_notes(embedded, wanted, length=2, after=after):
            found += [one.text for one in page.notes]
            if not (after := page.after):
                break
        assert sorted(found) == [f"text {number}" for number in range(7)]


async def test_what_comes_meanwhile_moves_nothing(shelf: Site) -> None:
    first = await page_of_notes(shelf.store, Wanted(), length=4)
    author = Person(f"{HOME}:engineer", HOME, "engineer", "Sample Engineer")
    await keep_note(shelf.store, NoteKind.NOTE, author, "a new one", source="new", now=NOW + timedelta(days=90))
    second = await page_of_notes(shelf.store, Wanted(), length=4, after=first.after)
    every = [note async for group in all_notes(shelf.store, Wanted()) for note in group]
    assert every[0].text == "a new one"
    assert [*first.notes, *second.notes] == every[1:9]


async def test_a_search_looks_so_far_back_and_says_so(shelf: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(note_lists, "LOOKED_AT", 7)
    engineer = await shelf.visitor(Role.ENGINEER)
    page = await read(engineer, "/notes?words=fabrikam")
    assert quotes(page) == [NOTES[1]]
    assert "looked back to 17 Dec 2026, 09:00 UTC so far" in re.sub("<.*?>", "", page)
    assert await whole(engineer, "/notes?words=fabrikam") == [NOTES[1]] * 12
    assert "None so far" in await read(engineer, "/notes?words=never-said")
    assert await whole(engineer, "/notes?words=never-said") == []


async def test_json_goes_on_where_it_ended(shelf: Site) -> None:
    await write_notes(shelf.store, 25)
    engineer, found, after = await shelf.visitor(Role.ENGINEER), [], ""
    for length in (IN_JSON, 25):
        told = json.loads(await engineer.body(f"/api/notes?{urlencode({'after': after})}"))
        assert len(told["notes"]) == length
        found += [one["id"] for one in told["notes"]]
        after = told["after"]
    assert after == ""
    assert len(set(found)) == 125


async def test_what_is_no_kind_of_note_is_not_found(site: Site) -> None:
    admin = await site.visitor(Role.ADMIN)
    for path in ("/notes?kind=story", "/api/notes?kind=Note", "/notes.csv?kind=x"):
        assert (await admin.get(path)).status == 404, path


async def test_a_note_that_was_removed_is_nowhere(site: Site) -> None:
    admin = await site.visitor(Role.ADMIN)
    (gone,) = json.loads(await admin.body("/api/notes?tag=slow"))["notes"]
    paths = ("/notes", "/api/notes", "/notes.csv", "/notes.json")
    for path in paths:
        assert "nobody finds a file" in (await admin.body(path)).decode()
    await site.store.delete("ledger", BOOK, gone["id"])
    for path in paths:
        assert "nobody finds a file" not in (await admin.body(path)).decode()
    assert (await count_notes(site.store))[NoteKind.NOTE] == 2


async def test_files_have_what_is_asked_for_with_who_wrote_it(site: Site) -> None:
    admin = await site.visitor(Role.ADMIN)
    lines = list(csv.reader(io.StringIO((await admin.body("/notes.csv")).decode("utf-8-sig"))))
    assert tuple(lines[0]) == HEADER
    texts = [one[HEADER.index("text")] for one in lines[1:]]
    assert texts == [f"'{one}" if one.startswith("=") else one for one in NOTES[::-1]]
    newest = dict(zip(HEADER, lines[1], strict=True))
    assert newest["at"] == "2026-10-29 09:00:00Z"
    assert (newest["author"], newest["kind"]) == ("Sample Person 4", "feedback")
    assert newest["object id"].startswith("00000004-")
    assert re.fullmatch(r"region=\w+; size=\w+", newest["attributes"])
    told = json.loads(await admin.body("/notes.json?kind=note"))["notes"]
    assert [one["text"] for one in told] == [NOTES[2], NOTES[1], NOTES[0]]
    assert told[1]["companies"] == "Fabrikam Inc"
    sheet = spreadsheet.read(await admin.body("/notes.xlsx?tag=search"))["Notes"]
    kinds = [row["G"] for row in sheet[1:]]
    assert kinds == [("inlineStr", NOTES[one]) for one in (4, 2, 0)]


async def test_who_takes_notes_is_in_the_audit_and_no_text_is(site: Site, clock: Clock) -> None:
    clock.pass_s(3600)
    admin = await site.visitor(Role.ADMIN)
    await admin.body("/notes.csv?words=secretive")
    clock.pass_s(60)
    secret = await token_for(site, Purpose.NOTES)
    reply = await site.browser().get("/api/notes?words=secretive", Authorization=f"Bearer {secret}")
    assert reply.status == 200
    told = [(one.what, one.on, one.after) for one in await latest_records(site.store, clock.now(), limit=2)]
    assert told == [
        ("download", "notes", "notes, by the token “Sample report”"),
        ("download", "notes", "notes.csv"),
    ]
    page = html.unescape(await (await admin.get("/audit")).text())
    assert "secretive" not in page


async def test_an_engineer_reads_and_takes_nothing_away(site: Site, clock: Clock) -> None:
    engineer = await site.visitor(Role.ENGINEER)
    page = await read(engineer, "/notes")
    assert "/notes.csv" not in page
    assert "tenant" not in page
    assert f"{HOME}:" not in page
    assert (await engineer.get("/notes.csv")).status == 403
    assert all(one.what != "download" for one in await latest_records(site.store, clock.now()))


async def test_without_notes_the_page_says_how_to_write_one(embedded: Store, clock: Clock) -> None:
    async with site_of(embedded, clock) as site:
        page = await read(await site.visitor(Role.ENGINEER), "/notes")
    assert "Nothing has been noted yet" in page
    assert "note @company about Product" in page
