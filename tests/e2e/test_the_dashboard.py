"""The whole of it on either store: a survey goes out and is answered, and an admin who signs in sees it happen."""

import csv
import io
import re
from collections.abc import AsyncIterator

import pytest

from dashboard.doors import BACK
from settings import Settings
from simulator import Person, Teams, card_text
from simulator.entra import Account
from tests.dashboard.site import Browser
from tests.e2e.conftest import ADMIN, ELSEWHERE, STORES, Service

PUBLIC = "http://127.0.0.1:1"
ANSWERS = {"q_nps": "9", "q_why": "=1+1 It is fast.", "q_tools": "phone,laptop"}

pytestmark = STORES


@pytest.fixture
def settings(settings: Settings, teams: Teams, store_at: dict[str, str]) -> Settings:
    """The usual settings, and an address for the dashboard."""
    teams.login.entra.redirect_urls.add(f"{PUBLIC}{BACK}")
    return Settings.from_env(
        {
            **teams.environment(),
            **store_at,
            "HEARBACK_ADMINS": ADMIN,
            "HEARBACK_ALLOWED_TENANTS": ELSEWHERE,
            "HEARBACK_CONTACTS_PER_30_DAYS": str(settings.contacts_per_30_days),
            "HEARBACK_QUIET_HOURS": "off",
            "HEARBACK_PUBLIC_URL": PUBLIC,
        }
    )


@pytest.fixture
async def browser(service: Service) -> AsyncIterator[Browser]:
    browser = Browser(service.url)
    yield browser
    await browser.session.close()


async def signed_in(browser: Browser, teams: Teams, object_id: str) -> None:
    teams.login.entra.signs_in = Account(object_id, "Sample")
    led = (await browser.get("/sign-in/microsoft")).headers["Location"]
    async with browser.session.get(led, allow_redirects=False) as answer:
        back = answer.headers["Location"].removeprefix(PUBLIC)
    assert (await browser.get(back)).status == 303


async def token_of(browser: Browser, path: str = "/") -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', await (await browser.get(path)).text())
    assert found is not None
    return found[1]


async def test_an_admin_signs_in_and_sees_what_happens(asked: Person, teams: Teams, browser: Browser) -> None:
    await asked.press("answer", ANSWERS)
    await signed_in(browser, teams, ADMIN)
    results = await (await browser.get("/runs/pulse-1/results")).text()
    assert "<strong>+100</strong>" in results
    assert "=1+1 It is fast." in results
    live = await (await browser.get("/runs/pulse-1")).text()
    assert "Everybody, by state" in live
    for path in ("/", "/runs/pulse-1/people", "/runs/pulse-1/coverage", "/access"):
        assert (await browser.get(path)).status == 200, path
    rows = list(csv.DictReader(io.StringIO((await browser.body("/api/runs/pulse-1/export.csv")).decode("utf-8-sig"))))
    assert [(row["person"], row["nps"], row["why"], row["tools.phone"]) for row in rows] == [
        (f"{ELSEWHERE}:{asked.who.object_id}", "9", "'=1+1 It is fast.", "1")
    ]
    assert "answers.csv" in await (await browser.get("/audit")).text()


async def test_the_chat_leads_to_the_pages(asked: Person, admin: Person, browser: Browser) -> None:
    assert asked
    for words, path in (("dashboard", "/"), ("dashboard pulse", "/runs/pulse-1/results")):
        await admin.say(words)
        (address,) = [str(one["url"]) for one in admin.card()["actions"]]  # type: ignore[attr-defined]
        assert address == f"{PUBLIC}{path}"
        assert (await browser.get(path)).status == 303  # the address alone opens nothing
    await admin.say("dashboard nothing")
    assert "There is no run called" in card_text(admin.card())
    await asked.say("dashboard")
    assert "actions" not in asked.card() or PUBLIC not in str(asked.card())


async def test_a_session_outlives_a_restart_and_not_a_sign_out(
    asked: Person, service: Service, teams: Teams, browser: Browser
) -> None:
    assert asked
    await signed_in(browser, teams, ADMIN)
    cookie = browser.cookie()
    await service.restart()
    again = Browser(service.url)
    again.take_cookie(cookie)
    try:
        assert (await again.get("/audit")).status == 200
        assert (await again.post("/sign-out", token=await token_of(again))).status == 303
        again.take_cookie(cookie)
        assert (await again.get("/audit")).status == 303
    finally:
        await again.session.close()


async def test_a_token_works_from_making_to_ending(service: Service, teams: Teams, browser: Browser) -> None:
    await signed_in(browser, teams, ADMIN)
    form = await token_of(browser, "/access")
    page = await (await browser.post("/access", token=form, name="Report", purpose="results", days="30")).text()
    secret = re.search(r"hearback_[\w-]+", page)
    key = re.search(r'name="id" value="([^"]+)"', page)
    assert secret is not None
    assert key is not None
    script = Browser(service.url)
    try:
        assert (await script.get("/api/runs", Authorization=f"Bearer {secret[0]}")).status == 200
        assert (await browser.post("/access/end", token=form, id=key[1])).status == 303
        assert (await script.get("/api/runs", Authorization=f"Bearer {secret[0]}")).status == 401
    finally:
        await script.session.close()


async def test_a_customer_of_the_home_tenant_that_is_no_admin_sees_no_names(
    asked: Person, teams: Teams, browser: Browser
) -> None:
    await asked.press("answer", ANSWERS)
    await signed_in(browser, teams, "aaaaaaaa-0000-0000-0000-000000000009")
    assert (await browser.get("/runs/pulse-1/results")).status == 200
    for path in ("/runs/pulse-1", "/runs/pulse-1/people", "/runs/pulse-1/people.csv", "/audit", "/access"):
        assert (await browser.get(path)).status == 403
