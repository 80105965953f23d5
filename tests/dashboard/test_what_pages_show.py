"""What pages are made from: bars, hours, charts and groups; and the pages themselves, filled in."""

import asyncio
import html
import json
import re

import aiohttp
import msgspec
import pytest

from dashboard.charts import GROUPS, THEMES, chart_of, described, rows_of
from dashboard.pictures import Pictures
from dashboard.templating import count, decimal, percent, signed
from dashboard.views import HOURS_SHOWN, live_run, run_row
from feedback.people.people import Role
from feedback.results.counts import Counts
from feedback.results.coverage import MOST_VALUES, OTHERS, UNKNOWN, Heard, coverage_of
from feedback.results.results import Results, results_of
from feedback.results.tallier import Tallier
from feedback.results.tallies import Cell, Tally
from feedback.runs.progress import progress
from feedback.runs.runs import RUN_DOC, DeliveryState, RunState, find_run
from feedback.standing import Standing
from feedback.surveys.questions import Kind
from store.contract import Create, Patch, Store
from tests.conftest import Clock
from tests.dashboard.house import SURVEY, furnish, person_key
from tests.dashboard.site import Site, site_of


async def results(store: Store, clock: Clock, people: int = 120) -> Results:
    run = await furnish(store, people)
    return await results_of(store, run.run, Tallier(store, clock.now, name="sample"))


async def test_a_page_of_results_says_what_the_figures_say(site: Site) -> None:
    found = await results_of(site.store, "pulse-1", site.parts.tallier)
    page = await (await (await site.visitor(Role.ENGINEER)).get("/runs/pulse-1/results")).text()
    assert f"<strong>{found.n}</strong><span>of {found.reached} reached</span>" in page
    nps = next(one.nps for one in found.questions if one.nps)
    assert f"<strong>{signed(nps.value)}</strong>" in page
    for one in found.questions:
        assert html.escape(one.question.text) in page
        for label, people in rows_of(one):
            assert re.search(rf"{re.escape(html.escape(label))}</th><td class=\"number\">{count(people)}<", page), label


async def test_what_people_wrote_is_text_on_a_page(site: Site) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    await site.store.patch("runs", "pulse-1", Patch(RUN_DOC, set={"audience": evil}))
    key = person_key(1)
    await site.store.patch("people", key, Patch(key, set={"name": evil, "attributes": {"size": evil, evil: "x"}}))
    await site.store.patch(
        "runs", "pulse-1", Patch(key, set={"state": "failed", "reason": evil, "answers": {"why": evil}})
    )
    admin = await site.visitor(Role.ADMIN)
    for path in ("", "/people?state=failed", "/results", "/coverage", f"/people?state=failed&why={evil}"):
        page = await (await admin.get(f"/runs/pulse-1{path}")).text()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "alert(1)" in page


async def test_a_survey_cannot_break_out_of_the_chart_in_the_page(site: Site) -> None:
    evil = "</script><script>alert(1)</script>"
    run = await find_run(site.store, "pulse-1")
    questions = [msgspec.structs.replace(one, text=evil) for one in run.survey.questions]
    survey = msgspec.to_builtins(msgspec.structs.replace(run.survey, title=evil, questions=tuple(questions)))
    await site.store.patch("runs", "pulse-1", Patch(RUN_DOC, set={"survey": survey}))
    page = await (await (await site.visitor(Role.ENGINEER)).get("/runs/pulse-1/results")).text()
    assert "<script>alert" not in page
    specs = re.findall(r'<script type="application/json" class="spec">(.*?)</script>', page)
    assert json.loads(specs[0])["description"].startswith(evil)


async def test_a_run_that_moves_is_sent_while_one_watches(site: Site) -> None:
    admin = await site.visitor(Role.ADMIN)
    async with admin.session.get(f"{site.url}/runs/pulse-1/events") as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert "Everybody, by state" in await next_event(stream)
        assert "frame-ancestors 'none'" in stream.headers["Content-Security-Policy"]


async def test_a_stream_ends_with_the_session(site: Site) -> None:
    admin = await site.visitor(Role.ADMIN)
    site.parts.live.every /= 1000  # no waiting in a test
    async with admin.session.get(f"{site.url}/runs/pulse-1/events") as stream:
        await next_event(stream)
        other = site.browser()
        other.take_cookie(admin.cookie())
        token = re.search(r'name="token" value="([0-9a-f]+)"', await (await other.get("/")).text())
        assert token is not None
        await other.post("/sign-out", token=token[1])
        async with asyncio.timeout(60):
            while await stream.content.readany():
                pass


