"""The tab in a real browser, framed by a page that plays Teams: over https, on two sites, with the library of Teams."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.async_api import Browser, FrameLocator, Page, async_playwright, expect

from dashboard.teams_tab import TAB
from simulator.entra import Account
from tests.browser.chat import SCREENS
from tests.browser.chromium import launched
from tests.dashboard.cloud import ADMIN, ENGINEER, Cloud, cloud_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

US, TEAMS, EVIL = "hearback.example", "teams.microsoft.com", "evil.example"
# What Teams answers to its library: who it is, and the token. Everything else it leaves unanswered.
HOST_PAGE = """<!doctype html><title>Sample host</title>
<iframe id="tab" src="{tab}" width="{width}" height="820" style="border: 0"></iframe>
<script>
window.addEventListener("message", async (event) => {{
  const {{ id, uuidAsString, func }} = event.data;
  const answer = (...args) => event.source.postMessage({{ id, uuidAsString, args }}, event.origin);
  if (func === "initialize") answer("content", "web", '{{"apiVersion": 4, "supports": {{}}}}', "2.58.0");
  if (func === "authentication.getAuthToken") {{
    const token = await (await fetch("/token")).text();
    if (token) answer(true, token); else answer(false, "resourceRequiresConsent");
  }}
}});
</script>"""


@dataclass
class Stage:
    """A browser, the service, and other sites, one of which is Teams."""

    browser: Browser
    cloud: Cloud
    signs_in: Account | None = ADMIN  # in Teams; None: Teams does not give its token

    async def open(self, host: str, path: str = TAB, *, width: int = 1200) -> tuple[Page, FrameLocator]:
        """Return a page of a site that frames one of ours, and the frame."""
        context = await self.browser.new_context(
            ignore_https_errors=True, viewport={"width": width + 20, "height": 900}
        )
        page = await context.new_page()
        await page.goto(f"https://{host}/?tab=https://{US}{path}&width={width}")
        return page, page.frame_locator("#tab")


def tls(folder: Path) -> ssl.SSLContext:
    """Return what a server needs to speak https, with a certificate that nobody vouches for."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(one) for one in (US, TEAMS, EVIL)])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    signed = (
        made.not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "sample.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private + signed.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    SCREENS.mkdir(parents=True, exist_ok=True)
    folder = tmp_path_factory.mktemp("tab")
    secure = tls(folder)
    async with cloud_of(folder, public=f"https://{US}", tls=secure) as cloud, async_playwright() as playwright:
        found: list[Stage] = []

        async def show(request: web.Request) -> web.Response:
            said = request.query
            html = HOST_PAGE.format(tab=escape(said["tab"]), width=int(said["width"]))
            return web.Response(text=html, content_type="text/html")

        async def token(_request: web.Request) -> web.Response:
            account = found[0].signs_in
            return web.Response(text=cloud.tab_token(account) if account else "")

        app = web.Application()
        app.router.add_get("/", show)
        app.router.add_get("/token", token)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=secure).start()
        others = "{}:{}".format(*runner.addresses[0][:2])
        names = {US: cloud.url.removeprefix("https://"), TEAMS: others, EVIL: others}
        browser = await launched(playwright, names=names)
        found.append(Stage(browser, cloud))
        yield found[0]
        await browser.close()
        await runner.cleanup()


@pytest.fixture(autouse=True)
def back_to_the_admin(stage: Stage) -> None:
    stage.signs_in = ADMIN


@pytest.mark.parametrize("width", [360, 1200])
async def test_whoever_opens_the_tab_in_teams_is_in(stage: Stage, width: int) -> None:
    page, tab = await stage.open(TEAMS, width=width)
    await expect(tab.get_by_role("heading", name="Overview")).to_be_visible()
    await expect(tab.get_by_text("Sample Admin")).to_have_count(1)  # out of sight where there is no room
    await page.screenshot(path=SCREENS / f"dashboard-tab-{width}.png")
    assert await page.frames[1].evaluate("() => document.documentElement.scrollWidth") <= width
    (cookie,) = await page.context.cookies()
    assert cookie["name"] == "__Host-hearback-teams"
    assert (cookie["sameSite"], cookie["secure"], cookie["httpOnly"]) == ("None", True, True)
    assert cookie["partitionKey"] == "https://microsoft.com"
    await page.context.close()


async def test_in_the_tab_one_goes_from_page_to_page_and_changes_things(stage: Stage) -> None:
    page, tab = await stage.open(TEAMS)
    await tab.get_by_role("link", name="Access").click()
    await tab.get_by_label("Name").fill("Sample report")
    await tab.get_by_role("button", name="Make").click()
    await expect(tab.get_by_text("Sample report").first).to_be_visible()
    assert [one.name for one in await stage.cloud.parts.tokens.all()] == ["Sample report"]
    await page.context.close()


async def test_the_tab_has_the_role_of_the_chat(stage: Stage) -> None:
    stage.signs_in = ENGINEER
    page, tab = await stage.open(TEAMS)
    await expect(tab.get_by_role("heading", name="Overview")).to_be_visible()
    await expect(tab.get_by_role("link", name="Audit")).to_have_count(0)
    await page.context.close()


async def test_where_teams_gives_no_token_the_tab_says_why(stage: Stage) -> None:
    stage.signs_in = None
    page, tab = await stage.open(TEAMS)
    await expect(tab.get_by_role("alert")).to_contain_text("has to allow it in Entra")
    await page.context.close()


async def test_somebody_of_another_organisation_is_told_that_it_is_not_for_them(stage: Stage) -> None:
    stage.signs_in = Account(ADMIN.object_id, "Sample Customer", "22222222-2222-2222-2222-222222222222")
    page, tab = await stage.open(TEAMS)
    await expect(tab.get_by_role("alert")).to_contain_text("Only members of the organisation")
    assert await page.context.cookies() == []
    await page.context.close()


@pytest.mark.parametrize(("host", "path"), [(EVIL, TAB), (EVIL, "/"), (TEAMS, "/sign-in")])
async def test_no_other_site_frames_a_page_and_teams_none_but_the_tab(stage: Stage, host: str, path: str) -> None:
    page, tab = await stage.open(host, path)
    await page.wait_for_load_state("networkidle")
    assert page.frames[1].url == "chrome-error://chromewebdata/"
    await expect(tab.get_by_role("heading")).to_have_count(0)
    await page.context.close()


async def test_the_session_of_the_tab_does_not_follow_to_another_site(stage: Stage) -> None:
    """In the very same browser: a page of another site, and our own pages beside Teams."""
    page, tab = await stage.open(TEAMS)
    await expect(tab.get_by_role("heading", name="Overview")).to_be_visible()
    beside = await page.context.new_page()
    await beside.goto(f"https://{US}/audit")
    await expect(beside.get_by_role("heading", name="Sign in")).to_be_visible()
    await beside.goto(f"https://{EVIL}/?tab=https://{US}/audit&width=800")
    asked = f"fetch('https://{US}/api/runs', {{credentials: 'include', mode: 'no-cors'}})"
    assert await beside.evaluate(f"() => {asked}.then(() => 'given', () => 'blocked')") == "blocked"
    await page.context.close()


async def test_outside_teams_the_page_says_where_to_go(stage: Stage) -> None:
    context = await stage.browser.new_context(ignore_https_errors=True)
    page = await context.new_page()
    await page.goto(f"https://{US}{TAB}")
    await expect(page.get_by_role("alert")).to_contain_text("This page is for Teams.")
    await expect(page.get_by_role("link", name="Open in the browser")).to_have_attribute("href", "/")
    await context.close()
