"""What Entra has to know so that Teams can sign people in to the dashboard's tab: `python -m deployment.registration`.

By Microsoft's "Configure your tab app in Microsoft Entra ID". Pure: prints the bodies of two requests to Microsoft
Graph, one after the other, because the second names what only the first has made. registration.sh sends them.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID, uuid5

from deployment.manifest import resource_of

SCOPE = "access_as_user"
TEAMS = ("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "5e3ce6c0-2b1f-4285-8d4b-75ee78787346")  # its apps, and in a browser
ABOUT = "Lets Teams tell Hearback who has opened its tab."

Body = dict[str, object]


def exposed(app_id: str, host: str) -> Body:
    """Return what the registration offers: tokens of version 2 for the tab, which say whether somebody is a guest."""
    is_guest = [{"name": "acct", "essential": False}]
    scope = {
        "id": _scope_id(app_id),
        "value": SCOPE,
        "type": "User",
        "isEnabled": True,
        "adminConsentDisplayName": "Open Hearback in Teams",
        "adminConsentDescription": ABOUT,
        "userConsentDisplayName": "Open Hearback in Teams",
        "userConsentDescription": ABOUT,
    }
    return {
        "identifierUris": [resource_of(app_id, host)],
        "optionalClaims": {"idToken": is_guest, "accessToken": is_guest},
        "api": {"requestedAccessTokenVersion": 2, "oauth2PermissionScopes": [scope]},
    }


def allowed(app_id: str, _host: str) -> Body:
    """Return who may ask for such tokens without asking people: Teams."""
    granted = [_scope_id(app_id)]
    return {"api": {"preAuthorizedApplications": [{"appId": one, "delegatedPermissionIds": granted} for one in TEAMS]}}


PARTS: Mapping[str, Callable[[str, str], Body]] = {"exposed": exposed, "allowed": allowed}


def _scope_id(app_id: str) -> str:
    """Return the id of the scope: the same each time, so that doing it again changes nothing."""
    return str(uuid5(UUID(app_id), SCOPE))


def main(arguments: Sequence[str]) -> int:
    """Print one of the bodies; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deployment.registration")
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--app-id", required=True, help="client id of the bot's app registration")
    parser.add_argument("--host", required=True, help="public host name of the bot, without https://")
    asked = parser.parse_args(arguments)
    print(json.dumps(PARTS[asked.part](asked.app_id, asked.host)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