async def next_event(stream: aiohttp.ClientResponse) -> str:
    lines = []
    while line := (await stream.content.readline()).decode().strip():
        lines.append(line.removeprefix("data: "))
    return "\n".join(lines)


async def test_the_people_of_a_state_are_listed_page_by_page(site: Site) -> None:
    admin = await site.visitor(Role.ADMIN)
    path, seen = "/runs/pulse-1/people?state=sent", set()
    while path:
        page = await (await admin.get(path)).text()
        seen |= set(re.findall(r"Sample Person (\d+)", page))
        more = re.search(r'class="more"><a href="([^"]+)"', page)
        path = f"/runs/pulse-1/people{html.unescape(more[1])}" if more else ""
    run = await find_run(site.store, "pulse-1")
    assert len(seen) == (await progress(site.store, run)).by_state[DeliveryState.SENT]
    assert (await admin.get("/runs/pulse-1/people?state=happy")).status == 404


async def test_a_bar_is_as_long_as_all_its_parts(embedded: Store) -> None:
    run = await furnish(embedded, 60)
    row = run_row(run, Cell(states={"answered": 1, "sent": 2, "failed": 3, "planned": 0}))
    assert [(part.name, part.count) for part in row.parts] == [("answered", 1), ("sent", 2), ("failed", 3)]
    assert sum(part.width for part in row.parts) == pytest.approx(100)
    assert (row.answered, row.reached, row.people) == (1, 3, 6)
    assert run_row(run, Cell()).parts == ()


async def test_hours_without_answers_are_shown_as_such(embedded: Store) -> None:
    run = await furnish(embedded, 10)

    def arrivals(**by_value: int) -> list[tuple[str, int]]:
        cell = Cell(arrivals=Counts({name.replace("_", "-"): number for name, number in by_value.items()}))
        live = live_run(Standing(progress_of), Tally({"": cell}))
        return [(one.hour, one.count) for one in live.arrivals]

    progress_of = await progress(embedded, run)
    assert arrivals() == []
    assert arrivals(**{"2026-11-24T22": 3, "2026-11-25T01": 6}) == [
        ("2026-11-24 22:00", 3),
        ("2026-11-24 23:00", 0),
        ("2026-11-25 00:00", 0),
        ("2026-11-25 01:00", 6),
    ]
    assert arrivals(**{"2026-11-29": 1, "2026-12-01": 2}) == [("2026-11-29", 1), ("2026-11-30", 0), ("2026-12-01", 2)]
    assert len(arrivals(**{"2026-01-01T00": 1, "2026-11-24T22": 3})) == HOURS_SHOWN
    assert arrivals(**{"2026-01": 1, "2026-03": 2}) == [("2026-01", 1), ("2026-03", 2)]


@pytest.mark.parametrize("theme", THEMES)
async def test_every_kind_with_choices_is_drawn(embedded: Store, clock: Clock, theme: str) -> None:
    pictures, drawn = Pictures(), []
    for one in (await results(embedded, clock)).questions:
        spec = chart_of(one)
        if spec is not None:
            picture = (await pictures.svg(spec, theme)).decode()
            assert picture.startswith("<svg")
            assert "NaN" not in picture
            drawn.append(one.question.kind)
    kinds = {Kind.NPS, Kind.CSAT, Kind.CES, Kind.CHOICES, Kind.RANKING, Kind.MATRIX, Kind.YES_NO, Kind.DATE}
    assert set(drawn) == kinds


async def test_a_picture_for_slides_is_a_png(site: Site) -> None:
    body = await (await site.visitor(Role.ENGINEER)).body("/runs/pulse-1/charts/nps.png")
    assert body.startswith(b"\x89PNG")
    for path in ("why.png", "none.svg", "nps.svg?theme=pink", "nps.pdf"):
        assert (await (await site.visitor(Role.ENGINEER)).get(f"/runs/pulse-1/charts/{path}")).status == 404


