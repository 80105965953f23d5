"""What a results page costs, beside DuckDB aggregating the same answers: `python -m benchmarks.results`.

Product: `results_of` on SQLite, with tallies kept by the tallier, for one run in which everybody answered a survey of
six questions. Baseline: the same answers as a table of DuckDB's own, in memory, and the queries that give the same
figures. Afterwards the page must say exactly what DuckDB says; otherwise there are no figures.

`page_ms_p50` is one page, when everything has been counted; `page_after_answer_ms_p50` one right after somebody
answered, who is counted before it is shown. `new_answer_cost_us` is what counting costs for each answer of a burst
from all over the run, `new_answer_alone_us` what it costs for one that comes alone. Both leave out keeping the answer.
`tallied_per_s` is how fast a run that was never counted is; `rss_mb` is the most that the process had until then.
`export_rows_per_s` is a download of all answers as CSV from a service of its own, `export_cpu_us` the processor time
that it used for each row, `export_rss_mb` the most memory it had until then, `export_idle_rss_mb` before the download.
`export_beside_ms_p50` and `_max` are what other requests took meanwhile. `segments_page_ms_p50` is a page with as many
figures as there can be: segments.py.
"""

import argparse
import asyncio
import os
import random
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import msgspec
import uvloop

from benchmarks.exporting import export, write_people
from benchmarks.figures import ratio
from benchmarks.panel import SENT_AT, SURVEY, Wrong, answers_of
from benchmarks.processes import ROOT
from benchmarks.segments import page_ms
from feedback.answers.answers import record_answer
from feedback.results.results import Results, results_of
from feedback.results.tallier import Tallier
from feedback.results.tally_tree import rebuild
from feedback.runs.deliveries import SLICE, write_planned
from feedback.runs.runs import Delivery, DeliveryState, Run, create_run
from feedback.surveys.survey_files import read_survey
from store.contract import Store
from store.sqlite import open_sqlite

FILE = "hearback.db"
BATCHES = 20  # written together
PAGES = 200
ALONE = 50  # answers that come one by one
BURST = 1000  # answers that come together
SCANS = 9
SEED = 1

