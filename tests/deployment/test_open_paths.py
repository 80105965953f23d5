"""What the machine lets in from outside is what people and Teams need, and nothing else."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from app import create_app
from settings import Settings

CADDYFILE = Path(__file__).resolve().parents[2] / "deployment" / "vm" / "Caddyfile"
CLOSED = {"/metrics"}


def is_open(path: str) -> bool:
    """Say whether Caddy lets a path in, by the one matcher that it has."""
    found = re.search(r"@open path (.+)", CADDYFILE.read_text(encoding="utf-8"))
    assert found is not None
    return any(fnmatch(path, one) for one in found[1].split())


def test_every_route_can_be_reached_but_for_the_figures_of_the_service() -> None:
    app = create_app(Settings.from_env({"HEARBACK_DEV": "1"}))
    paths = {route.resource.canonical for route in app.router.routes() if route.resource is not None}
    assert {path for path in paths if not is_open(path)} == CLOSED


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/.env", "/api/other", "/data/hearback.db", "/admin"])
def test_nothing_else_can(path: str) -> None:
    assert not is_open(path)
