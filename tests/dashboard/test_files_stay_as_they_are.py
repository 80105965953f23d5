"""The files with answers, byte for byte: every kind of question, and answers that are hostile or odd.

What they are compared with is in golden/. Whoever means to change a file writes it anew, looks at the difference, and
tells those who read the files: `python -m tests.dashboard.test_files_stay_as_they_are`.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard import csv_lines
from dashboard.cells import BOM, Cell, Row, csv_blocks, written
from dashboard.columns import header_of, reader_of
from dashboard.csv_lines import lines_of
from dashboard.exports import answers_csv, answers_json, people_csv
from feedback.people.people import Person
from feedback.results.answer_rows import AnswerRow
from feedback.results.results import Results
from feedback.results.shown_results import results_from
from feedback.results.tallies import Tally
from feedback.runs.deliveries import write_planned
from feedback.runs.runs import Delivery, DeliveryState, create_run
from feedback.surveys.questions import Answer, Answers, Kind, Question
from feedback.surveys.surveys import Arm, Survey
from store.contract import Store
from store.sqlite import open_sqlite
from tests.conftest import Clock
from tests.dashboard.house import BOSS, NOW, SURVEY, TOOLS, person_key

HEADER_OF_ONE = "why,do not conclude yet\r\n"
GOLDEN = Path(__file__).parent / "golden"
EVERY_KIND = Survey(
    "every-kind",
    "Sample: every kind",
    (
        *SURVEY.questions,
        Question("stars", Kind.RATING, "How good is it?"),
        Question("one", Kind.CHOICE, "Which one?", choices=TOOLS),
        Question("picture", Kind.IMAGE_CHOICE, "Which picture?", choices=TOOLS),
    ),
    arms=(Arm("a", "One design"), Arm("b", "Another design")),
)
HOSTILE_STARTS = tuple("=+-@\t\r\n＝＋－＠")
HOSTILE = ("=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x")
ODD: tuple[Answers, ...] = (
    {},
    {"nps": 0, "why": "", "csat": 5, "ease": 7, "done": True, "much": 0.1, "day": "2026-02-28"},
    {"nps": 10, "why": 'He said "no", and left;\r\ntwice', "done": False, "much": -12.5, "day": "no day"},
    {"tools": [], "rank": [], "parts": {}, "much": 10**20, "why": "’", "one": "phone", "picture": "tablet"},
    {"tools": ["phone", "gone"], "rank": ["tablet", "phone"], "parts": {"search": "good", "gone": "bad"}},
    {"tools": "phone", "rank": "phone", "parts": "good", "one": ["phone"], "stars": "five", "nps": True},
    {"one": "=gone", "picture": "@gone", "parts": {"search": "=gone", "setup": "bad"}, "day": "=2026"},
    {"why": "日本語 العربية \u202e 💬", "much": 3, "stars": 4, "gone": "of a question that is not asked any more"},
    *[dict[str, Answer](why=f"{start} and more") for start in HOSTILE],
)
ATTRIBUTES: tuple[dict[str, str], ...] = ({}, {"size": "small", "region": "emea"}, {"=x": "=y"}, {"a": ";", "b": "="})


async def furnish(store: Store) -> Results:
    """Write a run in which everybody answered something odd, and return its results."""
    run = await create_run(store, EVERY_KIND, "panel =insiders", by=BOSS, now=NOW, name="odd-1")
    deliveries = []
    for number, answers in enumerate(ODD):
        key = person_key(number)
        tenant, _, object_id = key.partition(":")
        if number % 5:  # the others have been removed
            known = Person(key, tenant, object_id, f"Sample {number}", attributes=ATTRIBUTES[number % 4])
            await store.create("people", msgspec.to_builtins(known))
        at = NOW + timedelta(seconds=number, microseconds=number * 1001)
        local = at.astimezone(timezone(timedelta(hours=2))) if number % 3 == 0 else at
        arm = ("a", "b", "")[number % 3]
        state = DeliveryState.ANSWERED
        deliveries.append(
            Delivery(run.run, key, state, 0, answered_at=local, answers=answers, revision=number % 4, arm=arm)
        )
    deliveries.append(Delivery(run.run, person_key(1000), DeliveryState.FAILED, 0, "=403: “blocked”"))
    await write_planned(store, run.run, deliveries)
    return results_from(run, Tally(), {})  # some of it can be counted in no way


async def files_of(store: Store) -> dict[str, bytes]:
    """Return the files by name."""
    found = await furnish(store)
    made = {
        "answers.csv": answers_csv(store, found),
        "answers.json": answers_json(store, found, NOW),
        "people.csv": people_csv(store, found.run),
    }
    files = {name: b"".join([block async for block in blocks]) for name, blocks in made.items()}
    files["answers.json"] = files["answers.json"].partition(b',"answers":')[2]  # before that are the results
    return files


@pytest.mark.parametrize("name", ["answers.csv", "answers.json", "people.csv"])
async def test_a_file_is_what_it_was(embedded: Store, name: str) -> None:
    assert (await files_of(embedded))[name] == (GOLDEN / name).read_bytes()


CELLS = st.one_of(
    st.text(max_size=8),
    st.sampled_from([f"{start}x" for start in HOSTILE]),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3))])),
)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=5))
async def test_rows_are_written_cell_by_cell_as_they_would_be_alone(rows: list[list[Cell]]) -> None:
    async def groups() -> AsyncIterator[Sequence[Row]]:
        for row in rows:
            yield [row]

    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(["=head", "x"])
    text.seek(0)
    text.truncate()
    lines.writerow(["'=head", "x"])
    lines.writerows([[written(cell) for cell in row] for row in rows])
    made = b"".join([block async for block in csv_blocks(["=head", "x"], groups())])
    assert made.decode() == BOM + text.getvalue()


ANSWERS = st.one_of(
    st.text(max_size=6),
    st.sampled_from([f"{start}x" for start in HOSTILE] + ["phone", "good", "2026-01-02", "gone", "1", "True"]),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.lists(st.sampled_from(["phone", "tablet", "gone", "=x", "a,b"]), max_size=3),
    st.dictionaries(st.sampled_from(["search", "setup"]), st.sampled_from(["good", "=x", 'a"b']), max_size=2),
)
ROWS = st.builds(
    AnswerRow,
    person=st.one_of(st.just(person_key(1)), st.text(max_size=4)),
    answered_at=st.one_of(
        st.none(),
        st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))])).map(msgspec.to_builtins),
    ),
    revision=st.integers(0, 3),
    attributes=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
    answers=st.dictionaries(st.sampled_from([one.id for one in EVERY_KIND.questions]), ANSWERS),
    arm=st.sampled_from(["", "a", "=b", "a,b"]),
)


@settings(deadline=None)
@given(st.lists(ROWS, max_size=6))
def test_a_line_is_what_the_writer_makes_of_the_cells(rows: list[AnswerRow]) -> None:
    read, lines, text = reader_of(EVERY_KIND), lines_of(EVERY_KIND, "last"), io.StringIO(newline="")
    csv.writer(text).writerows([[*(written(cell) for cell in read(one)), "last"] for one in rows])
    assert lines(rows) == text.getvalue()
    assert lines(rows) == text.getvalue()  # now that it is kept what many of them are written as


@pytest.mark.parametrize("odd", [*HOSTILE, 'a "b"', "a,b", "a\rb", "a\nb", ""])
def test_one_odd_text_among_many_plain_ones_is_written_as_it_would_be_alone(odd: str) -> None:
    """Plain texts are looked at all at once; that must not let anything through."""
    texts = ["plain", "also plain", odd, "plain again"]
    rows = [AnswerRow(text, None, 1, {text: text}, {"why": text}, text) for text in texts]
    lines = lines_of(EVERY_KIND, "last")
    assert lines(rows) == "".join([lines([one]) for one in rows])
    found = list(csv.reader(io.StringIO(lines(rows), newline="")))
    safe = f"'{odd}" if odd.startswith(HOSTILE_STARTS) else odd
    column = header_of(EVERY_KIND).index("why")
    assert [(row[0], row[column]) for row in found] == [
        ("plain",) * 2,
        ("also plain",) * 2,
        (safe,) * 2,
        ("plain again",) * 2,
    ]


def test_answers_that_are_all_different_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "KEPT", 2)
    lines = lines_of(EVERY_KIND, "last")
    rows = [AnswerRow("x", None, 1, {}, {"day": f"2026-01-{day:02d}"}) for day in range(1, 10)]
    assert [lines([one]).count("2026-01-") for one in rows * 2] == [1] * 18


async def test_a_file_of_one_question_has_two_columns(embedded: Store) -> None:
    """The verdict has its column in every file of answers, so no field is alone in its line."""
    survey = Survey("alone", "Sample: one question", SURVEY.questions[1:2], is_anonymous=True)
    assert len(header_of(survey)) == 1
    found = await furnish(embedded)
    alone = msgspec.structs.replace(found, run=msgspec.structs.replace(found.run, survey=survey))
    assert b"".join([block async for block in answers_csv(embedded, alone)]).decode("utf-8-sig") == HEADER_OF_ONE


async def _write() -> None:
    with TemporaryDirectory() as folder:
        store = await open_sqlite(Path(folder) / "hearback.db", clock=Clock().time)
        GOLDEN.mkdir(exist_ok=True)
        for name, body in (await files_of(store)).items():
            (GOLDEN / name).write_bytes(body)
        await store.close()


if __name__ == "__main__":
    asyncio.run(_write())
