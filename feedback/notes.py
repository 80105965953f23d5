"""Notes: what an engineer heard in a customer conversation, and feedback people gave unasked.

Marks in the text are read, never removed: `#tag`, `@company`, `about product`. Names of several words go in quotes;
after `about`, words that begin with a capital belong together. Whatever cannot be read is simply text.
"""

import hashlib
import re
import unicodedata
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from feedback.people.people import Person
from store.contract import Conflict, Doc, Op, Store, Uncertain, Where
from store.pages import documents

BOOK = "notes"
_START = r"(?<![^\s(\[{])"  # at the start of a word: not within an address such as a@b or a name such as C#
_TAG = re.compile(_START + r"#(\w[\w-]*)")
_QUOTED = r"[\"“”„«]([^\"“”„«»\n]{1,80})[\"“”»]"
_COMPANY = re.compile(_START + rf"@(?:{_QUOTED}|(\w[\w.&-]*))")
_NAME = r"\w(?:[\w.+-]*[\w+])?"
_PRODUCT = re.compile(_START + rf"(?i:about)\s+(?:{_QUOTED}|({_NAME}(?:\s+(?=[A-Z0-9]){_NAME})*))")
_SMALL_WORDS = """a an the how what when where which who why whether if it its this that these those their our my
your his her them us me you him being having using to in on at for"""
_NO_PRODUCT = frozenset(_SMALL_WORDS.split())


class NoteKind(StrEnum):
    """Who speaks."""

    NOTE = "note"  # an engineer about a conversation
    FEEDBACK = "feedback"  # a person, unasked


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """One note. `text` is exactly what was written, marks included."""

    id: str
    kind: NoteKind
    author: str  # person id
    author_name: str
    at: datetime
    text: str
    tags: tuple[str, ...] = ()  # without '#'
    companies: tuple[str, ...] = ()  # without '@'
    product: str = ""


class Marks(msgspec.Struct, frozen=True):
    """What the marks in a text say. Order of appearance, each once."""

    tags: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    product: str = ""


class Logged(msgspec.Struct, frozen=True):
    """A kept note. `is_repeat`: the same message had been kept before."""

    note: Note
    is_repeat: bool = False


def read_marks(text: str) -> Marks:
    """Return what the marks in a text say. Never fails."""
    tags = _once(match.group(1).lower() for match in _TAG.finditer(text))
    companies = _once((match.group(1) or match.group(2)).strip(" .") for match in _COMPANY.finditer(text))
    return Marks(tags=tags, companies=companies, product=_product(text))


async def keep_note(
    store: Store, kind: NoteKind, author: Person, text: str, *, source: str, now: datetime, marks: Marks | None = None
) -> Logged:
    """Keep a text exactly as written, durably. `source` names the message it came in; the same one is kept once."""
    found = marks or read_marks(text)
    note = Note(
        id=f"{kind.value}-{hashlib.blake2b(source.encode(), digest_size=9).hexdigest()}",
        kind=kind,
        author=author.id,
        author_name=author.name,
        at=now,
        text=text,
        tags=found.tags,
        companies=found.companies,
        product=found.product,
    )
    doc: Doc = msgspec.to_builtins(note)
    try:
        await store.create("ledger", {**doc, "book": BOOK})
    except (Conflict, Uncertain):  # its id is of this very message
        kept = await store.get("ledger", BOOK, note.id)
        return Logged(note=note if kept is None else msgspec.convert(kept, Note), is_repeat=True)
    return Logged(note=note)


async def find_notes(store: Store, words: str, *, limit: int = 10) -> tuple[list[Note], bool]:
    """Return the newest notes and feedback with all the words in any form of case, and whether there are more."""
    found: list[Note] = []
    async for note in _newest_first(store):
        if has_words(note, words):
            if len(found) == limit:
                return found, True
            found.append(note)
    return found, False


async def notes_by(store: Store, author: str) -> list[Note]:
    """Return everything one person wrote, newest first."""
    return [note async for note in _newest_first(store, Where("author", Op.EQ, author))]


async def _newest_first(store: Store, *where: Where) -> AsyncIterator[Note]:
    async for doc in documents(store, "ledger", partition=BOOK, where=where, order="at", descending=True, limit=500):
        yield msgspec.convert(doc, Note)


def _product(text: str) -> str:
    for match in _PRODUCT.finditer(text):
        name = (match.group(1) or match.group(2)).strip(" .")
        if match.group(1) or name.split()[0].lower() not in _NO_PRODUCT:
            return name
    return ""


def has_words(note: Note, words: str) -> bool:
    """Say whether all the words are in a note, in any form of case: in its text, its marks or its author's name."""
    said = _searchable(note)
    return all(word in said for word in folded(words).split())


def folded(text: str) -> str:
    """Return a text in the form in which texts are compared: without case, and without forms of the same letter."""
    return unicodedata.normalize("NFKC", text).casefold()


def _searchable(note: Note) -> str:
    tags = (f"#{tag}" for tag in note.tags)
    companies = (f"@{company}" for company in note.companies)
    return folded(" ".join([note.text, note.author_name, note.product, *tags, *companies]))


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
