"""An anonymous run on pages, in files and in the API: nothing that its results do not show, and nothing of anybody."""

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import msgspec
import pytest

from dashboard.charts import chart_of, described, rows_of
from dashboard.columns import DOUBTS, doubts_in_short
from dashboard.exports import answers_csv, answers_json, answers_xlsx
from dashboard.poster import poster
from dashboard.views import live_run
from feedback.answers.anonymous import open_ballots
from feedback.answers.answers import record_answer
from feedback.people.people import Person, Role
from feedback.results.answer_rows import answers_made
from feedback.results.coverage import coverage_of
from feedback.results.results import Results, results_of
from feedback.results.sealing import seal
from feedback.results.shown_results import TOO_FEW_HERE
from feedback.results.tallier import Tallier
from feedback.results.tally_tree import find_tally
from feedback.runs.deliveries import write_planned
from feedback.runs.progress import progress
from feedback.runs.runs import Delivery, DeliveryState, Run, close_run, create_run, find_run
from feedback.standing import Standing
from feedback.surveys.questions import Answers, Choice, Kind, Question
from feedback.surveys.surveys import Arm, Survey
from store.contract import Store
from tests.conftest import Clock
from tests.dashboard import spreadsheet
from tests.dashboard.site import site_of

NOW = datetime(2026, 11, 24, 9, 17, 33, tzinfo=UTC)
PEOPLE = 24
ROWS = (Choice("search", "Search"), Choice("sync", "Sync"))
TOOLS = (Choice("phone", "Phone"), Choice("laptop", "Laptop"))
QUESTIONS = (
    Question("score", Kind.NPS, "How likely?"),
    Question("why", Kind.TEXT, "Why?"),
    Question("grid", Kind.MATRIX, "How good?", choices=(Choice("bad", "Bad"), Choice("good", "Good")), rows=ROWS),
    Question("order", Kind.RANKING, "What first?", choices=TOOLS),
    Question("tools", Kind.CHOICES, "Which?", choices=TOOLS),
    Question("much", Kind.NUMBER, "How many?"),
    Question("since", Kind.DATE, "Since when?"),
    Question("rare", Kind.TEXT, "What else?"),
    Question("odd", Kind.RATING, "And this?"),
)
OPEN = Survey("hush", "Sample", QUESTIONS, arms=(Arm("a", "A"), Arm("b", "B")))
HUSHED = msgspec.structs.replace(OPEN, is_anonymous=True, threshold=3)
LEFT_OUT = ("tools", "much", "since", "rare", "odd")  # combined, finer than counted, or of too few people


def said_by(number: int) -> Answers:
    """Return what somebody answers. Only two people answer the last questions, and one row of the matrix."""
    few: Answers = {"rare": f"Rare {number}", "odd": 1} if number < 2 else {}
    grid = {"search": "good"} | ({"sync": "bad"} if number < 2 else {})
    ranks = ["phone", "laptop"] if number % 3 else ["laptop", "phone"]
    counted: Answers = {"tools": ["phone", "laptop"], "much": 1000 + number, "since": f"2026-01-{number + 1:02d}"}
    score: Answers = {"score": number % 11, "why": f"Because {number}"}
    return score | {"grid": grid, "order": list(ranks)} | counted | few


async def told(store: Store, survey: Survey, *, people: int = PEOPLE, ends: bool = True) -> Results:
    """Send a survey, let everybody answer, end it if it is to end, and return its results."""
    run = await create_run(store, survey, "customers", by="t:admin", now=NOW, name="hush-1")
    if survey.is_anonymous:
        await open_ballots(store, run)
    keys = [f"t:{number:03d}" for number in range(people)]
    sent = [Delivery(run.run, key, DeliveryState.SENT, 0, arm="ab"[place % 2]) for place, key in enumerate(keys)]
    await write_planned(store, run.run, sent)
    for number, key in enumerate(keys):
        person = Person(key, "t", key.partition(":")[2], f"Sample {number}", attributes={"size": "small"})
        await store.create("people", msgspec.to_builtins(person))
        await record_answer(store, run, key, said_by(number), revision=0, now=NOW)
    if ends:
        await seal(store, await close_run(store, run))
    return await results_of(store, "hush-1", Tallier(store, lambda: NOW, name="sample"))


