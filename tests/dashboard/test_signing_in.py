"""Signing in with Microsoft Entra: the real service, an Entra with signed tokens, and a browser between them."""

from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from app import create_app
from dashboard.doors import BACK, door_to, own_path
from dashboard.opening import PARTS
from settings import Settings
from simulator import Fault, Teams
from simulator.entra import Account
from tests.dashboard.cloud import ADMIN, ELSEWHERE, ENGINEER, HOME, Cloud
from tests.dashboard.site import Browser


async def refused(cloud: Cloud, account: Account = ADMIN) -> str:
    """Try to sign in, and return what the page says that refuses it."""
    cloud.entra.signs_in = account
    browser = cloud.browser()
    reply = await browser.get(await cloud.to_microsoft(browser))
    assert reply.status == 403
    assert browser.cookie() == ""
    assert (await browser.get("/")).status == 303
    return await reply.text()


async def test_an_admin_signs_in_and_is_an_admin(cloud: Cloud) -> None:
    browser = await cloud.signed_in(ADMIN)
    page = await browser.get("/audit")
    assert page.status == 200
    assert "Sample Admin" in await page.text()


async def test_an_engineer_signs_in_and_is_no_admin(cloud: Cloud) -> None:
    browser = await cloud.signed_in(ENGINEER)
    assert (await browser.get("/")).status == 200
    assert (await browser.get("/audit")).status == 403


async def test_one_comes_back_to_the_page_one_wanted(cloud: Cloud) -> None:
    cloud.entra.signs_in = ADMIN
    browser = cloud.browser()
    led = (await browser.get("/runs/pulse-1/results?x=1")).headers["Location"]
    page = await (await browser.get(led)).text()
    assert 'href="/sign-in/microsoft?to=%2Fruns%2Fpulse-1%2Fresults%3Fx%3D1"' in page
    back = await cloud.to_microsoft(browser, "/sign-in/microsoft?to=%2Fruns%2Fpulse-1%2Fresults%3Fx%3D1")
    assert (await browser.get(back)).headers["Location"] == "/runs/pulse-1/results?x=1"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/a\\b",
        "javascript:alert(1)",
        "",
        "/a b",
        "/a\r\nb",
    ],
)
async def test_signing_in_leads_to_no_other_site(cloud: Cloud, path: str) -> None:
    assert own_path(path) == "/"
    assert own_path("/runs/pulse-1?a=b") == "/runs/pulse-1?a=b"
    assert door_to("/audit") == "/sign-in?to=%2Faudit"
    assert cloud


async def test_a_code_a_state_and_an_answer_are_good_once(cloud: Cloud) -> None:
    cloud.entra.signs_in = ADMIN
    browser = cloud.browser()
    back = await cloud.to_microsoft(browser)
    assert (await browser.get(back)).status == 303
    assert (await browser.get(back)).status == 403
    assert cloud.entra.redeemed == 1


async def test_an_answer_in_another_browser_signs_nobody_in(cloud: Cloud) -> None:
    """Somebody lures a victim into their own session, or has caught an answer on its way."""
    cloud.entra.signs_in = ADMIN
    back = await cloud.to_microsoft(cloud.browser())
    victim = cloud.browser()
    assert (await victim.get(back)).status == 403
    assert victim.cookie() == ""
    other = cloud.browser()
    await cloud.to_microsoft(other)
    assert (await other.get(back)).status == 403
    assert cloud.entra.redeemed == 0


async def test_a_state_that_we_did_not_give_is_refused(cloud: Cloud) -> None:
    cloud.entra.signs_in = ADMIN
    browser = cloud.browser()
    back = await cloud.to_microsoft(browser)
    code = parse_qs(urlsplit(back).query)["code"][0]
    for query in (f"code={code}", f"code={code}&state=x", f"code={code}&state=", "error=access_denied"):
        assert (await browser.get(f"{BACK}?{query}")).status == 403
    assert cloud.entra.redeemed == 0


async def test_the_cookie_of_a_sign_in_is_gone_after_it(cloud: Cloud) -> None:
    browser = await cloud.signed_in(ADMIN)
    assert [one.key for one in browser.session.cookie_jar] == ["hearback"]


async def test_whoever_changes_their_mind_is_not_signed_in(cloud: Cloud) -> None:
    cloud.entra.signs_in = None
    browser = cloud.browser()
    reply = await browser.get(await cloud.to_microsoft(browser))
    assert reply.status == 403
    assert "Microsoft did not let you in." in await reply.text()


