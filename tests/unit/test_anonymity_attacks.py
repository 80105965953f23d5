"""Somebody who means to know who said what, with more and more in their hands: cards, their own data, the whole file.

Each test is one way to try. What an attack cannot be kept from is in docs/anonymity.md.
"""

import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import msgspec
import pytest

from feedback.answers.anonymous import BALLOT, KEY_DOC, ballot_id, find_key, open_ballots
from feedback.answers.answers import record_answer
from feedback.answers.drafts import Sheet, keep_page
from feedback.held import everything_about
from feedback.people.people import Person
from feedback.results.results import Results, results_of
from feedback.results.sealing import SEALED, seal
from feedback.runs.deliveries import write_planned
from feedback.runs.runs import Delivery, DeliveryState, Run, close_run, create_run
from feedback.surveys.questions import Choice, Kind, Question
from feedback.surveys.surveys import Arm, Page, Survey
from store.contract import Change, Doc, Op, Store, Unavailable, Where
from store.sqlite import open_sqlite
from tests.conftest import Clock

THRESHOLD = 5
CHOICES = (Choice("bad", "Bad"), Choice("good", "Good"))
ROWS = (Choice("search", "Search"), Choice("sync", "Sync"))
QUESTIONS = (
    Question("score", Kind.NPS, "How likely?"),
    Question("why", Kind.TEXT, "Why?"),
    Question("wish", Kind.TEXT, "What do you wish?"),
    Question("grid", Kind.MATRIX, "How good?", choices=CHOICES, rows=ROWS),
)
SURVEY = Survey("s", "T", QUESTIONS, is_anonymous=True, threshold=THRESHOLD)


class UpToDate:
    """A tallier that has nothing left to do."""

    async def catch_up(self, _run: str) -> bool:
        return True


class House:
    """An anonymous run of some people in one file."""

    def __init__(self, store: Store, path: Path, clock: Clock) -> None:
        self.store = store
        self.path = path
        self.clock = clock

    async def sent(self, people: int, survey: Survey = SURVEY, arms: Sequence[str] = ()) -> Run:
        run = await create_run(self.store, survey, "customers", by="t:admin", now=self.clock.now())
        some = [
            Delivery(run.run, name(one), DeliveryState.SENT, 0, arm=arms[one % len(arms)] if arms else "")
            for one in range(people)
        ]
        await write_planned(self.store, run.run, some)
        await open_ballots(self.store, run)
        return run

    async def said(self, run: Run, person: int, raw: dict[str, object]) -> None:
        self.clock.pass_s(61)
        await record_answer(self.store, run, name(person), raw, revision=0, now=self.clock.now())

    async def over(self, run: Run) -> Results:
        await seal(self.store, await close_run(self.store, run))
        return await results_of(self.store, run.run, UpToDate())

    async def everything(self, run: Run) -> list[Doc]:
        return (await self.store.query("runs", partition=run.run, limit=1000)).docs

    def on_the_disk(self) -> bytes:
        return b"".join(one.read_bytes() for one in self.path.parent.iterdir())


def name(person: int) -> str:
    return f"t:{person:03}"


def words(person: int) -> dict[str, object]:
    return {"score": person % 11, "why": f"because of {person}", "wish": f"a wish of {person}"}


