"""Access tokens and the read API: what a token opens, what it does not, and that answers are as described."""

import json
import re

import pytest
from jsonschema import Draft202012Validator

from dashboard.table import ROUTES
from dashboard.tokens import DAYS, MOST, PREFIX, Purpose, TokenRefused, TooManyTokens
from feedback.answers.answers import record_answer
from feedback.audit import latest_records
from feedback.people.people import Role
from feedback.results.results import results_of
from feedback.runs.runs import DeliveryState, deliveries, find_run
from store.contract import Store
from tests.conftest import Clock
from tests.dashboard.house import HOME, NOW
from tests.dashboard.site import Browser, ByName, Site

BY = f"{HOME}:{Role.ADMIN.value}"
RESULTS = ["/api/runs", "/api/runs/pulse-1", "/api/runs/pulse-1/results", "/api/runs/pulse-1/over-time"]
NOTES = ["/api/notes", "/api/notes?words=search&kind=note"]
ANSWERS = [f"/api/runs/pulse-1/export.{form}" for form in ("csv", "xlsx", "json")]


async def token_for(site: Site, purpose: Purpose, days: int = 30) -> str:
    secret, _ = await site.parts.tokens.make("Sample report", purpose.value, str(days), BY)
    return secret


async def asked(site: Site, path: str, secret: str, scheme: str = "Bearer") -> int:
    return (await site.browser().get(path, Authorization=f"{scheme} {secret}")).status


async def fields_of(browser: Browser, path: str) -> dict[str, str]:
    """Return the hidden fields of a page's last form."""
    page = await (await browser.get(path)).text()
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', page))


async def test_a_token_for_results_opens_results_and_no_answers(site: Site) -> None:
    secret = await token_for(site, Purpose.RESULTS)
    assert [await asked(site, path, secret) for path in RESULTS] == [200] * 4
    assert [await asked(site, path, secret) for path in [*ANSWERS, *NOTES]] == [403] * 5


async def test_a_token_for_answers_opens_both(site: Site) -> None:
    secret = await token_for(site, Purpose.ANSWERS)
    assert {await asked(site, path, secret) for path in [*RESULTS, *ANSWERS]} == {200}
    assert {await asked(site, path, secret) for path in NOTES} == {403}


async def test_a_token_for_notes_opens_notes_alone(site: Site) -> None:
    secret = await token_for(site, Purpose.NOTES)
    assert {await asked(site, path, secret) for path in NOTES} == {200}
    assert {await asked(site, path, secret) for path in [*RESULTS, *ANSWERS]} == {403}
    assert {await asked(site, f"/notes.{form}", secret) for form in ("csv", "xlsx", "json")} == {401}
    assert await asked(site, "/notes", secret) == 303


async def test_no_token_opens_a_page_or_changes_anything(site: Site) -> None:
    secret = await token_for(site, Purpose.ANSWERS)
    opened = {route.path for route in ROUTES if route.purpose is not None}
    assert len(opened) == 6
    for path in ("/", "/audit", "/access", "/runs/pulse-1", "/runs/pulse-1/people", "/runs/pulse-1/results"):
        assert await asked(site, path, secret) == 303
    for path in ("/runs/pulse-1/people.csv", "/runs/pulse-1/results.png", "/runs/pulse-1/charts/nps.svg"):
        assert await asked(site, path, secret) == 401


@pytest.mark.parametrize("path", [*RESULTS, *ANSWERS, *NOTES])
async def test_without_a_good_token_there_is_nothing(site: Site, path: str) -> None:
    secret = await token_for(site, Purpose.ANSWERS)
    for wrong in ("", "x", secret[:-1], f"{secret}x", secret.removeprefix(PREFIX), "ü"):
        assert await asked(site, path, wrong) == 401
    assert await asked(site, path, secret, scheme="Basic") == 401
    reply = await site.browser().get(path)
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_a_session_is_no_help_for_a_wrong_token(site: Site) -> None:
    admin = await site.visitor(Role.ADMIN)
    assert (await admin.get("/api/runs")).status == 200
    assert (await admin.get("/api/runs", Authorization="Bearer x")).status == 401


