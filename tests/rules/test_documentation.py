"""What the documentation says is what the program does: every setting, command, route and action is documented."""

import re
import tomllib
from pathlib import Path

import pytest

from app import create_app
from bot.actions import ACTS, Act
from bot.commands import COMMANDS, Command
from cards.survey import survey_fits
from feedback.runs.runs import DeliveryState
from feedback.surveys.questions import Kind
from feedback.surveys.survey_files import read_survey
from settings import SETTINGS, Setting, Settings
from store.containers import CONTAINERS
from tests.rules.test_imports import MAY_IMPORT

ROOT = Path(__file__).resolve().parents[2]
WHO_MAY_CALL = {
    "POST /api/messages": "a signed token",
    "GET /healthz": "public",
    "GET /readyz": "public",
    "GET /metrics": "public",
    "GET /api/runs/{run}/people.{form}": "a signed link of an admin",
    "GET /": "engineer",
    "GET /access": "admin",
    "POST /access": "admin",
    "POST /access/end": "admin",
    "GET /api/openapi.json": "public",
    "GET /api/runs": "engineer",
    "GET /api/runs/{run}": "engineer",
    "GET /api/runs/{run}/results": "engineer",
    "GET /api/runs/{run}/over-time": "engineer",
    "GET /api/notes": "engineer",
    "GET /notes": "engineer",
    "GET /notes.{form}": "admin",
    "GET /audit": "admin",
    "GET /runs/{run}": "admin",
    "GET /runs/{run}/charts/{question}.{form}": "engineer",
    "GET /runs/{run}/coverage": "manager",
    "GET /runs/{run}/events": "admin",
    "GET /runs/{run}/over-time": "engineer",
    "GET /runs/{run}/over-time.{form}": "engineer",
    "GET /runs/{run}/over-time/{question}.{form}": "engineer",
    "GET /runs/{run}/people": "admin",
    "GET /runs/{run}/people.{form}": "admin",
    "GET /api/runs/{run}/export.{form}": "admin",
    "GET /runs/{run}/results.{form}": "engineer",
    "GET /runs/{run}/results": "engineer",
    "GET /runs/{run}/texts": "engineer",
    "GET /runs/{run}/texts.{form}": "admin",
    "POST /runs/{run}/texts/tags/{act}": "admin",
    "POST /runs/{run}/texts/themes/{act}": "admin",
    "GET /sign-in": "public",
    "GET /sign-in/once": "public",
    "GET /sign-in/microsoft": "public",
    "GET /sign-in/microsoft/back": "public",
    "GET /sign-in/teams": "public",
    "POST /sign-in/teams": "public",
    "GET /static/{name}": "public",
    "POST /sign-out": "customer",
}
DECISIONS = sorted((ROOT / "docs" / "decisions").iterdir())
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deployment").rglob("*.md")])
SCREEN = 35  # lines
LINE = 120  # characters
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", _read("Makefile"), re.MULTILINE))


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """Return what the headings of a page are linked by: lower case, no punctuation, dashes for blanks."""
    headings = re.findall(r"^#+ (.+)$", _without_code(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda one: one.name)
def test_every_setting_is_in_the_example_with_its_meaning_and_default(setting: Setting) -> None:
    default = "" if setting.is_secret else setting.default
    assert f"\n# {setting.about}\n# {setting.name}={default}\n" in _read(".env.example")


def test_the_example_names_the_settings_in_their_order_and_no_other() -> None:
    named = re.findall(r"^# ?([A-Za-z_0-9]+)=", _read(".env.example"), re.MULTILINE)
    assert named == [one.name for one in SETTINGS]


def test_the_example_sets_nothing() -> None:
    assert all(not line or line.startswith("#") for line in _read(".env.example").splitlines())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.word)
def test_every_command_is_documented_with_its_role(command: Command) -> None:
    assert f"| `{command.usage}` | {command.role.value} | {command.about} |" in _read("docs/commands.md")


def test_no_command_is_documented_that_does_not_exist() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", _read("docs/commands.md"), re.MULTILINE)
    assert rows == [one.usage for one in COMMANDS]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_question_is_documented(kind: Kind) -> None:
    assert f"\n| `{kind.value}` |" in _read("docs/surveys.md")


