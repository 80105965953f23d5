"""Whatever a client sends, it is told what is wrong, and nothing here falls over."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback.people.people import Role
from tests.dashboard.site import Browser, Site

PATHS = (
    "/runs/{}",
    "/runs/{}/results",
    "/runs/{}/coverage",
    "/runs/{}/texts",
    "/runs/pulse-1/texts?question={}",
    "/runs/pulse-1/texts?words={}",
    "/runs/pulse-1/texts?theme={}&tag={}&page={}",
    "/runs/{}/over-time",
    "/runs/pulse-1/over-time/{}.svg?of={}&theme={}",
    "/api/runs/{}/over-time",
    "/notes?words={}&by={}",
    "/notes?company={}&product={}&tag={}",
    "/notes?kind={}",
    "/notes?after={}",
    "/notes.csv?words={}&after={}",
    "/api/notes?after={}~{}",
    "/runs/{}/charts/{}.svg",
    "/runs/{}/results.png",
    "/runs/pulse-1/people?state={}",
    "/runs/pulse-1/people?why={}",
    "/runs/pulse-1/people?after={}",
    "/runs/pulse-1/charts/nps.svg?theme={}",
    "/api/runs/{}",
    "/api/runs/{}/results",
    "/api/runs/{}/export.csv",
    "/sign-in?to={}",
    "/sign-in/once?code={}",
    "/sign-in/microsoft?to={}",
    "/sign-in/microsoft/back?state={}&code={}",
    "/static/{}",
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.sampled_from(PATHS))
async def test_any_address_has_an_answer(site: Site, words: str, path: str) -> None:
    admin = await site.visitor(Role.ADMIN)
    reply = await admin.get(path.replace("{}", _quoted(words)))
    assert reply.status < 500, (path, words)
    assert reply.status == 404 or "Content-Security-Policy" in reply.headers


def _quoted(words: str) -> str:
    return "".join(f"%{byte:02X}" for byte in words.encode())


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=a", b"--b\r\n\r\nx"),
        ("application/x-www-form-urlencoded", b"%ff%fe=\xff"),
        ("application/x-www-form-urlencoded; charset=nonsense", b"token=x"),
        ("text/plain", b"token=x"),
        ("", b""),
    ],
)
@pytest.mark.parametrize(
    "path", ["/sign-out", "/access", "/access/end", "/runs/pulse-1/texts/tags/add", "/runs/pulse-1/texts/themes/make"]
)
async def test_what_is_no_form_is_refused(site: Site, path: str, kind: str, body: bytes) -> None:
    admin: Browser = await site.visitor(Role.ADMIN)
    headers = {"Content-Type": kind} if kind else {}
    async with admin.session.post(f"{site.url}{path}", data=body, headers=headers, allow_redirects=False) as reply:
        assert reply.status == 403
    assert (await admin.get("/audit")).status == 200


async def test_a_form_that_is_far_too_large_is_refused(site: Site) -> None:
    admin = await site.visitor(Role.ADMIN)
    reply = await admin.post("/access", name="x" * 3_000_000)
    assert reply.status in {403, 413}
