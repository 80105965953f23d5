"""Nobody below the role that the table names sees a page, a picture or a file; and whoever has it does."""

import re
from collections.abc import Iterator
from itertools import product

import pytest
from aiohttp import web

from dashboard.opening import add_routes
from dashboard.table import ROUTES, Answers, Route
from feedback.people.people import Role
from feedback.results.tally_tree import rebuild
from feedback.runs.runs import find_run
from store.contract import Store
from tests.dashboard.house import NOTES, WHY, furnish
from tests.dashboard.site import ByName, Site
from tests.dashboard.test_sessions import token_of

SAMPLES = {"{run}": "pulse-1", "{question}": "nps", "{name}": "dashboard.css"}
NEEDED = {
    "GET /": Role.ENGINEER,
    "GET /access": Role.ADMIN,
    "POST /access": Role.ADMIN,
    "POST /access/end": Role.ADMIN,
    "GET /api/openapi.json": None,
    "GET /api/runs": Role.ENGINEER,
    "GET /api/runs/{run}": Role.ENGINEER,
    "GET /api/runs/{run}/results": Role.ENGINEER,
    "GET /api/notes": Role.ENGINEER,
    "GET /notes": Role.ENGINEER,
    "GET /notes.{form:csv|xlsx|json}": Role.ADMIN,
    "GET /audit": Role.ADMIN,
    "GET /runs/{run}": Role.ADMIN,
    "GET /runs/{run}/charts/{question}.{form:svg|png}": Role.ENGINEER,
    "GET /runs/{run}/coverage": Role.MANAGER,
    "GET /api/runs/{run}/over-time": Role.ENGINEER,
    "GET /runs/{run}/over-time": Role.ENGINEER,
    "GET /runs/{run}/over-time.{form:csv}": Role.ENGINEER,
    "GET /runs/{run}/over-time/{question}.{form:svg|png}": Role.ENGINEER,
    "GET /runs/{run}/events": Role.ADMIN,
    "GET /runs/{run}/people": Role.ADMIN,
    "GET /runs/{run}/people.{form:csv|xlsx}": Role.ADMIN,
    "GET /api/runs/{run}/export.{form:csv|xlsx|json}": Role.ADMIN,
    "GET /runs/{run}/results.{form:png|pdf}": Role.ENGINEER,
    "GET /runs/{run}/results": Role.ENGINEER,
    "GET /runs/{run}/texts": Role.ENGINEER,
    "GET /runs/{run}/texts.{form:csv|xlsx|json}": Role.ADMIN,
    "POST /runs/{run}/texts/tags/{act:add|remove}": Role.ADMIN,
    "POST /runs/{run}/texts/themes/{act:make|rename|merge|put-away|take-back|move}": Role.ADMIN,
    "GET /sign-in": None,
    "GET /sign-in/once": None,
    "GET /sign-in/microsoft": None,
    "GET /sign-in/microsoft/back": None,
    "GET /sign-in/teams": None,
    "POST /sign-in/teams": None,
    "GET /static/{name}": None,
    "POST /sign-out": Role.CUSTOMER,
}
OPEN_ENDED = "/events"
GUARDED = [route for route in ROUTES if route.role is not None]


def addresses_of(route: Route) -> list[str]:
    """Return an address for each form and each act that a route has."""
    paths = [route.path]
    while "{" in paths[0]:
        start, end = paths[0].index("{"), paths[0].index("}")
        hole = paths[0][start : end + 1]
        name, _, forms = hole.strip("{}").partition(":")
        filled = forms.split("|") if forms else [SAMPLES[f"{{{name}}}"]]
        paths = [path.replace(hole, one) for path in paths for one in filled]
    return paths


def test_every_form_and_every_act_has_an_address() -> None:
    (people,) = (one for one in ROUTES if one.path.startswith("/runs/{run}/people."))
    assert addresses_of(people) == ["/runs/pulse-1/people.csv", "/runs/pulse-1/people.xlsx"]
    assert len([one for route in ROUTES for one in addresses_of(route)]) > len(ROUTES) + 10


def below(route: Route) -> Iterator[Role]:
    assert route.role is not None
    return (role for role in Role if not role.includes(route.role or Role.ADMIN))


