"""What every page is made from: the parts of the service it may use, and who is visiting. Knows no page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from dashboard.coverage import Coverages
from dashboard.entra import Entra
from dashboard.live import Live
from dashboard.note_counts import NoteCounts
from dashboard.pictures import Pictures
from dashboard.readings import Readings
from dashboard.sessions import Session, Sessions
from dashboard.templating import Templates
from dashboard.theme_desk import ThemeDesk
from dashboard.tickets import Tickets
from dashboard.tokens import Token, Tokens
from feedback.people.people import Person, Policy, Role, role_now
from feedback.results.results import CatchesUp
from store.contract import Store

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors "
)
POLICY = f"{_POLICY}'none'"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
SECURE = {"Strict-Transport-Security": "max-age=31536000"}  # where people come by https


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that the pages are made from. `address` is where people find the service.

    `is_local` says that one signs in by a printed link, `entra` with Microsoft; None of both: nobody can.
    """

    store: Store
    policy: Policy
    tallier: CatchesUp
    sessions: Sessions
    tickets: Tickets
    tokens: Tokens
    templates: Templates
    pictures: Pictures
    live: Live
    coverages: Coverages
    readings: Readings
    note_counts: NoteCounts
    theme_desk: ThemeDesk
    now: Callable[[], datetime]
    address: str
    is_local: bool
    entra: Entra | None
    teams_hosts: Sequence[str] = ()  # that may frame the tab

    async def role_now(self, who: Person) -> Role:
        """Return what somebody may do, as of now."""
        return await role_now(self.store, self.policy, who)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, and who makes it. The session is None on public pages for somebody who is not signed in.

    `token` is what somebody brought who has no session: they act for whoever made it. `role` is what the visitor may
    do, as of this request, and `needs` what the page is for. `is_tab` says that the page is the one that Teams opens.
    """

    request: web.Request
    parts: Parts
    session: Session | None
    token: Token | None = None
    role: Role | None = None
    needs: Role | None = None
    is_tab: bool = False

    @property
    def person(self) -> Person:
        """Who is visiting. Raises `ValueError` on public pages for somebody who is not signed in."""
        if self.token is not None:
            return self.token.maker
        if self.session is None:
            msg = "nobody is signed in"
            raise ValueError(msg)
        return self.session.visitor.person

    @property
    def headers(self) -> dict[str, str]:
        """What every answer carries; for those that are begun before they are made. Teams may frame its tab alone."""
        headers = {**HEADERS, **(SECURE if self.parts.sessions.is_secure else {})}
        hosts = self.parts.teams_hosts
        if hosts and (self.is_tab or (self.session is not None and self.session.is_in_teams)):
            headers["Content-Security-Policy"] = _POLICY + " ".join(f"https://{one}" for one in hosts)
            del headers["X-Frame-Options"]  # it can name no hosts
        return headers

    def is_at_least(self, role: Role) -> bool:
        """Say whether the visitor may do what a role may."""
        return self.role is not None and self.role.includes(role)

    async def may_stay(self) -> bool:
        """Say whether the session has not ended meanwhile, and the visitor still has the role that the page is for."""
        if self.session is None or not await self.parts.sessions.is_alive(self.session):
            return False
        return self.needs is None or (await self.parts.role_now(self.person)).includes(self.needs)

    def page(self, template: str, *, status: int = 200, **named: object) -> web.Response:
        """Return a page made from a template."""
        html = self.parts.templates.render(
            template,
            session=self.session,
            role=self.role,
            is_admin=self.is_at_least(Role.ADMIN),
            is_manager=self.is_at_least(Role.MANAGER),
            place=template.partition(".")[0],
            **named,
        )
        return web.Response(status=status, text=html, content_type="text/html")
