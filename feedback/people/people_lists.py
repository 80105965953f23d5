"""Lists of people that came attached to a message: whom one send was for. Kept, so that its plan survives a restart.

A list is named after its file and who is in it, so the same file again is the same list, and a list never changes.
Who is in one stands in its book (members.py). What is kept lasts; a panel is for what changes.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import msgspec

from feedback.errors import ListUnknown, quote
from feedback.people import members as books
from feedback.people.people_files import PeopleFile
from feedback.surveys.questions import ID_FORM
from store.contract import Conflict, Doc, Store

BOOK = "lists"
PREFIX = "list:"  # of the books with the people of a list
NAMELESS = "people"
_STEM = 30  # characters of a file's name
_DIGEST = 4  # bytes


class PeopleList(msgspec.Struct, frozen=True):
    """One list, whole: it is known once everybody is in it."""

    id: str
    people: int
    attributes: tuple[str, ...]
    made_at: datetime
    made_by: str  # person id


async def keep_list(store: Store, file: PeopleFile, *, name: str, by: str, now: datetime) -> PeopleList:
    """Keep the people of a file under a name that follows from them, durably. Done again, it changes nothing."""
    key = _name_of(name, file)
    await books.enter(store, f"{PREFIX}{key}", file.people)
    made = PeopleList(key, len(file.people), file.attributes, made_at=now, made_by=by)
    doc: Doc = msgspec.to_builtins(made)
    try:
        await store.create("ledger", {**doc, "book": BOOK, "kind": "list"})
    except Conflict:
        return await find_list(store, key)
    return made


async def find_list(store: Store, name: str) -> PeopleList:
    """Return a list by its name, in any case. Raises `ListUnknown`."""
    key = name.strip().lower()
    doc = await store.get("ledger", BOOK, key) if ID_FORM.fullmatch(key) else None
    if doc is None:
        raise ListUnknown(list=quote(name))
    return msgspec.convert(doc, PeopleList)


async def list_attributes(store: Store) -> set[str]:
    """Return every attribute that came with a list."""
    found: set[str] = set()
    async for doc in books.docs_in(store, BOOK, "list"):
        found |= set(msgspec.convert(doc, PeopleList).attributes)
    return found


def listed(store: Store, name: str) -> AsyncIterator[str]:
    """Give the keys of everybody in a list, in their order, page by page."""
    return books.members(store, f"{PREFIX}{name}")


async def listed_among(store: Store, name: str, people: Sequence[str]) -> set[str]:
    """Return those of up to 100 people who are in a list."""
    return await books.members_among(store, f"{PREFIX}{name}", people)


async def lists_of(store: Store, person: str) -> list[str]:
    """Return the names of the lists that a person is in."""
    return await books.books_of(store, person, PREFIX)


def _name_of(name: str, file: PeopleFile) -> str:
    keys = sorted(books.key_of(one) for one in file.people)
    digest = hashlib.blake2b("\n".join(keys).encode(), digest_size=_DIGEST).hexdigest()
    stem = re.sub(r"[^a-z0-9]+", "-", name.rpartition(".")[0].lower() or name.lower()).strip("-")
    stem = re.sub(r"^[^a-z]+", "", stem)[:_STEM].rstrip("-")
    return f"{stem or NAMELESS}-{digest}"
