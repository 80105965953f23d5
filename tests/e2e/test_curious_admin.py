"""The curious admin: whatever the product shows of an anonymous run, at any time, ties nobody to an answer.

The same people answer twice, with their answers exchanged among them, and the admin looks at everything after each
answer and at the end. What they see must be the same both times: then nothing of it depends on who said what. Minutes
pass from answer to answer, so that a time beside what was said would tell who said it.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from dashboard.doors import BACK
from dashboard.table import ROUTES
from feedback.answers.anonymous import KEY_DOC
from settings import Settings
from simulator import Json, Person, Teams, card_text
from simulator.cards import card_of
from store.contract import Doc, Store
from tests.dashboard import spreadsheet
from tests.dashboard.site import Browser
from tests.e2e.conftest import ADMIN, ELSEWHERE, STORES, Service
from tests.e2e.test_the_dashboard import PUBLIC, signed_in

HUSH = """\
id: hush
title: Sample of a hushed survey
anonymous: true
threshold: 3
questions:
  - {id: score, kind: nps, text: "How likely?", required: true}
  - {id: why, kind: text, text: "Why?"}
"""
LOUD = HUSH.replace("anonymous: true\nthreshold: 3\n", "").replace("id: hush", "id: loud")
ANSWERS = [(0, "Utterly broken"), (10, "Wonderful"), (7, "Middling"), (3, "Sluggish")]
DASHBOARD = (
    "/runs/{run}",
    "/runs/{run}/people?state=answered",
    "/runs/{run}/results",
    "/runs/{run}/coverage",
    "/runs/{run}/texts",
    "/runs/{run}/texts?question=why&words=broken",
    "/runs/{run}/texts.csv",
    "/runs/{run}/texts.json",
    "/api/runs/{run}",
    "/api/runs/{run}/results",
    "/api/runs/{run}/export.csv",
    "/api/runs/{run}/export.json",
)
AT_THE_END = ("/runs/{run}/charts/score.svg", "/runs/{run}/texts.xlsx", "/api/runs/{run}/export.xlsx")
OVER_TIME = (  # with the runs before, so two runs cannot be compared: while one is open, nothing may ever change there
    "/runs/{run}/over-time",
    "/runs/{run}/over-time.csv",
    "/runs/{run}/over-time/score.svg",
    "/api/runs/{run}/over-time",
)
LOOKED_AT_OTHERWISE = {  # what the others are made of
    "/runs/{run}/events",  # the page of the run, again and again
    "/runs/{run}/results.png",  # a drawing of the results
}
_CHANGES = re.compile(  # the second time is some hours later; forms have a token, texts a hash of an id by chance
    r"\b\d\d(?=:(?:17|24|31|38|45)\b)|(?<=T)\d\d(?=:(?:17|24|31|38|45))|(?<=name=\"token\" value=\")\w+"
    r"|(?<=id=\"text-)[\w-]{16}|(?<=name=\"text\" value=\")[\w-]{16}"
)
NOW = datetime(2026, 11, 24, 9, 17, 33, tzinfo=UTC)


pytestmark = pytest.mark.usefixtures("hurried")  # an admin who looks at everything asks more than a chat takes

Seen = list[list[list[str]]]  # lines of each surface, after each step


@pytest.fixture
def settings(settings: Settings, teams: Teams) -> Settings:
    teams.login.entra.redirect_urls.add(f"{PUBLIC}{BACK}")
    return msgspec.structs.replace(settings, admins=frozenset({ADMIN}), approval_above=1000, public_url=PUBLIC)


@pytest.fixture
async def people(service: Service, admin: Person) -> list[Person]:
    service.clock = lambda: NOW
    found = [service.teams.person(f"Sample Customer {number}", tenant=ELSEWHERE) for number in range(len(ANSWERS))]
    for person in found:
        await person.install()
    for text in (HUSH, LOUD):
        await admin.say(f"survey import\n```\n{text}```")
    return found


@pytest.fixture
async def web(service: Service, teams: Teams) -> AsyncIterator[Browser]:
    """The admin's browser, signed in to the dashboard."""
    browser = Browser(service.url)
    service.clock = lambda: NOW
    await signed_in(browser, teams, ADMIN)
    yield browser
    await browser.session.close()


def _said(card: Json) -> str:
    return card_text(card).replace("\u200b", "").replace("\\", "").replace("**", "")


def _named_alike(line: str, run: str) -> str:
    """Return a line without what differs for another reason than the answers. A survey names all its runs."""
    return _CHANGES.sub("", line.replace(run, "RUN").replace("hush-1, RUN", "RUN"))


