"""The dashboard as a tab of Teams: the page that Teams opens, and the sign-in by the token that Teams gives it.

By Microsoft's "Enable SSO for tab app". Whoever frames the page learns nothing from it: what is to be seen needs a
session, and the proof for one goes from Teams to the page, which is ours, and from there to us alone.
"""

from urllib.parse import urlencode

from aiohttp import web

from dashboard.doors import DENIED, SILENT, led_to, own_path
from dashboard.entra import SignInUnavailable
from dashboard.sessions import Visitor, comes_from_us
from dashboard.visit import Visit
from feedback.errors import Refusal

TAB = "/sign-in/teams"
AGAIN = "signed-in"  # in the query, when the page comes back from signing in
NOT_KEPT = "Your Teams blocks the cookie that keeps you signed in here. Open the pages in your browser instead."


async def tab(visit: Visit) -> web.StreamResponse:
    """Let the page ask Teams who is there; lead on who has signed in."""
    said = visit.request.query
    to = own_path(said.get("to", ""))
    if visit.session is not None:
        return led_to(to)
    return visit.page(
        "teams-tab.html",
        is_open=visit.parts.entra is not None,
        problem=NOT_KEPT if AGAIN in said else "",
        enter=TAB,
        then=f"{TAB}?{urlencode({'to': to, AGAIN: 'yes'})}",
        to=to,
    )


async def enter(visit: Visit) -> web.StreamResponse:
    """Sign in whom the token is about that Teams gave to the page. Only that page may bring one."""
    entra, token = visit.parts.entra, await _token(visit.request)
    if entra is None or not token or not comes_from_us(visit.request):
        return web.Response(status=403, text=DENIED)
    try:
        visitor = await entra.check_tab(token)
    except SignInUnavailable:
        return web.Response(status=503, text=SILENT)
    except Refusal as refused:
        return web.Response(status=403, text=str(refused))
    return await _begun(visit, visitor)


def tab_to(path: str) -> str:
    """Return where somebody in the tab signs in who wanted to see a page of ours."""
    return TAB if path == "/" else f"{TAB}?{urlencode({'to': own_path(path)})}"


async def _begun(visit: Visit, visitor: Visitor) -> web.Response:
    """Begin a session. One of the same tab from before is over, whoever it was."""
    response = web.Response(status=204)
    if visit.session is not None:
        await visit.parts.sessions.end(visit.session, response)
    await visit.parts.sessions.begin(visitor, response, is_in_teams=True)
    return response


async def _token(request: web.Request) -> str:
    try:
        given = (await request.post()).get("token", "")
    except (ValueError, LookupError):  # not a form at all, or in an encoding there is none of
        return ""
    return given if isinstance(given, str) else ""
