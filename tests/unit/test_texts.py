"""Which texts may be read, in which order, and that nothing kept about a text outlives it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from feedback.answers.anonymous import open_ballots
from feedback.answers.answers import record_answer
from feedback.results.sealing import seal
from feedback.runs.deliveries import write_planned
from feedback.runs.runs import Delivery, DeliveryState, Run, close_run, create_run
from feedback.surveys.questions import Answers, Kind, Question
from feedback.surveys.surveys import Survey
from feedback.texts.text_tags import (
    MOST_ON_A_TEXT,
    MOST_TAGS,
    NoSuchTag,
    Tags,
    TooManyTags,
    add_tag,
    count_tags,
    find_tags,
    read_tag,
    remove_tag,
    tagged,
)
from feedback.texts.texts import Place, read_places, read_texts, ref_of, search_texts
from store.contract import Patch, Store

NOW = datetime(2026, 11, 24, 9, 17, 33, tzinfo=UTC)
SURVEY = Survey(
    "open",
    "Sample",
    (Question("score", Kind.NPS, "How likely?"), Question("why", Kind.TEXT, "Why?"), Question("rare", Kind.TEXT, "?")),
)
HUSHED = msgspec.structs.replace(SURVEY, is_anonymous=True, threshold=3)
PEOPLE = [f"t:{number:03}" for number in range(12)]
WHERE = ("s-1", "why")


def answers_of(number: int) -> Answers:
    rare: Answers = {"rare": f"Rare {number}"} if number < 2 else {}
    given: Answers = {"score": 9, "why": f"Because {number}"}
    return given | rare


async def sent(store: Store, survey: Survey = SURVEY, *, ends: bool = False) -> Run:
    """Send a survey, let everybody answer a minute after the other, and end it if it is to end."""
    run = await create_run(store, survey, "customers", by="t:admin", now=NOW, name="s-1")
    if survey.is_anonymous:
        await open_ballots(store, run)
    await write_planned(store, run.run, [Delivery(run.run, one, DeliveryState.SENT, 0) for one in PEOPLE])
    for number, one in enumerate(PEOPLE):
        at = NOW + timedelta(minutes=number)
        await record_answer(store, run, one, answers_of(number), revision=0, now=at)
    if not ends:
        return run
    closed = await close_run(store, run)
    await seal(store, closed)
    return closed


async def said(store: Store, run: Run, question: str = "why", places: Sequence[Place] | None = None) -> list[str]:
    wanted = (await read_places(store, run)).places[question] if places is None else places
    return [one.text for one in await read_texts(store, run, question, wanted)]


async def test_texts_are_read_newest_first(embedded: Store) -> None:
    run = await sent(embedded)
    assert await said(embedded, run) == [f"Because {number}" for number in reversed(range(12))]
    assert await said(embedded, run, "rare") == ["Rare 1", "Rare 0"]
    reading = await read_places(embedded, run)
    assert "score" not in reading.places
    assert reading.places["why"][0].at == NOW + timedelta(minutes=11)


async def test_a_text_is_called_by_a_name_that_says_nothing(embedded: Store) -> None:
    run = await sent(embedded)
    reading = await read_places(embedded, run)
    refs = {question: {one.ref for one in some} for question, some in reading.places.items()}
    assert len(refs["why"]) == 12
    assert not refs["why"] & refs["rare"], "two texts of one person have nothing in common"
    assert not any(person in ref for person in PEOPLE for ref in refs["why"])


async def test_of_an_anonymous_run_that_is_open_there_is_no_text(embedded: Store) -> None:
    run = await sent(embedded, HUSHED)
    reading = await read_places(embedded, run)
    assert reading.places == {}
    assert "once it is closed" in reading.withheld


async def test_of_an_anonymous_run_that_is_closed_but_not_sealed_there_is_no_text(embedded: Store) -> None:
    closed = await close_run(embedded, await sent(embedded, HUSHED))
    reading = await read_places(embedded, closed)
    assert reading.places == {}
    assert "being sealed" in reading.withheld


async def test_of_a_sealed_run_there_are_those_of_questions_that_enough_have_answered(embedded: Store) -> None:
    run = await sent(embedded, HUSHED, ends=True)
    reading = await read_places(embedded, run)
    assert set(reading.places) == {"why"}, "two people answered the other one"
    assert reading.withheld == ""
    assert sorted(await said(embedded, run)) == sorted(f"Because {number}" for number in range(12))
    assert all(one.at is None for one in reading.places["why"])


async def test_too_few_answers_are_never_read(embedded: Store) -> None:
    run = await sent(embedded, msgspec.structs.replace(HUSHED, threshold=13), ends=True)
    reading = await read_places(embedded, run)
    assert reading.places == {}
    assert "now or later" in reading.withheld


async def test_the_order_of_a_sealed_run_ties_no_texts_together(embedded: Store) -> None:
    everybody = msgspec.structs.replace(HUSHED, threshold=3, questions=SURVEY.questions)
    run = await create_run(embedded, everybody, "customers", by="t:admin", now=NOW, name="s-1")
    await open_ballots(embedded, run)
    await write_planned(embedded, run.run, [Delivery(run.run, one, DeliveryState.SENT, 0) for one in PEOPLE])
    for number, one in enumerate(PEOPLE):
        both: Answers = {"why": f"{number}", "rare": f"{number}"}
        await record_answer(embedded, run, one, both, revision=0, now=NOW)
    closed = await close_run(embedded, run)
    await seal(embedded, closed)
    first, second = await said(embedded, closed), await said(embedded, closed, "rare")
    assert sorted(first) == sorted(second)
    assert first != second
    assert first != sorted(first, key=int), "nor is it the order in which they answered"


async def test_search_finds_words_in_any_case_and_order(embedded: Store) -> None:
    run = await sent(embedded)
    await record_answer(
        embedded, run, PEOPLE[3], {"score": 1, "why": "Zu LANGSAM für große Straßen"}, revision=1, now=NOW
    )
    places = (await read_places(embedded, run)).places["why"]
    for words in ("langsam", "STRASSEN", "große zu", "  zu   langsam "):
        hits = await search_texts(embedded, run, "why", places, words)
        assert await said(embedded, run, places=hits.places) == ["Zu LANGSAM für große Straßen"], words
        assert hits.among == 12
    assert (await search_texts(embedded, run, "why", places, "langsam because")).places == []
    assert (await search_texts(embedded, run, "why", places[:0], "langsam")).places == []


async def test_a_text_that_is_changed_or_removed_is_gone_at_once(embedded: Store) -> None:
    run = await sent(embedded)
    places = (await read_places(embedded, run)).places["why"]
    await record_answer(embedded, run, PEOPLE[0], {"score": 1, "why": "Something else"}, revision=1, now=NOW)
    await embedded.patch("runs", run.run, Patch(PEOPLE[1], set={"answers": {}}))
    await embedded.delete("runs", run.run, PEOPLE[2])
    left = await said(embedded, run, places=places)
    assert sorted(left) == sorted(f"Because {number}" for number in range(3, 12))
    hits = await search_texts(embedded, run, "why", places, "because")
    assert len(hits.places) == 9


async def test_nothing_that_is_kept_about_a_text_has_a_word_of_it_or_leads_to_whom_it_is_of(embedded: Store) -> None:
    run = await sent(embedded)
    places = (await read_places(embedded, run)).places["why"]
    await add_tag(embedded, *WHERE, places[0].ref, "slow")
    doc = str(await embedded.get("runs", "s-1", "tags-why"))
    assert "slow" in doc
    assert "Because" not in doc
    assert not any(person in doc for person in PEOPLE)


async def test_a_tag_goes_with_its_text(embedded: Store) -> None:
    run = await sent(embedded)
    places = (await read_places(embedded, run)).places["why"]
    for one in places[:3]:
        await add_tag(embedded, *WHERE, one.ref, "slow")
    tags = await find_tags(embedded, *WHERE)
    assert [(one.tag, one.n) for one in count_tags(tags, {one.ref for one in places}, 1)] == [("slow", 3)]
    await embedded.patch("runs", run.run, Patch(places[0].id, set={"answers": {}}))
    refs = [one.ref for one in (await read_places(embedded, run)).places["why"]]
    assert [one.n for one in count_tags(tags, set(refs), 1)] == [2]
    assert tagged(tags, refs, "slow") == {places[1].ref, places[2].ref}


async def test_tags_are_added_once_and_removed(embedded: Store) -> None:
    assert await add_tag(embedded, *WHERE, "r1", "#Slow  search ") == "slow search"
    await add_tag(embedded, *WHERE, "r1", "slow search")
    await add_tag(embedded, *WHERE, "r1", "price")
    assert (await find_tags(embedded, *WHERE)).by_text == {"r1": ("slow search", "price")}
    await remove_tag(embedded, *WHERE, "r1", "Slow Search")
    await remove_tag(embedded, *WHERE, "r2", "price")
    assert (await find_tags(embedded, *WHERE)).by_text == {"r1": ("price",)}
    await remove_tag(embedded, *WHERE, "r1", "price")
    assert (await find_tags(embedded, *WHERE)) == Tags()


@pytest.mark.parametrize("said", ["", "#", "  ", "x" * 41, "a\x00b", "a\u202eb"])
async def test_what_is_no_tag_is_refused(embedded: Store, said: str) -> None:
    with pytest.raises(NoSuchTag):
        read_tag(said)
    with pytest.raises(NoSuchTag):
        await add_tag(embedded, *WHERE, "r1", said)
    assert await find_tags(embedded, *WHERE) == Tags()


async def test_tags_do_not_pile_up(embedded: Store) -> None:
    for number in range(MOST_ON_A_TEXT):
        await add_tag(embedded, *WHERE, "r1", f"tag {number}")
    with pytest.raises(TooManyTags):
        await add_tag(embedded, *WHERE, "r1", "one more")
    many = Tags({f"r{number}": (f"tag {number}",) for number in range(MOST_TAGS)})
    body = msgspec.to_builtins(many)
    await embedded.create("runs", {**body, "id": "tags-full", "run": "s-1", "kind": "tags"})
    with pytest.raises(TooManyTags):
        await add_tag(embedded, "s-1", "full", "r1", "one more")
    assert await add_tag(embedded, "s-1", "full", "r1", "tag 7") == "tag 7"


@pytest.mark.parametrize(("on", "shown"), [(2, []), (3, [3]), (9, [9]), (10, []), (11, []), (12, [12])])
def test_of_an_anonymous_run_no_tag_counts_few_texts_or_leaves_few(on: int, shown: list[int]) -> None:
    refs = [f"r{number}" for number in range(12)]
    tags = Tags(dict.fromkeys(refs[:on], ("slow",)))
    assert [one.n for one in count_tags(tags, set(refs), 3)] == shown
    assert [one.n for one in count_tags(tags, set(refs), 1)] == [on]


def test_a_ref_is_of_one_question_one_answer_and_these_words() -> None:
    one = ref_of("why", "t:1", "Slow")
    assert one == ref_of("why", "t:1", "Slow")
    assert len({one, ref_of("rare", "t:1", "Slow"), ref_of("why", "t:2", "Slow"), ref_of("why", "t:1", "slow")}) == 4