@pytest.fixture
async def house(tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    path = tmp_path / "kept" / "hearback.db"
    store = await open_sqlite(path, clock=clock.time)
    yield House(store, path, clock)
    await store.close()


async def test_texts_of_two_questions_do_not_stand_in_the_same_order(house: House) -> None:
    """Else the first of one and the first of the other would be the same person's, and one of them may be telling."""
    pairs = 0
    for _ in range(4):
        run = await house.sent(THRESHOLD)  # as many as are quoted, so both questions quote the same people
        for person in range(THRESHOLD):
            await house.said(run, person, words(person))
        results = await house.over(run)
        _, why, wish, _ = ([text.rpartition(" ")[2] for text in one.latest] for one in results.questions)
        assert sorted(why) == sorted(wish) == [str(one) for one in range(THRESHOLD)]
        pairs += sum(one == other for one, other in zip(why, wish, strict=True))
    assert pairs < 4 * THRESHOLD, "every text stands beside the same person's other text"


async def test_who_has_the_whole_store_after_the_end_cannot_make_out_a_ballot_again(house: House) -> None:
    run = await house.sent(20)
    for person in range(20):
        await house.said(run, person, words(person))
    key = await find_key(house.store, run)
    assert key is not None
    assert {at for doc in await house.everything(run) if (at := doc.get("answered_at"))} == {"2026-11-24T00:00:00Z"}
    await house.over(run)
    docs = await house.everything(run)
    text = msgspec.json.encode(docs).decode()
    assert KEY_DOC not in {doc["id"] for doc in docs}
    assert BALLOT not in {doc["kind"] for doc in docs}
    assert key.key not in text
    assert not any(ballot_id(key, run, name(one)) in text for one in range(20))
    for doc in docs:
        if doc["kind"] == SEALED:
            assert set(doc) == {"id", "run", "kind", "answers", "_etag"}
            assert not any(name(one) in str(doc) for one in range(20))
            assert set(msgspec.convert(doc["answers"], dict[str, object])) <= {one.id for one in QUESTIONS}
        elif doc["kind"] == "delivery":
            assert not {"answers", "draft", "revision", "step"} & {key for key, value in doc.items() if value}


async def test_the_order_of_writing_and_of_ids_tells_nothing_about_the_order_of_answering(house: House) -> None:
    """Deliveries keep the order in which people answered, for whoever can read the store's own numbers."""
    chance, agreements, runs = random.Random(5), 0, 12
    for _ in range(runs):
        run = await house.sent(8)
        order = chance.sample(range(8), 8)
        for person in order:
            await house.said(run, person, words(person))
        await house.over(run)
        sealed = [doc for doc in await house.everything(run) if doc["kind"] == SEALED]
        for key in ("_etag", "id"):
            ranked = sorted(sealed, key=lambda doc: f"{doc[key]:>99}")
            said = [int(str(msgspec.convert(doc["answers"], dict[str, object])["why"]).split()[-1]) for doc in ranked]
            agreements += sum(one == other for one, other in zip(said, order, strict=True))
    assert agreements < 2 * runs * 3, "by chance one in eight agrees; this is far more"


async def test_what_was_destroyed_is_not_left_in_the_file_or_its_log(house: House) -> None:
    run = await house.sent(12)
    for person in range(12):
        await house.said(run, person, words(person))
    key = await find_key(house.store, run)
    assert key is not None
    assert key.key.encode() in house.on_the_disk()  # the attack works while the run is open
    await house.over(run)
    assert key.key.encode() not in house.on_the_disk()


async def test_a_half_answered_page_is_not_in_the_delivery(house: House) -> None:
    paged = msgspec.structs.replace(SURVEY, id="paged", pages=(Page(2), Page(2)))
    run = await house.sent(2, paged)
    kept = await keep_page(house.store, run, name(0), Sheet(0, {"score": "3", "why": "a secret"}), house.clock.now())
    assert kept.page == 1
    deliveries = await house.store.query("runs", partition=run.run, where=[Where("kind", Op.EQ, "delivery")])
    assert "a secret" not in str(deliveries.docs)
    assert {doc["state"] for doc in deliveries.docs} == {"sent"}


async def test_people_see_their_own_answers_while_they_are_theirs_and_nobody_else_does(house: House) -> None:
    run = await house.sent(6)
    for one in range(5):
        await house.said(run, one, words(one))
    shown = {one: str((await everything_about(house.store, person(one))).documents) for one in (0, 5)}
    assert "because of 0" in shown[0]
    assert "because of" not in shown[0].replace("because of 0", "")
    assert f"{BALLOT}-" not in shown[0], "the id is of use only to whoever looks over their shoulder"
    assert "because of" not in shown[5]
    await house.over(run)
    assert "because of" not in str((await everything_about(house.store, person(0))).documents)


async def test_nothing_about_answers_is_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        run = await house.sent(6)
        for one in range(6):
            await house.said(run, one, words(one))
        await house.over(run)
    assert "because of" not in caplog.text
    assert "ballot" not in caplog.text


async def test_looking_before_and_after_somebody_answers_shows_the_same(house: House) -> None:
    run = await house.sent(8)
    for one in range(7):
        await house.said(run, one, words(one))
    before = await results_of(house.store, run.run, UpToDate())
    await house.said(run, 7, words(7))
    after = await results_of(house.store, run.run, UpToDate())
    assert [one.counts for one in before.questions] == [one.counts for one in after.questions]
    assert [one.latest for one in before.questions] == [one.latest for one in after.questions]
    assert "because of" not in str(before)


@pytest.mark.parametrize(("answered", "is_told"), [(THRESHOLD - 1, False), (THRESHOLD, True)])
async def test_a_row_of_a_matrix_that_too_few_answered_is_left_out(house: House, answered: int, is_told: bool) -> None:  # noqa: FBT001
    run = await house.sent(10)
    for one in range(10):
        grid = {"search": "good"} | ({"sync": "bad"} if one < answered else {})
        await house.said(run, one, {"score": 9, "grid": grid})
    grid_result = (await house.over(run)).questions[3]
    assert grid_result.n == 10
    assert dict(grid_result.counts)["Search: Good"] == 10
    assert ("Sync: Bad" in dict(grid_result.counts)) is is_told


async def test_a_row_that_one_arm_lacks_does_not_follow_from_the_others(house: House) -> None:
    two = msgspec.structs.replace(SURVEY, arms=(Arm("a", "A"), Arm("b", "B")))
    run = await house.sent(20, two, arms=("a", "b"))
    for one in range(20):
        has_sync = one % 2 == 0 or one == 1  # ten of arm a, one of arm b
        await house.said(run, one, {"grid": {"search": "good"} | ({"sync": "bad"} if has_sync else {})})
    grid_result = (await house.over(run)).questions[3]
    assert dict(grid_result.counts)["Sync: Bad"] == 11
    assert [one.arms for one in grid_result.by_arm] == [("a",), ("b",)]
    assert all("Sync: Bad" not in dict(one.result.counts) for one in grid_result.by_arm)


@pytest.mark.parametrize(
    ("answered", "sealed_as"),
    [
        ({"a": 6, "b": 1, "c": 7}, {"a": 6, "c": 8}),
        ({"a": 6, "b": 7, "c": 1}, {"a": 6, "c": 8}),
        ({"a": 2, "b": 2, "c": 1}, {"c": 5}),
        ({"a": 2, "b": 2, "c": 0}, {"": 4}),
        ({"a": 5, "b": 5, "c": 5}, {"a": 5, "b": 5, "c": 5}),
    ],
)
async def test_the_arm_of_a_few_ties_no_answer_to_a_delivery(
    house: House, answered: dict[str, int], sealed_as: dict[str, int]
) -> None:
    """Deliveries say who saw which arm; were there one answer of it, whoever reads the store would know whose."""
    three = msgspec.structs.replace(SURVEY, arms=tuple(Arm(one, one.upper()) for one in answered))
    run = await house.sent(24, three, arms=tuple(answered))
    for place, (arm, count) in enumerate(answered.items()):
        for one in range(count):
            await house.said(run, 3 * one + place, {"score": 9, "why": arm})
    await house.over(run)
    found = [doc.get("arm", "") for doc in await house.everything(run) if doc["kind"] == SEALED]
    assert Counter(found) == sealed_as


async def test_a_crash_while_sealing_does_not_seal_the_rest_as_another_arm(house: House) -> None:
    two = msgspec.structs.replace(SURVEY, arms=(Arm("a", "A"), Arm("b", "B")))
    run = await house.sent(60, two, arms=("a", "b"))
    for one in range(56):  # the first batch takes 50, and leaves too few of each arm
        await house.said(run, one, {"score": 9})
    closed, stops = await close_run(house.store, run), StopsAfterABatch(house.store)
    with pytest.raises(Unavailable):
        await seal(cast("Store", stops), closed)
    assert 0 < sum(doc["kind"] == SEALED for doc in await house.everything(run)) < 56
    await seal(house.store, closed)
    assert Counter(doc["arm"] for doc in await house.everything(run) if doc["kind"] == SEALED) == {"a": 28, "b": 28}


class StopsAfterABatch:
    """A store that is gone after the first batch."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._batches = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def batch(self, container: str, partition: str, changes: Sequence[Change]) -> list[Doc]:
        self._batches += 1
        if self._batches > 1:
            raise Unavailable
        return await self._store.batch(container, partition, changes)


def person(number: int) -> Person:
    return Person(id=name(number), tenant="t", object_id=f"{number:03}", first_seen_at=None)