async def test_a_session_is_not_taken_for_a_token(site: Site) -> None:
    cookie = (await site.visitor(Role.ADMIN)).cookie()
    assert await asked(site, "/api/runs", cookie) == 401
    assert await asked(site, "/api/runs", cookie.partition(".")[0]) == 401


@pytest.mark.parametrize("days", DAYS)
async def test_a_token_ends_by_itself(site: Site, clock: Clock, days: int) -> None:
    secret = await token_for(site, Purpose.RESULTS, days)
    clock.pass_s(days * 86_400 - 1)
    assert await asked(site, "/api/runs", secret) == 200
    clock.pass_s(1)
    assert await asked(site, "/api/runs", secret) == 401


async def test_a_token_ends_with_the_role_of_whoever_made_it(site: Site) -> None:
    secret = await token_for(site, Purpose.ANSWERS)
    assert isinstance(site.parts.policy, ByName)
    site.parts.policy.fallen.add(Role.ADMIN)
    assert await asked(site, "/api/runs", secret) == 403


async def test_an_admin_makes_a_token_sees_it_once_and_ends_it(site: Site, embedded: Store, clock: Clock) -> None:
    admin = await site.visitor(Role.ADMIN)
    form = await fields_of(admin, "/access")
    clock.pass_s(3600)
    reply = await admin.post("/access", token=form["token"], name="Weekly report", purpose="results", days="90")
    found = re.search(rf"({PREFIX}[\w-]+)", await reply.text())
    assert found is not None
    secret = found[1]
    assert await asked(site, "/api/runs", secret) == 200
    page = await (await admin.get("/access")).text()
    assert "Weekly report" in page
    assert secret not in page
    assert secret not in str((await embedded.query("state")).docs)
    clock.pass_s(60)
    form = await fields_of(admin, "/access")
    assert (await admin.post("/access/end", token=form["token"], id=form["id"])).status == 303
    assert await asked(site, "/api/runs", secret) == 401
    assert (await admin.post("/access/end", token=form["token"], id=form["id"])).status == 404
    told = [(one.what, one.on, one.after) for one in await latest_records(embedded, clock.now(), limit=2)]
    assert told == [("token", "Weekly report", "ended"), ("token", "Weekly report", "results, until 2027-02-22")]
    assert secret not in str(told)


@pytest.mark.parametrize(
    ("name", "purpose", "days"),
    [
        ("", "results", "30"),
        ("x" * 61, "results", "30"),
        ("a\x00b", "results", "30"),
        ("Report", "everything", "30"),
        ("Report", "results", "9999"),
        ("Report", "results", "x"),
        ("Report", "", ""),
    ],
)
async def test_what_makes_no_token_is_said(site: Site, name: str, purpose: str, days: str) -> None:
    with pytest.raises(TokenRefused):
        await site.parts.tokens.make(name, purpose, days, BY)
    admin = await site.visitor(Role.ADMIN)
    form = await fields_of(admin, "/access")
    reply = await admin.post("/access", token=form["token"], name=name, purpose=purpose, days=days)
    assert reply.status == 400
    assert "A token needs a name" in await reply.text()
    assert await site.parts.tokens.all() == []


async def test_tokens_do_not_pile_up(site: Site) -> None:
    for _ in range(MOST):
        await token_for(site, Purpose.RESULTS)
    with pytest.raises(TooManyTokens):
        await token_for(site, Purpose.RESULTS)


