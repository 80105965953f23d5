"""Puts the dashboard together: from the parts of the service to the parts that pages are made from, and its routes."""

import secrets
import sys
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
from aiohttp import web

from dashboard.chance import chance
from dashboard.coverage import Coverages
from dashboard.doors import LOCAL
from dashboard.entra import Entra
from dashboard.guard import guarded
from dashboard.live import Live
from dashboard.note_counts import NoteCounts
from dashboard.pictures import Pictures
from dashboard.readings import Readings
from dashboard.sessions import Sessions, Visitor, session_key
from dashboard.table import ROUTES
from dashboard.templating import Templates
from dashboard.theme_desk import ThemeDesk
from dashboard.tickets import Tickets
from dashboard.tokens import Tokens
from dashboard.visit import Parts
from feedback.people.people import Policy
from feedback.results.results import CatchesUp
from feedback.runs.runs import Run
from feedback.standing import Standing
from feedback.texts.theme_machine import ThemeMachine
from store.contract import Conflict, Store

LINK_GOOD_FOR = timedelta(days=1)


class House(msgspec.Struct, frozen=True):
    """This deployment: where people find it, a secret of its own, and whether it is one for trying things out."""

    address: str
    secret: str
    is_local: bool
    teams_hosts: tuple[str, ...] = ()  # that may frame the tab


PARTS = web.AppKey("PARTS", Parts)


def put_together(
    *,
    store: Store,
    policy: Policy,
    tallier: CatchesUp,
    stand: Callable[[Run], Awaitable[Standing]],
    now: Callable[[], datetime],
    house: House,
    entra: Entra | None = None,
) -> Parts:
    """Return what pages are made from. People sign in with `entra`; without it, nobody can but by a printed link."""
    templates = Templates()
    is_secure = house.address.startswith("https://")
    return Parts(
        store=store,
        policy=policy,
        tallier=tallier,
        sessions=Sessions(store, session_key(house.secret), chance=chance, now=now, is_secure=is_secure),
        tickets=Tickets(store, chance),
        tokens=Tokens(store, chance=chance, now=now),
        templates=templates,
        pictures=Pictures(),
        live=Live(store, stand, templates, now=now),
        coverages=Coverages(store, now=now),
        readings=Readings(store, now=now),
        note_counts=NoteCounts(store, now=now),
        theme_desk=ThemeDesk(store, ThemeMachine(), now=now),
        now=now,
        address=house.address,
        is_local=house.is_local,
        entra=entra,
        teams_hosts=house.teams_hosts,
    )


async def local_link(parts: Parts, visitor: Visitor, code: str) -> str:
    """Return a link that signs somebody in once, on this machine. The same code twice is the same link."""
    with suppress(Conflict):
        await parts.tickets.give(LOCAL, msgspec.to_builtins(visitor), good_for=LINK_GOOD_FOR, code=code)
    return f"{parts.address}/sign-in/once?code={code}"


async def open_local_door(parts: Parts, admins: Collection[str], tenants: Collection[str], code: str) -> None:
    """Make the link with which somebody who tries Hearback out opens the dashboard as the admin they are.

    It is printed, unless whoever started us chose its code.
    """
    for admin, tenant in zip(sorted(admins)[:1], sorted(tenants)[:1], strict=False):
        link = await local_link(parts, Visitor(tenant, admin, "Local admin"), code or secrets.token_urlsafe(32))
        if not code:
            sys.stdout.write(f"The dashboard, once and on this machine only: {link}\n")
            sys.stdout.flush()


def add_routes(app: web.Application) -> None:
    """Add the pages. `PARTS` has to be there when the first visitor comes."""

    def parts_of(request: web.Request) -> Parts:
        return request.app[PARTS]

    for route in ROUTES:
        app.router.add_route(route.method, route.path, guarded(route, parts_of))

    async def close(app: web.Application) -> None:
        if PARTS in app:
            await app[PARTS].live.close()
            await app[PARTS].theme_desk.close()

    app.on_shutdown.append(close)
