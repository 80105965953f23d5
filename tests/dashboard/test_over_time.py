"""Runs that belong together stand beside each other, each with what may be shown of it and nothing more."""

import csv
import html
import io
import json
import re
from datetime import timedelta

import msgspec
import pytest

from dashboard.charts import THEMES
from dashboard.over_time import AVERAGE, MEDIAN, NPS, YES, tables
from dashboard.pictures import Pictures
from dashboard.templating import signed
from dashboard.trend_charts import trend_of
from dashboard.trends import HEADER
from feedback.answers.anonymous import open_ballots
from feedback.answers.answers import record_answer
from feedback.errors import RunUnknown
from feedback.people.people import Role
from feedback.results.results import Results
from feedback.results.sealing import seal
from feedback.results.tally_tree import rebuild
from feedback.results.trends import LATEST, results_over_time
from feedback.runs.deliveries import write_planned
from feedback.runs.runs import RUN_DOC, Delivery, DeliveryState, Run, close_run, create_run, find_run
from feedback.surveys.questions import Choice, Kind, Question
from store.contract import Patch, Store
from tests.conftest import Clock
from tests.dashboard.house import BOSS, NOW, SURVEY, furnish
from tests.dashboard.site import Browser, site_of
from tests.dashboard.test_weights_and_verdicts import MIX


async def told(store: Store, name: str) -> list[str]:
    return [one.run.run for one in await results_over_time(store, name)]


async def series(store: Store) -> None:
    """Write three runs of a schedule, each with people of its own, and one that stands alone."""
    names = ("pulse-s1.2026-11-01", "pulse-s1.2026-11-08", "pulse-s1.2026-11-15", "pulse-1")
    for number, name in enumerate(names):
        run = await furnish(store, 100, name=name, first=1000 * number, seed=number, mix=MIX)
        at = msgspec.to_builtins(NOW + timedelta(days=7 * number))
        await store.patch("runs", name, Patch(RUN_DOC, set={"created_at": at}))
        await rebuild(store, await find_run(store, run.run))


async def empty(store: Store, name: str, audience: str, day: int) -> Run:
    return await create_run(store, SURVEY, audience, by=BOSS, now=NOW + timedelta(days=day), name=name)


async def test_runs_belong_together_by_their_schedule_or_else_by_survey_and_audience(embedded: Store) -> None:
    for day, (name, audience) in enumerate(
        [
            ("pulse-s1.2026-11-01", "customers"),
            ("pulse-1", "customers"),
            ("pulse-s1.2026-11-08", "panel insiders"),
            ("pulse-2", "panel insiders"),
            ("pulse-s10.2026-11-08", "customers"),
            ("pulse-3", "customers"),
        ]
    ):
        await empty(embedded, name, audience, day)
    assert await told(embedded, "pulse-s1.2026-11-08") == ["pulse-s1.2026-11-01", "pulse-s1.2026-11-08"]
    assert await told(embedded, "pulse-1") == await told(embedded, "pulse-3") == ["pulse-1", "pulse-3"]
    assert await told(embedded, "pulse-2") == ["pulse-2"]
    with pytest.raises(RunUnknown):
        await told(embedded, "none")


async def test_the_latest_are_shown_oldest_first(embedded: Store) -> None:
    for day in range(LATEST + 3):
        await empty(embedded, f"pulse-{day + 1}", "customers", day)
    assert await told(embedded, "pulse-1") == [f"pulse-{number}" for number in range(4, LATEST + 4)]


