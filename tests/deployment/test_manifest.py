"""The manifest is valid against Microsoft's schema and claims what the command table has."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from dashboard.table import ROUTES
from dashboard.teams_tab import TAB
from deployment.manifest import MANIFEST_VERSION, MAX_COMMANDS, CommandRow, Manifest, Pages, chosen, teams_manifest
from deployment.manifest import TAB as MANIFEST_TAB

SCHEMAS = Path("node_modules/@microsoft/app-manifest/build/json-schemas/teams")
APP_ID = "11111111-2222-4333-8444-555555555555"


@dataclass(frozen=True, slots=True)
class Row:
    word: str
    usage: str = ""
    about: str = "Does something."
    role: str = "customer"


TABLE = (
    Row("help", "help", "Shows what you can do here."),
    Row("feedback", "feedback <text>", "Tell us anything."),
    Row("note", "note <text>", "Logs a conversation.", "engineer"),
    Row("assume", "assume <statement>", "Writes down an assumption.", "engineer"),
    Row("results", "results <run>", "Shows the answers.", "engineer"),
    Row("team", "team", "Shows the team's habit.", "manager"),
    Row("send", "send <survey> to <audience>", "Sends a survey.", "admin"),
)


def made(
    *,
    commands: Sequence[CommandRow] = TABLE,
    host: str = "bot.example.com",
    app_id: str = APP_ID,
    has_dashboard: bool = False,
) -> Manifest:
    return teams_manifest(
        app_id=app_id, version="0.1.0", public_host=host, commands=commands, has_dashboard=has_dashboard
    )


def suggested(manifest: Manifest) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(json.dumps(manifest))["bots"][0]["commandLists"][0]["commands"]
    return found


def schema_errors(manifest: Manifest) -> list[str]:
    schema = json.loads(
        (SCHEMAS / f"v{MANIFEST_VERSION}" / "MicrosoftTeams.schema.json").read_text(encoding="utf-8-sig")
    )
    return [one.message for one in Draft4Validator(schema).iter_errors(manifest)]


def test_the_manifest_is_valid_against_the_official_schema() -> None:
    assert schema_errors(made()) == []


def test_the_schema_would_notice_a_mistake() -> None:
    assert schema_errors({**made(), "composeExtension": []})
    assert schema_errors({**made(), "accentColor": "teal"})


def test_the_manifest_names_the_newest_schema_there_is() -> None:
    versions = [tuple(map(int, one.name[1:].split("."))) for one in SCHEMAS.glob("v[0-9]*")]
    assert ".".join(map(str, max(versions))) == MANIFEST_VERSION


def test_the_manifest_claims_a_personal_bot_and_nothing_else() -> None:
    manifest = made()
    claims = {
        "staticTabs",
        "configurableTabs",
        "composeExtensions",
        "webApplicationInfo",
        "authorization",
        "copilotAgents",
    }
    assert not claims & manifest.keys()
    assert manifest["defaultInstallScope"] == "personal"
    assert json.loads(json.dumps(manifest))["bots"][0]["scopes"] == ["personal"]


def test_files_may_be_attached_in_the_chat() -> None:
    assert json.loads(json.dumps(made()))["bots"][0]["supportsFiles"] is True
    assert schema_errors(made()) == []


def test_with_the_dashboard_there_is_a_tab_behind_the_chat_and_it_knows_who_opens_it() -> None:
    manifest = made(has_dashboard=True)
    assert schema_errors(manifest) == []
    chat, tab = json.loads(json.dumps(manifest))["staticTabs"]
    assert chat == {"entityId": "conversations", "scopes": ["personal"]}
    assert tab["contentUrl"] == f"https://bot.example.com{TAB}"
    assert manifest["validDomains"] == ["bot.example.com"]
    assert manifest["webApplicationInfo"] == {"id": APP_ID, "resource": f"api://bot.example.com/{APP_ID}"}
    rest = {name: value for name, value in manifest.items() if name in made()}
    assert rest == made()


def test_the_tab_opens_the_page_that_teams_may_frame() -> None:
    assert {one.path for one in ROUTES if one.is_tab} == {MANIFEST_TAB} == {TAB}


def test_everyones_commands_come_first_then_the_three_of_the_engineers() -> None:
    assert [one["title"] for one in suggested(made())] == ["help", "feedback", "note", "results"]


def test_a_suggestion_types_the_word_and_shows_how_to_go_on() -> None:
    by_title = {one["title"]: one["description"] for one in suggested(made())}
    assert by_title["help"] == "Shows what you can do here."
    assert by_title["feedback"] == "Tell us anything. Write: feedback <text>"
    assert by_title["note"] == "For engineers. Logs a conversation. Write: note <text>"


def test_a_long_table_loses_its_last_commands_for_everyone_and_keeps_the_engineers() -> None:
    many = [*(Row(f"word{n}", f"word{n}") for n in range(20)), *TABLE]
    words = [one.word for one in chosen(many)]
    assert len(words) == MAX_COMMANDS
    assert words == [*(f"word{n}" for n in range(10)), "note", "results"]
    assert schema_errors(made(commands=many)) == []


def test_pages_of_the_organisation_replace_those_under_the_bots_host() -> None:
    own = Pages(website="https://a.example", privacy="https://a.example/p", terms="https://a.example/t")
    manifest = teams_manifest(app_id=APP_ID, version="0.1.0", public_host="bot.example.com", commands=TABLE, pages=own)
    assert json.loads(json.dumps(manifest))["developer"] == {
        "name": "Hearback",
        "websiteUrl": "https://a.example",
        "privacyUrl": "https://a.example/p",
        "termsOfUseUrl": "https://a.example/t",
    }


@pytest.mark.parametrize(
    "host", ["", "https://bot.example.com", "bot.example.com/", "bot example.com", "localhost", "a..b"]
)
def test_a_host_that_teams_could_not_reach_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="not a host name"):
        made(host=host)


@pytest.mark.parametrize("app_id", ["", "hearback", "11111111-2222-4333-8444-55555555555"])
def test_an_app_id_that_is_no_guid_is_refused(app_id: str) -> None:
    with pytest.raises(ValueError, match="badly formed"):
        made(app_id=app_id)
