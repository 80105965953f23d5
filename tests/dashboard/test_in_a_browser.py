"""Every page in a real browser, on a phone and on a desk, light and dark: readable, by everybody, under its policy."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from dashboard.charts import THEMES
from dashboard.opening import local_link
from dashboard.sessions import Visitor
from dashboard.trend_charts import EDGE
from feedback.people.mixes import Margin, Mix
from feedback.people.people import Role
from feedback.runs.runs import RUN_DOC, DeliveryState, Run, deliveries
from feedback.runs.wave_words import Waves
from feedback.texts.text_tags import add_tag
from feedback.texts.texts import read_places, read_texts
from feedback.texts.theme_making import Task, found_in
from feedback.texts.themes import find_themes, for_the_machine, keep_made, put_away_theme, rename_theme
from simulator.playground import ROOT
from store.contract import Patch, Store
from store.sqlite import open_sqlite
from tests.browser.chat import SCREENS
from tests.browser.chromium import launched
from tests.conftest import Clock
from tests.dashboard.house import HOME, NOW, furnish, write_notes
from tests.dashboard.site import Site, site_of
from tests.unit.wave_house import WaveHouse

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SERIES = tuple(f"pulse-s1.2026-{month:02d}-02" for month in range(5, 11))
PAGES = {
    "overview": "/",
    "progress": "/runs/pulse-1",
    "results": "/runs/pulse-1/results",
    "texts": "/runs/pulse-1/texts?question=why",
    "coverage": "/runs/pulse-1/coverage",
    "weighted": "/runs/pulse-2/results",
    "target": "/runs/pulse-2/coverage",
    "over-time": f"/runs/{SERIES[-1]}/over-time",
    "waves": "/runs/stars-1",
    "people": "/runs/pulse-1/people",
    "notes": "/notes",
    "audit": "/audit",
    "access": "/access",
    "not-found": "/runs/none",
    "sign-in": "/sign-in",
}
MIX = Mix((Margin("region", (("emea", 50.0), ("americas", 50.0))), Margin("size", (("small", 70.0), ("large", 30.0)))))
LONELY = 2  # which run of the series hardly anybody answered
WIDTHS = (360, 1400)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
_CHARTS = "() => [...document.querySelectorAll('.chart')].every(each => each.dataset.drawn)"
_SERIOUS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => `${each.id}: ${each.nodes.map(node => node.html.slice(0, 120)).join(" | ")}`)"""
_TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
_BLOCKED = """() => new Promise(resolve => {
    document.addEventListener("securitypolicyviolation", each => resolve(each.effectiveDirective));
    setTimeout("document.title = 'evaluated'", 0);
})"""
_FOCUS = "() => document.activeElement.textContent.trim()"