def test_the_table_says_the_role_of_every_route() -> None:
    assert {route.name: route.role for route in ROUTES} == NEEDED


def test_the_router_has_the_routes_of_the_table_and_no_other() -> None:
    app = web.Application()
    add_routes(app)
    found = {f"{one.method} {one.resource.canonical}" for one in app.router.routes() if one.resource is not None}
    assert found == {f"{route.method} {app_path(route.path)}" for route in ROUTES}


def app_path(path: str) -> str:
    """Return a path as the router shows it: without the forms of its holes."""
    return re.sub(r":[^}]+", "", path)


@pytest.mark.parametrize("route", GUARDED, ids=lambda one: one.name)
async def test_whoever_is_not_signed_in_sees_nothing(site: Site, route: Route) -> None:
    stranger = await site.visitor(None)
    for address in addresses_of(route):
        reply = await (stranger.get if route.method == "GET" else stranger.post)(address)
        if route.answers is Answers.DATA:
            assert (reply.status, await reply.text()) == (401, "Sign in first.")
        else:
            assert reply.status == 303
            assert reply.headers["Location"].partition("?")[0] == "/sign-in"


@pytest.mark.parametrize("route", GUARDED, ids=lambda one: one.name)
async def test_whoever_is_below_the_role_sees_nothing(site: Site, route: Route) -> None:
    for role, address in product(below(route), addresses_of(route)):
        visitor = await site.visitor(role)
        reply = await (visitor.get if route.method == "GET" else visitor.post)(address)
        assert reply.status == 403, role
        text = await reply.text()
        assert f"for the role “{route.role}”" in text, "and not for another reason"
        assert "Sample Person" not in text
        assert "Detractors" not in text
        assert not any(said in text for said in (*WHY, *NOTES))


@pytest.mark.parametrize("route", [one for one in GUARDED if one.method == "GET"], ids=lambda one: one.name)
async def test_whoever_has_the_role_or_more_sees_it(site: Site, route: Route) -> None:
    for role in Role:
        if route.role is None or not role.includes(route.role) or route.path.endswith(OPEN_ENDED):
            continue
        if "/over-time/" in route.path and role is route.role:
            await follow(site.store)
        visitor = await site.visitor(role)
        for address in addresses_of(route):
            reply = await visitor.get(address)
            assert reply.status == 200, await reply.text()


@pytest.mark.parametrize("route", [one for one in GUARDED if one.method == "POST"], ids=lambda one: one.name)
async def test_whoever_has_the_role_or_more_is_listened_to(site: Site, route: Route) -> None:
    for role, address in product(Role, addresses_of(route)):
        if route.role is None or not role.includes(route.role):
            continue
        visitor = await site.visitor(role)
        reply = await visitor.post(address, token=await token_of(visitor))
        assert reply.status not in {401, 403}, await reply.text()


async def follow(store: Store) -> None:
    """Let a second run follow the first, so that there is something to draw over time."""
    for run in (await find_run(store, "pulse-1"), await furnish(store, 30, name="pulse-2", first=1000)):
        await rebuild(store, run)


async def test_a_role_that_is_taken_away_is_gone_with_the_next_request(site: Site) -> None:
    visitor = await site.visitor(Role.ADMIN)
    assert (await visitor.get("/audit")).status == 200
    assert isinstance(site.parts.policy, ByName)
    site.parts.policy.fallen.add(Role.ADMIN)
    assert (await visitor.get("/audit")).status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/runs/none",
        "/runs/none/results",
        "/runs/none/people",
        "/runs/none/coverage",
        "/runs/none/texts",
        "/runs/none/over-time",
        "/runs/a%20b",
        "/nope",
    ],
)
async def test_what_does_not_exist_is_not_found(site: Site, path: str) -> None:
    assert (await (await site.visitor(Role.ADMIN)).get(path)).status == 404


@pytest.mark.parametrize("name", ["..%2fsessions.py", "none.css", "base.html", "%2e%2e%2ftable.py"])
async def test_no_file_but_those_of_the_pages_is_given(site: Site, name: str) -> None:
    assert (await (await site.visitor(Role.ADMIN)).get(f"/static/{name}")).status == 404
