"""Signing in by the printed link, and sessions: what a stolen cookie, a forged form or another site cannot do."""

import re

import pytest
from aiohttp import web

from dashboard.opening import local_link
from dashboard.sessions import GOOD_FOR, OVERLAP, TURNS_AFTER, Visitor
from feedback.people.people import Role
from store.contract import Store
from tests.conftest import Clock
from tests.dashboard.house import HOME
from tests.dashboard.site import Browser, Site, site_of

CODE = "a-sample-code-of-a-sample-link"
VISITOR = Visitor(HOME, Role.ADMIN.value, "Sample Admin")


async def token_of(browser: Browser) -> str:
    """Return the token in the form on a page."""
    found = re.search(r'name="token" value="([0-9a-f]+)"', await (await browser.get("/")).text())
    assert found is not None
    return found[1]


async def test_the_printed_link_signs_in_once(site: Site) -> None:
    link = await local_link(site.parts, VISITOR, CODE)
    path = link.partition("127.0.0.1")[2]
    first, second = site.browser(), site.browser()
    assert (await first.get(path)).status == 303
    assert (await first.get("/audit")).status == 200
    assert (await second.get(path)).status == 403
    assert (await second.get("/audit")).status == 303


@pytest.mark.parametrize("code", ["", "x", CODE[:-1], f"{CODE}x", "%00"])
async def test_another_code_signs_nobody_in(site: Site, code: str) -> None:
    await local_link(site.parts, VISITOR, CODE)
    browser = site.browser()
    assert (await browser.get(f"/sign-in/once?code={code}")).status == 403
    assert browser.cookie() == ""


async def test_a_printed_link_ends_after_a_day(site: Site, clock: Clock) -> None:
    await local_link(site.parts, VISITOR, CODE)
    clock.pass_s(24 * 3600 + 1)
    assert (await site.browser().get(f"/sign-in/once?code={CODE}")).status == 403


