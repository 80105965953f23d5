"""Panels: standing groups of people, named, imported from a file. Who is in one stands in its book (members.py)."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import msgspec

from feedback.errors import PanelNameRefused, PanelUnknown, quote
from feedback.people import members as books
from feedback.people.audience_words import nearest
from feedback.people.mixes import Mix
from feedback.people.people_files import PeopleFile
from feedback.surveys.questions import ID_FORM
from store.contract import Conflict, Doc, Patch, Store

BOOK = "panels"
PREFIX = "panel:"  # of the books with the people of a panel


class Panel(msgspec.Struct, frozen=True, omit_defaults=True):
    """A panel as its last import left it. `attributes` are those that its files had, in the order of the alphabet."""

    id: str
    people: int
    changed_at: datetime
    changed_by: str  # person id
    attributes: tuple[str, ...] = ()
    target: Mix | None = None  # whom it should consist of


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
    added = await books.enter(store, _book(panel), file.people)
    listed = {books.key_of(one) for one in file.people} if replaces else None
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
    return [msgspec.convert(doc, Panel) async for doc in books.docs_in(store, BOOK, "panel")]


def members(store: Store, name: str) -> AsyncIterator[str]:
    """Give the keys of everybody in a panel, in their order, page by page."""
    return books.members(store, _book(name))


async def members_among(store: Store, name: str, people: Sequence[str]) -> set[str]:
    """Return those of up to 100 people who are in a panel."""
    return await books.members_among(store, _book(name), people)


async def panels_of(store: Store, person: str) -> list[str]:
    """Return the names of the panels that a person is in."""
    return await books.books_of(store, person, PREFIX)


async def _settle(store: Store, panel: str, listed: set[str] | None) -> tuple[int, int]:
    """Count a panel's people and, where a list is given, remove those who are not on it."""
    people = 0
    gone: list[str] = []
    async for one in members(store, panel):
        if listed is None or one in listed:
            people += 1
        else:
            gone.append(one)
    await books.leave(store, _book(panel), gone)
    return people, len(gone)


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


def _checked(name: str) -> str:
    plain = name.strip().lower()
    if not ID_FORM.fullmatch(plain):
        raise PanelNameRefused(name=quote(name).strip("“”"))
    return plain


def _book(name: str) -> str:
    return f"{PREFIX}{name}"
