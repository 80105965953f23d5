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
from hypothesis import given
from hypothesis import strategies as st

from dashboard.cells import BOM, Cell, Row, csv_blocks, written
from dashboard.exports import answers_csv, answers_json, people_csv
from feedback.deliveries import write_planned
from feedback.people import Person
from feedback.questions import Answers, Kind, Question
from feedback.results import Results
from feedback.runs import Delivery, DeliveryState, create_run
from feedback.shown_results import results_from
from feedback.surveys import Arm, Survey
from feedback.tallies import Tally
from store.contract import Store
from store.sqlite import open_sqlite
from tests.conftest import Clock
from tests.dashboard.house import BOSS, NOW, SURVEY, TOOLS, person_key

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
    *({"why": f"{start} and more"} for start in HOSTILE),
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


async def _write() -> None:
    with TemporaryDirectory() as folder:
        store = await open_sqlite(Path(folder) / "hearback.db", clock=Clock().time)
        GOLDEN.mkdir(exist_ok=True)
        for name, body in (await files_of(store)).items():
            (GOLDEN / name).write_bytes(body)
        await store.close()


if __name__ == "__main__":
    asyncio.run(_write())