class CuriousAdmin:
    """Looks at everything that an admin can look at. Runs are called by one name, and lines stand in no order."""

    def __init__(self, admin: Person, service: Service, web: Browser) -> None:
        self._admin = admin
        self._service = service
        self._web = web
        self.over_time: list[list[str]] = []  # of one run after the other, while they were open

    async def look(self, survey: str, run: str, *, is_thorough: bool = False) -> list[list[str]]:
        words = [f"status {run}", f"status {run} answered", f"results {run}", f"results {run} by size"]
        if is_thorough:
            words += [f"status {run} sent", f"results {survey}", f"survey show {survey}", f"survey export {survey}"]
        seen = [await self._ask(one) for one in words]
        audit = {line for line in (await self._ask("audit")).splitlines() if run in line} if is_thorough else set()
        paths = DASHBOARD + AT_THE_END if is_thorough else DASHBOARD
        on_pages = [await self._page(run, path) for path in paths]
        if not is_thorough:
            self.over_time.append([_CHANGES.sub("", await self._page(run, path)) for path in OVER_TIME])
        lines = [*(one.splitlines() for one in [*seen, await self._file(run), *on_pages]), audit]
        return [sorted(_named_alike(line, run) for line in some) for some in lines]

    def wait(self, minutes: int) -> None:
        """Let time pass for everybody."""
        later = self._service.clock() + timedelta(minutes=minutes)
        self._service.clock = lambda: later

    async def _page(self, run: str, path: str) -> str:
        """Return what a page or a file of the dashboard says; of a workbook, its cells."""
        for _ in range(5):
            async with self._web.session.get(f"{self._web.url}{path.format(run=run)}", allow_redirects=False) as answer:
                body = await answer.read()
            if answer.status in {200, 404}:
                is_book = path.endswith("xlsx") and answer.status == 200
                text = str(spreadsheet.read(body)) if is_book else body.decode()
                return re.sub(r"[>,;\[\]]", "\n", f"{answer.status}\n{text}")
        pytest.fail(f"{path} cannot be had: {answer.status}")

    async def _ask(self, words: str) -> str:
        known = len(self._admin.inbox)
        await self._admin.say(words)
        return "\n".join(
            _said(card_of(one)) if one.get("attachments") else str(one.get("text")) for one in self._admin.inbox[known:]
        )

    async def _file(self, run: str) -> str:
        await self._admin.say(f"status {run} csv")
        (url,) = {str(one["url"]) for one in self._admin.card()["actions"] if "url" in one}  # type: ignore[attr-defined]
        for _ in range(5):  # as anybody does who is told that the store does not answer
            answer = await self._web.get(url.removeprefix(PUBLIC))
            if answer.status == 200:
                return await answer.text()
        pytest.fail("the file cannot be had")


async def _story(
    curious: CuriousAdmin,
    admin: Person,
    people: list[Person],
    survey: str,
    number: int,
    order: list[int],
    *,
    looks_meanwhile: bool = True,
) -> Seen:
    """Send, let people answer in turn with the answers in this order, close; return what was seen after each step, or
    at the end alone."""
    run = f"{survey}-{number}"
    await admin.say(f"send {survey} to customers")
    for person in people:
        await person.received(lambda message: run in str(message))
    async with asyncio.timeout(60):
        while "Sent, open for answers" not in _said((await admin.forge({"act": "status", "run": run})).card):
            pass
    seen = [await curious.look(survey, run)] if looks_meanwhile else []
    for person, one in zip(people, order, strict=True):
        curious.wait(minutes=7)
        score, why = ANSWERS[one]
        await person.press("answer", {"q_score": str(score), "q_why": why})
        assert "your answers are saved" in _said(person.card())
        if looks_meanwhile:
            seen.append(await curious.look(survey, run))
    await admin.say(f"survey close {survey}")
    await admin_sees_the_end(admin, run)
    return [*seen, await curious.look(survey, run, is_thorough=True)]


async def admin_sees_the_end(admin: Person, run: str) -> None:
    """Wait until a closed run has results: an anonymous one is sealed beside the turn that closes it."""
    async with asyncio.timeout(60):
        while "being sealed" in _said((await admin.forge({"act": "results", "run": run})).card):
            pass


def _differences(first: Seen, second: Seen) -> list[tuple[int, int, set[str]]]:
    """Return the steps and the surfaces that differ, with the lines that are on one side alone."""
    return [
        (step, place, set(one) ^ set(other))
        for step, (left, right) in enumerate(zip(first, second, strict=True))
        for place, (one, other) in enumerate(zip(left, right, strict=True))
        if one != other
    ]


