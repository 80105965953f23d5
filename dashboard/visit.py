"""What every page is made from: the parts of the service it may use, and who is visiting. Knows no page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from dashboard.live import Live
from dashboard.pictures import Pictures
from dashboard.sessions import Session, Sessions
from dashboard.templating import Templates
from dashboard.tickets import Tickets
from feedback.people import Person, Policy, Role
from feedback.results import CatchesUp
from store.contract import Store

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that the pages are made from. `is_local` says that one signs in by a printed link."""

    store: Store
    policy: Policy
    tallier: CatchesUp
    sessions: Sessions
    tickets: Tickets
    templates: Templates
    pictures: Pictures
    live: Live
    now: Callable[[], datetime]
    is_local: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, and who makes it. The session is None on public pages for somebody who is not signed in."""

    request: web.Request
    parts: Parts
    session: Session | None

    @property
    def role(self) -> Role | None:
        """What the visitor may do, as of now."""
        return None if self.session is None else self.parts.policy.role_of(self.session.visitor.person)

    @property
    def person(self) -> Person:
        """Who is visiting. Raises `ValueError` on public pages for somebody who is not signed in."""
        if self.session is None:
            msg = "nobody is signed in"
            raise ValueError(msg)
        return self.session.visitor.person

    @property
    def headers(self) -> dict[str, str]:
        """What every answer carries; for those that are begun before they are made."""
        return dict(HEADERS)

    def is_at_least(self, role: Role) -> bool:
        """Say whether the visitor may do what a role may."""
        return self.role is not None and self.role.includes(role)

    async def may_stay(self) -> bool:
        """Say whether the session has not ended meanwhile."""
        return self.session is not None and await self.parts.sessions.is_alive(self.session)

    def page(self, template: str, *, status: int = 200, **named: object) -> web.Response:
        """Return a page made from a template."""
        html = self.parts.templates.render(
            template, session=self.session, role=self.role, is_admin=self.is_at_least(Role.ADMIN), **named
        )
        return web.Response(status=status, text=html, content_type="text/html")
