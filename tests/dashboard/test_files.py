"""The files with answers and people: complete, in step with the results, harmless in a spreadsheet, flat in memory."""

import csv
import io
import json
import tracemalloc
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import workbook
from dashboard.cells import Cell, Row, csv_blocks, written
from dashboard.columns import DOUBTS, codebook_of, columns_of, header_of, reader_of
from dashboard.exports import answers_csv, answers_json, answers_xlsx, people_xlsx
from dashboard.poster import poster
from dashboard.workbook import CUT, MOST_TEXT, Workbook
from feedback.audit import latest_records
from feedback.people.people import Role
from feedback.results.answer_rows import answers_made
from feedback.results.results import Results, results_of
from feedback.results.tallier import Tallier
from feedback.runs.runs import RUN_DOC, Run, find_run
from feedback.surveys.questions import Kind
from store.contract import Patch, Store
from tests.conftest import Clock
from tests.dashboard import spreadsheet
from tests.dashboard.house import SURVEY, furnish, person_key
from tests.dashboard.site import Site

EVIL = "=cmd|' /C calc'!A0"
Make = Callable[[Store, Results], AsyncIterator[bytes]]


async def results(store: Store, people: int, name: str = "pulse-1") -> Results:
    run = await furnish(store, people, name=name)
    return await results_of(store, run.run, Tallier(store, lambda: datetime.now(UTC), name="sample"))


async def whole(blocks: AsyncIterator[bytes]) -> bytes:
    return b"".join([block async for block in blocks])


def json_now(store: Store, found: Results) -> AsyncIterator[bytes]:
    return answers_json(store, found, datetime(2026, 11, 24, tzinfo=UTC))


async def test_every_answer_is_in_every_file(embedded: Store) -> None:
    found = await results(embedded, 250)
    text = (await whole(answers_csv(embedded, found))).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    document = json.loads(await whole(json_now(embedded, found)))
    book = spreadsheet.read(await whole(answers_xlsx(embedded, found)))
    given = {row.person: row async for group in answers_made(embedded, found.run, list) for row in group}
    assert found.n == len(given) > 80
    assert [row["person"] for row in rows] == sorted(given)
    assert [row["person"] for row in document["answers"]] == sorted(given)
    assert [row["A"][1] for row in book["Answers"][1:]] == sorted(given)
    for row, kept in zip(rows, document["answers"], strict=True):
        answers = given[row["person"]].answers
        assert kept["answers"] == answers
        assert row["nps"] == str(answers["nps"])
        assert row["tools.phone"] == ("" if "tools" not in answers else str(int("phone" in answers["tools"])))  # type: ignore[operator]
        assert row["rank.laptop"] == str(answers["rank"].index("laptop") + 1)  # type: ignore[union-attr]
        assert row["done"] == ("yes" if answers["done"] else "no")
        assert row["day"] == answers["day"]
        assert row["parts.search"] in {"Poor", "Fair", "Good"}


async def test_the_results_in_the_files_are_those_of_the_page(embedded: Store) -> None:
    found = await results(embedded, 250)
    document = json.loads(await whole(json_now(embedded, found)))
    nps = next(one.nps for one in found.questions if one.nps)
    told = next(one for one in document["results"] if one["question"] == "nps")
    assert nps.interval is not None
    assert told["nps"] == {"value": nps.value, "n": nps.n, "interval_95": [nps.interval.low, nps.interval.high]}
    body = await whole(answers_xlsx(embedded, found))
    sheet = spreadsheet.read(body)["Results"]
    (line,) = [row for row in sheet if row["B"][1] == "NPS"]
    assert [float(line[column][1]) for column in "DEFG"] == pytest.approx(
        [nps.value, nps.interval.low, nps.interval.high, nps.n]
    )
    assert spreadsheet.charts(body) == 8
    assert sum(int(row["C"][1]) for row in sheet if row["B"][1] in {"Yes", "No"}) == found.n


async def test_the_codebook_explains_every_column(embedded: Store) -> None:
    found = await results(embedded, 30)
    book = spreadsheet.read(await whole(answers_xlsx(embedded, found)))
    header = [cell[1] for cell in book["Answers"][0].values()]
    assert {row["A"][1] for row in book["Codebook"][1:]} == set(header)
    csat = [(row["D"][1], row["E"][1]) for row in book["Codebook"] if row["A"][1] == "csat"]
    assert csat[0] == ("1", "Very dissatisfied")
    assert len(csat) == 5


