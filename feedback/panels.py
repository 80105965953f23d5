"""Panels: standing groups of people, named, imported from a file.

Who is in a panel stands in the panel's own book of the ledger, one small document for each person: so a panel is
streamed page by page without looking at anybody else, and whether a hundred people are in it is one query in one
partition. What is known about a person, such as their segment, stands with the person, where every audience finds it
and where two panels cannot disagree. People who never wrote are kept without a conversation.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from feedback.audience_words import nearest
from feedback.errors import PanelNameRefused, PanelUnknown, quote
from feedback.people import Person, person_id
from feedback.people_files import Listed, PeopleFile
from feedback.questions import ID_FORM
from store.contract import MAX_BATCH, Change, Conflict, Create, Delete, Doc, Missing, Op, Patch, Store, Where

T = TypeVar("T")

BOOK = "panels"
PAGE = 1000
ATTEMPTS = 5  # an import looks again this often at a person whom somebody else changes at the same time


class Panel(msgspec.Struct, frozen=True, omit_defaults=True):
    """A panel as its last import left it. `attributes` are those that its files had, in the order of the alphabet."""

    id: str
    people: int
    changed_at: datetime
    changed_by: str  # person id
    attributes: tuple[str, ...] = ()


class PanelImport(msgspec.Struct, frozen=True):
    """What an import led to. `added`, `kept` and `removed` count people of the panel."""

    panel: Panel
    is_new: bool
    added: int
    kept: int
    removed: int


async def import_panel(
    store: Store, name: str, file: PeopleFile, *, by: str, now: datetime, replaces: bool = False
) -> PanelImport:
    """Put the people of a file into a panel, durably; with `replaces`, nobody else stays in it.

    A new panel is known to audiences once everybody is in it. An import that a crash cut short is finished by doing
    it again. Raises `PanelNameRefused`.
    """
    panel = _checked(name)
    added = 0
    for start in range(0, len(file.people), MAX_BATCH):
        group = file.people[start : start + MAX_BATCH]
        await _know(store, group)
        added += await _join(store, panel, [_key(one) for one in group])
    listed = {_key(one) for one in file.people} if replaces else None
    people, removed = await _settle(store, panel, listed)
    old = await _find(store, panel)
    attributes = {*file.attributes, *(old.attributes if old is not None and not replaces else ())}
    new = Panel(id=panel, people=people, changed_at=now, changed_by=by, attributes=tuple(sorted(attributes)))
    await _keep(store, new)
    return PanelImport(panel=new, is_new=old is None, added=added, kept=len(file.people) - added, removed=removed)


async def find_panel(store: Store, name: str) -> Panel:
    """Return a panel by its name, in any case. Raises `PanelUnknown` with the nearest name there is."""
    panel = name.strip().lower()
    found = await _find(store, panel) if ID_FORM.fullmatch(panel) else None
    if found is None:
        names = [one.id for one in await list_panels(store)]
        raise PanelUnknown(panel=quote(name) + nearest(panel, names))
    return found


async def list_panels(store: Store) -> list[Panel]:
    """Return all panels by name."""
    return [msgspec.convert(doc, Panel) async for doc in _docs(store, BOOK, "panel")]


async def members(store: Store, name: str) -> AsyncIterator[str]:
    """Give the keys of everybody in a panel, in their order, page by page."""
    async for doc in _docs(store, _book(name), "member"):
        yield str(doc["id"])


async def members_among(store: Store, name: str, people: Sequence[str]) -> set[str]:
    """Return those of up to 100 people who are in a panel."""
    if not people:
        return set()
    where = [Where("kind", Op.EQ, "member"), Where("id", Op.IN, list(people))]
    page = await store.query("ledger", partition=_book(name), where=where, limit=MAX_BATCH)
    return {str(doc["id"]) for doc in page.docs}


async def panels_of(store: Store, person: str) -> list[str]:
    """Return the names of the panels that a person is in."""
    where = [Where("kind", Op.EQ, "member"), Where("id", Op.EQ, person)]
    names: list[str] = []
    continuation: str | None = None
    while True:
        page = await store.query("ledger", where=where, continuation=continuation)
        names += [str(doc["book"]).removeprefix(_book("")) for doc in page.docs]
        continuation = page.continuation
        if continuation is None:
            return sorted(names)


async def leave_panels(store: Store, person: str) -> None:
    """Take a person out of every panel. The panels' counts follow with their next import."""
    for name in await panels_of(store, person):
        await store.batch("ledger", _book(name), [Delete(person)])


