"""The one way to every page: session, role, token, and the headers that keep other sites out.

The place where refusals and failures of the store become pages.
"""

import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web

from dashboard.table import Answers, Route
from dashboard.visit import HEADERS, Parts, Visit
from feedback.errors import Refusal
from store.contract import StoreError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded(route: Route, parts_of: Callable[[web.Request], Parts]) -> Handler:
    """Return what answers a route."""

    async def handle(request: web.Request) -> web.StreamResponse:
        parts = parts_of(request)
        try:
            visit = Visit(request, parts, await parts.sessions.find(request))
            response = await _refused(route, visit) or await _made(route, visit)
        except StoreError:
            visit = Visit(request, parts, None)
            response = _said(route, visit, 503, "Not available right now", "Hearback cannot reach its store. Try again.")
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    return handle


async def _refused(route: Route, visit: Visit) -> web.StreamResponse | None:
    """Return why somebody may not do this, or None where they may."""
    if route.role is None:
        return None
    if visit.session is None:
        if route.answers is Answers.DATA:
            return web.Response(status=401, text="Sign in first.")
        return web.Response(status=303, headers={"Location": "/sign-in"})
    if not visit.is_at_least(route.role):
        return _said(route, visit, 403, "Not for you", f"This page is for the role “{route.role}” and above.")
    if route.method == "POST" and not await _brings_token(visit):
        return _said(route, visit, 403, "Not done", "This form is too old, or not ours. Go back, reload and try again.")
    return None


async def _made(route: Route, visit: Visit) -> web.StreamResponse:
    try:
        return await route.act(visit)
    except Refusal as refusal:
        return _said(route, visit, 404, "Not found", str(refusal))
    except web.HTTPRedirection as led:
        return web.Response(status=led.status, headers={"Location": str(led.location)})
    except web.HTTPNotFound:
        return _said(route, visit, 404, "Not found", "There is nothing at this address.")


async def _brings_token(visit: Visit) -> bool:
    given = (await visit.request.post()).get("token", "")
    wanted = "" if visit.session is None else visit.session.token
    return isinstance(given, str) and bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())


def _said(route: Route, visit: Visit, status: int, title: str, words: str) -> web.Response:
    if route.answers is Answers.DATA:
        return web.Response(status=status, text=words)
    return visit.page("refusal.html", status=status, title=title, words=words)
