"""Notes: what an engineer heard in a customer conversation, and feedback people gave unasked."""

from datetime import datetime
from enum import StrEnum

import msgspec


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