async def _know(store: Store, group: Sequence[Listed]) -> None:
    """Keep what a file says about up to 100 people with them, whether they ever wrote or not."""
    ids = [_key(one) for one in group]
    page = await store.query("people", where=[Where("id", Op.IN, ids)], limit=len(ids))
    known = {str(doc["id"]): doc for doc in page.docs}
    await _all_of([_know_one(store, one, known.get(_key(one))) for one in group])


async def _know_one(store: Store, one: Listed, doc: Doc | None) -> None:
    key = _key(one)
    for attempt in range(ATTEMPTS):
        try:
            await _write(store, one, doc)
        except (Conflict, Missing):  # they wrote, or were imported, at this very moment
            if attempt == ATTEMPTS - 1:
                raise
            doc = await store.get("people", key, key)
        else:
            return


async def _write(store: Store, one: Listed, doc: Doc | None) -> None:
    if doc is None:
        new = Person(id=_key(one), tenant=one.tenant, object_id=one.object_id, name=one.name, attributes=one.attributes)
        await store.create("people", msgspec.to_builtins(new))
        return
    old = msgspec.convert(doc, Person)
    news = {"name": old.name or one.name, "attributes": {**old.attributes, **one.attributes}}
    if news != {"name": old.name, "attributes": old.attributes}:
        await store.replace("people", doc | news, etag=str(doc["_etag"]))


async def _join(store: Store, panel: str, ids: Sequence[str]) -> int:
    """Write up to 100 people into a panel's book and return how many were not in it."""
    there = await members_among(store, panel, ids)
    changes: list[Change] = [
        Create({"book": _book(panel), "id": one, "kind": "member"}) for one in ids if one not in there
    ]
    if not changes:
        return 0
    try:
        await store.batch("ledger", _book(panel), changes)
    except Conflict:  # another import of the same panel was first with some of them
        return await _join(store, panel, ids)
    return len(changes)


async def _settle(store: Store, panel: str, listed: set[str] | None) -> tuple[int, int]:
    """Count a panel's people and, where a list is given, remove those who are not on it."""
    people = 0
    gone: list[str] = []
    async for one in members(store, panel):
        if listed is None or one in listed:
            people += 1
        else:
            gone.append(one)
    for start in range(0, len(gone), MAX_BATCH):
        await store.batch("ledger", _book(panel), [Delete(one) for one in gone[start : start + MAX_BATCH]])
    return people, len(gone)


async def _all_of(work: Sequence[Coroutine[object, object, T]]) -> list[T]:
    """Do things side by side and, before raising what the first failed with, wait for all: none goes on behind it."""
    ended = await asyncio.gather(*work, return_exceptions=True)
    done: list[T] = []
    for one in ended:
        if isinstance(one, BaseException):
            raise one
        done.append(one)
    return done


async def _keep(store: Store, panel: Panel) -> None:
    doc: Doc = msgspec.to_builtins(panel)
    try:
        await store.create("ledger", {**doc, "book": BOOK, "kind": "panel"})
    except Conflict:
        fields = ("people", "changed_at", "changed_by", "attributes")
        news = {"attributes": [], **{field: doc[field] for field in fields if field in doc}}
        await store.patch("ledger", BOOK, Patch(id=panel.id, set=news))


async def _find(store: Store, name: str) -> Panel | None:
    doc = await store.get("ledger", BOOK, name)
    return None if doc is None else msgspec.convert(doc, Panel)


async def _docs(store: Store, book: str, kind: str) -> AsyncIterator[Doc]:
    continuation: str | None = None
    where = [Where("kind", Op.EQ, kind)]
    while True:
        page = await store.query("ledger", partition=book, where=where, limit=PAGE, continuation=continuation)
        for doc in page.docs:
            yield doc
        continuation = page.continuation
        if continuation is None:
            return


def _checked(name: str) -> str:
    plain = name.strip().lower()
    if not ID_FORM.fullmatch(plain):
        raise PanelNameRefused(name=quote(name).strip("“”"))
    return plain


def _book(name: str) -> str:
    return f"panel:{name}"


def _key(one: Listed) -> str:
    return person_id(one.tenant, one.object_id)
