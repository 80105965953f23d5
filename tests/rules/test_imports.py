"""Who may import whom, proven from the source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

MAY_IMPORT: dict[str, set[str]] = {
    "settings": set(),
    "store": set(),
    "feedback": {"store"},
    "cards": {"feedback"},
    "broadcast": {"feedback", "store"},
    "dialogs": {"feedback", "cards", "store"},
    "bot": {"feedback", "cards", "dialogs", "broadcast", "store"},
    "dashboard": {"feedback", "broadcast", "store"},
    "simulator": set(),
    "deployment": {"bot", "feedback", "settings"},
    "app": {"settings", "bot", "dialogs", "cards", "feedback", "store", "broadcast", "dashboard"},
}
WITHIN_FEEDBACK: dict[str, set[str]] = {  # what is not a room of its own there may import all of them
    "surveys": set(),
    "writing": {"surveys"},
    "people": {"surveys"},
    "runs": {"surveys", "people"},
    "answers": {"surveys", "people", "runs"},
    "results": {"surveys", "people", "runs", "answers"},
    "texts": {"surveys", "people", "runs", "answers", "results"},
}
SHARED = {"ahead", "audit", "errors", "language", "links"}  # of feedback: they import none of its rooms
CONTRACT = {"store.contract", "store.containers", "store.pages", "store.shapes", "store.deadline"}
CONTRACT_ONLY = {"feedback", "broadcast", "dialogs", "bot", "dashboard"}  # of the store, nothing of an engine
ROOMS = sorted(MAY_IMPORT)
WIRING = {ROOT / "store" / name for name in ("opening.py", "setup.py", "copy.py")}  # may know the settings too
BOTBUILDER = {"bot", "dialogs", "app"}


def _files(room: str) -> list[Path]:
    single = ROOT / f"{room}.py"
    return [single] if single.exists() else sorted((ROOT / room).rglob("*.py"))


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module or "")
    return found


def _outside(room: str) -> list[tuple[Path, str]]:
    return [(path, name) for path in _files(room) for name in sorted(_imports(path))]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    allowed = MAY_IMPORT[room] | {room}
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, name in _outside(room)
        if name.split(".")[0] in MAY_IMPORT
        and name.split(".")[0] not in (allowed | {"settings"} if path in WIRING else allowed)
    ]
    assert not wrong


@pytest.mark.parametrize("room", sorted(CONTRACT_ONLY))
def test_the_business_knows_the_stores_contract_and_no_engine(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, name in _outside(room)
        if name.split(".")[0] == "store" and name not in CONTRACT
    ]
    assert not wrong


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in BOTBUILDER])
def test_botbuilder_stays_at_the_edge(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, name in _outside(room)
        if name.split(".")[0] in {"botbuilder", "botframework"}
    ]
    assert not wrong


@pytest.mark.parametrize("room", ROOMS)
def test_azure_stays_in_its_engines(room: str) -> None:
    engines = {ROOT / "broadcast" / "azure_queue.py", *(ROOT / "store").glob("cosmos*.py")}
    wrong = [
        f"{path}: {name}" for path, name in _outside(room) if name.split(".")[0] == "azure" and path not in engines
    ]
    assert not wrong


def test_what_serves_can_make_no_database_and_no_container() -> None:
    maker = ROOT / "store" / "cosmos_setup.py"
    users = {path for room in ROOMS for path, name in _outside(room) if name == "store.cosmos_setup"}
    assert users == {ROOT / "store" / "setup.py"}
    assert not {name for room in ROOMS for _, name in _outside(room) if name == "store.setup"}, "it is a command"
    makes = ("create_container", "create_database", "replace_container", "delete_container", "delete_database")
    serving = [path for path in (ROOT / "store").glob("cosmos*.py") if path != maker]
    assert not [path for path in serving if any(word in path.read_text(encoding="utf-8") for word in makes)]
    assert any(word in maker.read_text(encoding="utf-8") for word in makes)


def test_tests_and_benchmarks_are_imported_by_nobody() -> None:
    wrong = [
        f"{path}: {name}"
        for room in ROOMS
        for path, name in _outside(room)
        if name.split(".")[0] in {"tests", "benchmarks"}
    ]
    assert not wrong


@pytest.mark.parametrize("room", sorted(WITHIN_FEEDBACK))
def test_within_the_business_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    allowed = WITHIN_FEEDBACK[room] | SHARED | {room}
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, name in _outside(f"feedback/{room}")
        if name.startswith("feedback.") and name.split(".")[1] not in allowed
    ]
    assert not wrong


def test_what_the_rooms_of_the_business_share_imports_none_of_them() -> None:
    wrong = [
        f"{one}: {name}"
        for one in sorted(SHARED)
        for name in _imports(ROOT / "feedback" / f"{one}.py")
        if name.startswith("feedback.") and name.split(".")[1] not in SHARED
    ]
    assert not wrong


def test_every_room_of_the_business_is_on_the_list() -> None:
    assert {one.parent.name for one in (ROOT / "feedback").glob("*/__init__.py")} == set(WITHIN_FEEDBACK)


def test_every_python_file_belongs_to_a_room() -> None:
    rooms = {*MAY_IMPORT, "tests", "benchmarks"}
    hidden = {".venv", "node_modules", "build", "data"}
    found = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in ROOT.glob("*/**/*.py")} | {
        path.stem for path in ROOT.glob("*.py")
    }
    assert {one for one in found if one not in hidden and not one.startswith(".")} <= rooms
