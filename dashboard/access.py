"""The page on which admins make access tokens and end them; and the description of what tokens open."""

from aiohttp import web

from dashboard.openapi import description
from dashboard.tokens import DAYS, Purpose
from dashboard.visit import Visit
from feedback.audit import Record, record_change
from feedback.errors import Refusal
from feedback.people.people import find_people

PURPOSES = {
    Purpose.RESULTS: "Results: runs and figures, never what one person said",
    Purpose.ANSWERS: "Answers: the files with everybody’s answers too",
    Purpose.NOTES: "Notes: what engineers noted and what people said unasked, and who",
}


class NoSuchToken(Refusal):
    """There is no such token; it may have been ended already."""


async def access(visit: Visit) -> web.StreamResponse:
    """Show the tokens there are."""
    return await _page(visit)


async def make(visit: Visit) -> web.StreamResponse:
    """Make a token, and show it for the only time."""
    said = await visit.request.post()
    name, purpose, days = (str(said.get(one, "")) for one in ("name", "purpose", "days"))
    try:
        secret, token = await visit.parts.tokens.make(name, purpose, days, by=visit.person.id)
    except Refusal as refused:
        return await _page(visit, problem=str(refused), status=400)
    after = f"{token.purpose.value}, until {token.until:%Y-%m-%d}"
    await _record(visit, "token", token.name, after=after)
    return await _page(visit, secret=secret)


async def end(visit: Visit) -> web.StreamResponse:
    """End a token at once."""
    said = await visit.request.post()
    token = await visit.parts.tokens.end(str(said.get("id", "")))
    if token is None:
        raise NoSuchToken
    await _record(visit, "token", token.name, before=token.purpose.value, after="ended")
    return web.Response(status=303, headers={"Location": "/access"})


async def openapi(_visit: Visit) -> web.StreamResponse:
    """Give the description of the read API."""
    return web.Response(body=description(), content_type="application/json")


async def _page(visit: Visit, *, secret: str = "", problem: str = "", status: int = 200) -> web.StreamResponse:
    tokens = await visit.parts.tokens.all()
    people = await find_people(visit.parts.store, sorted({one.by for one in tokens}))
    return visit.page(
        "access.html",
        status=status,
        tokens=tokens,
        names={one.id: one.name for one in people},
        secret=secret,
        problem=problem,
        purposes=PURPOSES,
        days=DAYS,
        address=visit.parts.address,
    )


async def _record(visit: Visit, what: str, on: str, *, before: str = "", after: str = "") -> None:
    record = Record(at=visit.parts.now(), who=visit.person.id, what=what, on=on, before=before, after=after)
    await record_change(visit.parts.store, record)