async def test_each_line_has_the_figures_of_its_run(embedded: Store, clock: Clock) -> None:
    await series(embedded)
    name = "pulse-s1.2026-11-08"
    found = await results_over_time(embedded, name)
    shown = tables(found, found[1].run)
    columns = {one.question.id: one.columns for one in shown}
    assert columns["nps"] == (NPS,)
    assert (columns["csat"], columns["much"], columns["done"]) == ((AVERAGE,), (AVERAGE, MEDIAN), (YES,))
    assert columns["tools"] == tuple(one.text for one in SURVEY.questions[4].choices)
    assert not {"why", "day", "parts"} & set(columns)
    for table in shown:
        asked = [next(one for one in each.questions if one.question.id == table.question.id) for each in found]
        assert [line.n for line in table.lines] == [one.n for one in asked]
        if table.question.kind is Kind.NPS:
            assert [line.values[0].figure for line in table.lines] == [one.nps for one in asked]
            assert [line.values[0].weighted for line in table.lines] == [
                one.weighted and one.weighted.nps for one in asked
            ]
        if table.question.kind is Kind.YES_NO:
            shares = [one.counts[0][1] / one.n for one in asked]
            assert [line.values[0].figure and line.values[0].figure.value for line in table.lines] == shares
    async with site_of(embedded, clock) as site:
        page = await (await (await site.visitor(Role.ENGINEER)).get(f"/runs/{name}/over-time")).text()
        assert charts_of(page) == sum(len(one.columns) for one in shown)
        await are_files_of(await site.visitor(Role.ENGINEER), name, found)
        await are_pictures(await site.visitor(Role.ENGINEER), name)
    rows = re.findall(r'<a href="/runs/(pulse-s1[^"/]+)/results">', page)
    assert rows == [name, *[one.run.run for one in found] * len(shown)], "the first is the tab"
    for one in found:
        nps = next(each.nps for each in one.questions if each.nps)
        assert signed(nps.value) in page


def charts_of(page: str) -> int:
    """Return how many charts a page has, each with a specification that says the same as its words."""
    specs = [json.loads(one) for one in re.findall(r'class="spec">(.*?)</script>', page)]
    alternatives = re.findall(r'<img src="/runs/[^"]*" alt="(.*?)"', page)
    assert [one["description"] for one in specs] == [html.unescape(one) for one in alternatives]
    return len(specs)


async def are_files_of(engineer: Browser, name: str, found: list[Results]) -> None:
    """Read the CSV file and the JSON, and compare them with the results of the runs."""
    body = await engineer.body(f"/runs/{name}/over-time.csv")
    header, *lines = csv.reader(io.StringIO(body.decode("utf-8-sig")))
    assert tuple(header) == HEADER
    rows = [dict(zip(header, one, strict=True)) for one in lines]
    told = json.loads(await engineer.body(f"/api/runs/{name}/over-time"))
    (asked,) = (one for one in told["questions"] if one["question"] == "nps")
    for number, one in enumerate(found):
        nps = next(each.nps for each in one.questions if each.nps)
        assert nps.interval is not None
        (row,) = (each for each in rows if (each["run"], each["question"]) == (one.run.run, "nps"))
        ends = (nps.value, nps.interval.low, nps.interval.high)
        assert (float(row["value"]), float(row["low"]), float(row["high"])) == ends
        assert row["n"] == str(nps.n)
        raw = asked["runs"][number]["figures"][0]["raw"]
        assert (asked["runs"][number]["run"], raw["value"], raw["low"], raw["high"]) == (one.run.run, *ends)
        worth = next(each.weighted.precision for each in one.questions if each.nps and each.weighted)
        assert (float(row["effective n"]), float(row["design effect"])) == (worth.n_effective, worth.design_effect)
        assert 1 < worth.n_effective < worth.n
        assert (asked["runs"][number]["n_effective"], asked["runs"][number]["design_effect"]) == (
            worth.n_effective,
            worth.design_effect,
        )
        assert bool(row["do not conclude yet"]) is asked["runs"][number]["verdict"]["do_not_conclude_yet"]
    assert len(rows) == len(found) * sum(len(each["runs"][0]["figures"]) for each in told["questions"])
    assert "Sample Person" not in body.decode()


async def are_pictures(engineer: Browser, name: str) -> None:
    """Ask for pictures that there are, and for some that there are not."""
    address = f"/runs/{name}/over-time/tools"
    assert (await engineer.body(f"{address}.png?of=2")).startswith(b"\x89PNG")
    assert (await engineer.body(f"{address}.svg?of=1&theme=dark")).startswith(b"<svg")
    for wrong in ("tools.svg?of=3", "tools.svg?of=-1", "tools.svg?of=x", "tools.svg?theme=x", "why.svg", "none.svg"):
        assert (await engineer.get(f"/runs/{name}/over-time/{wrong}")).status == 404, wrong


