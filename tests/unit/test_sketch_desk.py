"""A sketch in the store: what is pressed late or twice changes nothing, and saving undoes nobody else's work."""

import asyncio
from typing import cast

import pytest

from cards.elements import Card
from dialogs.sketch import OUTDATED, UNSEEN, Desk, Said
from feedback.audit import latest_records
from feedback.errors import SketchGone, SurveyMovedOn
from feedback.surveys.surveys import Survey, find_survey, import_survey
from feedback.writing.sketches import Sketch, Step, begin_sketch, find_sketch, new_sketch
from simulator.cards import card_text
from store.contract import Conflict, Doc, Store, Uncertain
from tests.conftest import Clock

ME, OTHER = "t:me", "t:other"
THREE = ("Check-in", "skip", "nps", "How likely?", "add choices", "Where?", "Phone\nLaptop", "add text", "Why?")


class Author:
    """Somebody who writes; each message has an id of its own."""

    def __init__(self, store: Store, clock: Clock, who: str = ME) -> None:
        self.store = store
        self.who = who
        self.desk = Desk(store, clock.now)
        self.count = 0

    async def type(self, *words: str) -> str:
        for one in words:
            self.count += 1
            said = await self.desk.say(self.who, one, source=f"{self.who}-{self.count}")
        return text_of(said)

    async def press(self, words: str, revision: int) -> str:
        return text_of(await self.desk.press(self.who, words, revision=revision))

    async def sketch(self) -> Sketch:
        found = await find_sketch(self.store, self.who)
        assert found is not None
        return found.sketch


def text_of(said: Said) -> str:
    return card_text(said.card)


@pytest.fixture
async def author(embedded: Store, clock: Clock) -> Author:
    await begin_sketch(embedded, new_sketch(ME))
    author = Author(embedded, clock)
    await author.type(*THREE)
    return author


async def test_a_press_counts_once_however_often_it_comes(author: Author) -> None:
    before = await author.sketch()
    first = await author.press("delete 2", before.revision)
    assert "Question 2 is deleted" in first
    for _ in range(3):
        again = await author.press("delete 2", before.revision)
        assert OUTDATED not in again, "the same press again is no mistake of the author's"
    after = await author.sketch()
    assert [one.text for one in after.survey.questions] == ["How likely?", "Why?"]
    assert after.revision == before.revision + 1


async def test_a_press_on_an_older_card_changes_nothing_and_says_so(author: Author) -> None:
    before = await author.sketch()
    await author.type("title", "Another title")
    now = await author.sketch()
    for revision in (before.revision, 0, -1, now.revision + 1, 10**9):
        assert OUTDATED in await author.press("delete 1", revision)
    assert await author.sketch() == now


async def test_of_five_presses_at_the_same_moment_one_counts(author: Author) -> None:
    revision = (await author.sketch()).revision
    said = await asyncio.gather(*(author.press(f"delete {n % 3 + 1}", revision) for n in range(5)))
    after = await author.sketch()
    assert (after.revision, len(after.survey.questions)) == (revision + 1, 2)
    assert sum("is deleted" in one for one in said) == 1


async def test_a_message_delivered_again_counts_once(author: Author) -> None:
    await author.type("add text")
    for _ in range(3):
        await author.desk.say(ME, "And then?", source="the-same")
    sketch = await author.sketch()
    assert [one.text for one in sketch.survey.questions][3:] == ["And then?"]


async def test_words_that_were_kept_unseen_and_are_said_again_change_nothing(author: Author) -> None:
    """As after “not saved”, when they were."""
    seen = (await author.sketch()).revision
    await author.desk.say(ME, "title", source="a1", seen=seen)
    await author.desk.say(ME, "Another", source="a2", seen=seen + 1)
    before = await author.sketch()
    said = await author.desk.say(ME, "Another", source="a3", seen=seen + 1)
    assert UNSEEN in text_of(said)
    assert said.revision == before.revision
    assert await author.sketch() == before
    await author.press("delete 3", before.revision)
    again = await author.desk.say(ME, "delete 2", source="a4", seen=before.revision)
    assert "Question 2 is deleted" in text_of(again), "a press in between was seen"


async def test_a_change_whose_outcome_was_in_doubt_is_looked_up(author: Author) -> None:
    doubtful = Doubtful(author.store)
    desk = Desk(cast("Store", doubtful), author.desk._clock)  # noqa: SLF001
    said = await desk.say(ME, "delete 2", source="b1")
    assert "Question 2 is deleted" in text_of(said)
    doubtful.writes = False
    before = await author.sketch()
    with pytest.raises(Uncertain):
        await desk.say(ME, "delete 2", source="b2")
    assert await author.sketch() == before


