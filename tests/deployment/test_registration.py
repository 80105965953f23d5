"""Entra is told what the tab needs, in the order in which it takes it, and the same each time."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from dashboard.entra import TAB_SCOPE, Registration
from dashboard.entra import TEAMS as TEAMS_WE_TRUST
from deployment.manifest import resource_of
from deployment.registration import allowed, exposed, main

APP_ID = "11111111-2222-4333-8444-555555555555"
HOST = "bot.example.com"
AZ = '#!/bin/sh\nprintf "%s\\n" "$@" "" >> "$CALLS"\n'


def scope() -> dict[str, object]:
    (found,) = json.loads(json.dumps(exposed(APP_ID, HOST)))["api"]["oauth2PermissionScopes"]
    assert isinstance(found, dict)
    return found


def test_what_is_offered_is_what_the_dashboard_asks_of_a_token() -> None:
    at = Registration(APP_ID, "", "", "", f"https://{HOST}/sign-in/microsoft/back", ())
    body = json.loads(json.dumps(exposed(APP_ID, HOST)))
    assert body["identifierUris"] == [at.resource] == [resource_of(APP_ID, HOST)]
    assert scope()["value"] == TAB_SCOPE
    assert body["api"]["requestedAccessTokenVersion"] == 2


def test_teams_alone_may_ask_and_for_nothing_else() -> None:
    clients = json.loads(json.dumps(allowed(APP_ID, HOST)))["api"]["preAuthorizedApplications"]
    assert {one["appId"] for one in clients} == TEAMS_WE_TRUST
    assert all(one["delegatedPermissionIds"] == [scope()["id"]] for one in clients)


def test_the_scope_keeps_its_id_and_every_app_has_its_own() -> None:
    assert UUID(str(scope()["id"]))
    assert exposed(APP_ID, HOST) == exposed(APP_ID, HOST)
    assert exposed(APP_ID.replace("5", "6"), HOST)["api"] != exposed(APP_ID, HOST)["api"]


def test_an_app_id_that_is_no_guid_is_refused() -> None:
    with pytest.raises(ValueError, match="badly formed"):
        main(["exposed", "--app-id", "nobody", "--host", HOST])


def calls(folder: Path, *, app_id: str = APP_ID) -> tuple[int, list[list[str]]]:
    """Run the script with an `az` that writes down what it is asked; return its exit code and what that was."""
    az, told = folder / "az", folder / "calls"
    az.write_text(AZ)
    az.chmod(0o755)
    told.touch()
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "CALLS": str(told), "PYTHON": sys.executable}
    script = ["/bin/sh", "deployment/registration.sh", app_id, HOST]
    done = subprocess.run(script, env=environment, capture_output=True, check=False)  # noqa: S603 - our own script
    return done.returncode, [call.split("\n") for call in told.read_text().split("\n\n") if call]


def test_the_script_makes_both_requests_in_their_order(tmp_path: Path) -> None:
    code, (back, first, second) = calls(tmp_path)
    assert code == 0
    assert back[-1] == f"https://{HOST}/sign-in/microsoft/back"
    assert f"https://graph.microsoft.com/v1.0/applications(appId='{APP_ID}')" in first
    assert json.loads(first[-1]) == exposed(APP_ID, HOST)
    assert json.loads(second[-1]) == allowed(APP_ID, HOST)


def test_the_script_stops_where_there_is_nothing_to_send(tmp_path: Path) -> None:
    code, told = calls(tmp_path, app_id="nobody")
    assert code != 0
    assert not [one for one in told if "PATCH" in one]
