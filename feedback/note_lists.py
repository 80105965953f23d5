"""Notes asked for, newest first: a page at a time for reading, all of them for a file.

Everything is read from the store when it is asked for, so a note that was removed is nowhere any more. A page goes on
behind the last note of the one before: notes that come meanwhile move nothing.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import msgspec

from feedback.notes import BOOK, Note, NoteKind, folded, has_words
from store.contract import Doc, Op, Store, Where
from store.pages import pages

LOOKED_AT = 5_000  # notes for one page, however few of them are wanted
READ = 500  # at once
_BETWEEN = "~"  # the time of a note and its id, where a page ends


class Wanted(msgspec.Struct, frozen=True):
    """Which notes are asked for. What is empty leaves none out; names need only contain what is given."""

    words: str = ""
    by: str = ""  # in the name of whoever wrote it
    company: str = ""
    product: str = ""
    tag: str = ""  # the whole of one
    kind: NoteKind | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether some notes are asked for, and not all."""
        return bool(self.has_search or self.kind)

    @property
    def has_search(self) -> bool:
        """Whether notes have to be read to know which are wanted."""
        return any((self.words, self.by, self.company, self.product, self.tag))

    def includes(self, note: Note) -> bool:
        """Say whether a note is asked for."""
        if self.kind is not None and note.kind is not self.kind:
            return False
        return not self.has_search or (
            folded(self.by) in folded(note.author_name)
            and folded(self.product) in folded(note.product)
            and (not self.company or any(folded(self.company) in folded(one) for one in note.companies))
            and (not self.tag or folded(self.tag) in {folded(one) for one in note.tags})
            and has_words(note, self.words)
        )


class NotePage(msgspec.Struct, frozen=True):
    """Some notes. `after` is where the next page begins, empty at the end.

    `looked_back_to` is how far was looked, where there may be more that is older and was not looked at for this page.
    """

    notes: Sequence[Note]
    after: str = ""
    looked_back_to: datetime | None = None


async def page_of_notes(store: Store, wanted: Wanted, *, length: int, after: str = "") -> NotePage:
    """Return the newest notes that are wanted, behind where another page ended."""
    found: list[Doc] = []
    looked, last = 0, None
    async for docs in _newest(store, wanted, after, READ if wanted.has_search else length + 2):
        for doc in docs:
            if wanted.includes(msgspec.convert(doc, Note)):
                if len(found) == length:
                    return NotePage(_notes(found), _end(found[-1]))
                found.append(doc)
            looked, last = looked + 1, doc
            if looked == LOOKED_AT:
                return NotePage(_notes(found), _end(last), msgspec.convert(last["at"], datetime))
    return NotePage(_notes(found))


async def all_notes(store: Store, wanted: Wanted) -> AsyncIterator[Sequence[Note]]:
    """Give every note that is wanted, newest first, some at a time."""
    async for docs in _newest(store, wanted, "", READ):
        notes = (msgspec.convert(doc, Note) for doc in docs)
        yield [one for one in notes if wanted.includes(one)]


async def count_notes(store: Store) -> dict[NoteKind, int]:
    """Return how many notes there are of each kind."""
    found = await store.tally("ledger", BOOK, "kind")
    return {one: found.get(one.value, 0) for one in NoteKind}


async def _newest(store: Store, wanted: Wanted, after: str, limit: int) -> AsyncIterator[Sequence[Doc]]:
    """Give the documents of a kind behind where a page ended, newest first. What is no such place is the beginning."""
    at, between, last = after.partition(_BETWEEN)
    where = [Where("kind", Op.EQ, wanted.kind.value)] if wanted.kind else []
    if between:
        where.append(Where("at", Op.LE, at))
    async for docs in pages(store, "ledger", partition=BOOK, where=where, order="at", descending=True, limit=limit):
        yield [one for one in docs if not between or (str(one["at"]), str(one["id"])) < (at, last)]


def _end(doc: Doc) -> str:
    return f"{doc['at']}{_BETWEEN}{doc['id']}"


def _notes(docs: Sequence[Doc]) -> list[Note]:
    return msgspec.convert(docs, list[Note])