async def test_the_store_holds_neither_code_nor_cookie(site: Site, embedded: Store) -> None:
    await local_link(site.parts, VISITOR, CODE)
    browser = await site.visitor(Role.ADMIN)
    kept = str((await embedded.query("state")).docs)
    assert CODE not in kept
    assert browser.cookie().partition(".")[0] not in kept


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(embedded: Store, clock: Clock) -> None:
    async with site_of(embedded, clock, address="https://hearback.example") as public:
        response = web.Response()
        await public.parts.sessions.begin(VISITOR, response)
        cookie = response.cookies["__Host-hearback"].OutputString()
        assert cookie.startswith("__Host-hearback=")
        assert {"HttpOnly", "Secure", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
        assert "Domain" not in cookie
        assert (await public.browser().get("/sign-in")).headers["Strict-Transport-Security"]


async def test_a_changed_cookie_is_nobody(site: Site) -> None:
    good = (await site.visitor(Role.ADMIN)).cookie()
    name, turn, signature = good.split(".")
    for forged in (
        f"{name}.1.{signature}",
        f"{name}x.{turn}.{signature}",
        f"{name}.{turn}.{signature[:-1]}",
        f"{name}.{turn}",
        name,
        "..",
        "ü.0.0",
    ):
        browser = site.browser()
        reply = await browser.get("/audit", Cookie=f"hearback={forged}".encode().decode("latin-1"))
        assert reply.status == 303, forged


async def test_a_session_ends_after_a_working_day(site: Site, clock: Clock) -> None:
    visitor = await site.visitor(Role.ADMIN)
    clock.pass_s(GOOD_FOR.total_seconds() - 1)
    assert (await visitor.get("/audit")).status == 200
    clock.pass_s(1)
    assert (await visitor.get("/audit")).status == 303


async def test_signing_out_ends_the_session_wherever_its_cookie_is(site: Site) -> None:
    visitor, copy = await site.visitor(Role.ADMIN), site.browser()
    copy.take_cookie(visitor.cookie())
    assert (await copy.get("/audit")).status == 200
    assert (await visitor.post("/sign-out", token=await token_of(visitor))).status == 303
    assert visitor.cookie() == ""
    assert (await copy.get("/audit")).status == 303


@pytest.mark.parametrize("token", ["", "0" * 64, "ü"])
async def test_a_form_of_another_site_changes_nothing(site: Site, token: str) -> None:
    visitor = await site.visitor(Role.ADMIN)
    assert (await visitor.post("/sign-out", token=token)).status == 403
    assert (await visitor.post("/sign-out")).status == 403
    assert (await visitor.get("/audit")).status == 200


async def test_the_token_of_another_session_is_not_taken(site: Site) -> None:
    visitor, other = await site.visitor(Role.ADMIN), await site.visitor(Role.ADMIN)
    assert (await visitor.post("/sign-out", token=await token_of(other))).status == 403


async def test_the_cookie_changes_while_somebody_works(site: Site, clock: Clock) -> None:
    visitor = await site.visitor(Role.ADMIN)
    first = visitor.cookie()
    await visitor.get("/")
    assert visitor.cookie() == first
    clock.pass_s(TURNS_AFTER.total_seconds())
    await visitor.get("/")
    assert visitor.cookie() != first
    assert (await visitor.get("/audit")).status == 200


async def test_a_stolen_cookie_ends_the_session_once_it_has_been_replaced(site: Site, clock: Clock) -> None:
    visitor, thief = await site.visitor(Role.ADMIN), site.browser()
    stolen = visitor.cookie()
    clock.pass_s(TURNS_AFTER.total_seconds())
    await visitor.get("/")
    await visitor.get("/")
    clock.pass_s(OVERLAP.total_seconds())
    thief.take_cookie(stolen)
    assert (await thief.get("/audit")).status == 303
    assert (await visitor.get("/audit")).status == 303


async def test_a_thief_who_comes_first_is_found_out_when_the_owner_comes(site: Site, clock: Clock) -> None:
    visitor, thief = await site.visitor(Role.ADMIN), site.browser()
    thief.take_cookie(visitor.cookie())
    clock.pass_s(TURNS_AFTER.total_seconds())
    await thief.get("/")
    assert (await thief.get("/audit")).status == 200
    clock.pass_s(OVERLAP.total_seconds())
    assert (await visitor.get("/audit")).status == 303
    assert (await thief.get("/audit")).status == 303


async def test_requests_on_their_way_survive_the_change(site: Site, clock: Clock) -> None:
    visitor, tab = await site.visitor(Role.ADMIN), site.browser()
    old = visitor.cookie()
    clock.pass_s(TURNS_AFTER.total_seconds())
    await visitor.get("/")
    await visitor.get("/")
    tab.take_cookie(old)
    assert (await tab.get("/audit")).status == 200


async def test_a_new_cookie_that_never_arrived_is_given_again(site: Site, clock: Clock) -> None:
    visitor = await site.visitor(Role.ADMIN)
    old = visitor.cookie()
    clock.pass_s(TURNS_AFTER.total_seconds())
    await visitor.get("/")
    new = visitor.cookie()
    clock.pass_s(10 * OVERLAP.total_seconds())
    visitor.take_cookie(old)
    assert (await visitor.get("/audit")).status == 200
    assert visitor.cookie() == new


async def test_signing_in_again_ends_the_session_before(site: Site) -> None:
    await local_link(site.parts, VISITOR, CODE)
    visitor, copy = await site.visitor(Role.ADMIN), site.browser()
    copy.take_cookie(visitor.cookie())
    await visitor.get(f"/sign-in/once?code={CODE}")
    assert (await visitor.get("/audit")).status == 200
    assert (await copy.get("/audit")).status == 303


@pytest.mark.parametrize(
    "path", ["/", "/audit", "/sign-in", "/runs/none", "/runs/pulse-1/charts/nps.svg", "/static/mark.svg"]
)
async def test_every_answer_keeps_other_sites_out(site: Site, path: str) -> None:
    headers = (await (await site.visitor(Role.ADMIN)).get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