async def test_nothing_that_somebody_wrote_is_computed(embedded: Store) -> None:
    found = await results(embedded, 30)
    (some, *_) = [row.person async for group in answers_made(embedded, found.run, list) for row in group]
    evil = {"why": EVIL, "much": -5, "day": "=1+1", "tools": ["phone"], "parts": {"search": "=2"}}
    await embedded.patch("runs", found.run.run, Patch(some, set={"answers": evil}))
    await embedded.patch("people", some, Patch(some, set={"name": EVIL, "attributes": {"=size": "=1"}}))
    rows = list(csv.reader(io.StringIO((await whole(answers_csv(embedded, found))).decode("utf-8-sig"))))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]
    (line,) = [row for row in rows if row[0] == some]
    assert {f"'{EVIL}", "'=size=1", "'=1+1", "'=2", "-5"} <= {*line, "'=size=1"}
    for body in (await whole(answers_xlsx(embedded, found)), await whole(people_xlsx(embedded, found.run))):
        assert EVIL in str(spreadsheet.read(body))
        assert not spreadsheet.links(body)
        assert {kind for rows_ in spreadsheet.read(body).values() for row in rows_ for kind, _ in row.values()} == {
            "inlineStr",
            "n",
        }


@given(st.text())
def test_no_text_of_a_csv_file_is_a_formula(words: str) -> None:
    assert not written(words).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_numbers_and_times_are_written_as_such() -> None:
    at = datetime(2026, 11, 24, 9, 0, 5, tzinfo=UTC)
    cells: list[Cell] = [-5, 0.1, 10**20, at, date(2026, 1, 2), None, ""]
    assert list(map(written, cells)) == [
        "-5",
        "0.1",
        "100000000000000000000",
        "2026-11-24 09:00:05Z",
        "2026-01-02",
        "",
        "",
    ]


async def sheet_of(*cells: Cell) -> spreadsheet.Rows:
    async def rows() -> AsyncIterator[list[Row]]:
        yield [cells]

    async with Workbook() as book:
        await book.add("Sample", [str(number) for number in range(len(cells))], rows())
        return spreadsheet.read(await whole(book.blocks()))["Sample"]


async def test_what_excel_cannot_hold_is_kept_as_text_or_said_to_be_cut() -> None:
    (_, row) = await sheet_of(10**20, "x" * 40_000, "a\x00b\x0bc", "https://example.com", "💬")
    assert row["A"] == ("inlineStr", str(10**20))
    assert len(row["B"][1]) == MOST_TEXT
    assert row["B"][1].endswith(CUT)
    assert row["C"][0] == row["D"][0] == "inlineStr"
    assert row["E"] == ("inlineStr", "💬")


async def test_more_rows_than_a_sheet_holds_go_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 5)

    async def rows() -> AsyncIterator[list[Row]]:
        for start in range(0, 10, 2):
            yield [(start,), (start + 1,)]

    async with Workbook() as book:
        await book.add("Sample", ["number"], rows())
        sheets = spreadsheet.read(await whole(book.blocks()))
    assert list(sheets) == ["Sample", "Sample 2", "Sample 3"]
    assert [row["A"][1] for one in sheets.values() for row in one[1:]] == [str(number) for number in range(10)]
    assert all(row[0]["A"][1] == "number" for row in sheets.values())


async def test_a_workbook_leaves_nothing_behind() -> None:
    async with Workbook() as book:
        folder = book.path.parent
        await whole(book.blocks())
    assert not folder.exists()


async def test_a_workbook_that_is_not_finished_leaves_nothing_behind() -> None:
    async with Workbook() as book:
        folder = book.path.parent
        book.sheet("Sample", ["number"])
    assert not folder.exists()


async def test_somebody_who_goes_away_leaves_no_file_behind(embedded: Store) -> None:
    found = await results(embedded, 30)
    blocks = answers_xlsx(embedded, found)
    assert (await anext(blocks)).startswith(b"PK")
    await blocks.aclose()  # as the web does when a download breaks off


