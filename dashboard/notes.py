"""Notes and feedback: a page to read and search them, the same as JSON, and files. Roles are in table.py.

Whoever may read notes in the chat may read them here. Whoever takes all of them away is in the audit, and so is what a
token reads: never with a text, nor with what was searched for.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from dashboard.cells import Row, csv_blocks
from dashboard.sending import record_download, send_file
from dashboard.visit import Visit
from dashboard.workbook import Workbook
from feedback.errors import Refusal
from feedback.note_lists import NotePage, Wanted, all_notes, page_of_notes
from feedback.notes import Note, NoteKind
from feedback.people.people import find_people
from store.contract import Store

ON_A_PAGE = 25
IN_JSON = 100
LONGEST = 200  # characters of what is searched for
HEADER = ("kind", "at", "author", "tenant", "object id", "attributes", "text", "companies", "product", "tags")
KINDS = {NoteKind.NOTE: "Conversations", NoteKind.FEEDBACK: "Feedback given unasked"}
ABOUT = "notes"  # what the audit calls them all


class NoSuchKind(Refusal):
    """There are notes, and there is feedback, and nothing else here."""


class NoteRow(msgspec.Struct, frozen=True):
    """A note, as it was written. `feedback` is what somebody said unasked, `note` what an engineer heard."""

    id: str
    kind: NoteKind
    author: Annotated[str, msgspec.Meta(description="The name of whoever wrote it, as Teams gave it then.")]
    at: datetime
    text: str
    companies: Sequence[str]
    product: Annotated[str, msgspec.Meta(description="Empty where none is named.")]
    tags: Sequence[str]


class NoteRows(msgspec.Struct, frozen=True):
    """Notes and feedback, newest first, up to 100."""

    notes: Sequence[NoteRow]
    after: Annotated[str, msgspec.Meta(description="Ask with it as `after` for the next ones; empty at the end.")]
    looked_back_to: Annotated[
        datetime | None,
        msgspec.Meta(description="How far was looked, where older ones were not looked at yet; else null."),
    ]


class Asked(msgspec.Struct, frozen=True):
    """What a visitor asks for, and behind where another page ended."""

    wanted: Wanted
    after: str = ""

    def address(self, form: str = "", **changed: str) -> str:
        """Return where that is, with something changed, from its beginning; as a file where a form is named."""
        said = {**_said(self.wanted), **changed}
        query = urlencode({name: one for name, one in said.items() if one})
        return f"/notes{f'.{form}' if form else ''}{f'?{query}' if query else ''}"

    def only(self, **named: str) -> str:
        """Return where some notes are, whatever is asked for now."""
        return Asked(Wanted()).address(**named)


async def notes(visit: Visit) -> web.StreamResponse:
    """Show notes and feedback, with what they are about."""
    asked, store = _asked(visit), visit.parts.store
    page = await page_of_notes(store, asked.wanted, length=ON_A_PAGE, after=asked.after)
    return visit.page("notes.html", asked=asked, page=page, counts=await visit.parts.note_counts.look(), kinds=KINDS)


async def notes_json(visit: Visit) -> web.StreamResponse:
    """Give notes and feedback as JSON. What is read by a token is in the audit before anything is given."""
    asked, store = _asked(visit), visit.parts.store
    if visit.token is not None:
        await record_download(store, ABOUT, "notes", by=visit.person, at=visit.parts.now(), token=visit.token.name)
    page = await page_of_notes(store, asked.wanted, length=IN_JSON, after=asked.after)
    return web.Response(body=msgspec.json.encode(_rows(page)), content_type="application/json")


async def notes_file(visit: Visit) -> web.StreamResponse:
    """Send the file with all notes that are asked for, once it is in the audit who takes it."""
    form, store = visit.request.match_info["form"], visit.parts.store
    blocks = _FORMS[form](store, _asked(visit).wanted)
    name = f"notes.{form}"
    await record_download(store, ABOUT, name, by=visit.person, at=visit.parts.now())
    return await send_file(visit.request, name, blocks, visit.headers)


async def notes_csv(store: Store, wanted: Wanted) -> AsyncGenerator[bytes, None]:
    """Give notes as a CSV file, block by block."""
    async for block in csv_blocks(HEADER, _lines(store, wanted)):
        yield block


async def notes_xlsx(store: Store, wanted: Wanted) -> AsyncGenerator[bytes, None]:
    """Give notes as a spreadsheet, once all of it is written."""
    async with Workbook() as book:
        await book.add("Notes", HEADER, _lines(store, wanted))
        async with aclosing(book.blocks()) as blocks:
            async for block in blocks:
                yield block


async def notes_as_json(store: Store, wanted: Wanted) -> AsyncGenerator[bytes, None]:
    """Give notes as JSON, one in each line."""
    names = [one.replace(" ", "_") for one in HEADER]
    yield b'{"notes":['
    between = b"\n"
    async for group in _lines(store, wanted):
        for line in group:
            yield between + msgspec.json.encode(dict(zip(names, line, strict=True)))
            between = b",\n"
    yield b"\n]}\n"


def _asked(visit: Visit) -> Asked:
    """Return what somebody asks for. Raises `NoSuchKind`."""
    said = visit.request.query
    words, by, company, product, tag = (
        " ".join(said.get(name, "")[:LONGEST].split()) for name in ("words", "by", "company", "product", "tag")
    )
    try:
        kind = NoteKind(said["kind"]) if said.get("kind") else None
    except ValueError:
        raise NoSuchKind from None
    wanted = Wanted(words, by, company.lstrip("@"), product, tag.lstrip("#"), kind)
    return Asked(wanted, said.get("after", "")[:LONGEST])


def _said(wanted: Wanted) -> dict[str, str]:
    return {name: str(one) for name, one in msgspec.structs.asdict(wanted).items() if one}


def _rows(page: NotePage) -> NoteRows:
    rows = [
        NoteRow(one.id, one.kind, one.author_name, one.at, one.text, one.companies, one.product, one.tags)
        for one in page.notes
    ]
    return NoteRows(rows, page.after, page.looked_back_to)


async def _lines(store: Store, wanted: Wanted) -> AsyncIterator[Sequence[Row]]:
    """Give a row for each note, with what is known now about whoever wrote it."""
    async for group in all_notes(store, wanted):
        people = {one.id: one for one in await find_people(store, sorted({note.author for note in group}))}
        known = {key: _attributes(one.attributes) for key, one in people.items()}
        yield [_line(note, known.get(note.author, "")) for note in group]


def _attributes(attributes: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in sorted(attributes.items()))


def _line(note: Note, attributes: str) -> Row:
    tenant, _, object_id = note.author.partition(":")
    about = ("; ".join(note.companies), note.product, "; ".join(note.tags))
    return (note.kind.value, note.at, note.author_name, tenant, object_id, attributes, note.text, *about)


_FORMS: Mapping[str, Callable[[Store, Wanted], AsyncGenerator[bytes, None]]] = {
    "csv": notes_csv,
    "xlsx": notes_xlsx,
    "json": notes_as_json,
}
