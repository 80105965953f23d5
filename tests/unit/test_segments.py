"""Results by segment: every figure is that of the people with a value, counted anew, and of no few of them."""

from collections import Counter

import pytest
from msgspec.structs import replace

import feedback.results.segments
from feedback.people.people import find_people
from feedback.results.coverage import OTHERS, UNKNOWN
from feedback.results.question_results import question_result
from feedback.results.segments import (
    FEWEST,
    WITHHELD,
    AttributeUnknown,
    Segments,
    TooManyToCount,
    attributes_of,
    segments_of,
)
from feedback.results.tallies import QuestionTally, tally_of
from feedback.runs.runs import Delivery, DeliveryState, Run, deliveries
from store.contract import Patch, Store
from tests.dashboard.house import furnish

ANSWERED = frozenset({DeliveryState.ANSWERED})


async def answered(store: Store, run: Run) -> list[tuple[Delivery, dict[str, str]]]:
    """Return everybody who answered, and what is known about them, one by one."""
    given = [one async for one in deliveries(store, run.run, states=ANSWERED)]
    found = []
    for one in given:
        (person,) = await find_people(store, [one.id])
        found.append((one, person.attributes))
    return found


async def know(store: Store, person: str, attributes: dict[str, str]) -> None:
    await store.patch("people", person, Patch(person, set={"attributes": attributes}))


def named(found: Segments) -> dict[str, int]:
    return {one.value: one.n for one in found.segments}


async def test_every_figure_of_a_segment_is_that_of_its_people(embedded: Store) -> None:
    run = await furnish(embedded, 200)
    people = await answered(embedded, run)
    found = await segments_of(embedded, run, "region")
    assert found.n == len(people)
    unknown = sum("region" not in known for _, known in people)
    assert 0 < unknown < FEWEST
    assert found.rest == unknown
    for segment in found.segments:
        theirs = [one for one, known in people if known.get("region", UNKNOWN) == segment.value]
        tally = tally_of(run, theirs).everybody
        assert segment.n == len(theirs) >= FEWEST
        for question, result in zip(run.survey.questions, segment.questions, strict=True):
            if not result.is_withheld:
                expected = question_result(question, tally.questions.get(question.id, QuestionTally()), {})
                assert result == expected
    assert {one.value for one in found.segments} == {"emea", "americas", "apac"}
    assert sum(named(found).values()) == found.n - unknown


async def test_people_of_whom_it_is_not_known_are_a_segment_of_their_own(embedded: Store) -> None:
    run = await furnish(embedded, 60)
    people = [one for one, _ in await answered(embedded, run)]
    for one in people:
        await know(embedded, one.id, {"plan": "paid"} if one in people[:6] else {})
    found = await segments_of(embedded, run, "plan")
    assert named(found) == {"paid": 6, UNKNOWN: len(people) - 6}


async def test_what_is_known_about_people_can_be_chosen_from(embedded: Store) -> None:
    run = await furnish(embedded, 30)
    assert await attributes_of(embedded, run) == ["region", "size"]


async def test_people_who_are_few_are_taken_together_and_not_shown_where_they_still_are(embedded: Store) -> None:
    run = await furnish(embedded, 60)
    people = [one for one, _ in await answered(embedded, run)]
    many, few = people[:-4], people[-4:]
    for one in many:
        await know(embedded, one.id, {"plan": "paid"})
    for number, one in enumerate(few):
        await know(embedded, one.id, {"plan": f"trial {number}"})
    found = await segments_of(embedded, run, "plan")
    assert (named(found), found.rest) == ({"paid": len(many)}, 4)
    await know(embedded, many[0].id, {"plan": "trial 5"})
    found = await segments_of(embedded, run, "plan")
    assert (named(found), found.rest) == ({"paid": len(many) - 1, OTHERS: 5}, 0)


async def test_a_question_that_few_of_a_segment_answered_is_not_shown_there(embedded: Store) -> None:
    run = await furnish(embedded, 60)
    people = [one for one, _ in await answered(embedded, run)]
    with_text = [one for one in people if "why" in one.answers]
    without = [one for one in people if "why" not in one.answers]
    assert len(with_text) >= FEWEST
    assert len(without) >= FEWEST
    for one in people:
        await know(embedded, one.id, {"plan": "paid" if one in with_text else "free"})
    await know(embedded, with_text[0].id, {"plan": "free"})
    place = next(at for at, one in enumerate(run.survey.questions) if one.id == "why")
    found = {one.value: one.questions[place] for one in (await segments_of(embedded, run, "plan")).segments}
    assert found["free"].is_withheld
    assert found["free"].n == 0
    assert not found["paid"].is_withheld


async def test_no_text_of_anybody_is_in_a_segment(embedded: Store) -> None:
    run = await furnish(embedded, 100)
    found = await segments_of(embedded, run, "size")
    assert found.segments
    assert not any(result.latest for one in found.segments for result in one.questions)


async def test_an_anonymous_run_has_no_segments_whatever_is_asked(embedded: Store) -> None:
    run = await furnish(embedded, 60)
    run = replace(run, survey=replace(run.survey, is_anonymous=True, threshold=3))
    assert await attributes_of(embedded, run) == []
    for attribute in ("size", "nothing"):
        found = await segments_of(embedded, run, attribute)
        assert (found.segments, found.n, found.withheld) == ((), 0, WITHHELD)


async def test_what_is_not_known_about_anybody_is_refused_with_what_is(embedded: Store) -> None:
    run = await furnish(embedded, 30)
    with pytest.raises(AttributeUnknown, match="region, size"):
        await segments_of(embedded, run, "colour")


async def test_more_than_can_be_counted_while_somebody_waits_is_refused(
    embedded: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await furnish(embedded, 100)
    monkeypatch.setattr(feedback.results.segments, "MOST_ANSWERS", 20)
    with pytest.raises(TooManyToCount, match="More than 20 people"):
        await segments_of(embedded, run, "size")


async def test_a_run_that_nobody_answered_has_no_segments_and_nothing_is_refused(embedded: Store) -> None:
    run = await furnish(embedded, 0)
    found = await segments_of(embedded, run, "size")
    assert (found.n, found.segments, found.rest) == (0, (), 0)


async def test_values_that_very_many_people_differ_in_are_taken_together(embedded: Store) -> None:
    run = await furnish(embedded, 200)
    people = [one for one, _ in await answered(embedded, run)]
    for number, one in enumerate(people):
        await know(embedded, one.id, {"company": f"company {number}"})
    found = await segments_of(embedded, run, "company")
    assert Counter(named(found)) == {OTHERS: len(people)}