@dataclass
class Stage:
    """A browser in front of a dashboard, and what went wrong in it."""

    browser: Browser
    site: Site
    problems: list[str] = field(default_factory=list)

    async def visitor(
        self, width: int, scheme: Scheme = "light", *, role: Role | None = Role.ADMIN, scripts: bool = True
    ) -> BrowserContext:
        """Return a window, signed in unless the role is None."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
        )
        if role is not None:
            visitor = Visitor(HOME, role.value, f"Sample {role.value}")
            link = await local_link(self.site.parts, visitor, str(id(context)))
            page = await context.new_page()
            await page.goto(link.replace("http://127.0.0.1", self.site.url))
            await page.close()
        return context

    async def open(self, context: BrowserContext, path: str) -> Page:
        page = await context.new_page()
        page.on("console", lambda told: self.problems.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        await page.goto(f"{self.site.url}{path}")
        return page


async def remark(store: Store, run: Run) -> None:
    """Let a page of texts have all that it can have: themes by a machine and by hand, one put away, and tags."""
    places = (await read_places(store, run)).places["why"]
    refs = for_the_machine(await find_themes(store, run.run, "why"), [one.ref for one in places], run.survey)
    said = await read_texts(store, run, "why", sorted(places, key=lambda one: one.ref))
    found = found_in(Task(tuple(one.text for one in said), 3))
    themes = await keep_made(store, run, "why", refs, found, texts=len(places), now=NOW)
    first, *_, last = (one.id for one in themes.themes)
    await rename_theme(store, run.run, "why", first, "What we hear from those who have just begun, and of their setup")
    await put_away_theme(store, run.run, "why", last)
    for place in places[:7:3]:
        await add_tag(store, run.run, "why", place.ref, "to be asked again at the roundtable")
    await add_tag(store, run.run, "why", places[0].ref, "slow")


async def in_waves(store: Store, clock: Clock) -> None:
    """Let a run go out in waves: one segment is sure, one is asked on, one was asked to the last."""
    house = WaveHouse(store, clock)
    await house.settle({"small": 60, "large": 80, "": 6})
    run = await house.start(Waves(0.4, "size", 35))
    await house.wave_leaves()
    for number, person in enumerate(await house.asked(run)):
        await house.answer(run, person, 4 + number % 2 if "small" in person else 1 + 4 * (number % 2))
    clock.pass_s(24 * 3600)
    for _ in range(2):
        await house.wave_leaves()


async def furnish_series(store: Store) -> None:
    """Let a schedule have run for half a year, in one month of which hardly anybody answered."""
    for number, name in enumerate(SERIES):
        people = 9 if number == LONELY else 40
        await furnish(store, people, name=name, first=10_000 + 1000 * number, seed=number)
        at = datetime(2026, 5 + number, 2, 9, 0, tzinfo=UTC)
        await store.patch("runs", name, Patch(RUN_DOC, set={"created_at": msgspec.to_builtins(at)}))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    SCREENS.mkdir(parents=True, exist_ok=True)
    clock = Clock()
    store = await open_sqlite(Path(tmp_path_factory.mktemp("dashboard")) / "hearback.db", clock=clock.time)
    await in_waves(store, clock)
    await remark(store, await furnish(store))
    await write_notes(store, 9)
    await furnish(store, 240, name="pulse-2", first=1000, mix=MIX)
    await furnish_series(store)
    async with async_playwright() as playwright, site_of(store, clock) as site:
        site.parts.live.every /= 10  # no waiting in a test
        await site.parts.tallier.catch_up("pulse-1")
        await site.parts.tallier.catch_up("pulse-2")
        for name in SERIES:
            await site.parts.tallier.catch_up(name)
        browser = await launched(playwright)
        yield Stage(browser, site)
        await browser.close()
    await store.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
async def test_a_page_can_be_read_by_everybody(stage: Stage, name: str, width: int, scheme: Scheme) -> None:
    stage.problems.clear()
    context = await stage.visitor(width, scheme, role=None if name == "sign-in" else Role.ADMIN)
    page = await stage.open(context, PAGES[name])
    await page.wait_for_function(_CHARTS)
    await page.screenshot(path=SCREENS / f"dashboard-{name}-{width}-{scheme}.png", full_page=True)
    assert await page.evaluate(_TOO_WIDE) <= 0
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    assert await page.evaluate(_SERIOUS) == []
    assert [one for one in stage.problems if "404 (Not Found)" not in one or name != "not-found"] == []
    await context.close()


async def test_charts_are_drawn_without_evaluating_code(stage: Stage) -> None:
    stage.problems.clear()
    context = await stage.visitor(1400)
    page = await stage.open(context, "/runs/pulse-1/results")
    await page.wait_for_function(_CHARTS)
    assert await page.locator(".chart canvas").count() == 8
    assert await page.locator(".chart picture").first.is_hidden()
    await page.locator(".chart canvas").nth(1).hover(position={"x": 20, "y": 60})
    await expect(page.locator("#vg-tooltip-element.visible")).to_contain_text("Share")
    assert stage.problems == []
    assert await page.evaluate(_BLOCKED) == "script-src"
    await context.close()


async def test_a_point_over_time_says_its_run_and_interval(stage: Stage) -> None:
    stage.problems.clear()
    context = await stage.visitor(1400)
    page = await stage.open(context, PAGES["over-time"])
    await page.wait_for_function(_CHARTS)
    box = await page.locator(".trends canvas").first.bounding_box()
    assert box is not None
    told = page.locator("#vg-tooltip-element.visible")
    right = THEMES["light"]["padding"]["right"] + EDGE  # type: ignore[index]  # a specification is plain data
    for down in range(0, int(box["height"]), 3):
        await page.mouse.move(box["x"] + box["width"] - right, box["y"] + down)
        if await told.is_visible():
            break
    await expect(told).to_contain_text(SERIES[-1])
    await expect(told).to_contain_text("95 %")
    assert stage.problems == []
    await context.close()


async def test_without_javascript_there_are_pictures(stage: Stage) -> None:
    context = await stage.visitor(1400, scripts=False)
    page = await stage.open(context, "/runs/pulse-1/results")
    first = page.locator(".chart img").first
    await first.scroll_into_view_if_needed()
    await expect(first).to_be_visible()
    box = await first.bounding_box()
    assert box is not None
    assert box["height"] > 100
    await context.close()


async def test_a_run_moves_while_one_watches(stage: Stage) -> None:
    context = await stage.visitor(1400)
    page = await stage.open(context, "/runs/pulse-1")
    answered = page.locator(".tile").first.locator("strong")
    before = int(await answered.inner_text())
    some = await anext(deliveries(stage.site.store, "pulse-1", states=frozenset({DeliveryState.SENT})))
    await stage.site.store.patch("runs", "pulse-1", Patch(some.id, set={"state": "answered"}))
    stage.site.parts.live.forget()
    await expect(answered).to_have_text(str(before + 1))
    await context.close()


async def test_the_content_is_one_key_away(stage: Stage) -> None:
    context = await stage.visitor(1400)
    page = await stage.open(context, "/runs/pulse-1/results")
    await page.keyboard.press("Tab")
    assert await page.evaluate(_FOCUS) == "Skip to the content"
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    assert await page.evaluate(_FOCUS) == "Overview"
    assert await page.evaluate("() => document.activeElement.closest('main') !== null")
    await context.close()


async def test_a_printout_has_no_buttons(stage: Stage) -> None:
    context = await stage.visitor(1400, "dark")
    page = await stage.open(context, "/runs/pulse-1/results")
    await page.wait_for_function(_CHARTS)
    await page.emulate_media(media="print", color_scheme="dark")
    for part in (".top", ".tabs", ".files"):
        await expect(page.locator(part).first).to_be_hidden()
    assert await page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    await context.close()


async def test_a_file_is_downloaded(stage: Stage) -> None:
    context = await stage.visitor(1400)
    page = await stage.open(context, "/runs/pulse-1/results")
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="Excel file of all answers").click()
    assert (await coming.value).suggested_filename == "pulse-1-answers.xlsx"
    await context.close()


async def test_an_admin_tags_a_text_and_corrects_a_theme_without_javascript(stage: Stage) -> None:
    context = await stage.visitor(360, scripts=False)
    page = await stage.open(context, "/runs/pulse-1/texts?question=why")
    await page.get_by_text("Tag or move", exact=True).nth(1).click()
    await page.get_by_label("Tag", exact=True).nth(1).fill("Sample tag")
    await page.get_by_role("button", name="Add the tag to text 2", exact=True).click()
    await expect(page.locator(".text").nth(1).locator(".tag")).to_have_text(["sample tag"])
    await page.get_by_label("Correct the theme").nth(1).click()
    await page.get_by_label("Name", exact=True).nth(1).fill("A sample name")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="A sample name corrected by hand")).to_be_visible()
    await context.close()


async def test_notes_are_narrowed_down(stage: Stage) -> None:
    context = await stage.visitor(360, role=Role.ENGINEER)
    page = await stage.open(context, "/notes")
    await page.get_by_text("Company, product or tag").click()
    await page.get_by_label("Company", exact=True).fill("fabrikam")
    await page.keyboard.press("Enter")
    await expect(page.locator(".text")).to_have_count(9)
    await expect(page.get_by_label("Company", exact=True)).to_be_visible()
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    assert await page.evaluate(_SERIOUS) == []
    assert await page.evaluate(_TOO_WIDE) <= 0
    await page.get_by_role("link", name="Show all").click()
    await page.get_by_role("link", name="All with #slow").first.click()
    await expect(page.locator(".text")).to_have_count(9)
    await page.get_by_role("link", name="Show all").click()
    await expect(page.get_by_role("link", name="All 45")).to_be_visible()
    await page.get_by_role("link", name="The next ones").click()
    await expect(page.get_by_role("link", name="CSV file of notes")).to_have_count(0)
    await context.close()


async def test_signing_out_ends_it(stage: Stage) -> None:
    context = await stage.visitor(1400)
    page = await stage.open(context, "/")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto(f"{stage.site.url}/audit")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await context.close()


async def test_an_engineer_is_offered_what_an_engineer_may_see(stage: Stage) -> None:
    context = await stage.visitor(1400, role=Role.ENGINEER)
    page = await stage.open(context, "/")
    await expect(page.get_by_role("link", name="Audit")).to_have_count(0)
    await page.get_by_role("link", name="Results of pulse-1").click()
    await expect(page).to_have_url(f"{stage.site.url}/runs/pulse-1/results")
    await expect(page.get_by_role("link", name="Excel file of all answers")).to_have_count(0)
    await context.close()
