"""The Agents Toolkit's project file and the operator's page name only what there is."""

import json
import re
from pathlib import Path

import yaml

FOLDER = Path("deployment")
BUILT_IN = {"TEAMSFX_ENV"}
Step = dict[str, dict[str, object]]


def uses(stage: str) -> list[str]:
    return [str(one["uses"]) for one in steps(stage)]


def steps(stage: str) -> list[Step]:
    found: list[Step] = yaml.safe_load((FOLDER / "m365agents.yml").read_text())[stage]
    return found


def test_the_project_file_provisions_deploys_and_publishes() -> None:
    assert uses("provision") == [
        "aadApp/create",
        "arm/deploy",
        "script",
        "script",
        "teamsApp/validateAppPackage",
    ]
    assert uses("deploy") == ["script", "script"]
    assert uses("publish") == ["teamsApp/publishAppPackage"]


def test_every_placeholder_is_filled_in_by_somebody() -> None:
    used = set(
        re.findall(
            r"\$\{\{(\w+)\}\}", (FOLDER / "m365agents.yml").read_text() + (FOLDER / "main.parameters.json").read_text()
        )
    )
    by_hand = set(re.findall(r"^(\w+)=", (FOLDER / "env/.env.sample").read_text(), re.MULTILINE))
    written = {str(name) for one in steps("provision") for name in one.get("writeToEnvironmentFile", {}).values()}
    outputs = set(re.findall(r"^output (\w+) ", (FOLDER / "main.bicep").read_text(), re.MULTILINE))
    assert used <= by_hand | written | outputs | BUILT_IN


def test_the_parameters_file_gives_every_parameter_without_a_default() -> None:
    given = json.loads((FOLDER / "main.parameters.json").read_text())["parameters"].keys()
    declared = re.findall(r"^param (\w+) \w+( = .*)?$", (FOLDER / "main.bicep").read_text(), re.MULTILINE)
    assert {name for name, default in declared if not default} <= given <= {name for name, _ in declared}


def test_the_registration_is_for_this_organisation_only() -> None:
    assert steps("provision")[0]["with"]["signInAudience"] == "AzureADMyOrg"


def test_no_environment_file_but_the_sample_can_be_committed() -> None:
    assert (FOLDER / "env/.gitignore").read_text().split() == ["*", "!.gitignore", "!.env.sample"]
    assert not re.search(r"SECRET\w*=\S", (FOLDER / "env/.env.sample").read_text())


def test_the_operators_page_uses_parameters_that_the_bicep_has() -> None:
    page = (FOLDER / "README.md").read_text()
    declared = set(re.findall(r"^param (\w+) ", (FOLDER / "main.bicep").read_text(), re.MULTILINE))
    command = page[page.index("az deployment group create") : page.index("az deployment group show")]
    assert set(re.findall(r"\b([a-z]\w+)=", command)) <= declared
    assert {"appId", "admins", "imageTag", "sshPublicKey"} <= set(re.findall(r"\b([a-z]\w+)=", command))


def test_the_operators_page_names_every_setting_the_bicep_gives() -> None:
    given = re.search(r"var appSettings = \{(.*?)\n\}", (FOLDER / "main.bicep").read_text(), re.DOTALL)
    assert given
    page = (FOLDER / "README.md").read_text()
    assert [name for name in re.findall(r"^  (\w+):", given[1], re.MULTILINE) if f"`{name}`" not in page] == []