class Doubtful:
    """A store that never says whether it has replaced a document; whether it does is up to `writes`."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner
        self.writes = True

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def replace(self, container: str, doc: Doc, *, etag: str) -> Doc:
        if self.writes:
            await self._inner.replace(container, doc, etag=etag)
        raise Uncertain


async def test_what_cannot_be_taken_is_shown_and_nothing_is_written(author: Author) -> None:
    before = await author.sketch()
    assert "There is no question 9" in await author.type("delete 9")
    assert await author.sketch() == before


async def test_everybody_has_a_sketch_of_their_own(author: Author, clock: Clock) -> None:
    other = Author(author.store, clock, OTHER)
    await begin_sketch(author.store, new_sketch(OTHER))
    await other.type("Theirs")
    assert (await author.sketch()).survey.title == "Check-in"
    with pytest.raises(Conflict):
        await begin_sketch(author.store, new_sketch(OTHER))


async def test_saving_makes_a_survey_and_ends_the_sketch(author: Author, clock: Clock) -> None:
    await author.type("save")
    said = await author.desk.say(ME, "check-in", source="last")
    assert said.is_over
    assert "Saved: Check-in" in text_of(said)
    kept = await find_survey(author.store, "check-in")
    assert (kept.version, len(kept.questions)) == (1, 3)
    with pytest.raises(SketchGone):
        await author.desk.show(ME)
    with pytest.raises(SketchGone):
        await author.press("save", 1)
    (record,) = await latest_records(author.store, clock.now())
    assert (record.who, record.what, record.on, record.after) == (ME, "survey save", "check-in", "version 1")


async def test_a_name_that_is_taken_is_asked_for_again(author: Author) -> None:
    theirs = Survey("check-in", "Theirs", (await author.sketch()).survey.questions[:1])
    await import_survey(author.store, theirs)
    said = await author.type("save", "check-in")
    assert "There is a survey called “check-in” already" in said
    assert (await author.sketch()).step is Step.NAME
    assert await find_survey(author.store, "check-in") == theirs
    assert "Saved" in await author.type("check-in-2")


async def opened(author: Author) -> Survey:
    """Save the sketch, and open the survey again."""
    await author.type("save", "check-in")
    survey = await find_survey(author.store, "check-in")
    sketch = Sketch(ME, survey, Step.SURVEY, over=survey.version, is_named=True)
    await begin_sketch(author.store, sketch)
    return survey


async def test_an_edit_makes_the_next_version(author: Author) -> None:
    await opened(author)
    assert "version 2" in await author.type("delete 3", "save")
    assert (await find_survey(author.store, "check-in")).version == 2


async def test_an_edit_without_a_change_keeps_the_version(author: Author) -> None:
    await opened(author)
    assert "nothing has changed" in await author.type("save")
    assert (await find_survey(author.store, "check-in")).version == 1


async def test_nothing_is_saved_over_what_somebody_else_saved_unless_said_again(author: Author) -> None:
    first = await opened(author)
    theirs = await import_survey(author.store, Survey(first.id, "Theirs", first.questions))
    said = await author.type("delete 3", "save")
    assert "Somebody has saved version 2" in said
    assert await find_survey(author.store, first.id) == theirs.survey
    assert "version 3" in await author.type("save")
    kept = await find_survey(author.store, first.id)
    assert (kept.title, kept.version, len(kept.questions)) == ("Check-in", 3, 2)


async def test_a_save_that_broke_off_half_way_is_finished_by_the_next(author: Author) -> None:
    sketch = (await author.sketch()).survey
    await import_survey(author.store, Survey("check-in", sketch.title, sketch.questions), over=0)
    said = await author.type("save", "check-in")
    assert "Saved already" in said
    assert (await find_survey(author.store, "check-in")).version == 1


@pytest.mark.parametrize("over", [0, 2, 7])
async def test_an_import_over_another_version_is_refused(author: Author, over: int) -> None:
    first = await opened(author)
    with pytest.raises(SurveyMovedOn):
        await import_survey(author.store, Survey(first.id, "Other", first.questions), over=over)
    assert await find_survey(author.store, first.id) == first
    done = await import_survey(author.store, Survey(first.id, "Other", first.questions), over=1)
    assert done.survey.version == 2


async def test_two_who_save_at_the_same_moment_do_not_undo_each_other(author: Author) -> None:
    first = await opened(author)
    wanted = [Survey(first.id, f"Title {n}", first.questions) for n in range(4)]
    done = await asyncio.gather(*(import_survey(author.store, one, over=1) for one in wanted), return_exceptions=True)
    assert sum(isinstance(one, SurveyMovedOn) for one in done) == 3
    assert (await find_survey(author.store, first.id)).version == 2


async def test_throwing_away_asks_and_leaves_what_was_saved(author: Author) -> None:
    first = await opened(author)
    await author.type("title", "Changed", "throw away")
    said = await author.desk.say(ME, "yes", source="yes")
    assert (said.is_over, await find_sketch(author.store, ME)) == (True, None)
    assert await find_survey(author.store, first.id) == first


def card_has(card: Card, words: str) -> bool:
    return words in card_text(card)


async def test_the_test_is_the_real_card_and_writes_nothing(author: Author) -> None:
    before = await author.sketch()
    said = await author.desk.say(ME, "test", source="t")
    assert card_has(said.card, "Test — nothing that you answer here is kept")
    assert card_has(said.card, "How likely?")
    assert await author.sketch() == before
