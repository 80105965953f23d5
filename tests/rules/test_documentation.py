"""What the documentation says is what the program does: every setting, command, route and action is documented."""

import re
from pathlib import Path

import pytest
from aiohttp import web

from app import create_app
from bot.actions import ACTS
from bot.commands import COMMANDS
from feedback.questions import Kind
from feedback.runs import DeliveryState
from settings import SETTINGS, Settings

ROOT = Path(__file__).resolve().parents[2]
PUBLIC_ROUTES = {"POST /api/messages": "a signed token", "GET /healthz": "public", "GET /readyz": "public"}


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda one: one.name)
def test_every_setting_is_in_the_example_with_its_default(setting: object) -> None:
    assert setting in SETTINGS
    row = next(one for one in SETTINGS if one == setting)
    default = "" if row.is_secret else row.default
    assert re.search(rf"^# ?{re.escape(row.name)}={re.escape(default)}$", _read(".env.example"), re.MULTILINE)


def test_the_example_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(r"^# ?([A-Za-z_]+)=", _read(".env.example"), re.MULTILINE))
    assert named == {one.name for one in SETTINGS}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.word)
def test_every_command_is_documented_with_its_role(command: object) -> None:
    row = next(one for one in COMMANDS if one == command)
    assert f"| `{row.usage}` | {row.role.value} | {row.about} |" in _read("docs/commands.md")


def test_no_command_is_documented_that_does_not_exist() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", _read("docs/commands.md"), re.MULTILINE)
    assert rows == [one.usage for one in COMMANDS]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_question_is_documented(kind: Kind) -> None:
    assert f"`{kind.value}`" in _read("docs/surveys.md")


@pytest.mark.parametrize("state", DeliveryState)
def test_every_state_of_a_delivery_is_in_the_glossary(state: DeliveryState) -> None:
    assert f"`{state.value}`" in _read("docs/glossary.md")


def test_every_route_is_documented_with_who_may_call_it() -> None:
    settings = Settings.from_env({"HEARBACK_DEV": "1"})
    routes = {
        f"{route.method} {route.resource.canonical}"
        for route in create_app(settings).router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert routes == set(PUBLIC_ROUTES)
    for route, who in PUBLIC_ROUTES.items():
        assert f"| `{route}` | {who} |" in _read("docs/architecture.md")
    assert isinstance(create_app(settings), web.Application)


def test_every_card_action_has_a_role() -> None:
    assert {one.name: one.role.value for one in ACTS.values()} == {
        "answer": "customer",
        "edit": "customer",
        "status": "admin",
        "results": "engineer",
    }


@pytest.mark.parametrize("target", ["run", "test", "install", "check", "bench", "package"])
def test_the_make_targets_that_documentation_names_exist(target: str) -> None:
    assert re.search(rf"^{target}:.*##", _read("Makefile"), re.MULTILINE)
