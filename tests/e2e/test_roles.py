"""Roles given in the chat: what a manager and a new admin may then, in the chat and in the browser, and no more.

Where the store is in trouble, requests to the dashboard are made again by hand, as anybody does.
"""

import re
from collections.abc import AsyncIterator

import pytest

from feedback.audit import latest_records
from simulator import Person, Teams, card_text
from tests.dashboard.site import Browser
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, STORES, Service
from tests.e2e.test_the_dashboard import settings as _settings
from tests.e2e.test_the_dashboard import signed_in, token_of

settings = _settings
COVERAGE, RUN, EVENTS, AUDIT = "/runs/pulse-1/coverage", "/runs/pulse-1", "/runs/pulse-1/events", "/audit"

pytestmark = STORES


@pytest.fixture
async def browser(service: Service) -> AsyncIterator[Browser]:
    browser = Browser(service.url)
    yield browser
    await browser.session.close()


async def _status(browser: Browser, path: str, **headers: str) -> int:
    """Return how a request is answered once the store is there."""
    for _ in range(10):
        reply = await browser.get(path, **headers)
        if reply.status != 503:
            return reply.status
    return 503


async def _says(person: Person, words: str) -> str:
    await person.say(words)
    return card_text(person.card())


async def test_a_manager_may_see_coverage_and_no_more_until_it_is_taken_away(
    asked: Person, admin: Person, engineer: Person, service: Service, teams: Teams, browser: Browser
) -> None:
    await signed_in(browser, teams, engineer.who.object_id)
    assert asked
    assert await _status(browser, COVERAGE) == 403
    assert "is now a manager" in await _says(admin, f"role give {engineer.name} manager")
    assert await _status(browser, COVERAGE) == 200
    for path in (AUDIT, RUN, EVENTS, "/access"):
        assert await _status(browser, path) == 403
    for words in ("send pulse to customers", "role list", f"role give {engineer.who.object_id} admin", "audit"):
        assert "is for admins" in await _says(engineer, words)
    everything = (await engineer.say("my data"), "".join(engineer.texts))[1]
    assert '"given_role": "manager"' in everything
    assert f'"by": "{HOME}:{ADMIN}"' in everything
    listed = await _says(admin, "role list")
    assert "Sample Engineer" in listed
    assert "manager" in listed
    assert "is now an engineer" in await _says(admin, f"role take {engineer.who.object_id}")
    assert await _status(browser, COVERAGE) == 403
    assert "Nobody has a role of their own" in await _says(admin, "role list")
    found = [one for one in await latest_records(service.store, service.now()) if one.what.startswith("role")]
    assert [(one.who, one.what, one.on, one.before, one.after) for one in found] == [
        (f"{HOME}:{ADMIN}", "role take", f"{HOME}:{engineer.who.object_id}", "manager", "engineer"),
        (f"{HOME}:{ADMIN}", "role give", f"{HOME}:{engineer.who.object_id}", "engineer", "manager"),
    ]


async def test_an_admin_who_is_none_any_more_loses_pages_streams_tokens_and_buttons_at_once(
    asked: Person, admin: Person, engineer: Person, teams: Teams, browser: Browser
) -> None:
    assert asked
    await signed_in(browser, teams, engineer.who.object_id)
    assert "is now an admin" in await _says(admin, f"role give {HOME}:{engineer.who.object_id} admin")
    assert await _status(browser, AUDIT) == 200
    form = await token_of(browser, "/access")
    page = await (await browser.post("/access", token=form, name="Report", purpose="results", days="30")).text()
    secret = re.search(r"hearback_[\w-]+", page)
    assert secret is not None
    script = Browser(service_url := browser.url)
    try:
        assert await _status(script, "/api/runs", Authorization=f"Bearer {secret[0]}") == 200
        await engineer.say("status pulse-1")
        await engineer.press("status")
        assert "is for admins" not in card_text(engineer.card())
        async with browser.session.get(f"{service_url}{EVENTS}") as stream:
            await stream.content.readline()
            await admin.say(f"role take {engineer.who.object_id}")
            await stream.read()  # it ends by itself
        assert await _status(browser, AUDIT) == 403
        assert await _status(browser, EVENTS) == 403
        assert await _status(script, "/api/runs", Authorization=f"Bearer {secret[0]}") == 403
        pressed = await engineer.press("status")
        assert "is for admins" in str(pressed.body)
    finally:
        await script.session.close()


async def test_nobody_of_another_tenant_is_given_a_role_and_nobody_but_admins_gives_one(
    admin: Person, engineer: Person, customer: Person
) -> None:
    for words in (f"role give {ELSEWHERE}:{customer.who.object_id} manager", f"role take {ELSEWHERE}:nobody"):
        assert "is of no home tenant" in await _says(admin, words)
    for name in (customer.name, customer.who.object_id):
        assert "I know nobody called" in await _says(admin, f"role give {name} admin")
    assert "HEARBACK_ADMINS" in await _says(admin, f"role take {ADMIN}")
    assert "HEARBACK_ADMINS" in await _says(admin, f"role give {ADMIN} manager")
    assert "HEARBACK_HOME_TENANTS" in await _says(admin, f"role take {engineer.name}")
    assert "Whom do you mean" in await _says(admin, "role give Sample manager")
    for words in ("role give", "role give Somebody Else", f"role give {engineer.name} customer", "role take"):
        assert "Please write it like this" in await _says(admin, words)
    for person in (engineer, customer):
        for words in ("role list", f"role give {person.name} admin", f"role take {ADMIN}"):
            assert "is for admins" in await _says(person, words)
    assert "Nobody has a role of their own" in await _says(admin, "role list")