# What a page shows of each question of the sample survey.
QUERIES = {
    "recommend": "SELECT recommend, count(*) FROM answers GROUP BY 1 ORDER BY 1",
    "mean": "SELECT avg(recommend), var_samp(recommend), avg(effort), var_samp(effort) FROM answers",
    "often": "SELECT often, count(*) FROM answers GROUP BY 1 ORDER BY 1",
    "improve": "SELECT one, count(*) FROM (SELECT unnest(improve) AS one FROM answers) GROUP BY 1 ORDER BY 1",
    "done": "SELECT done, count(*) FROM answers GROUP BY 1 ORDER BY 1",
    "effort": "SELECT effort, count(*) FROM answers GROUP BY 1 ORDER BY 1",
    "change": "SELECT change FROM answers ORDER BY answered_at DESC LIMIT 5",
    "n": "SELECT count(*) FROM answers",
}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The line that is printed."""

    page_ms_p50: float
    page_ms_max: float
    duckdb_scan_ms: float
    ratio: float
    page_after_answer_ms_p50: float
    new_answer_cost_us: float
    new_answer_alone_us: float
    tallied_per_s: float
    rss_mb: float
    export_rows_per_s: float
    export_cpu_us: float
    export_rss_mb: float
    export_idle_rss_mb: float
    export_beside_ms_p50: float
    export_beside_ms_max: float
    segments_page_ms_p50: float
    answers: int
    burst: int
    cpus: int
    took_s: float


class House(msgspec.Struct, frozen=True):
    """A run with its answers, and who keeps its tallies."""

    store: Store
    run: Run
    tallier: Tallier
    answers: int

    async def page(self) -> Results:
        """Return what a page shows."""
        return await results_of(self.store, self.run.run, self.tallier)

    async def count(self) -> None:
        """Count everything that is new."""
        while not await self.tallier.look():
            pass

    async def answer(self, number: int) -> None:
        """Let somebody answer again."""
        found = await self.store.get("runs", self.run.run, _person(number))
        if found is None:
            msg = f"{_person(number)} has no delivery"
            raise Wrong(msg)
        revision = msgspec.convert(found, Delivery).revision
        given = {question: answer for question, answer in answers_of(number).items() if question != "often"}
        given["often"] = ("daily", "weekly", "seldom")[(number + revision) % 3]
        await record_answer(self.store, self.run, _person(number), given, revision=revision, now=_answered_at(number))


async def measure(answers: int) -> Report:
    """Measure everything. Raises `Wrong` when the page does not say what DuckDB says."""
    began = time.perf_counter()
    data = ROOT / "data"  # where the product keeps its documents, so that the disk is the same
    data.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="benchmark-", dir=data) as name:
        store = await open_sqlite(Path(name) / FILE)
        try:
            return await _measure(await _fill(store, answers), Path(name), began)
        finally:
            await store.close()


async def _measure(house: House, folder: Path, began: float) -> Report:
    tallied_s = await _timed(house.count)
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    await house.count()
    pages = [await _timed(house.page) for _ in range(PAGES)]
    scan_ms = await _check(house, folder)
    after, alone = await _one_by_one(house)
    burst = min(BURST, house.answers)
    burst_s = await _burst(house, burst)
    if not (await rebuild(house.store, house.run)).was_right:
        msg = "the tally is not what a recount gives"
        raise Wrong(msg)
    await write_people(house.store, [_person(number) for number in range(house.answers)])
    exported = await export(house.store, house.run, house.answers, folder / FILE)
    segments_ms = await page_ms(house.store, house.tallier, house.answers)
    page = 1000 * statistics.median(pages)
    return Report(
        page_ms_p50=round(page, 3),
        page_ms_max=round(1000 * max(pages), 3),
        duckdb_scan_ms=round(scan_ms, 2),
        ratio=ratio(scan_ms, page),
        page_after_answer_ms_p50=round(1000 * statistics.median(after), 3),
        new_answer_cost_us=round(1e6 * burst_s / burst, 1),
        new_answer_alone_us=round(1e6 * statistics.median(alone), 1),
        tallied_per_s=round(house.answers / tallied_s, 1),
        rss_mb=round(rss_mb, 1),
        export_rows_per_s=round(exported.rows_per_s, 1),
        export_cpu_us=round(exported.cpu_us, 2),
        export_rss_mb=round(exported.rss_mb, 1),
        export_idle_rss_mb=round(exported.idle_rss_mb, 1),
        export_beside_ms_p50=round(statistics.median(exported.beside_ms), 2),
        export_beside_ms_max=round(max(exported.beside_ms), 2),
        segments_page_ms_p50=round(segments_ms, 2),
        answers=house.answers,
        burst=burst,
        cpus=os.cpu_count() or 0,
        took_s=round(time.perf_counter() - began, 1),
    )


async def _fill(store: Store, answers: int) -> House:
    """Write a run in which everybody has answered."""
    run = await create_run(store, read_survey(SURVEY), "customers", by="sample:admin", now=SENT_AT)
    starts = range(0, answers, SLICE)
    for first in range(0, len(starts), BATCHES):
        slices = [range(start, min(start + SLICE, answers)) for start in starts[first : first + BATCHES]]
        await asyncio.gather(*(write_planned(store, run.run, [_answered(run, one) for one in some]) for some in slices))
    return House(store, run, Tallier(store, lambda: datetime.now(UTC), name="benchmark"), answers)


async def _one_by_one(house: House) -> tuple[list[float], list[float]]:
    """Return how long pages take after an answer, and how long the counting of one answer takes, in seconds."""
    chance = random.Random(SEED)  # noqa: S311 - who answers, not a secret
    pages, counts = [], []
    for _ in range(ALONE):
        await house.answer(chance.randrange(house.answers))
        pages.append(await _timed(house.page))
        await house.count()
        await house.answer(chance.randrange(house.answers))
        counts.append(await _timed(house.count))
        await house.count()
    return pages, counts


async def _burst(house: House, size: int) -> float:
    """Return how long it takes to count many answers from all over the run."""
    chance = random.Random(SEED)  # noqa: S311 - who answers, not a secret
    for number in chance.sample(range(house.answers), size):
        await house.answer(number)
    return await _timed(house.count)


async def _check(house: House, folder: Path) -> float:
    """Return how long DuckDB takes for the same figures, in milliseconds. Raises `Wrong` when they are not the same."""
    file = folder / "answers.json"
    with file.open("wb") as lines:
        for number in range(house.answers):
            row = {**answers_of(number), "answered_at": _answered_at(number)}
            lines.write(msgspec.json.encode(row) + b"\n")
    found = await house.page()
    with duckdb.connect() as db:
        db.execute("CREATE TABLE answers AS SELECT * FROM read_json(?)", [str(file)])
        times = []
        for _ in range(SCANS):
            start = time.perf_counter()
            said = {name: db.execute(sql).fetchall() for name, sql in QUERIES.items()}
            times.append(1000 * (time.perf_counter() - start))
    _compare(found, said)
    return statistics.median(times)


def _compare(page: Results, said: dict[str, list[tuple[object, ...]]]) -> None:
    """Raise `Wrong` unless the page says what the queries say."""
    shown = {one.question.id: one for one in page.questions}
    for name in ("recommend", "often", "improve", "done", "effort"):
        texts = {one.id: one.text for one in shown[name].question.choices} | {"True": "Yes", "False": "No"}
        counted = {texts.get(str(value), str(value)): count for value, count in said[name]}
        if counted != {label: count for label, count in shown[name].counts if count}:
            msg = f"{name}: the page says {shown[name].counts}, DuckDB {counted}"
            raise Wrong(msg)
    mean, effort = shown["recommend"].mean, shown["effort"].mean
    of_all = msgspec.convert(said["mean"][0], tuple[float, float, float, float])
    if (
        mean is None
        or effort is None
        or [round(mean.value, 9), round(effort.value, 9)]
        != [
            round(of_all[0], 9),
            round(of_all[2], 9),
        ]
    ):
        msg = f"means: the page says {mean} and {effort}, DuckDB {of_all}"
        raise Wrong(msg)
    if (page.n, list(shown["change"].latest)) != (said["n"][0][0], [text for (text,) in said["change"]]):
        msg = f"the page has {page.n} answers and {shown['change'].latest}, DuckDB {said['n']} and {said['change']}"
        raise Wrong(msg)


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


def _answered(run: Run, number: int) -> Delivery:
    return Delivery(
        run=run.run,
        id=_person(number),
        state=DeliveryState.ANSWERED,
        slice=number // SLICE,
        activity_id=f"sample-{number}",
        sent_at=SENT_AT,
        answered_at=_answered_at(number),
        answers=answers_of(number),
        revision=1,
    )


def _person(number: int) -> str:
    return f"22222222-2222-2222-2222-222222222222:00000000-0000-0000-0000-{number:012d}"


def _answered_at(number: int) -> datetime:
    """Return when somebody answered: every second another one, in no order of theirs."""
    return SENT_AT + timedelta(seconds=number * 7919 % 1_000_003)


def main() -> None:
    """Measure and print one line of JSON. Exits with 1 and the reason when there is nothing to report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.results")
    parser.add_argument("--answers", type=int, default=100_000)
    given = parser.parse_args()
    try:
        report = uvloop.run(measure(given.answers))
    except Wrong as error:
        sys.exit(f"no figures: {error}")
    print(msgspec.json.encode(report).decode())


if __name__ == "__main__":
    main()
