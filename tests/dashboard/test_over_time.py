"""Runs that belong together stand beside each other, each with what may be shown of it and nothing more."""

import html
import re
from datetime import timedelta

import msgspec
import pytest

from dashboard.over_time import AVERAGE, MEDIAN, NPS, YES, tables
from dashboard.templating import signed
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
from feedback.surveys.questions import Kind
from store.contract import Patch, Store
from tests.conftest import Clock
from tests.dashboard.house import BOSS, NOW, SURVEY, furnish
from tests.dashboard.site import site_of
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
    rows = re.findall(r'<a href="/runs/(pulse-s1[^"/]+)/results">', page)
    assert rows == [name, *[one.run.run for one in found] * len(shown)], "the first is the tab"
    for one in found:
        nps = next(each.nps for each in one.questions if each.nps)
        assert signed(nps.value) in page


async def test_a_run_alone_says_so(embedded: Store, clock: Clock) -> None:
    await series(embedded)
    async with site_of(embedded, clock) as site:
        page = html.unescape(await (await (await site.visitor(Role.ENGINEER)).get("/runs/pulse-1/over-time")).text())
    assert "There is one run so far" in page


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