async def test_what_an_admin_sees_does_not_depend_on_who_said_what(
    admin: Person, people: list[Person], service: Service, web: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    curious = CuriousAdmin(admin, service, web)
    first = await _story(curious, admin, people, "hush", 1, [0, 1, 2, 3])
    service.clock = lambda: NOW + timedelta(hours=3)
    await admin.say(f"survey import\n```\n{HUSH}```")
    second = await _story(curious, admin, people, "hush", 2, [3, 0, 1, 2])
    assert _differences(first, second) == []
    looks = len(ANSWERS) + 1
    for one in (curious.over_time[:looks], curious.over_time[looks:]):
        assert len(one) == looks
        assert all(seen == one[0] for seen in one), "figures over time move while a run is open"
    assert len(first) == len(second)
    assert "Utterly broken" not in str(first[:-1]), "before the end nothing of the answers is seen"
    assert "Utterly broken" in str(first[-1]), "at the end all of them are"
    metrics = await (await web.get("/metrics")).text()
    for _, why in ANSWERS:
        assert why not in caplog.text
        assert why not in metrics


def test_the_curious_admin_looks_at_every_address_of_a_run() -> None:
    routes = {re.sub(r"{question}", "score", one.path) for one in ROUTES if one.method == "GET" and "{run}" in one.path}
    looked = {path.partition("?")[0] for path in (*DASHBOARD, *AT_THE_END, *OVER_TIME)} | LOOKED_AT_OTHERWISE
    formless = {re.sub(r"\.{form:[^}]*}", "", path) for path in routes}
    assert {re.sub(r"\.\w+$", "", path) for path in looked} == formless


async def test_the_curious_admin_finds_out_where_a_survey_is_not_anonymous(
    admin: Person, people: list[Person], service: Service, web: Browser
) -> None:
    """The test above is able to fail: the same looks at the same survey without the promise tell who said what."""
    curious = CuriousAdmin(admin, service, web)
    first = await _story(curious, admin, people, "loud", 1, [0, 1, 2, 3])
    service.clock = lambda: NOW + timedelta(hours=3)
    await admin.say(f"survey import\n```\n{LOUD}```")
    second = await _story(curious, admin, people, "loud", 2, [3, 0, 1, 2])
    assert first[0] == second[0]
    assert first[1] != second[1]
    assert all(before != after for before, after in zip(curious.over_time[-2], curious.over_time[-1], strict=True))
    differing = {place for place, seen in enumerate(first[1]) if seen != second[1][place]}
    on_pages = {path for place, path in enumerate(DASHBOARD, start=5) if place in differing}
    assert on_pages == {path for path in DASHBOARD if not path.endswith(("{run}", "answered", "coverage"))}


async def _documents(store: Store) -> list[Doc]:
    found: list[Doc] = []
    for container in ("people", "surveys", "runs", "ledger", "state", "audit"):
        page = await store.changes(container)
        while page.docs:
            found += page.docs
            page = await store.changes(container, since=page.mark)
    return found


def _ties(docs: list[Doc], people: list[Person]) -> list[Doc]:
    """Return the documents that name both a person and what somebody said."""
    names = [name for one in people for name in (one.who.object_id, one.name)]
    return [
        doc for doc in docs if any(why in str(doc) for _, why in ANSWERS) and any(name in str(doc) for name in names)
    ]


@STORES
async def test_no_document_that_is_left_ties_a_person_to_an_answer(
    admin: Person, people: list[Person], service: Service, web: Browser
) -> None:
    await _story(CuriousAdmin(admin, service, web), admin, people, "hush", 1, [0, 1, 2, 3], looks_meanwhile=False)
    docs = await _documents(service.store)
    assert _ties(docs, people) == []
    sealed = [doc for doc in docs if doc.get("kind") == "sealed"]
    assert sorted(str(doc["answers"]["why"]) for doc in sealed) == sorted(why for _, why in ANSWERS)  # type: ignore[index]
    fields = {name for doc in sealed for name in doc if not name.startswith("_")}
    assert fields == {"id", "run", "kind", "answers"}
    written_into = [{**doc, "person": f"{ELSEWHERE}:{people[0].who.object_id}"} for doc in sealed[:1]]
    assert _ties([*docs, *written_into], people) == written_into, "a person in an answer would be found"


async def test_the_key_is_nowhere_in_the_file_once_the_service_has_stopped(
    admin: Person, people: list[Person], service: Service, tmp_path: Path
) -> None:
    def in_files(text: str) -> bool:
        return any(text.encode() in file.read_bytes() for file in tmp_path.glob("hearback.db*"))

    await admin.say("send hush to customers")
    await people[0].received(lambda message: "hush-1" in str(message))
    doc = await service.store.get("runs", "hush-1", KEY_DOC)
    assert doc is not None
    assert in_files(str(doc["key"]))
    await admin.say("survey close hush")
    await admin_sees_the_end(admin, "hush-1")
    await service.stop()
    assert not in_files(str(doc["key"]))


async def test_the_promise_is_on_the_card_and_the_end_says_that_nothing_can_be_shown(
    admin: Person, people: list[Person]
) -> None:
    await admin.say("send hush to customers")
    person = people[0]
    await person.received(lambda message: "hush-1" in str(message))
    assert "never of fewer than 3 people" in _said(person.card())
    await person.press("answer", {"q_score": "0", "q_why": "Utterly broken"})
    await person.press("Edit my answer")
    assert "Utterly broken" in str(person.card()), "while the run is open, a person finds their own answers again"
    await person.press("answer", {"q_score": "1", "q_why": "Not so bad"})
    await admin.say("survey close hush")
    await person.received(lambda message: "This survey is closed" in str(message))
    assert "kept without your name" in _said(person.card())
    assert "Not so bad" not in str(person.card())