def test_the_documented_survey_can_be_imported() -> None:
    examples = re.findall(r"^```yaml\n(.*?)^```", _read("docs/surveys.md"), re.MULTILINE | re.DOTALL)
    assert examples
    assert all(survey_fits(read_survey(one)) for one in examples)


@pytest.mark.parametrize("state", DeliveryState)
def test_every_state_of_a_delivery_is_in_the_glossary(state: DeliveryState) -> None:
    assert f"\n| `{state.value}` |" in _read("docs/glossary.md")


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_no_blank_line_cuts_a_table_in_two(page: Path) -> None:
    for before, blank, after in zip(
        *(page.read_text(encoding="utf-8").splitlines()[n:] for n in range(3)), strict=False
    ):
        assert blank or not (before.startswith("|") and after.startswith("|")), after


def test_every_route_is_documented_with_who_may_call_it() -> None:
    app = create_app(Settings.from_env({"HEARBACK_DEV": "1"}))
    routes = {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert routes == set(WHO_MAY_CALL)
    for route, who in WHO_MAY_CALL.items():
        assert f"| `{route}` | {who} |" in _read("docs/architecture.md")


def test_every_card_action_has_a_role() -> None:
    assert {one.name: one.role.value for one in ACTS.values()} == {
        "answer": "customer",
        "back": "customer",
        "later": "customer",
        "snooze": "customer",
        "decline": "customer",
        "type": "customer",
        "open": "customer",
        "edit": "customer",
        "status": "admin",
        "confirm": "admin",
        "approve": "admin",
        "hold": "admin",
        "continue": "admin",
        "cancel": "admin",
        "resend": "admin",
        "recall": "admin",
        "people": "admin",
        "export": "admin",
        "results": "engineer",
        "segments": "engineer",
        "wish": "engineer",
        "unwish": "engineer",
        "sketch": "admin",
        "trial": "admin",
        "saved": "admin",
        "foretell": "admin",
        "send": "admin",
    }


@pytest.mark.parametrize("action", ACTS.values(), ids=lambda one: one.name)
def test_every_card_action_is_documented_with_its_role(action: Act) -> None:
    assert f"\n| `{action.name}` | {action.role.value} |" in _read("docs/architecture.md")


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_the_rooms_are_documented_with_what_they_may_import(room: str) -> None:
    name = f"{room}.py" if (ROOT / f"{room}.py").exists() else f"{room}/"
    row = re.search(rf"^\| `{re.escape(name)}` \|.*\|(.*)\|$", _read("docs/architecture.md"), re.MULTILINE)
    assert row is not None
    assert set(re.findall(r"`(\w+)`", row[1])) == MAY_IMPORT[room]


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_is_documented(container: str) -> None:
    assert f"\n| `{container}` |" in _read("docs/architecture.md")


@pytest.mark.parametrize("target", ["run", "demo", "test", "install", "check", "bench", "package"])
def test_the_make_targets_that_people_know_exist(target: str) -> None:
    assert target in _make_targets()


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_documentation_names_only_make_targets_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`)make (?:[A-Z]+=\S+ )?([a-z-]+)", text, re.MULTILINE)
    assert set(named) <= _make_targets()


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    for target, anchor in LINK.findall(_without_code(page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), f"{target} does not exist"
        assert not anchor or anchor in _anchors(found), f"{target}#{anchor} does not exist"


def test_the_readme_takes_under_two_screens() -> None:
    lines = _read("README.md").splitlines()
    assert len(lines) < 2 * SCREEN
    assert max(map(len, lines)) <= LINE


def test_the_changelog_has_the_version_of_the_product() -> None:
    version = tomllib.loads(_read("pyproject.toml"))["project"]["version"]
    newest = re.search(r"^## (\S+)", _read("CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == version


def test_decisions_are_numbered_without_gaps() -> None:
    names = [path.name for path in DECISIONS]
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in names)
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=_named)
def test_a_decision_says_its_number_context_and_consequences_on_one_page(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith(f"# {path.name[:4]} ")
    assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]
    assert len(lines) < 2 * SCREEN
