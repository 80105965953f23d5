"""Writes the zip that is uploaded to Teams: the manifest and the two icons, the same bytes every time.

`python -m deployment.package --app-id <client id> --host <public host>`. Without them it makes a sample
that can be looked at but not used.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from bot.commands import COMMANDS
from deployment.icons import color_icon, outline_icon
from deployment.manifest import CommandRow, Manifest, Pages, teams_manifest

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_APP_ID = "00000000-0000-0000-0000-000000000001"
SAMPLE_HOST = "hearback.example"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold; the real one would change the bytes


def package_files(manifest: Manifest) -> dict[str, bytes]:
    """Return the files of the package by name."""
    return {
        "manifest.json": json.dumps(manifest, indent=2, ensure_ascii=False).encode() + b"\n",
        "color.png": color_icon(),
        "outline.png": outline_icon(),
    }


def write_zip(path: Path, files: Mapping[str, bytes]) -> None:
    """Write the files at the root of a zip. The same files give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, body in files.items():
            entry = ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, body, ZIP_DEFLATED)


def product_version() -> str:
    """Return the version of Hearback, which is the version of its package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def main(arguments: Sequence[str], commands: Iterable[CommandRow]) -> int:
    """Make the package as the arguments say; return the exit code."""
    asked = _parser().parse_args(arguments)
    own = Pages.of(asked.host)
    pages = Pages(
        website=asked.website or own.website, privacy=asked.privacy or own.privacy, terms=asked.terms or own.terms
    )
    try:
        manifest = teams_manifest(
            app_id=asked.app_id,
            version=asked.version,
            public_host=asked.host,
            commands=commands,
            pages=pages,
            has_dashboard=asked.dashboard,
        )
    except ValueError as problem:
        print(f"no package: {problem}", file=sys.stderr)
        return 2
    write_zip(asked.out, package_files(manifest))
    print(f"{asked.out}{_sample_notice(asked.app_id, asked.host)}")
    return 0


def _sample_notice(app_id: str, host: str) -> str:
    if app_id == SAMPLE_APP_ID or host == SAMPLE_HOST:
        return " is a sample: give --app-id and --host to make one for your bot"
    return ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deployment.package", description="Make the Teams app package.")
    parser.add_argument("--app-id", default=SAMPLE_APP_ID, help="client id of the bot's app registration")
    parser.add_argument("--host", default=SAMPLE_HOST, help="public host name of the bot, without https://")
    parser.add_argument("--version", default=product_version(), help="Teams takes an update only with a higher one")
    parser.add_argument(
        "--dashboard", action="store_true", help="with the dashboard as a tab: for your own organisation, not customers"
    )
    parser.add_argument("--website", help="https address of your page about Hearback")
    parser.add_argument("--privacy", help="https address of your privacy statement")
    parser.add_argument("--terms", help="https address of your terms of use")
    parser.add_argument("--out", type=Path, default=Path("build/hearback-teams.zip"), help="where to write the zip")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], COMMANDS))
