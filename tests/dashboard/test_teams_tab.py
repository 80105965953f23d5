"""Signing in from a tab of Teams: by what token, into what session, and what other sites cannot do with it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import aiohttp
import jwt
import pytest
from aiohttp import web

from dashboard.sessions import GOOD_FOR, TURNS_AFTER, Visitor
from dashboard.teams_tab import TAB, tab_to
from dashboard.templating import TEAMS_JS
from feedback.people.people import Role
from simulator.entra import Account
from tests.conftest import Clock
from tests.dashboard.cloud import ADMIN, ELSEWHERE, ENGINEER, Cloud
from tests.dashboard.house import HOME
from tests.dashboard.site import Browser, Site

OURS = {"Sec-Fetch-Site": "same-origin"}
COOKIE = "__Host-hearback-teams"
STRANGERS = [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}]
MICROSOFT = "https://*.cloud.microsoft"


def cookie_in(headers: Mapping[str, str]) -> str:
    """Return the cookie of the tab that an answer sets, if it does."""
    name, _, rest = headers.get("Set-Cookie", "").partition("=")
    return rest.partition(";")[0] if name == COOKIE else ""


class Tab:
    """The tab in one person's Teams: it keeps the one cookie, as a browser does for frames of one site."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.cookie = ""

    async def enter(self, token: str, *, headers: dict[str, str] | None = None) -> aiohttp.ClientResponse:
        reply = await self.browser.post(TAB, headers=self._sent(OURS if headers is None else headers), token=token)
        return self._kept(reply)

    async def get(self, path: str, *, headers: dict[str, str] | None = None) -> aiohttp.ClientResponse:
        return self._kept(await self.browser.get(path, **self._sent(OURS if headers is None else headers)))

    async def post(self, path: str, *, headers: dict[str, str] | None = None, **fields: str) -> aiohttp.ClientResponse:
        return self._kept(
            await self.browser.post(path, fields, headers=self._sent(OURS if headers is None else headers))
        )

    def _sent(self, headers: dict[str, str]) -> dict[str, str]:
        return {**headers, **({"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {})}

    def _kept(self, reply: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
        self.cookie = cookie_in(reply.headers) or self.cookie
        return reply


async def entered(cloud: Cloud, account: Account) -> Tab:
    tab = Tab(cloud.browser())
    reply = await tab.enter(cloud.tab_token(account))
    assert reply.status == 204, await reply.text()
    return tab


async def tab_of(site: Site, role: Role) -> Tab:
    """Return the tab of somebody with a role, signed in."""
    response = web.Response()
    await site.parts.sessions.begin(Visitor(HOME, role.value, f"Sample {role.value}"), response, is_in_teams=True)
    tab = Tab(site.browser())
    tab.cookie = cookie_in(response.headers)
    return tab


async def refused(cloud: Cloud, token: str, status: int = 403, **named: dict[str, str]) -> str:
    tab = Tab(cloud.browser())
    reply = await tab.enter(token, **named)
    assert reply.status == status
    assert tab.cookie == ""
    assert "Set-Cookie" not in reply.headers
    return await reply.text()


async def test_who_opens_the_tab_is_in_with_the_role_they_have_in_the_chat(cloud: Cloud) -> None:
    admin, engineer = await entered(cloud, ADMIN), await entered(cloud, ENGINEER)
    assert "Sample Admin" in await (await admin.get("/audit")).text()
    assert (await engineer.get("/")).status == 200
    assert (await engineer.get("/audit")).status == 403


async def test_the_audience_may_be_the_name_of_the_tab(cloud: Cloud) -> None:
    cloud.entra.claims = {"aud": f"api://127.0.0.1:1/{cloud.teams.app_id}"}
    await entered(cloud, ADMIN)


async def test_teams_on_a_desktop_is_teams_too(cloud: Cloud) -> None:
    cloud.entra.claims = {"azp": "1fec8e78-bce4-4aaf-ab1b-5451cc387264"}
    await entered(cloud, ADMIN)


FORGED: dict[str, dict[str, object]] = {
    "another audience": {"aud": "another-app"},
    "the name of another tab": {"aud": "api://elsewhere.example/another-app"},
    "several audiences": {"aud": ["another-app", "ours"]},
    "no audience": {"aud": None},
    "another issuer": {"iss": "https://evil.example/v2.0"},
    "the issuer of version 1": {"iss": "https://sts.windows.net/11111111-1111-1111-1111-111111111111/"},
    "a tenant that is not the issuer's": {"tid": ELSEWHERE},
    "no tenant": {"tid": None},
    "no object id": {"oid": None},
    "an empty object id": {"oid": ""},
    "no expiry": {"exp": None},
    "no subject": {"sub": None},
    "not yet valid": {"nbf": int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())},
    "got by another app": {"azp": "00000003-0000-0000-c000-000000000000"},
    "got by nobody": {"azp": None},
    "got by Teams in a form that is no text": {"azp": ["5e3ce6c0-2b1f-4285-8d4b-75ee78787346"]},
    "for another purpose": {"scp": "User.Read"},
    "for a purpose with a longer name": {"scp": "access_as_user_too"},
    "for no purpose": {"scp": None},
}


@pytest.mark.parametrize("claims", FORGED.values(), ids=FORGED)
async def test_a_token_that_says_something_else_is_refused(cloud: Cloud, claims: dict[str, object]) -> None:
    if claims.get("aud") == ["another-app", "ours"]:
        claims = {"aud": ["another-app", cloud.teams.app_id]}
    cloud.entra.claims = claims
    assert "Signing in did not work." in await refused(cloud, cloud.tab_token(ADMIN))


async def test_a_token_that_is_over_is_refused(cloud: Cloud) -> None:
    cloud.entra.expires_in_s = -301
    assert "Signing in did not work." in await refused(cloud, cloud.tab_token(ADMIN))


async def test_a_token_of_another_key_is_refused(cloud: Cloud) -> None:
    for kid in ("unknown", cloud.teams.tokens.keys[-1].kid):
        cloud.entra.signed_by = cloud.teams.tokens.stray_key(kid=kid)
        assert "Signing in did not work." in await refused(cloud, cloud.tab_token(ADMIN))


@pytest.mark.parametrize("algorithm", ["none", "RS512"])
async def test_a_token_by_another_algorithm_is_refused(cloud: Cloud, algorithm: str) -> None:
    cloud.entra.algorithm = algorithm
    await refused(cloud, cloud.tab_token(ADMIN))


async def test_a_token_that_was_changed_is_refused(cloud: Cloud) -> None:
    head, body, signature = cloud.tab_token(ENGINEER).split(".")
    claims = jwt.utils.base64url_decode(body).replace(ENGINEER.object_id.encode(), ADMIN.object_id.encode())
    forged = f"{head}.{jwt.utils.base64url_encode(claims).decode()}.{signature}"
    assert "Signing in did not work." in await refused(cloud, forged)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ü.ü.ü", "x" * 100_001])
async def test_what_is_no_token_is_refused(cloud: Cloud, token: str) -> None:
    await refused(cloud, token)


async def test_the_token_of_the_other_sign_in_is_not_taken(cloud: Cloud) -> None:
    """An ID token is for the same app and the same person, and was never meant to be handed on."""
    cloud.entra.claims = {"azp": None, "scp": None, "nonce": "sample"}
    assert "Signing in did not work." in await refused(cloud, cloud.tab_token(ADMIN))


async def test_the_token_of_the_tab_does_not_sign_in_elsewhere(cloud: Cloud) -> None:
    token = cloud.tab_token(ADMIN)
    assert (await cloud.browser().get("/audit", Authorization=f"Bearer {token}")).status == 303
    assert (await cloud.browser().get("/api/runs", Authorization=f"Bearer {token}")).status == 401


@pytest.mark.parametrize("claims", [{"idp": f"https://sts.windows.net/{ELSEWHERE}/"}, {"acct": 1}])
async def test_a_guest_of_the_home_tenant_is_not_a_member(cloud: Cloud, claims: dict[str, object]) -> None:
    cloud.entra.claims = claims
    assert "guests of it cannot" in await refused(cloud, cloud.tab_token(ADMIN))


async def test_a_customer_in_another_tenant_is_refused_and_told_why(cloud: Cloud) -> None:
    token = cloud.tab_token(Account(ADMIN.object_id, "Sample", ELSEWHERE))
    assert "Only members of the organisation" in await refused(cloud, token)


@pytest.mark.parametrize("headers", STRANGERS)
async def test_another_site_signs_nobody_in(cloud: Cloud, headers: dict[str, str]) -> None:
    """Not as the attacker either, whose own token would let them watch what a victim does."""
    await refused(cloud, cloud.tab_token(ENGINEER), headers=headers)


async def test_without_microsoft_nobody_is_signed_in_and_it_says_so(cloud: Cloud) -> None:
    cloud.entra.is_down = True
    assert "Microsoft cannot be reached right now." in await refused(cloud, cloud.tab_token(ADMIN), 503)
    cloud.entra.is_down = False
    await entered(cloud, ADMIN)


async def test_where_nobody_can_sign_in_the_tab_says_so_and_takes_no_token(site: Site) -> None:
    tab = Tab(site.browser())
    assert "Nobody can sign in here yet." in await (await tab.get(TAB)).text()
    assert (await tab.enter("a.b.c")).status == 403


async def test_the_cookie_is_for_frames_of_teams_alone(cloud: Cloud) -> None:
    reply = await Tab(cloud.browser()).enter(cloud.tab_token(ADMIN))
    (line,) = reply.headers.getall("Set-Cookie")
    parts = {part.strip() for part in line.split(";")}
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=None", "Partitioned"} <= parts
    assert line.startswith(f"{COOKIE}=")
    assert "Domain" not in line


@pytest.mark.parametrize("headers", STRANGERS)
async def test_the_cookie_is_worth_nothing_where_another_site_asks(site: Site, headers: dict[str, str]) -> None:
    tab = await tab_of(site, Role.ADMIN)
    assert (await tab.get("/audit")).status == 200
    assert (await tab.get("/audit", headers=headers)).status == 303
    assert (await tab.get("/api/runs/pulse-1/export.csv", headers=headers)).status == 401
    token = await form_token(tab)
    assert (
        await tab.post("/access", headers=headers, token=token, name="x", purpose="results", days="30")
    ).status == 303
    assert not await site.parts.tokens.all()


async def form_token(tab: Tab) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', await (await tab.get("/access")).text())
    assert found is not None
    return found[1]


@pytest.mark.parametrize("token", ["", "0" * 64])
async def test_a_forged_form_changes_nothing_in_the_tab_either(site: Site, token: str) -> None:
    tab = await tab_of(site, Role.ADMIN)
    assert (await tab.post("/access", token=token, name="x", purpose="results", days="30")).status == 403
    assert not await site.parts.tokens.all()
    good = await form_token(tab)
    assert (await tab.post("/access", token=good, name="x", purpose="results", days="30")).status == 200
    assert len(await site.parts.tokens.all()) == 1


async def test_a_cookie_of_the_tab_is_none_of_the_browser_and_the_other_way_round(site: Site) -> None:
    tab, browser = await tab_of(site, Role.ADMIN), await site.visitor(Role.ADMIN)
    thief = site.browser()
    thief.take_cookie(tab.cookie)
    assert (await thief.get("/audit", **OURS)).status == 303
    other = Tab(site.browser())
    other.cookie = browser.cookie()
    assert (await other.get("/audit")).status == 303


async def test_the_cookie_of_the_tab_changes_while_somebody_works(site: Site, clock: Clock) -> None:
    tab = await tab_of(site, Role.ADMIN)
    first = tab.cookie
    clock.pass_s(TURNS_AFTER.total_seconds())
    reply = await tab.get("/audit")
    assert tab.cookie != first
    assert "Partitioned" in reply.headers["Set-Cookie"]
    assert (await tab.get("/audit")).status == 200


async def test_the_session_of_the_tab_ends_after_a_working_day_and_the_tab_signs_in_again(
    site: Site, clock: Clock
) -> None:
    tab = await tab_of(site, Role.ADMIN)
    clock.pass_s(GOOD_FOR.total_seconds())
    reply = await tab.get("/runs/pulse-1/results?x=1", headers={**OURS, "Sec-Fetch-Dest": "iframe"})
    assert reply.headers["Location"] == f"{TAB}?to=%2Fruns%2Fpulse-1%2Fresults%3Fx%3D1"
    assert (await tab.get("/", headers={**OURS, "Sec-Fetch-Dest": "iframe"})).headers["Location"] == TAB
    assert (await tab.get("/")).headers["Location"] == "/sign-in"


async def test_opening_the_tab_again_ends_the_session_before(cloud: Cloud) -> None:
    tab = await entered(cloud, ADMIN)
    before = Tab(cloud.browser())
    before.cookie = tab.cookie
    assert (await tab.enter(cloud.tab_token(ENGINEER))).status == 204
    assert (await before.get("/audit")).status == 303
    assert (await tab.get("/audit")).status == 403


async def test_the_tab_goes_on_to_the_page_that_was_wanted(site: Site) -> None:
    tab = await tab_of(site, Role.ADMIN)
    assert (await tab.get(f"{TAB}?to=%2Faudit&signed-in=yes")).headers["Location"] == "/audit"
    assert (await tab.get(f"{TAB}?to=https://evil.example")).headers["Location"] == "/"
    assert tab_to("//evil.example") == f"{TAB}?to=%2F"


async def test_where_the_cookie_is_not_kept_the_tab_says_so_and_does_not_ask_for_ever(cloud: Cloud) -> None:
    page = await (await cloud.browser().get(f"{TAB}?to=%2F&signed-in=yes", **OURS)).text()
    assert "blocks the cookie" in page
    assert "teams-tab.js" not in page


async def test_signing_out_ends_the_session_of_the_tab(site: Site) -> None:
    tab = await tab_of(site, Role.ADMIN)
    copy = Tab(site.browser())
    copy.cookie = tab.cookie
    reply = await tab.post("/sign-out", token=await form_token(tab))
    assert reply.headers["Set-Cookie"].startswith(f"{COOKIE}=; Max-Age=0; ")
    assert (await copy.get("/audit")).status == 303


async def test_the_pages_of_the_tab_offer_the_browser_and_no_way_out(site: Site) -> None:
    page = await (await (await tab_of(site, Role.ADMIN)).get("/")).text()
    assert "Sign out" not in page
    assert 'target="_blank" rel="noopener" aria-label="Open in the browser"' in page


@pytest.mark.parametrize("path", ["/", "/audit", "/runs/none", "/runs/pulse-1/results", "/sign-in", "/api/runs"])
async def test_teams_may_frame_the_pages_of_the_tab_and_nobody_else_may(site: Site, path: str) -> None:
    headers = (await (await tab_of(site, Role.ADMIN)).get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert policy.endswith(f"frame-ancestors https://teams.microsoft.com {MICROSOFT}")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "X-Frame-Options" not in headers


async def test_teams_may_frame_the_page_on_which_the_tab_signs_in(cloud: Cloud) -> None:
    headers = (await cloud.browser().get(TAB, **{"Sec-Fetch-Site": "cross-site"})).headers
    assert (
        "frame-ancestors https://teams.microsoft.com https://*.teams.microsoft.com"
        in headers["Content-Security-Policy"]
    )


@pytest.mark.parametrize(
    "path", ["/", "/audit", "/sign-in", "/runs/none", "/sign-in/microsoft/back", "/static/mark.svg"]
)
async def test_nobody_may_frame_what_is_opened_in_a_browser(site: Site, path: str) -> None:
    for visitor in (await site.visitor(Role.ADMIN), site.browser()):
        headers = (await visitor.get(path, **OURS)).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"


async def test_the_tab_has_the_roles_of_everywhere(site: Site) -> None:
    for role, status in ((Role.CUSTOMER, 403), (Role.ENGINEER, 403), (Role.MANAGER, 403), (Role.ADMIN, 200)):
        assert (await (await tab_of(site, role)).get("/audit")).status == status


async def test_the_library_of_teams_is_given_as_it_is_and_by_us(site: Site) -> None:
    assert await site.browser().body("/static/teams-js.js?v=x") == TEAMS_JS.read_bytes()


async def test_without_the_library_the_page_is_there_and_the_file_is_not(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr("dashboard.files.TEAMS_JS", tmp_path_factory.mktemp("none") / "teams.js")
    assert (await site.browser().get("/static/teams-js.js")).status == 404
    assert (await site.browser().get(TAB)).status == 200
