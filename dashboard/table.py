"""Every route of the dashboard and the role it needs. What is not in here cannot be opened."""

from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec
from aiohttp import web

from dashboard import access, api, doors, files, notes, pages, teams_tab, text_files, text_pages, trends
from dashboard.tokens import Purpose
from dashboard.visit import Visit
from feedback.people.people import Role


class Answers(StrEnum):
    """What a route answers with, which decides what somebody without a session gets."""

    PAGE = "page"  # they are led to where one signs in
    DATA = "data"  # they get 401


class Route(msgspec.Struct, frozen=True):
    """One route. Without a role it is public. POST has to bring the token of the session."""

    method: str
    path: str
    role: Role | None
    act: Callable[[Visit], Awaitable[web.StreamResponse]]
    answers: Answers = Answers.PAGE
    purpose: Purpose | None = None  # of tokens that may be brought instead of a session
    is_tab: bool = False  # Teams may show it in a frame, whoever is signed in

    @property
    def name(self) -> str:
        """The route as the documentation names it."""
        return f"{self.method} {self.path}"


ROUTES: tuple[Route, ...] = (
    Route("GET", "/", Role.ENGINEER, pages.overview),
    Route("GET", "/runs/{run}", Role.ADMIN, pages.run),
    Route("GET", "/runs/{run}/events", Role.ADMIN, pages.events, Answers.DATA),
    Route("GET", "/runs/{run}/people", Role.ADMIN, pages.people),
    Route("GET", "/runs/{run}/people.{form:csv|xlsx}", Role.ADMIN, pages.people_file, Answers.DATA),
    Route("GET", "/access", Role.ADMIN, access.access),
    Route("POST", "/access", Role.ADMIN, access.make),
    Route("POST", "/access/end", Role.ADMIN, access.end),
    Route("GET", "/api/openapi.json", None, access.openapi, Answers.DATA),
    Route("GET", "/api/runs", Role.ENGINEER, api.runs, Answers.DATA, Purpose.RESULTS),
    Route("GET", "/api/runs/{run}", Role.ENGINEER, api.run, Answers.DATA, Purpose.RESULTS),
    Route("GET", "/api/runs/{run}/results", Role.ENGINEER, api.results, Answers.DATA, Purpose.RESULTS),
    Route(
        "GET",
        "/api/runs/{run}/export.{form:csv|xlsx|json}",
        Role.ADMIN,
        pages.answers_file,
        Answers.DATA,
        Purpose.ANSWERS,
    ),
    Route("GET", "/api/notes", Role.ENGINEER, notes.notes_json, Answers.DATA, Purpose.NOTES),
    Route("GET", "/notes", Role.ENGINEER, notes.notes),
    Route("GET", "/notes.{form:csv|xlsx|json}", Role.ADMIN, notes.notes_file, Answers.DATA),
    Route("GET", "/runs/{run}/results.{form:png|pdf}", Role.ENGINEER, pages.sheet, Answers.DATA),
    Route("GET", "/runs/{run}/results", Role.ENGINEER, pages.results),
    Route("GET", "/api/runs/{run}/over-time", Role.ENGINEER, trends.over_time_json, Answers.DATA, Purpose.RESULTS),
    Route("GET", "/runs/{run}/over-time", Role.ENGINEER, trends.over_time),
    Route("GET", "/runs/{run}/over-time.{form:csv}", Role.ENGINEER, trends.csv_file, Answers.DATA),
    Route("GET", "/runs/{run}/over-time/{question}.{form:svg|png}", Role.ENGINEER, trends.chart, Answers.DATA),
    Route("GET", "/runs/{run}/charts/{question}.{form:svg|png}", Role.ENGINEER, pages.chart, Answers.DATA),
    Route("GET", "/runs/{run}/texts", Role.ENGINEER, text_pages.texts),
    Route("GET", "/runs/{run}/texts.{form:csv|xlsx|json}", Role.ADMIN, text_files.texts_file, Answers.DATA),
    Route("POST", "/runs/{run}/texts/tags/{act:add|remove}", Role.ADMIN, text_pages.tag),
    Route(
        "POST",
        "/runs/{run}/texts/themes/{act:make|rename|merge|put-away|take-back|move}",
        Role.ADMIN,
        text_pages.theme,
    ),
    Route("GET", "/runs/{run}/coverage", Role.MANAGER, pages.coverage),
    Route("GET", "/audit", Role.ADMIN, pages.audit),
    Route("GET", "/sign-in", None, doors.sign_in),
    Route("GET", "/sign-in/once", None, doors.sign_in_once),
    Route("GET", doors.START, None, doors.start),
    Route("GET", doors.BACK, None, doors.back),
    Route("GET", teams_tab.TAB, None, teams_tab.tab, is_tab=True),
    Route("POST", teams_tab.TAB, None, teams_tab.enter, Answers.DATA),
    Route("POST", "/sign-out", Role.CUSTOMER, doors.sign_out),
    Route("GET", "/static/{name}", None, files.file, Answers.DATA),
)
