"""Who is listed where: one small document for each person in a book of the ledger, whatever the book is of.

A book is streamed page by page without looking at anybody else, and whether a hundred people are in it is one query in
one partition. What a file says about a person, such as their segment, is kept with the person, where every audience
finds it and where two books cannot disagree. People who never wrote are kept without a conversation.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import TypeVar

import msgspec

from feedback.people.people import Person, person_id
from feedback.people.people_files import Listed
from store.contract import MAX_BATCH, Change, Conflict, Create, Delete, Doc, Missing, Op, Store, Where
from store.pages import documents

T = TypeVar("T")

PAGE = 1000
ATTEMPTS = 5  # an import looks again this often at a person whom somebody else changes at the same time
MEMBER = "member"


def key_of(one: Listed) -> str:
    """Return the key of a person in a file."""
    return person_id(one.tenant, one.object_id)


async def enter(store: Store, book: str, people: Sequence[Listed]) -> int:
    """Keep the people of a file, and what it says about them, in a book; return how many are new in it.

    What a crash cut short is finished by doing it again.
    """
    added = 0
    for start in range(0, len(people), MAX_BATCH):
        group = people[start : start + MAX_BATCH]
        await _know(store, group)
        added += await _join(store, book, [key_of(one) for one in group])
    return added


async def members(store: Store, book: str) -> AsyncIterator[str]:
    """Give the keys of everybody in a book, in their order, page by page."""
    async for doc in docs_in(store, book, MEMBER):
        yield str(doc["id"])


async def members_among(store: Store, book: str, people: Sequence[str]) -> set[str]:
    """Return those of up to 100 people who are in a book."""
    if not people:
        return set()
    where = [Where("kind", Op.EQ, MEMBER), Where("id", Op.IN, list(people))]
    page = await store.query("ledger", partition=book, where=where, limit=MAX_BATCH)
    return {str(doc["id"]) for doc in page.docs}


async def books_of(store: Store, person: str, prefix: str = "") -> list[str]:
    """Return the names of the books that a person is in, without the prefix that they begin with."""
    where = [Where("kind", Op.EQ, MEMBER), Where("id", Op.EQ, person)]
    names = [str(doc["book"]) async for doc in documents(store, "ledger", where=where)]
    return sorted(one.removeprefix(prefix) for one in names if one.startswith(prefix))


async def leave_books(store: Store, person: str) -> None:
    """Take a person out of every book. Counts of a book follow with its next import."""
    for book in await books_of(store, person):
        await store.batch("ledger", book, [Delete(person)])


async def leave(store: Store, book: str, people: Sequence[str]) -> None:
    """Take people out of a book."""
    for start in range(0, len(people), MAX_BATCH):
        await store.batch("ledger", book, [Delete(one) for one in people[start : start + MAX_BATCH]])


def docs_in(store: Store, book: str, kind: str) -> AsyncIterator[Doc]:
    """Give the documents of a kind in a book, page by page."""
    return documents(store, "ledger", partition=book, where=[Where("kind", Op.EQ, kind)], limit=PAGE)


async def _know(store: Store, group: Sequence[Listed]) -> None:
    """Keep what a file says about up to 100 people with them, whether they ever wrote or not."""
    ids = [key_of(one) for one in group]
    page = await store.query("people", where=[Where("id", Op.IN, ids)], limit=len(ids))
    known = {str(doc["id"]): doc for doc in page.docs}
    await _all_of([_know_one(store, one, known.get(key_of(one))) for one in group])


async def _know_one(store: Store, one: Listed, doc: Doc | None) -> None:
    key = key_of(one)
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
        tenant, object_id = one.tenant, one.object_id
        new = Person(key_of(one), tenant, object_id, name=one.name, attributes=one.attributes)
        await store.create("people", msgspec.to_builtins(new))
        return
    old = msgspec.convert(doc, Person)
    news = {"name": old.name or one.name, "attributes": {**old.attributes, **one.attributes}}
    if news != {"name": old.name, "attributes": old.attributes}:
        await store.replace("people", doc | news, etag=str(doc["_etag"]))


async def _join(store: Store, book: str, ids: Sequence[str]) -> int:
    """Write up to 100 people into a book and return how many were not in it."""
    there = await members_among(store, book, ids)
    changes: list[Change] = [Create({"book": book, "id": one, "kind": MEMBER}) for one in ids if one not in there]
    if not changes:
        return 0
    try:
        await store.batch("ledger", book, changes)
    except Conflict:  # another import into the same book was first with some of them
        return await _join(store, book, ids)
    return len(changes)


async def _all_of(work: Sequence[Coroutine[object, object, T]]) -> list[T]:
    """Do things side by side and, before raising what the first failed with, wait for all: none goes on behind it."""
    ended = await asyncio.gather(*work, return_exceptions=True)
    done: list[T] = []
    for one in ended:
        if isinstance(one, BaseException):
            raise one
        done.append(one)
    return done
