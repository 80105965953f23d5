"""Coming in and going out: the pages on which people sign in, and the button with which they leave."""

from aiohttp import web

from dashboard.sessions import Visitor
from dashboard.visit import Visit

LOCAL = "local-link"  # tickets of the link that is printed in development


async def sign_in(visit: Visit) -> web.StreamResponse:
    """Say how to sign in; lead on who has."""
    if visit.session is not None:
        raise web.HTTPSeeOther("/")
    return visit.page("sign-in.html", status=200, problem="", is_local=visit.parts.is_local)


async def sign_in_once(visit: Visit) -> web.StreamResponse:
    """Sign in who comes with the link that was printed, once. There is no such link in operation."""
    told = await visit.parts.tickets.take(LOCAL, visit.request.query.get("code", ""))
    if told is None:
        problem = "This link does not work, or it has been used. Start Hearback again for a new one."
        return visit.page("sign-in.html", status=403, problem=problem, is_local=visit.parts.is_local)
    return await begun(visit, Visitor(**told))


async def sign_out(visit: Visit) -> web.StreamResponse:
    """End the session, here and wherever else its cookie may be."""
    response = _led_to("/sign-in")
    if visit.session is not None:
        await visit.parts.sessions.end(visit.session, response)
    return response


async def begun(visit: Visit, visitor: Visitor) -> web.StreamResponse:
    """Begin a session and lead to the first page. A session from before is over: its name is not used again."""
    response = _led_to("/")
    if visit.session is not None:
        await visit.parts.sessions.end(visit.session, response)
    await visit.parts.sessions.begin(visitor, response)
    return response


def _led_to(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})
