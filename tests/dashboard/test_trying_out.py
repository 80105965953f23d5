"""The link for whoever tries Hearback out: it is printed, works once, makes them the admin, and exists in dev only."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from app import create_app
from settings import Settings
from simulator.local import WELCOME, dashboard_link
from simulator.playground import ADMIN
from tests.dashboard.site import Browser

CODE = "a-sample-code-of-a-sample-link"


@asynccontextmanager
async def tried(folder: Path, **settings: str) -> AsyncIterator[Browser]:
    """Start the service as `make run` does, and open a browser."""
    given = {"HEARBACK_DEV": "1", "HEARBACK_STORE": f"sqlite:///{folder}/hearback.db", **settings}
    runner = web.AppRunner(create_app(Settings.from_env(given)))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    browser = Browser(f"http://{host}:{port}")
    try:
        yield browser
    finally:
        await browser.session.close()
        await runner.cleanup()


async def test_the_link_that_is_printed_opens_the_dashboard_for_the_admin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with tried(tmp_path) as browser:
        printed = re.search(r"(/sign-in/once\?code=[\w-]+)", capsys.readouterr().out)
        assert printed is not None
        assert (await browser.get(printed[1])).status == 303
        assert (await browser.get("/audit")).status == 200
        assert '<td class="name">pulse</td>' in await (await browser.get("/")).text()  # there to try


async def test_whoever_chose_the_code_has_the_link_and_it_is_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with tried(tmp_path, HEARBACK_DEV_CODE=CODE, HEARBACK_ADMINS=ADMIN.object_id) as browser:
        assert CODE not in capsys.readouterr().out
        assert (await browser.get(f"/sign-in/once?code={CODE}")).status == 303
        assert (await browser.get("/audit")).status == 200


async def test_a_restart_makes_a_new_link_and_ends_the_sessions_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with tried(tmp_path) as browser:
        first = re.search(r"(/sign-in/once\?code=[\w-]+)", capsys.readouterr().out)
        assert first is not None
        await browser.get(first[1])
        cookie = browser.cookie()
    async with tried(tmp_path) as browser:
        second = re.search(r"(/sign-in/once\?code=[\w-]+)", capsys.readouterr().out)
        assert second is not None
        assert second[1] != first[1]
        browser.take_cookie(cookie)
        assert (await browser.get("/audit")).status == 303
        assert (await browser.get(second[1])).status == 303


def test_what_make_run_says_has_the_link() -> None:
    link = dashboard_link(3978, CODE)
    assert link in WELCOME.format(dashboard=link)
    assert link == f"http://127.0.0.1:3978/sign-in/once?code={CODE}"
