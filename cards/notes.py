"""The cards about notes: one that was kept, those that were found, and feedback given unasked.

To be built only from notes that were written.
"""

from collections.abc import Sequence

from cards.elements import (
    Card,
    Element,
    card,
    counted,
    escape,
    excerpt,
    facts,
    heading,
    hint,
    moment,
    section,
    text,
    verbatim,
)
from cards.size import fewer, fitted
from feedback.language import say
from feedback.notes import Note

_TEXT = 600  # characters shown of one note
_FOUND = 240  # characters shown of each of many
_WORDS = 80
_MARK = 60  # characters of one tag, company or product
_MARKS = 12  # of each


def note_card(note: Note, *, was_repeat: bool = False) -> Card:
    """Return what was kept of a note. `was_repeat`: the same note had been kept before."""
    title = "This note was kept already" if was_repeat else "Note kept"
    rows = _marks(note)
    missing = hint("Add **@company**, **about product** or **#tag** to a note and it is easier to find.")
    return card([heading(title), _quote(note, _TEXT), facts(rows) if rows else missing], fallback=title)


def notes_card(notes: Sequence[Note], words: str, *, more: bool) -> Card:
    """Return the notes that were found, newest first as given. `more` says that there are others."""
    about = f" with “{escape(excerpt(words, _WORDS))}”" if words.strip() else ""
    if not notes:
        body = [heading("Notes"), text(f"There are no notes{about} yet.")]
        return card(body, fallback=f"There are no notes{about} yet.")
    title = f"{counted(len(notes), 'note')}{about}"

    def build(shown: int) -> Card:
        rest = more or shown < len(notes)
        ending = [hint("… and there are more. Add a word to the search to narrow it down.")] if rest else []
        top = heading(f"Notes{about}" if rest else title)
        return card([top, *(section(_found(note)) for note in notes[:shown]), *ending], fallback=title)

    return fitted(build, fewer(len(notes)))


def feedback_card(note: Note) -> Card:
    """Return the thanks for feedback given unasked, and what becomes of it."""
    title = say("Thank you — your feedback is kept")
    then = say("The people who build the product can read it from now on. There is nothing more for you to do.")
    return card([heading(title), _quote(note, _TEXT), text(then)], fallback=title)


def _quote(note: Note, length: int) -> Element:
    return verbatim(f"“{excerpt(note.text, length)}”")


def _found(note: Note) -> list[Element]:
    by = escape(excerpt(note.author_name, _MARK)) or "somebody"
    marks = "; ".join(f"{name}: {value}" for name, value in _marks(note).items())
    return [_quote(note, _FOUND), hint(f"{by}, {moment(note.at)}"), *([hint(marks)] if marks else [])]


def _marks(note: Note) -> dict[str, str]:
    rows = {
        "Company": _listed(note.companies),
        "Product": escape(excerpt(note.product, _MARK)),
        "Tags": _listed(note.tags),
    }
    return {name: value for name, value in rows.items() if value}


def _listed(words: Sequence[str]) -> str:
    some = [escape(excerpt(one, _MARK)) for one in words[:_MARKS]]
    return ", ".join([*some, "…"] if len(words) > _MARKS else some)