async def test_a_token_is_not_made_or_ended_by_a_forged_form(site: Site) -> None:
    admin = await site.visitor(Role.ADMIN)
    assert (await admin.post("/access", name="x", purpose="answers", days="30")).status == 403
    await token_for(site, Purpose.RESULTS)
    (token,) = await site.parts.tokens.all()
    assert (await admin.post("/access/end", id=token.id)).status == 403
    assert len(await site.parts.tokens.all()) == 1


async def test_only_tokens_are_ended_there(site: Site) -> None:
    admin = await site.visitor(Role.ADMIN)
    form = await fields_of(admin, "/access")
    for other in ("mark-1", "session-x", ""):
        assert (await admin.post("/access/end", token=form["token"], id=other)).status == 404


async def test_a_download_by_a_token_is_recorded_with_its_name(site: Site, clock: Clock) -> None:
    secret = await token_for(site, Purpose.ANSWERS)
    clock.pass_s(3600)
    assert await asked(site, "/api/runs/pulse-1/export.csv", secret) == 200
    newest = (await latest_records(site.store, clock.now()))[0]
    assert (newest.who, newest.what, newest.after) == (BY, "download", "answers.csv, by the token “Sample report”")


async def test_what_is_given_is_what_is_described(site: Site) -> None:
    secret = await token_for(site, Purpose.RESULTS)
    document = json.loads(await site.browser().body("/api/openapi.json"))
    described = {f"GET {path}" for path in document["paths"]}
    assert described == {
        "GET /api/runs",
        "GET /api/runs/{run}",
        "GET /api/runs/{run}/results",
        "GET /api/runs/{run}/over-time",
        "GET /api/notes",
        *(f"GET /api/runs/{{run}}/export.{form}" for form in ("csv", "xlsx", "json")),
    }
    notes = await token_for(site, Purpose.NOTES)
    for path, real in zip(list(document["paths"])[:5], [*RESULTS, NOTES[0]], strict=True):
        by = notes if real in NOTES else secret
        reply = await site.browser().get(real, Authorization=f"Bearer {by}")
        content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        schema = {**content["schema"], "components": document["components"]}
        body = json.loads(await reply.text())
        Draft202012Validator(schema).validate(body)
        assert not Draft202012Validator(schema).is_valid({"something": "else"})


async def test_results_are_those_of_the_page(site: Site) -> None:
    secret = await token_for(site, Purpose.RESULTS)
    found = await results_of(site.store, "pulse-1", site.parts.tallier)
    reply = await site.browser().get("/api/runs/pulse-1/results", Authorization=f"Bearer {secret}")
    told = json.loads(await reply.text())
    nps = found.questions[0].nps
    assert nps is not None
    assert nps.interval is not None
    assert told["answered"] == found.n
    assert told["questions"][0]["nps"] == {
        "value": nps.value,
        "n": nps.n,
        "low": nps.interval.low,
        "high": nps.interval.high,
    }
    assert "Sample Person" not in await reply.text()


async def test_a_run_is_given_as_it_is_now(site: Site) -> None:
    secret = await token_for(site, Purpose.RESULTS)
    run = await find_run(site.store, "pulse-1")

    async def answered() -> list[int]:
        paths = ("/api/runs/pulse-1", "/api/runs/pulse-1/results")
        replies = [await site.browser().get(path, Authorization=f"Bearer {secret}") for path in paths]
        detail, results = [json.loads(await one.text()) for one in replies]
        return [detail["states"]["answered"], results["answered"]]

    before, same = await answered()
    assert before == same > 0
    somebody = await anext(deliveries(site.store, run.run, states=frozenset({DeliveryState.SENT})))
    await record_answer(site.store, run, somebody.id, {"nps": 9}, revision=0, now=NOW)
    assert await answered() == [before + 1, before + 1]


async def test_a_run_that_there_is_not_is_404(site: Site) -> None:
    secret = await token_for(site, Purpose.ANSWERS)
    for path in ("/api/runs/none", "/api/runs/none/results", "/api/runs/none/export.csv"):
        assert await asked(site, path, secret) == 404