async def test_a_chart_has_what_was_measured_and_gaps_where_nothing_was(embedded: Store, clock: Clock) -> None:
    for day, (name, scores) in enumerate((("hush-1", [10, 3] * 6), ("hush-2", [9] * 3), ("hush-3", [8, 9] * 7))):
        await anonymous(embedded, name, scores, day, ends=True)
    found = await results_over_time(embedded, "hush-1")
    (table,) = tables(found, found[0].run)
    drawn = trend_of(table, 0)
    assert drawn is not None
    spec = json.loads(json.dumps(drawn))
    points = spec["data"]["values"]
    assert [one["run"] for one in points] == ["hush-1", "hush-2", "hush-3"]
    assert (points[1]["value"], points[1]["low"], points[1]["said"]) == (None, None, "–")
    assert points[0]["value"] == 0
    assert points[0]["low"] < 0 < points[0]["high"]
    assert "hush-2: –" in str(spec["description"])
    low, high = spec["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert -100 <= low <= points[0]["low"]
    assert points[2]["high"] <= high <= 100
    for theme in THEMES:
        assert await Pictures().svg(drawn, theme)
    (alone,) = tables(found[:2], found[0].run)
    assert trend_of(alone, 0) is None, "a run and a gap are no line"
    async with site_of(embedded, clock) as site:
        await say_nothing_of(await site.visitor(Role.ENGINEER), "hush-2")


async def say_nothing_of(engineer: Browser, withheld: str) -> None:
    """See that no file has a figure of a run that too few have answered, and what it has of the others."""
    told = json.loads(await engineer.body("/api/runs/hush-1/over-time"))["questions"][0]["runs"]
    assert [(one["run"], one["n"], one["is_withheld"]) for one in told] == [
        ("hush-1", 12, False),
        (withheld, None, True),
        ("hush-3", 14, False),
    ]
    assert told[1]["figures"] == [{"what": "NPS", "raw": None, "weighted": None}]
    body = (await engineer.body("/runs/hush-1/over-time.csv")).decode("utf-8-sig")
    (row,) = (one for one in csv.DictReader(io.StringIO(body)) if one["run"] == withheld)
    assert row.pop("do not conclude yet") == "not shown"
    assert not any(row[name] for name in HEADER[5:-1])


async def test_no_cell_of_the_file_is_a_formula(embedded: Store, clock: Clock) -> None:
    choices = (Choice("sum", "@SUM(A1)"), Choice("less", "-2"))
    questions = (Question("nps", Kind.NPS, "=1+1"), Question("tools", Kind.CHOICES, "+1", choices=choices))
    survey = msgspec.structs.replace(SURVEY, questions=questions)
    await create_run(embedded, survey, "customers", by=BOSS, now=NOW, name="pulse-1")
    async with site_of(embedded, clock) as site:
        body = await (await site.visitor(Role.ENGINEER)).body("/runs/pulse-1/over-time.csv")
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    told = [(one["text"], one["figure"]) for one in rows]
    assert told == [("'=1+1", NPS), ("'+1", "'@SUM(A1)"), ("'+1", "'-2")]


async def test_a_run_alone_says_so(embedded: Store, clock: Clock) -> None:
    await series(embedded)
    async with site_of(embedded, clock) as site:
        page = html.unescape(await (await (await site.visitor(Role.ENGINEER)).get("/runs/pulse-1/over-time")).text())
    assert "There is one run so far" in page
    assert charts_of(page) == 0


async def anonymous(store: Store, name: str, scores: list[int], day: int, *, ends: bool) -> Results:
    survey = msgspec.structs.replace(SURVEY, id="hush", questions=SURVEY.questions[:1], is_anonymous=True, threshold=5)
    run = await create_run(store, survey, "customers", by=BOSS, now=NOW + timedelta(days=day), name=name)
    await open_ballots(store, run)
    people = [Delivery(name, f"t:{number}", DeliveryState.SENT, 0) for number in range(len(scores))]
    await write_planned(store, name, people)
    for one, score in zip(people, scores, strict=True):
        await record_answer(store, run, one.id, {"nps": score}, revision=0, now=NOW)
    await rebuild(store, run)
    if ends:
        await seal(store, await close_run(store, run))
    return (await results_over_time(store, name))[-1]


async def test_of_anonymous_runs_there_is_what_each_shows_alone(embedded: Store) -> None:
    await anonymous(embedded, "hush-1", [10] * 6, 1, ends=True)
    await anonymous(embedded, "hush-2", [10] * 4, 2, ends=True)
    await anonymous(embedded, "hush-3", [0] * 9, 3, ends=False)
    found = await results_over_time(embedded, "hush-1")
    (table,) = tables(found, found[0].run)
    assert [(line.is_withheld, line.n, line.values[0].figure is None) for line in table.lines] == [
        (False, 6, False),
        (True, 0, True),
        (True, 0, True),
    ]
    assert all(value.weighted is None for line in table.lines for value in line.values)
