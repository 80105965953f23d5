"""Files that are opened by a signed link, and who may. Knows HTTP, and nothing of how a file is made."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from dashboard.exports import people_csv, people_xlsx
from dashboard.sending import record_download, send_file
from feedback.errors import RunUnknown
from feedback.links import LinkRefused, Links, people_path
from feedback.people.people import Person, Policy, Role, find_person
from feedback.runs.runs import find_run
from store.contract import Store

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PEOPLE = {"csv": people_csv, "xlsx": people_xlsx}


class Downloads:
    """Serves files by signed links, to those who are still allowed what the link was given for."""

    def __init__(self, store: Store, policy: Policy, links: Links, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._policy = policy
        self._links = links
        self._now = now

    async def people(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /api/runs/{run}/people.{form}`: 403 for a link that is wrong or over, with no detail."""
        name, form = request.match_info["run"], request.match_info["form"]
        try:
            person = await self._allowed(people_path(name, form), request)
            run = await find_run(self._store, name)
        except LinkRefused as refused:
            return web.Response(status=403, text=str(refused), headers=HEADERS)
        except RunUnknown as unknown:
            return web.Response(status=404, text=str(unknown), headers=HEADERS)
        what = f"people.{form}"
        await record_download(self._store, run.run, what, by=person, at=self._now())
        return await send_file(request, f"{run.run}-{what}", PEOPLE[form](self._store, run), HEADERS)

    async def _allowed(self, path: str, request: web.Request) -> Person:
        """Return whom a link was given to. Raises `LinkRefused`."""
        said = request.query
        signature = said.get("sig", "")
        grant = self._links.check(path, said.get("for", ""), said.get("until", ""), signature, self._now())
        person = await find_person(self._store, grant.person)
        if person is None or not self._policy.role_of(person).includes(Role.ADMIN):
            raise LinkRefused
        return person
