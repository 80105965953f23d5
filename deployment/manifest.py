"""Builds the Teams manifest from the command table.

Pure: the rows, the app id and the addresses come in, a JSON object goes out. It claims only what the bot
does: a personal chat and commands in it, and for the organisation that asks, the dashboard as a tab beside it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from deployment.icons import ACCENT

MANIFEST_VERSION = "1.30"  # the newest schema in @microsoft/app-manifest 1.1.2
MAX_COMMANDS = 12  # Teams: in one command list
ENGINEER_WORDS = ("note", "notes", "results")
TAB = "/sign-in/teams"  # where the dashboard lets people in who come from Teams
CHAT = "conversations"  # Teams' own name for the chat with the bot
_EVERYONE = "customer"
_HOST = re.compile(r"(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+\Z")

Manifest = dict[str, object]


class CommandRow(Protocol):
    """What the manifest needs of one row of the command table."""

    @property
    def word(self) -> str:
        """What a person types first: `feedback`."""

    @property
    def usage(self) -> str:
        """The word with its arguments: `feedback <text>`."""

    @property
    def about(self) -> str:
        """What it does, as a sentence."""

    @property
    def role(self) -> str:
        """Who may use it; `customer` means everyone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Addresses that Teams shows beside the app. An organisation gives its own where it has them."""

    website: str
    privacy: str
    terms: str

    @classmethod
    def of(cls, public_host: str) -> "Pages":
        """Return the addresses under the bot's own host."""
        root = f"https://{public_host}"
        return cls(website=root, privacy=f"{root}/privacy", terms=f"{root}/terms")


def teams_manifest(
    *,
    app_id: str,
    version: str,
    public_host: str,
    commands: Iterable[CommandRow],
    pages: Pages | None = None,
    has_dashboard: bool = False,
) -> Manifest:
    """Return the manifest. Raises `ValueError` for an app id or a host that Teams would refuse."""
    bot_id = str(UUID(app_id))
    own = Pages.of(_checked_host(public_host))
    shown = pages or own
    return {
        "$schema": "https://developer.microsoft.com/en-us/json-schemas/teams"
        f"/v{MANIFEST_VERSION}/MicrosoftTeams.schema.json",
        "manifestVersion": MANIFEST_VERSION,
        "version": version,
        "id": bot_id,
        "developer": {
            "name": "Hearback",
            "websiteUrl": shown.website,
            "privacyUrl": shown.privacy,
            "termsOfUseUrl": shown.terms,
        },
        "name": {"short": "Hearback", "full": "Hearback: customer feedback in Teams"},
        "description": {
            "short": "Say what works and what does not, to the people who build it.",
            "full": "Hearback asks short, well-made questions here in the chat and passes your answers to the people "
            "who build the product. Tell it what you think at any time, and stop the questions with one word. "
            "Engineers keep notes of their conversations with customers and look at the results of surveys.",
        },
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": ACCENT,
        "defaultInstallScope": "personal",
        "bots": [
            {
                "botId": bot_id,
                "scopes": ["personal"],
                "supportsFiles": True,  # surveys, panels and audiences may be attached
                "commandLists": [{"scopes": ["personal"], "commands": [_entry(one) for one in chosen(commands)]}],
            }
        ],
        **(_dashboard(bot_id, public_host) if has_dashboard else {}),
    }


def _dashboard(app_id: str, host: str) -> Manifest:
    """Return what makes the dashboard a tab: behind the chat, and with a sign-in by who one is in Teams."""
    return {
        "staticTabs": [
            {"entityId": CHAT, "scopes": ["personal"]},
            {
                "entityId": "dashboard",
                "name": "Dashboard",
                "contentUrl": f"https://{host}{TAB}",
                "websiteUrl": f"https://{host}/",
                "scopes": ["personal"],
            },
        ],
        "validDomains": [host],
        "webApplicationInfo": {"id": app_id, "resource": resource_of(app_id, host)},
    }


def resource_of(app_id: str, host: str) -> str:
    """Return what Entra calls the tab, where Teams asks for a token for it."""
    return f"api://{host}/{app_id}"


def chosen(commands: Iterable[CommandRow]) -> list[CommandRow]:
    """Pick the commands that Teams suggests: what fits in one list, in the order of the table.

    Places are kept for the engineers' `note`, `notes` and `results`; the commands everyone may use fill the
    rest from the top of the table. What managers and admins do is found in `help`.
    """
    rows = list(commands)
    engineers = [one for one in rows if one.word in ENGINEER_WORDS and one.role != _EVERYONE]
    everyone = [one for one in rows if one.role == _EVERYONE]
    return [*everyone[: MAX_COMMANDS - len(engineers)], *engineers]


def _entry(row: CommandRow) -> dict[str, str]:
    """Return one suggestion. Teams types the title for the person, so it holds no placeholder."""
    parts: Sequence[str] = (
        "" if row.role == _EVERYONE else "For engineers.",
        row.about,
        f"Write: {row.usage}" if row.usage != row.word else "",
    )
    return {"title": row.word, "description": " ".join(part for part in parts if part)}


def _checked_host(host: str) -> str:
    if not _HOST.match(host):
        msg = f"not a host name: {host!r}; give it without https:// and without a path"
        raise ValueError(msg)
    return host
