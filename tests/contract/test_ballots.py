"""Anonymous answers on every engine: one for each person, sealed for good, counted exactly, and nobody's any more."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from broadcast.sealer import Sealer
from feedback.answers.anonymous import KEY_DOC, ballot_id, find_key, open_ballots, with_ballot
from feedback.answers.answers import find_answered, record_answer
from feedback.answers.drafts import Sheet, keep_page, leave_page
from feedback.errors import AnswersRefused, NotYourSurvey, RunIsClosed, RunIsRecalled
from feedback.results.results import results_of
from feedback.results.sealing import (
    count_sealed,
    find_sealed_tally,
    rebuild_sealed,
    seal,
    sealed_answers,
    unsealed_runs,
)
from feedback.results.tally_tree import rebuild
from feedback.runs.deliveries import write_planned
from feedback.runs.runs import Delivery, DeliveryState, Run, close_run, create_run
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Arm, Page, Survey
from store.contract import Conflict, Doc, Patch, Store

NOW = datetime(2026, 11, 24, 9, 17, 33, tzinfo=UTC)
SURVEY = Survey(
    "hush",
    "Sample",
    (Question("score", Kind.NPS, "How likely?", required=True), Question("why", Kind.TEXT, "Why?")),
    is_anonymous=True,
    threshold=3,
    arms=(Arm("a", "A"), Arm("b", "B")),
)
PAGED = msgspec.structs.replace(SURVEY, pages=(Page(1), Page(1)))
PEOPLE = [f"t:{number}" for number in range(7)]


class CaughtUp:
    async def catch_up(self, _run: str) -> bool:
        return True


async def begun(store: Store, survey: Survey = SURVEY) -> Run:
    run = await create_run(store, survey, "customers", by="t:admin", now=NOW)
    await open_ballots(store, run)
    some = [Delivery(run.run, one, DeliveryState.SENT, 0, arm="ab"[place % 2]) for place, one in enumerate(PEOPLE)]
    await write_planned(store, run.run, some)
    return run


async def documents(store: Store, run: Run) -> list[Doc]:
    found: list[Doc] = []
    continuation: str | None = None
    while True:
        page = await store.query("runs", partition=run.run, continuation=continuation)
        found += page.docs
        continuation = page.continuation
        if continuation is None:
            return found


async def answer(store: Store, run: Run, person: str, score: int, revision: int = 0) -> None:
    given = {"score": score, "why": f"Because of {score}"}
    await record_answer(store, run, person, given, revision=revision, now=NOW)


async def scores(store: Store, run: Run) -> list[int]:
    return sorted([int(str(one.answers["score"])) async for one in sealed_answers(store, run)])


async def test_an_answer_lies_apart_from_the_person_and_says_no_time(store: Store) -> None:
    run = await begun(store)
    await answer(store, run, PEOPLE[0], 9)
    for doc in await documents(store, run):
        body = str({name: value for name, value in doc.items() if not name.startswith("_")})
        assert not ("Because of 9" in body and (PEOPLE[0] in body or "2026" in body))
    delivery = await store.get("runs", run.run, PEOPLE[0])
    assert delivery is not None
    assert (delivery["state"], delivery["answered_at"]) == ("answered", "2026-11-24T00:00:00Z")
    assert not delivery.get("answers") and "draft" not in delivery and "revision" not in delivery  # noqa: PT018
    own = await find_answered(store, run, PEOPLE[0])
    assert own.answers["score"] == 9


async def test_one_person_has_one_answer_and_an_edit_takes_its_place(store: Store) -> None:
    run = await begun(store)
    await answer(store, run, PEOPLE[0], 9)
    await answer(store, run, PEOPLE[0], 2, revision=1)
    again = await record_answer(
        store, run, PEOPLE[0], {"score": 9, "why": "Because of 9"}, revision=0, now=NOW
    )  # the older card once more
    assert (again.is_repeat, again.is_outdated) == (True, True)
    await answer(store, run, PEOPLE[1], 5)
    await seal(store, await close_run(store, run))
    assert await scores(store, run) == [2, 5]


async def test_answers_at_the_same_time_are_one_ballot(store: Store) -> None:
    run = await begun(store)
    await asyncio.gather(*(answer(store, run, PEOPLE[0], score) for score in (1, 2, 3)), return_exceptions=True)
    await seal(store, await close_run(store, run))
    assert len([one async for one in sealed_answers(store, run)]) == 1


async def test_what_is_refused_leaves_nothing_behind(store: Store) -> None:
    run = await begun(store)
    before = await documents(store, run)
    with pytest.raises(AnswersRefused):
        await answer(store, run, PEOPLE[0], 11)
    with pytest.raises(NotYourSurvey):
        await answer(store, run, "t:stranger", 9)
    await store.patch("runs", run.run, Patch(PEOPLE[1], set={"state": "recalled"}))
    with pytest.raises((RunIsRecalled, Conflict)):
        await answer(store, run, PEOPLE[1], 9)
    after = await documents(store, run)
    assert [doc["id"] for doc in before] == [doc["id"] for doc in after]


async def test_after_sealing_nobody_answers_and_nobody_is_found(store: Store) -> None:
    run = await begun(store)
    for score, person in enumerate(PEOPLE[:5]):
        await answer(store, run, person, score)
    key = await find_key(store, run)
    assert key is not None
    await seal(store, await close_run(store, run))
    with pytest.raises(RunIsClosed):  # somebody who still holds the run as it was when it was open
        await answer(store, run, PEOPLE[0], 10)
    with pytest.raises(RunIsClosed):
        await answer(store, run, PEOPLE[6], 10)
    docs = await documents(store, run)
    assert KEY_DOC not in [doc["id"] for doc in docs]
    assert key.key not in str(docs)
    assert {doc["kind"] for doc in docs} == {"run", "delivery", "sealed", "tally"}
    delivery = await store.get("runs", run.run, PEOPLE[0])
    assert delivery is not None
    assert (await with_ballot(store, run, msgspec.convert(delivery, Delivery))).answers == {}


async def test_the_order_of_writing_follows_from_the_key_and_not_from_the_answers(store: Store) -> None:
    run = await begun(store)
    for score, person in enumerate(PEOPLE):
        await answer(store, run, person, score)
    key = await find_key(store, run)
    assert key is not None
    of = {ballot_id(key, run, person): score for score, person in enumerate(PEOPLE)}
    await seal(store, await close_run(store, run))
    written = [doc for doc in (await store.changes("runs")).docs if doc["kind"] == "sealed"]
    by_key = [of[name] for name in sorted(of)]
    assert [doc["answers"]["score"] for doc in written] == by_key  # type: ignore[index]


async def test_sealing_may_be_cut_short_repeated_and_done_twice_at_once(store: Store) -> None:
    run = await begun(store)
    for score, person in enumerate(PEOPLE):
        await answer(store, run, person, score)
    closed = await close_run(store, run)
    await store.patch("runs", run.run, Patch(KEY_DOC, set={"is_open": False}))  # cut short here
    await asyncio.gather(seal(store, closed), seal(store, closed))
    await Sealer(store).seal_all()
    assert await scores(store, run) == list(range(7))
    assert await find_key(store, run) is None


async def test_what_a_crash_left_unsealed_is_sealed_at_the_next_start(store: Store) -> None:
    run = await begun(store)
    await answer(store, run, PEOPLE[0], 9)
    await close_run(store, run)
    assert await find_sealed_tally(store, run) is None
    await Sealer(store).seal_all()
    assert await find_key(store, run) is None
    assert (await count_sealed(store, run)).everybody.answered == 1


async def test_an_open_run_is_left_as_it_is_when_others_are_sealed(store: Store) -> None:
    run, other = await begun(store), await begun(store)
    await answer(store, run, PEOPLE[0], 9)
    await close_run(store, other)
    assert [one.run for one in await unsealed_runs(store)] == [other.run]
    await Sealer(store).seal_all()
    assert await unsealed_runs(store) == []
    assert await find_key(store, other) is None
    assert (await find_answered(store, run, PEOPLE[0])).answers["score"] == 9


async def test_drafts_lie_in_the_ballot_and_count_for_nothing(store: Store) -> None:
    run = await begun(store, PAGED)
    kept = await keep_page(store, run, PEOPLE[0], Sheet(0, {"score": 1}), NOW)
    left = await leave_page(
        store, run, PEOPLE[0], Sheet(1, {"why": "Half a word"}, 0, kept.delivery.step), goes_back=True
    )
    assert left.delivery.filled_in == {"score": 1, "why": "Half a word"}
    delivery = await store.get("runs", run.run, PEOPLE[0])
    assert "Half a word" not in str(delivery)
    assert "step" not in str(delivery)
    await seal(store, await close_run(store, run))
    assert [one async for one in sealed_answers(store, run)] == []
    assert "Half a word" not in str(await documents(store, run))


async def test_tallies_equal_a_recount_of_what_was_given(store: Store) -> None:
    run = await begun(store)
    for score, person in enumerate(PEOPLE):
        await answer(store, run, person, score)
    await seal(store, await close_run(store, run))
    before, counted = await rebuild_sealed(store, run)
    assert before == counted == await find_sealed_tally(store, run)
    assert counted.everybody.questions["score"].counts.by_value == {str(score): 1 for score in range(7)}
    assert {name: cell.answered for name, cell in counted.cells.items()} == {"": 7, "arm=a": 4, "arm=b": 3}
    assert (await rebuild(store, run)).is_right
    assert counted.everybody.arrivals.by_value == {}


async def test_results_appear_when_sealed_and_what_is_too_small_is_joined(store: Store) -> None:
    run = await begun(store)
    for score, person in enumerate(PEOPLE[:5]):
        await answer(store, run, person, score)
    await rebuild(store, run)
    open_ = await results_of(store, run.run, CaughtUp())
    assert (open_.n, open_.questions) == (5, ())
    assert "appear once it is closed" in open_.withheld
    await seal(store, await close_run(store, run))
    found = await results_of(store, run.run, CaughtUp())
    assert [one.n for one in found.questions] == [5, 5]
    assert found.questions[0].by_arm == (), "arm b has two people, so that it and the other are shown together"
    assert sorted(found.questions[1].latest) == [f"Because of {score}" for score in range(5)]


async def test_nothing_is_shown_of_fewer_people_than_promised(store: Store) -> None:
    run = await begun(store)
    for score, person in enumerate(PEOPLE[:2]):
        await answer(store, run, person, score)
    await seal(store, await close_run(store, run))
    await rebuild(store, run)
    found = await results_of(store, run.run, CaughtUp())
    assert (found.n, found.questions) == (2, ())
    assert "fewer than 3 people" in found.withheld


async def test_a_question_that_few_answered_is_left_out_with_its_texts(store: Store) -> None:
    run = await begun(store)
    for score, person in enumerate(PEOPLE[:5]):
        given: dict[str, object] = {"score": score} | ({"why": "Only me"} if score < 2 else {})
        await record_answer(store, run, person, given, revision=0, now=NOW)
    await seal(store, await close_run(store, run))
    await rebuild(store, run)
    found = await results_of(store, run.run, CaughtUp())
    assert [one.is_withheld for one in found.questions] == [False, True]
    assert "Only me" not in str(found.questions)