async def test_nothing_is_drawn_without_answers(embedded: Store, clock: Clock) -> None:
    run = await furnish(embedded, 5)
    for number in range(5):
        await embedded.patch("runs", run.run, Patch(person_key(number), set={"state": "sent", "answers": {}}))
    found = await results_of(embedded, run.run, Tallier(embedded, clock.now, name="sample"))
    assert all(chart_of(one) is None for one in found.questions)
    assert described(found.questions[0]).endswith("of 0 answers.")


async def test_an_nps_is_told_in_three_groups(embedded: Store, clock: Clock) -> None:
    one = (await results(embedded, clock)).questions[0]
    assert [label for label, _ in rows_of(one)] == list(GROUPS)
    assert sum(people for _, people in rows_of(one)) == one.n


@pytest.mark.parametrize(
    ("share", "written"), [(0, "0%"), (0.0001, "<1%"), (0.5, "50%"), (0.999, ">99%"), (1, "100%"), (0.01, "1%")]
)
def test_only_nought_is_nought_percent(share: float, written: str) -> None:
    assert percent(share) == written


def test_numbers_are_written_as_people_read_them() -> None:
    assert (count(1234567), signed(-7.4), signed(0.2), signed(12), decimal(-1234.56)) == (
        "1,234,567",
        "−7",
        "0",
        "+12",
        "−1,234.6",
    )


async def test_who_is_missed_is_told_from_who_is_heard(embedded: Store) -> None:
    run = await furnish(embedded, 420)
    found = await coverage_of(embedded, run)
    assert found.people == 420
    size = next(one for one in found.attributes if one.name == "size")
    heard = {one.value: one.heard for one in size.groups}
    assert heard["small"] is Heard.LESS
    assert [one.value for one in size.missed] == ["small"]
    assert sum(one.audience for one in size.groups) == 420
    assert sum(one.answered for one in size.groups) == found.answered
    assert UNKNOWN in heard


async def test_with_few_answers_nobody_is_called_missing(embedded: Store) -> None:
    run = await furnish(embedded, 12)
    found = await coverage_of(embedded, run)
    assert found.answered < 10
    assert {one.heard for each in found.attributes for one in each.groups} == {Heard.TOO_FEW}


async def test_rare_values_are_taken_together(embedded: Store) -> None:
    run = await furnish(embedded, 100)
    for number in range(100):
        key = person_key(number)
        await embedded.patch("people", key, Patch(key, set={"attributes": {"city": f"city {number}"}}))
    (city,) = (await coverage_of(embedded, run)).attributes
    assert len(city.groups) == MOST_VALUES + 1
    assert city.groups[-1].value == OTHERS
    assert city.groups[-1].audience == 100 - MOST_VALUES


async def test_an_empty_service_says_what_to_do_first(embedded: Store, clock: Clock) -> None:
    async with site_of(embedded, clock) as site:
        page = await (await (await site.visitor(Role.ADMIN)).get("/")).text()
    assert "Nothing has been sent yet." in page
    assert "There is no survey yet." in page


async def test_an_unfinished_run_has_every_page(site: Site) -> None:
    doc = msgspec.to_builtins(msgspec.structs.replace(await find_run(site.store, "pulse-1"), run="pulse-2"))
    news = {**doc, "id": RUN_DOC, "kind": "run", "survey_id": SURVEY.id, "state": RunState.PROPOSED.value}
    await site.store.batch("runs", "pulse-2", [Create(news)])
    admin = await site.visitor(Role.ADMIN)
    for path in ("", "/results", "/people", "/coverage"):
        assert (await admin.get(f"/runs/pulse-2{path}")).status == 200


@pytest.mark.parametrize(
    ("news", "said"),
    [
        (
            {
                "state": "held",
                "outage": "gave up: 503",
                "outage_at": "2026-11-24T09:00:00Z",
                "probe_at": "2026-11-24T09:00:15Z",
            },
            "card gets through: gave up: 503",
        ),
        ({"state": "proposed", "approval_for": 1401}, "It would reach 1,401 people."),
    ],
    ids=["outage", "proposed"],
)
async def test_what_a_run_waits_for_is_told(news: dict[str, object], said: str, site: Site) -> None:
    await site.store.patch("runs", "pulse-1", Patch(RUN_DOC, set=news))
    admin = await site.visitor(Role.ADMIN)
    page = await (await admin.get("/runs/pulse-1")).text()
    assert said in page
    assert "None" not in page.partition('class="live-state"')[2].partition("</p>")[0]