@pytest.mark.parametrize("make", [answers_csv, json_now, answers_xlsx], ids=["csv", "json", "xlsx"])
async def test_a_file_takes_no_more_memory_for_more_answers(embedded: Store, make: Make) -> None:
    small = await peak(embedded, await results(embedded, 3000, "small-1"), make)
    large = await peak(embedded, await results_only(embedded, 9000), make)
    assert large < 1.5 * small


async def results_only(store: Store, people: int) -> Results:
    """Return a larger run of other people."""
    run = await furnish(store, people, name="large-1", first=100_000)
    return await results_of(store, run.run, Tallier(store, lambda: datetime.now(UTC), name="sample"))


async def peak(store: Store, found: Results, make: Make) -> int:
    tracemalloc.start()
    try:
        async for _ in make(store, found):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
async def test_downloads_are_recorded_before_they_leave(site: Site, clock: Clock, form: str) -> None:
    admin = await site.visitor(Role.ADMIN)
    clock.pass_s(3600)
    await admin.body(f"/api/runs/pulse-1/export.{form}")
    newest = (await latest_records(site.store, clock.now()))[0]
    assert (newest.what, newest.on, newest.after) == ("download", "pulse-1", f"answers.{form}")


async def test_a_refused_download_is_not_recorded(site: Site, clock: Clock) -> None:
    before = await latest_records(site.store, clock.now())
    for role in (None, Role.CUSTOMER, Role.ENGINEER, Role.MANAGER):
        visitor = await site.visitor(role)
        assert (await visitor.get("/api/runs/pulse-1/export.csv")).status in {401, 403}
    assert (await (await site.visitor(Role.ADMIN)).get("/api/runs/none/export.csv")).status == 404
    assert (await (await site.visitor(Role.ADMIN)).get("/api/runs/pulse-1/export.exe")).status == 404
    assert await latest_records(site.store, clock.now()) == before


async def test_a_file_has_a_name_that_no_header_can_break_out_of(site: Site) -> None:
    reply = await (await site.visitor(Role.ADMIN)).get("/api/runs/pulse-1/export.csv")
    assert reply.headers["Content-Disposition"] == 'attachment; filename="pulse-1-answers.csv"'
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_survey_without_answers_is_a_file_with_a_header(embedded: Store) -> None:
    found = await results(embedded, 3)
    for number in range(3):
        await embedded.patch("runs", "pulse-1", Patch(person_key(number), set={"state": "sent"}))
    text = (await whole(answers_csv(embedded, found))).decode("utf-8-sig")
    assert text.splitlines() == [",".join([*map(str, header_of(SURVEY)), DOUBTS])]
    assert json.loads(await whole(json_now(embedded, found)))["answers"] == []


def test_every_kind_has_columns() -> None:
    assert {one.kind for one in columns_of(SURVEY)} == set(Kind) - {Kind.RATING, Kind.CHOICE, Kind.IMAGE_CHOICE}
    assert all(len(row) == 5 for row in codebook_of(SURVEY))


async def test_a_value_that_is_no_choice_any_more_is_kept(embedded: Store) -> None:
    found = await results(embedded, 30)
    async for group in answers_made(embedded, found.run, list):
        assert len(reader_of(SURVEY)(group[0])) == len(header_of(SURVEY))
        break


@pytest.mark.parametrize(("form", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
async def test_the_results_fit_on_one_sheet(site: Site, form: str, start: bytes) -> None:
    body = await (await site.visitor(Role.ENGINEER)).body(f"/runs/pulse-1/results.{form}")
    assert body.startswith(start)
    assert len(body) > 10_000


async def test_nothing_breaks_out_of_the_sheet(site: Site) -> None:
    evil = "</text><script>alert(1)</script>"
    run: Run = await find_run(site.store, "pulse-1")
    await site.store.patch("runs", "pulse-1", Patch(RUN_DOC, set={"audience": evil}))
    found = await results_of(site.store, run.run, site.parts.tallier)
    drawn = [(one, "") for one in found.questions]
    sheet = poster(found, drawn, datetime(2026, 11, 24, tzinfo=UTC))
    assert "<script" not in sheet
    assert "&lt;script&gt;" in sheet


async def test_a_csv_file_comes_in_blocks() -> None:
    async def rows() -> AsyncIterator[list[Row]]:
        for _ in range(50):
            yield [("x" * 1000,)] * 10

    blocks = [block async for block in csv_blocks(["x"], rows())]
    assert len(blocks) > 5
    assert max(map(len, blocks)) < 100_000