FORGED: dict[str, dict[str, object]] = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "a nonce that is no text": {"nonce": 5},
    "another audience": {"aud": "another-app"},
    "several audiences": {"aud": ["another-app", "ours"]},
    "no audience": {"aud": None},
    "another issuer": {"iss": "https://evil.example/v2.0"},
    "the issuer of another tenant": {"iss": f"https://login.example/{ELSEWHERE}/v2.0"},
    "a tenant that is not the issuer's": {"tid": ELSEWHERE},
    "no tenant": {"tid": None},
    "no object id": {"oid": None},
    "an empty object id": {"oid": ""},
    "an object id that is no text": {"oid": 7},
    "no expiry": {"exp": None},
    "no subject": {"sub": None},
    "not yet valid": {"nbf": int(datetime(2100, 1, 1).timestamp())},  # noqa: DTZ001
}


@pytest.mark.parametrize("claims", FORGED.values(), ids=FORGED)
async def test_a_token_that_says_something_else_is_refused(cloud: Cloud, claims: dict[str, object]) -> None:
    if claims.get("aud") == ["another-app", "ours"]:
        claims = {"aud": ["another-app", cloud.teams.app_id]}
    cloud.entra.claims = claims
    assert "Signing in did not work." in await refused(cloud)


async def test_a_token_that_is_over_is_refused(cloud: Cloud) -> None:
    cloud.entra.expires_in_s = -301
    assert "Signing in did not work." in await refused(cloud)


async def test_a_token_of_another_key_is_refused(cloud: Cloud) -> None:
    cloud.entra.signed_by = cloud.teams.tokens.stray_key()
    await refused(cloud)
    cloud.entra.signed_by = cloud.teams.tokens.stray_key(kid=cloud.teams.tokens.keys[-1].kid)
    await refused(cloud)


@pytest.mark.parametrize("algorithm", ["none", "RS512"])
async def test_a_token_by_another_algorithm_is_refused(cloud: Cloud, algorithm: str) -> None:
    cloud.entra.algorithm = algorithm
    await refused(cloud)


async def test_a_key_that_is_new_is_fetched(cloud: Cloud) -> None:
    await cloud.signed_in(ADMIN)
    cloud.teams.tokens.rotate(keep_old=False)
    assert "Signing in did not work." in await refused(cloud)  # a new key is looked for once a minute


@pytest.mark.parametrize("claims", [{"idp": f"https://sts.windows.net/{ELSEWHERE}/"}, {"acct": 1}])
async def test_a_guest_of_the_home_tenant_is_not_a_member(cloud: Cloud, claims: dict[str, object]) -> None:
    cloud.entra.claims = claims
    assert "guests of it cannot" in await refused(cloud)


async def test_somebody_of_another_tenant_is_refused(cloud: Cloud) -> None:
    assert "Only members of the organisation" in await refused(cloud, Account(ADMIN.object_id, "Sample", ELSEWHERE))


async def test_without_microsoft_nobody_is_signed_in_and_it_says_so(cloud: Cloud) -> None:
    cloud.entra.signs_in = ADMIN
    browser = cloud.browser()
    back = await cloud.to_microsoft(browser)
    cloud.teams.login.respond = lambda _path: Fault(503)
    reply = await browser.get(back)
    assert reply.status == 503
    assert "Microsoft cannot be reached right now." in await reply.text()
    cloud.teams.login.respond = None
    await cloud.signed_in(ADMIN)


async def test_the_link_of_development_opens_nothing_in_operation(cloud: Cloud) -> None:
    assert (await cloud.browser().get("/sign-in/once?code=anything-at-all-here")).status == 403


async def test_nobody_can_sign_in_without_an_address_and_the_page_says_why(tmp_path: Path) -> None:
    async with Teams(tenant=HOME) as teams:
        settings = Settings.from_env({**teams.environment(), "HEARBACK_STORE": f"sqlite:///{tmp_path}/hearback.db"})
        app = create_app(settings)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        browser = Browser(f"http://{host}:{port}")
        try:
            assert app[PARTS].entra is None
            assert "HEARBACK_PUBLIC_URL" in await (await browser.get("/sign-in")).text()
            assert (await browser.get("/sign-in/microsoft")).status == 403
            assert (await browser.get(f"{BACK}?code=x&state=x")).status == 403
        finally:
            await browser.session.close()
            await runner.cleanup()
