"""The image holds the running bot and nothing else. Read from the Dockerfile; nothing is built here."""

import ast
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.templating import TEAMS_JS as TEAMS_LIBRARY

ROOMS = {"bot", "broadcast", "cards", "dashboard", "dialogs", "feedback", "store"}
TEAMS_JS = "node_modules/@microsoft/teams-js"
LIBRARY = {f"{TEAMS_JS}/dist/umd/MicrosoftTeams.min.js", f"{TEAMS_JS}/LICENSE"}
DOCKERFILE = Path("deployment/Dockerfile")


def instructions() -> list[tuple[str, str]]:
    joined = DOCKERFILE.read_text().replace("\\\n", " ")
    lines = (line.strip() for line in joined.splitlines())
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines if line and not line.startswith("#")]


def values(name: str) -> list[str]:
    return [rest for found, rest in instructions() if found == name]


def copied() -> list[str]:
    return [source for rest in values("COPY") for source in shlex.split(rest)[:-1]]


def first_party(path: Path) -> set[str]:
    """Return the project's own rooms and files that a source file imports."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            named |= {one.name.split(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named.add(node.module.split(".")[0])
    return {one for one in named if Path(one).is_dir() or Path(f"{one}.py").is_file()}


def put_in_place(folder: Path) -> None:
    """Copy into a folder what the Dockerfile copies."""
    for source in copied():
        if Path(source).is_dir():
            shutil.copytree(source, folder / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (folder / source).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / source)


def test_everything_the_image_copies_exists() -> None:
    assert [one for one in copied() if not Path(one).exists()] == []


def test_every_room_of_the_product_is_in_the_image() -> None:
    assert {*ROOMS, *LIBRARY, "app.py", "settings.py", "requirements.txt"} == set(copied())


def test_the_library_of_teams_is_where_the_dashboard_looks_for_it() -> None:
    assert str(TEAMS_LIBRARY.relative_to(Path.cwd())) in LIBRARY
    placed = {words[0]: words[1] for words in (shlex.split(rest) for rest in values("COPY")) if len(words) == 2}
    assert {placed[one] for one in LIBRARY} == LIBRARY
    assert "MIT" in Path(TEAMS_JS, "LICENSE").read_text(encoding="utf-8")


def test_nothing_in_the_image_imports_what_is_not_in_it() -> None:
    sources = [path for one in copied() for path in ([Path(one)] if one.endswith(".py") else Path(one).rglob("*.py"))]
    inside = {Path(one).stem for one in copied()}
    assert {one for path in sources for one in first_party(path)} <= inside


def test_the_build_is_handed_only_what_the_image_copies() -> None:
    lines = [line for line in Path(".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == set(copied())


def test_the_image_installs_the_pinned_requirements_and_no_tools() -> None:
    assert "--requirement requirements.txt" in " ".join(values("RUN"))
    assert "requirements-dev" not in DOCKERFILE.read_text()


def test_the_bot_does_not_run_as_root() -> None:
    [user] = values("USER")
    assert user not in {"root", "0"}
    assert f"--uid {user} " in " ".join(values("RUN"))
    order = [name for name, _ in instructions()]
    assert order.index("USER") < order.index("CMD")


def test_the_answers_are_on_a_volume() -> None:
    assert values("VOLUME") == ["/data"]
    assert "HEARBACK_STORE=sqlite:////data/hearback.db" in " ".join(values("ENV"))


def test_the_health_check_asks_the_running_bot() -> None:
    [check] = values("HEALTHCHECK")
    command = json.loads(check[check.index("[") :])
    assert command[:2] == ["python", "-c"]
    ast.parse(command[2])
    assert "/healthz" in command[2]
    assert values("EXPOSE") == ["3978"]


def test_a_bot_that_does_not_answer_fails_the_health_check(unused_port: int) -> None:
    [check] = values("HEALTHCHECK")
    command = json.loads(check[check.index("[") :])
    asked = subprocess.run(  # noqa: S603 - the command of our own Dockerfile
        [sys.executable, *command[1:]], env={**os.environ, "PORT": str(unused_port)}, capture_output=True, check=False
    )
    assert asked.returncode != 0


def test_what_the_image_copies_is_enough_to_load_the_bot(tmp_path: Path) -> None:
    put_in_place(tmp_path)
    loaded = subprocess.run(
        [sys.executable, "-P", "-c", "import sys; sys.path.insert(0, '.'); import app; print(app.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    assert Path(loaded.stdout.strip()).is_relative_to(tmp_path)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
