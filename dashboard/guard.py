"""The one way to every page: session, role, token, and the headers that keep other sites out.

The place where refusals and failures of the store become pages.
"""

import contextlib
import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web

from dashboard.doors import door_to
from dashboard.table import Answers, Route
from dashboard.teams_tab import tab_to
from dashboard.tokens import Token
from dashboard.visit import Parts, Visit
from feedback.errors import Refusal
from feedback.people.people import Role
from store.contract import StoreError

SILENT = "Hearback cannot reach its store. Try again in a minute."

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded(route: Route, parts_of: Callable[[web.Request], Parts]) -> Handler:
    """Return what answers a route."""

    async def handle(request: web.Request) -> web.StreamResponse:
        parts = parts_of(request)
        try:
            visit = await _visit(route, request, parts)
            response = await _refused(route, visit) or await _made(route, visit)
        except StoreError:
            visit = Visit(request, parts, None, is_tab=route.is_tab)
            response = _said(route, visit, 503, "Not available right now", SILENT)
        if not response.prepared:
            for name, value in visit.headers.items():
                response.headers.setdefault(name, value)
            await _turn(visit, response)
        return response

    return handle


async def _visit(route: Route, request: web.Request, parts: Parts) -> Visit:
    """Return who visits: by a token where the route takes one and one is brought, otherwise by a session."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if not scheme or route.purpose is None:
        session = await parts.sessions.find(request)
        role = None if session is None else await parts.role_now(session.visitor.person)
        return Visit(request, parts, session, role=role, needs=route.role, is_tab=route.is_tab)
    token = await parts.tokens.find(secret.strip()) if scheme.lower() == "bearer" else None
    role = None if token is None else await parts.role_now(token.maker)
    return Visit(request, parts, None, token, role=role, needs=route.role)


async def _turn(visit: Visit, response: web.StreamResponse) -> None:
    """Replace the cookie of a session when it is time, unless the session has just begun or ended."""
    sessions = visit.parts.sessions
    if visit.session is not None and not sessions.is_settled(visit.session, response):
        with contextlib.suppress(StoreError):  # another time
            await sessions.turn(visit.session, response)


async def _refused(route: Route, visit: Visit) -> web.StreamResponse | None:
    """Return why somebody may not do this, or None where they may."""
    if route.role is None:
        return None
    if visit.token is not None:
        return _refused_token(route, visit, visit.token)
    if visit.session is None:
        if route.answers is Answers.DATA:
            headers = {"WWW-Authenticate": "Bearer"} if route.purpose else {}
            return web.Response(status=401, text="Sign in first.", headers=headers)
        is_framed = visit.request.headers.get("Sec-Fetch-Dest") == "iframe"
        door = tab_to(visit.request.path_qs) if is_framed else door_to(visit.request.path_qs)
        return web.Response(status=303, headers={"Location": door})
    if not visit.is_at_least(route.role):
        return _said(route, visit, 403, "Not for you", f"This page is for the role “{route.role}” and above.")
    if route.method == "POST" and not await _brings_token(visit):
        return _said(route, visit, 403, "Not done", "This form is too old, or not ours. Go back, reload and try again.")
    return None


def _refused_token(route: Route, visit: Visit, token: Token) -> web.StreamResponse | None:
    """Return why a token does not open a route, or None where it does. Tokens are made by admins, and for reading."""
    is_for_it = route.purpose is not None and token.purpose.includes(route.purpose) and route.method == "GET"
    if is_for_it and visit.is_at_least(Role.ADMIN):
        return None
    return _said(route, visit, 403, "Not for you", "This token does not open this.")


async def _made(route: Route, visit: Visit) -> web.StreamResponse:
    try:
        return await route.act(visit)
    except Refusal as refusal:
        return _said(route, visit, 404, "Not found", str(refusal))
    except web.HTTPNotFound:
        return _said(route, visit, 404, "Not found", "There is nothing at this address.")


async def _brings_token(visit: Visit) -> bool:
    try:
        given = (await visit.request.post()).get("token", "")
    except (ValueError, LookupError):  # not a form at all, or in an encoding there is none of
        return False
    wanted = "" if visit.session is None else visit.session.token
    return isinstance(given, str) and bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())


def _said(route: Route, visit: Visit, status: int, title: str, words: str) -> web.Response:
    if route.answers is Answers.DATA:
        return web.Response(status=status, text=words)
    return visit.page("refusal.html", status=status, title=title, words=words)
