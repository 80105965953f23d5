"""The file with the people of a run, the links to it, and the record of what admins do."""

import csv
import io
import tracemalloc
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.cells import BLOCK, harmless
from dashboard.exports import people_csv
from feedback.audit import Record, latest_records, record_change
from feedback.links import GOOD_FOR, LinkRefused, Links, link_key
from feedback.runs.deliveries import SLICE, write_planned
from feedback.runs.listed import page_of
from feedback.runs.runs import Delivery, DeliveryState, Run, create_run
from store.contract import Store
from tests.conftest import Clock
from tests.unit.test_worker import BY, SURVEY

PATH = "/api/runs/pulse-1/people.csv"


async def _run_of(store: Store, people: int, clock: Clock, name: str = "") -> Run:
    run = await create_run(store, SURVEY, "everyone", by=BY, now=clock.now(), name=name)
    for first in range(0, people, SLICE):
        numbers = range(first, min(first + SLICE, people))
        group = [
            Delivery(run.run, f"away:{n:06d}", DeliveryState.FAILED, first // SLICE, f"40{n % 2}") for n in numbers
        ]
        await write_planned(store, run.run, group)
    return run


async def _peak(store: Store, run: Run) -> tuple[int, int, int]:
    """Return how many rows a file has, its largest block, and the most memory that it took to write."""
    lines = largest = 0
    tracemalloc.start()
    try:
        async for block in people_csv(store, run):
            lines, largest = lines + block.count(b"\r\n"), max(largest, len(block))
        return lines - 1, largest, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_a_file_takes_no_more_memory_for_more_people(embedded: Store, clock: Clock) -> None:
    small = await _peak(embedded, await _run_of(embedded, 2000, clock, "small-1"))
    large = await _peak(embedded, await _run_of(embedded, 8000, clock, "large-1"))
    assert (small[0], large[0]) == (2000, 8000)
    assert large[1] < 2 * BLOCK
    assert large[2] < 1.5 * small[2]


@given(st.text())
def test_no_cell_is_a_formula_and_none_loses_anything(words: str) -> None:
    cell = harmless(words)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'") == words.removeprefix("'")
    text = io.StringIO(newline="")
    csv.writer(text).writerow([cell, "end"])
    assert next(csv.reader(io.StringIO(text.getvalue(), newline=""))) == [cell, "end"]


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1", "＝1"])
def test_what_a_spreadsheet_would_compute_is_neutralised(words: str) -> None:
    assert harmless(words) == f"'{words}"


async def test_pages_go_through_everybody_once(embedded: Store, clock: Clock) -> None:
    run = await _run_of(embedded, 45, clock)
    seen: list[str] = []
    after = ""
    while True:
        page = await page_of(embedded, run, DeliveryState.FAILED, words="401", after=after)
        assert page.total == 22
        seen += [one.id for one in page.rows]
        if not (after := page.after):
            break
    assert seen == [f"away:{number:06d}" for number in range(1, 45, 2)]


def test_a_link_opens_what_it_was_made_for_and_nothing_else(clock: Clock) -> None:
    links = Links(link_key("secret"), "https://hearback.example/")
    link, until = links.make(PATH, BY, clock.now())
    assert link.startswith(f"https://hearback.example{PATH}?for=home%3Aboss&until=")
    assert until == clock.now() + GOOD_FOR
    signature, said = link.rpartition("sig=")[2], str(int(until.timestamp()))
    assert links.check(PATH, BY, said, signature, clock.now()).person == BY
    later = str(int(said) + 1)
    for path, person, until_, sig in (
        ("/api/runs/pulse-2/people.csv", BY, said, signature),
        (PATH, "home:other", said, signature),
        (PATH, BY, later, signature),
        (PATH, BY, f"0{said}", f"{signature[:-1]}x"),
        (PATH, BY, "", signature),
        (PATH, BY, said, ""),
        (PATH, BY, "²", signature),
        (PATH, BY, "9" * 400, signature),
    ):
        with pytest.raises(LinkRefused):
            links.check(path, person, until_, sig, clock.now())
    with pytest.raises(LinkRefused):
        links.check(PATH, BY, said, signature, clock.now() + GOOD_FOR)
    with pytest.raises(LinkRefused):
        Links(link_key("another"), "").check(PATH, BY, said, signature, clock.now())
    assert b"secret" not in link_key("secret")


async def test_changes_are_recorded_and_found_latest_first_over_days(embedded: Store, clock: Clock) -> None:
    for number in range(30):
        record = Record(clock.now() - timedelta(hours=number * 7), BY, "hold", f"pulse-{number}", "sending", "held")
        for _ in range(2):
            await record_change(embedded, record)
    found = await latest_records(embedded, clock.now())
    assert [one.on for one in found] == [f"pulse-{number}" for number in range(20)]
    assert await latest_records(embedded, clock.now() + timedelta(days=200)) == []
