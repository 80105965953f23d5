"""The package is what Teams expects to be handed: three files at the root, the same bytes every time."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from bot.commands import COMMANDS
from deployment.manifest import ENGINEER_WORDS, chosen
from deployment.package import main, product_version

APP_ID = "11111111-2222-4333-8444-555555555555"


def packed(out: Path, *more: str) -> int:
    return main(["--app-id", APP_ID, "--host", "bot.example.com", "--out", str(out), *more], COMMANDS)


def test_the_package_holds_the_manifest_and_the_icons_at_its_root(tmp_path: Path) -> None:
    assert packed(tmp_path / "new" / "teams.zip") == 0
    with ZipFile(tmp_path / "new" / "teams.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert sorted(archive.namelist()) == sorted(["manifest.json", *manifest["icons"].values()])
    assert manifest["id"] == manifest["bots"][0]["botId"] == APP_ID
    assert manifest["version"] == product_version()


def test_the_same_package_has_the_same_bytes(tmp_path: Path) -> None:
    packed(tmp_path / "one.zip")
    packed(tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_the_commands_suggested_are_those_of_the_bot(tmp_path: Path) -> None:
    packed(tmp_path / "teams.zip")
    with ZipFile(tmp_path / "teams.zip") as archive:
        suggested = json.loads(archive.read("manifest.json"))["bots"][0]["commandLists"][0]["commands"]
    assert [one["title"] for one in suggested] == [one.word for one in chosen(COMMANDS)]
    assert {"help", "feedback", "stop", *ENGINEER_WORDS} <= {one["title"] for one in suggested}
    assert all(len(one["title"]) <= 32 for one in suggested)


def test_without_a_bot_the_package_says_that_it_is_a_sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "teams.zip")], COMMANDS) == 0
    assert "is a sample" in capsys.readouterr().out
    packed(tmp_path / "teams.zip")
    assert "sample" not in capsys.readouterr().out


def test_the_dashboard_is_a_tab_only_for_whoever_asks(tmp_path: Path) -> None:
    for more, has_tab in (([], False), (["--dashboard"], True)):
        assert packed(tmp_path / "teams.zip", *more) == 0
        with ZipFile(tmp_path / "teams.zip") as archive:
            assert ("staticTabs" in json.loads(archive.read("manifest.json"))) is has_tab


@pytest.mark.parametrize("wrong", [["--app-id", "nobody"], ["--host", "https://bot.example.com"]])
def test_a_package_that_teams_would_refuse_is_not_written(tmp_path: Path, wrong: list[str]) -> None:
    assert packed(tmp_path / "teams.zip", *wrong) == 2
    assert not (tmp_path / "teams.zip").exists()
