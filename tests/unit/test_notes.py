"""Notes: the marks in them are read, the text stays as it was written, and words find it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.notes import Marks, NoteKind, find_notes, keep_note, notes_by, read_marks
from feedback.people.people import Person
from store.contract import Store
from tests.conftest import Clock

AUTHOR = Person(id="home:1", tenant="home", object_id="1", name="Sample Engineer")

MARKS: dict[str, Marks] = {
    "": Marks(),
    "nothing marked": Marks(),
    "@Contoso likes #Audio and #audio": Marks(tags=("audio",), companies=("Contoso",)),
    '@"Fabrikam Ltd." and @Contoso about Teams': Marks(companies=("Fabrikam Ltd", "Contoso"), product="Teams"),
    "met @contoso. about “sample rooms” today": Marks(companies=("contoso",), product="sample rooms"),
    "talked about Sample Rooms Pro 2 and more": Marks(product="Sample Rooms Pro 2"),
    "talked about how they work, about the weather": Marks(),
    "about exports: slow": Marks(product="exports"),
    "mail bob@contoso.com about C# and F#": Marks(product="C"),
    "(#one) [#two] #tag-with-dash #日本": Marks(tags=("one", "two", "tag-with-dash", "日本")),
    "# heading and @ nobody": Marks(),
}


@pytest.mark.parametrize("text", MARKS)
def test_marks_are_read(text: str) -> None:
    assert read_marks(text) == MARKS[text]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    marks = read_marks(text)
    assert all(tag == tag.strip("#") for tag in marks.tags)
    assert len(set(marks.companies)) == len(marks.companies)


MESSY = "  \t# * _ <b>\"'`| \u202e \U0001f600 {{x}} @@ ## about\nabout \x07 " + "long " * 3000


async def test_a_text_is_kept_exactly_as_written(embedded: Store, clock: Clock) -> None:
    kept = await keep_note(embedded, NoteKind.NOTE, AUTHOR, MESSY, source="chat|1", now=clock.now())
    assert not kept.is_repeat
    found, more = await find_notes(embedded, "long")
    assert [note.text for note in found] == [MESSY]
    assert not more


async def test_the_same_message_is_kept_once(embedded: Store, clock: Clock) -> None:
    for repeat in (False, True):
        kept = await keep_note(embedded, NoteKind.NOTE, AUTHOR, "@Contoso", source="chat|1", now=clock.now())
        assert kept.is_repeat is repeat
    assert len(await notes_by(embedded, AUTHOR.id)) == 1


async def test_all_words_must_be_found_in_any_case_and_width(embedded: Store, clock: Clock) -> None:
    for number, text in enumerate(["Ｃａｆé @Contoso #Audio", "@Fabrikam about Rooms", "straße"]):
        clock.pass_s(1)
        await keep_note(embedded, NoteKind.NOTE, AUTHOR, text, source=f"chat|{number}", now=clock.now())
    assert [len((await find_notes(embedded, words))[0]) for words in ("", "cafe", "CAFÉ contoso", "STRASSE")] == [
        3,
        0,
        1,
        1,
    ]
    assert (await find_notes(embedded, "contoso rooms"))[0] == []
    assert [note.text for note in (await find_notes(embedded, "#audio"))[0]] == ["Ｃａｆé @Contoso #Audio"]


async def test_the_newest_come_first_and_the_rest_is_mentioned(embedded: Store, clock: Clock) -> None:
    for number in range(12):
        clock.pass_s(1)
        await keep_note(embedded, NoteKind.FEEDBACK, AUTHOR, f"text {number}", source=f"{number}", now=clock.now())
    found, more = await find_notes(embedded, "text")
    assert [note.text for note in found] == [f"text {number}" for number in range(11, 1, -1)]
    assert more
