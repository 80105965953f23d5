"""The Bicep parses, names only settings the bot knows, and keeps the promises made to the operator."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from settings import SETTINGS, CosmosAt, Settings, SettingsError
from store.layout import layout

FOLDER = Path("deployment")
FILES = sorted(FOLDER.rglob("*.bicep"))
MAIN = FOLDER / "main.bicep"
MACHINE = FOLDER / "machine.bicep"
COSMOS = FOLDER / "cosmos.bicep"
LOADING = {"loadTextContent", "loadFileAsBase64", "loadJsonContent"}


def parsed(source: str) -> Node:
    return Parser(Language(tree_sitter_bicep.language())).parse(source.encode()).root_node


def nodes(root: Node) -> Iterator[Node]:
    yield root
    for child in root.children:
        yield from nodes(child)


def text(node: Node) -> str:
    return (node.text or b"").decode()


def variable(path: Path, name: str) -> dict[str, str]:
    """Return the members of an object variable: key and expression, quotes removed."""
    declared = (one for one in nodes(parsed(path.read_text())) if one.type == "variable_declaration")
    found = next(one for one in declared if text(one.named_children[0]) == name)
    members = (one for one in nodes(found) if one.type == "object_property")
    return {text(one.named_children[0]): text(one.named_children[-1]).strip("'") for one in members}


def environment() -> dict[str, str]:
    """Return what the machine gives the bot, sample values in place of the parameters."""
    samples = {"appId": "app", "appTenantId": "tenant", "admins": "ada", "homeTenants": "tenant", "allowedTenants": ""}
    plain = {name: samples.get(value, value) for name, value in variable(MAIN, "appSettings").items()}
    return plain | dict.fromkeys(variable(MAIN, "secretSettings"), "from the vault")


def called_files(path: Path) -> list[Path]:
    """Return the files that a Bicep file loads or builds on."""
    loads = [
        one
        for one in nodes(parsed(path.read_text()))
        if one.type == "module_declaration"
        or (one.type == "call_expression" and text(one.named_children[0]) in LOADING)
    ]
    names = (next(part for part in nodes(one) if part.type == "string") for one in loads)
    return [path.parent / text(one).strip("'") for one in names]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_every_bicep_file_parses(path: Path) -> None:
    wrong = [
        (one.start_point.row + 1, text(one))
        for one in nodes(parsed(path.read_text()))
        if one.is_error or one.is_missing
    ]
    assert wrong == []


def test_the_parser_would_notice_a_mistake() -> None:
    assert parsed("resource bot 'x@1' = {\n  name: \n").has_error


@pytest.mark.parametrize("path", FILES, ids=str)
def test_every_file_that_is_built_on_exists(path: Path) -> None:
    assert [str(one) for one in called_files(path) if not one.is_file()] == []


def test_every_script_and_unit_reaches_the_machine() -> None:
    assert set(called_files(MACHINE)) == set((FOLDER / "vm").iterdir())


def test_every_setting_the_machine_gives_is_one_the_bot_knows() -> None:
    assert set(environment()) <= {one.name for one in SETTINGS}


def test_the_bot_starts_with_what_the_machine_gives() -> None:
    settings = Settings.from_env(environment())
    assert settings.checks_tokens
    assert settings.store == Path("/data/hearback.db")
    assert settings.admins == {"ada"}


def test_the_bot_starts_in_cosmos_by_managed_identity() -> None:
    settings = Settings.from_env(environment() | variable(MAIN, "cosmosSettings"))
    assert settings.store == CosmosAt("https://hearback-${suffix}.documents.azure.com", "hearback")
    assert variable(MAIN, "cosmosSettings")["COSMOS_DATABASE"] == "hearback"
    assert "var databaseName = 'hearback'" in COSMOS.read_text()


def test_the_account_can_be_made_while_the_documents_are_still_on_the_disk() -> None:
    """Whoever moves needs both at a time; and a service on an empty account would hinder the copy."""
    source = MAIN.read_text()
    assert "module cosmos 'cosmos.bicep' = if (inCosmos || withCosmos) {" in source
    assert "appSettings: inCosmos ? union(appSettings, cosmosSettings) : appSettings" in source
    assert source.count("withCosmos") == 2, "it changes nothing else"
    assert "output COSMOS_ENDPOINT string = cosmosSettings.COSMOS_ENDPOINT" in source


def test_the_containers_are_those_that_the_store_declares() -> None:
    assert json.loads((FOLDER / "cosmos.json").read_text()) == layout(), (
        "python -m store.layout > deployment/cosmos.json"
    )
    assert "loadJsonContent('cosmos.json')" in COSMOS.read_text()


def test_the_account_has_no_keys_and_can_be_restored() -> None:
    source = COSMOS.read_text()
    for promise in (
        "disableLocalAuth: true",
        "defaultConsistencyLevel: 'Session'",
        "type: 'Continuous'",
        "level: 'CanNotDelete'",
        "scope: '${account.id}/dbs/${databaseName}'",
    ):
        assert promise in source


def test_no_setting_the_machine_gives_for_the_bots_identity_could_be_left_out() -> None:
    for name in ("MicrosoftAppId", "MicrosoftAppPassword", "MicrosoftAppTenantId"):
        with pytest.raises(SettingsError, match="MicrosoftApp"):
            Settings.from_env({key: value for key, value in environment().items() if key != name})


def test_secrets_come_from_the_vault_and_from_nowhere_else() -> None:
    secret = {one.name for one in SETTINGS if one.is_secret}
    assert not secret & variable(MAIN, "appSettings").keys()
    assert variable(MAIN, "secretSettings").keys() <= secret
    assert "@secure()\n@description" in MAIN.read_text().split("param appPassword")[0][-120:]
    assert MAIN.read_text().count("appPassword") == 3  # declared, tested for emptiness, put into the vault


def test_the_bot_registration_is_single_tenant_with_the_teams_channel() -> None:
    registration = next(
        one
        for one in nodes(parsed(MAIN.read_text()))
        if one.type == "resource_declaration" and "botServices@" in text(one)
    )
    members = {
        text(one.named_children[0]): text(one.named_children[-1])
        for one in nodes(registration)
        if one.type == "object_property"
    }
    assert members["msaAppType"] == "'SingleTenant'"
    assert members["msaAppTenantId"] == "appTenantId"
    assert members["endpoint"] == "'https://${machine.outputs.host}/api/messages'"
    assert "channelName: 'MsTeamsChannel'" in MAIN.read_text()


def test_the_disk_with_the_answers_outlives_the_machine() -> None:
    source = MACHINE.read_text()
    attached = source[source.index("dataDisks:") : source.index("networkProfile:")]
    assert "createOption: 'Attach'" in attached
    assert "deleteOption: 'Detach'" in attached
    assert "caching: 'None'" in attached
    assert "CanNotDelete" in source[source.index("scope: answers") :]


def test_only_https_and_what_its_certificate_needs_is_open() -> None:
    source = MACHINE.read_text()
    assert source.count("access: 'Allow'") == 1
    assert "destinationPortRanges: ['80', '443']" in source