async def whole(blocks: AsyncIterator[bytes]) -> bytes:
    return b"".join([block async for block in blocks])


async def in_files(store: Store, found: Results) -> str:
    """Return all that the three files say, as text."""
    book = spreadsheet.read(await whole(answers_xlsx(store, found)))
    text = await whole(answers_csv(store, found)) + await whole(answers_json(store, found, NOW))
    return f"{text.decode('utf-8-sig')}\n{book}"


async def given(store: Store, run: Run) -> list[Answers]:
    return [row.answers async for group in answers_made(store, run, list) for row in group]


def asked(rows: Sequence[Answers], question: str) -> list[object]:
    return [row[question] for row in rows if question in row]


async def test_while_it_is_open_no_file_has_an_answer(embedded: Store) -> None:
    found = await told(embedded, HUSHED, ends=False)
    assert found.n == PEOPLE
    assert await given(embedded, found.run) == []
    files = await in_files(embedded, found)
    assert "Because" not in files
    assert "Its results appear once it is closed" in files
    assert json.loads(await whole(answers_json(embedded, found, NOW)))["answers"] == []


async def test_each_row_is_one_answer_of_nobody(embedded: Store) -> None:
    found = await told(embedded, HUSHED)
    rows = await given(embedded, found.run)
    assert all(len(row) == 1 for row in rows)
    assert sorted(map(str, asked(rows, "why"))) == sorted(f"Because {number}" for number in range(PEOPLE))
    assert sorted(map(int, map(str, asked(rows, "score")))) == sorted(number % 11 for number in range(PEOPLE))
    lines = list(csv.reader(io.StringIO((await whole(answers_csv(embedded, found))).decode("utf-8-sig"))))
    assert lines[0][:2] == ["score", "why"]
    assert lines[0][-1] == DOUBTS
    assert {line[-1] for line in lines[1:]} == {doubts_in_short(found)}, "the same in each row, so it tells none apart"
    assert [sum(bool(cell) for cell in line[:-1]) for line in lines[1:]] == [1] * len(rows)
    files = await in_files(embedded, found)
    assert "no two rows belong together" in files
    for words in ("t:0", "person", "small", 'answered_at"'):
        assert words not in files, words


async def test_the_place_of_a_row_ties_no_two_answers_together(embedded: Store) -> None:
    found = await told(embedded, HUSHED)
    rows = await given(embedded, found.run)
    by_text = [int(str(one).removeprefix("Because ")) for one in asked(rows, "why")]
    tied = [number % 11 for number in by_text]
    assert asked(rows, "score") != tied, "the first score is not that of who wrote the first text"
    assert by_text != sorted(by_text), "nor is it the order in which they answered"


async def test_what_results_do_not_show_is_in_no_row(embedded: Store) -> None:
    found = await told(embedded, HUSHED)
    rows = await given(embedded, found.run)
    assert [one for one in LEFT_OUT if asked(rows, one)] == []
    assert asked(rows, "grid") == [{"search": "good"}] * PEOPLE, "two people in a row of a matrix are too few"
    assert sorted(str(one) for one in asked(rows, "order")) == ["['laptop']"] * 8 + ["['phone']"] * 16
    files = await in_files(embedded, found)
    assert "Rare" not in files
    assert not [number for number in (1001, 1002, 1021, 1022, 1023) if str(number) in files], "only the middle is told"
    assert "2026-01-" in files, "days are counted in the results, as on the card"
    withheld = [one.question.id for one in found.questions if one.is_withheld]
    assert withheld == ["rare", "odd"]
    for one in found.questions:
        assert (rows_of(one) == []) == (one.question.kind in {Kind.TEXT, Kind.NUMBER} or one.is_withheld)
        assert chart_of(one) is None or not one.is_withheld
        assert described(one).endswith(TOO_FEW_HERE) == one.is_withheld


