"""The routes of what people open in a browser, and who may. Knows HTTP, and nothing of how a file is made."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from dashboard.exports import people_csv
from feedback.audit import Record, record_change
from feedback.errors import RunUnknown
from feedback.links import LinkRefused, Links, people_path
from feedback.people import Person, Policy, Role, find_person
from feedback.runs import Run, find_run
from store.contract import Store

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Downloads:
    """Serves files by signed links, to those who are still allowed what the link was given for."""

    def __init__(self, store: Store, policy: Policy, links: Links, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._policy = policy
        self._links = links
        self._now = now

    async def people(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /api/runs/{run}/people.csv`: 403 for a link that is wrong or over, with no detail."""
        name = request.match_info["run"]
        try:
            person = await self._allowed(people_path(name), request)
            run = await find_run(self._store, name)
        except LinkRefused as refused:
            return web.Response(status=403, text=str(refused), headers=HEADERS)
        except RunUnknown as unknown:
            return web.Response(status=404, text=str(unknown), headers=HEADERS)
        return await send_people(request, self._store, run, by=person, at=self._now())

    async def _allowed(self, path: str, request: web.Request) -> Person:
        """Return whom a link was given to. Raises `LinkRefused`."""
        said = request.query
        signature = said.get("sig", "")
        grant = self._links.check(path, said.get("for", ""), said.get("until", ""), signature, self._now())
        person = await find_person(self._store, grant.person)
        if person is None or not self._policy.role_of(person).includes(Role.ADMIN):
            raise LinkRefused
        return person


async def send_people(request: web.Request, store: Store, run: Run, *, by: Person, at: datetime) -> web.StreamResponse:
    """Send the file with everybody in a run, recorded in the audit before its first line leaves."""
    await record_change(store, Record(at=at, who=by.id, what="download", on=run.run, after="people.csv"))
    response = web.StreamResponse(headers={**HEADERS, "Content-Disposition": _attached(f"{run.run}-people.csv")})
    response.content_type, response.charset = "text/csv", "utf-8"
    await response.prepare(request)
    async for block in people_csv(store, run):
        await response.write(block)
    await response.write_eof()
    return response


def _attached(name: str) -> str:
    safe = "".join(one if one.isalnum() or one in "-_." else "_" for one in name)
    return f'attachment; filename="{safe}"'
