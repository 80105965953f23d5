"""Notes on every engine: each is on one page, in one order, and they are counted by their kind."""

from datetime import UTC, datetime, timedelta

from feedback.note_lists import Wanted, all_notes, count_notes, page_of_notes
from feedback.notes import NoteKind, keep_note
from feedback.people.people import Person
from store.contract import Store

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
AUTHOR = Person("home:1", "home", "1", "Sample Engineer")


async def texts(store: Store, wanted: Wanted) -> list[str]:
    """Return what all pages have, two notes at a time."""
    found, after = [], ""
    while True:
        page = await page_of_notes(store, wanted, length=2, after=after)
        found += [one.text for one in page.notes]
        after = page.after
        if not after:
            return found


async def test_notes_are_paged_and_counted(store: Store) -> None:
    for number in range(9):
        kind = NoteKind.FEEDBACK if number % 3 == 0 else NoteKind.NOTE
        at = NOW + timedelta(seconds=number // 3)  # three at each moment
        await keep_note(store, kind, AUTHOR, f"number {number} #{kind.value}", source=f"{number}", now=at)
    assert await count_notes(store) == {NoteKind.NOTE: 6, NoteKind.FEEDBACK: 3}
    for wanted, n in ((Wanted(), 9), (Wanted(kind=NoteKind.FEEDBACK), 3), (Wanted(tag="note"), 6)):
        whole = [one async for group in all_notes(store, wanted) for one in group]
        assert [one.at for one in whole] == sorted((one.at for one in whole), reverse=True)
        assert await texts(store, wanted) == [one.text for one in whole]
        assert len({one.id for one in whole}) == n