async def test_too_few_answers_are_in_no_file_even_at_the_end(embedded: Store) -> None:
    found = await told(embedded, HUSHED, people=2)
    assert await given(embedded, found.run) == []
    assert "nothing is shown, now or later" in await in_files(embedded, found)
    assert "Because" not in await in_files(embedded, found)


async def test_the_same_survey_without_the_promise_is_given_person_by_person(embedded: Store) -> None:
    """The tests above are able to fail."""
    found = await told(embedded, OPEN)
    lines = list(csv.DictReader(io.StringIO((await whole(answers_csv(embedded, found))).decode("utf-8-sig"))))
    assert [(line["person"], line["arm"], line["why"]) for line in lines[:2]] == [
        ("t:000", "a", "Because 0"),
        ("t:001", "b", "Because 1"),
    ]
    assert "Rare 1" in await in_files(embedded, found)
    assert (await coverage_of(embedded, found.run)).attributes != ()


async def test_coverage_says_how_many_and_not_who(embedded: Store) -> None:
    found = await told(embedded, HUSHED)
    coverage = await coverage_of(embedded, found.run)
    assert (coverage.people, coverage.answered, coverage.attributes) == (PEOPLE, PEOPLE, ())
    assert coverage.withheld


@pytest.mark.parametrize(("survey", "has_hours"), [(HUSHED, False), (OPEN, True)])
async def test_answers_by_the_hour_are_of_runs_that_are_not_anonymous(
    embedded: Store,
    survey: Survey,
    has_hours: bool,  # noqa: FBT001
) -> None:
    found = await told(embedded, survey, ends=False)
    standing = Standing(await progress(embedded, found.run))
    live = live_run(standing, await find_tally(embedded, found.run.run))
    assert bool(live.arrivals) == has_hours
    assert live.row.answered == PEOPLE


async def test_the_sheet_for_a_deck_says_why_there_is_nothing(embedded: Store) -> None:
    found = await told(embedded, HUSHED)
    drawn = poster(found, [(one, "") for one in found.questions], NOW)
    assert TOO_FEW_HERE in drawn
    assert "Rare" not in drawn


async def test_pages_and_api_show_the_arms_and_what_is_withheld(embedded: Store, clock: Clock) -> None:
    await told(embedded, HUSHED)
    async with site_of(embedded, clock) as site:
        engineer, manager = await site.visitor(Role.ENGINEER), await site.visitor(Role.MANAGER)
        page = await (await engineer.get("/runs/hush-1/results")).text()
        assert page.count(TOO_FEW_HERE) == 2
        assert "Arm a, 12 answers" in page
        assert "Rare" not in page
        assert re.search(r"Some, namely \d+ of 24\.", page)
        figures = await (await engineer.get("/api/runs/hush-1/results")).json()
        assert [one["question"] for one in figures["questions"] if one["is_withheld"]] == ["rare", "odd"]
        assert [(one["arms"], one["n"]) for one in figures["questions"][0]["by_arm"]] == [(["a"], 12), (["b"], 12)]
        assert (await engineer.get("/runs/hush-1/charts/odd.svg")).status == 404
        coverage = await (await manager.get("/runs/hush-1/coverage")).text()
        assert "nothing of who they are" in coverage
        assert "small" not in coverage


async def test_pages_of_a_run_that_is_open_say_when_results_come(embedded: Store, clock: Clock) -> None:
    await told(embedded, HUSHED, ends=False)
    assert (await find_run(embedded, "hush-1")).takes_answers
    async with site_of(embedded, clock) as site:
        engineer = await site.visitor(Role.ENGINEER)
        page = await (await engineer.get("/runs/hush-1/results")).text()
        assert "Its results appear once it is closed" in page
        assert "How likely?" not in page
        figures = await (await engineer.get("/api/runs/hush-1/results")).json()
        assert figures["questions"] == []
        assert figures["withheld"].startswith("This survey is anonymous.")
