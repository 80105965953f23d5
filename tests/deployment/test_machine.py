"""What the machine runs, tried here: the scripts are real, `curl` and `docker` are stand-ins on the path."""

import gzip
import os
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

VM = Path("deployment/vm").resolve()
CURL = """#!/bin/sh
echo "curl $*" >> "$CALLS"
case "$*" in *--config*) cat >> "$CALLS" ;; esac
case "$*" in
    *"$REFUSED"*) exit 22 ;;
    *metadata/identity*) echo '{"access_token": "sample-token"}' ;;
    */secrets/*) echo '{"value": "sample-password"}' ;;
    */oauth2/exchange*) cat > /dev/null; echo '{"refresh_token": "sample-refresh"}' ;;
    *--upload-file*)
        while [ "$1" != --upload-file ]; do shift; done
        cp "$2" "$SENT" ;;
esac
"""
DOCKER = """#!/bin/sh
echo "docker $*" >> "$CALLS"
case "$1 $2" in
    "login "*) cat > /dev/null ;;
    "image inspect") [ "$HAS_IMAGE" = yes ] ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A folder that looks like the machine to the scripts."""

    root: Path

    def run(self, script: str, *, refused: str = "nothing is refused", has_image: bool = True) -> int:
        environment = {
            **os.environ,
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "HEARBACK_ETC": str(self.root),
            "HEARBACK_RUN": str(self.root),
            "HEARBACK_DATA": str(self.root),
            "HEARBACK_LIB": str(VM),
            "CALLS": str(self.root / "calls"),
            "SENT": str(self.sent),
            "REFUSED": refused,
            "HAS_IMAGE": "yes" if has_image else "no",
        }
        return subprocess.run(  # noqa: S603 - a script of our own
            ["/bin/sh", str(VM / script)], env=environment, capture_output=True, check=False
        ).returncode

    @property
    def calls(self) -> str:
        return (self.root / "calls").read_text()

    @property
    def sent(self) -> Path:
        return self.root / "sent.db.gz"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.env"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    for name, body in (("curl", CURL), ("docker", DOCKER)):
        (tmp_path / "bin" / name).write_text(body)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "azure.env").write_text(
        "IDENTITY=sample-identity\nVAULT=https://sample.vault.azure.net/\nREGISTRY=sample.azurecr.io\n"
        "IMAGE=sample.azurecr.io/hearback:0.1.0\nBACKUPS=https://sample.blob.core.windows.net/backups\n"
    )
    (tmp_path / "secrets.list").write_text("MicrosoftAppPassword=bot-password\n")
    return Machine(tmp_path)


@pytest.fixture
def answers(machine: Machine) -> sqlite3.Connection:
    """The bot's own connection, open in WAL mode as it is while the bot runs."""
    connection = sqlite3.connect(machine.root / "hearback.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE docs (body TEXT)")
    connection.execute("INSERT INTO docs VALUES ('an answer')")
    connection.commit()
    return connection


def test_before_a_start_the_secret_is_put_where_only_root_reads(machine: Machine) -> None:
    assert machine.run("hearback-fetch.sh") == 0
    assert machine.secrets.read_text() == "MicrosoftAppPassword=sample-password\n"
    assert machine.secrets.stat().st_mode & 0o077 == 0
    assert "https://sample.vault.azure.net/secrets/bot-password?" in machine.calls
    assert "docker pull --quiet sample.azurecr.io/hearback:0.1.0" in machine.calls


def test_no_token_shows_in_the_arguments_of_a_process(machine: Machine) -> None:
    machine.run("hearback-fetch.sh")
    started = [line for line in machine.calls.splitlines() if line.startswith(("curl ", "docker "))]
    assert "sample-token" in machine.calls
    assert not [line for line in started if "sample-token" in line or "sample-refresh" in line]


def test_without_the_vault_nothing_starts(machine: Machine) -> None:
    assert machine.run("hearback-fetch.sh", refused="/secrets/") != 0
    assert not machine.secrets.exists()


def test_without_the_registry_the_image_that_is_there_is_used(machine: Machine) -> None:
    assert machine.run("hearback-fetch.sh", refused="/oauth2/exchange") == 0
    assert "docker image inspect sample.azurecr.io/hearback:0.1.0" in machine.calls


def test_without_the_registry_and_without_an_image_nothing_starts(machine: Machine) -> None:
    assert machine.run("hearback-fetch.sh", refused="/oauth2/exchange", has_image=False) != 0


def test_a_backup_holds_what_the_running_bot_has_committed(machine: Machine, answers: sqlite3.Connection) -> None:
    assert machine.run("hearback-backup.sh") == 0
    answers.close()
    restored = machine.root / "restored.db"
    restored.write_bytes(gzip.decompress(machine.sent.read_bytes()))
    connection = sqlite3.connect(restored)
    assert connection.execute("SELECT body FROM docs").fetchall() == [("an answer",)]
    connection.close()
    assert "https://sample.blob.core.windows.net/backups/" in machine.calls


def test_a_backup_that_is_refused_is_a_failure(machine: Machine, answers: sqlite3.Connection) -> None:
    assert machine.run("hearback-backup.sh", refused="--upload-file") != 0
    answers.close()


def test_a_file_that_cannot_be_read_is_not_sent(machine: Machine) -> None:
    (machine.root / "hearback.db").write_bytes(b"not a database " * 400)
    assert machine.run("hearback-backup.sh") != 0
    assert not machine.sent.exists()


def test_without_a_file_no_empty_backup_is_sent(machine: Machine) -> None:
    assert machine.run("hearback-backup.sh") != 0
    assert not machine.sent.exists()
    assert not (machine.root / "hearback.db").exists()


@pytest.mark.parametrize("path", sorted(VM.glob("*.sh")), ids=lambda path: path.name)
def test_every_script_is_one_that_a_plain_shell_reads(path: Path) -> None:
    checked = subprocess.run(["/bin/sh", "-n", str(path)], check=False)  # noqa: S603 - a script of our own
    assert checked.returncode == 0


def test_the_bot_does_not_start_without_the_disk_and_comes_back_when_it_stops() -> None:
    unit = (VM / "hearback.service").read_text()
    assert "RequiresMountsFor=/var/lib/hearback" in unit
    assert "source=/var/lib/hearback,target=/data" in unit
    assert "Restart=always" in unit
    assert "StartLimitIntervalSec=0" in unit
    assert "--name hearback " in unit


def test_a_disk_that_has_a_file_system_is_never_made_anew() -> None:
    script = (VM / "install.sh").read_text()
    decision = script[script.index("blkid -p") : script.index("esac")]
    assert script.count("mkfs") == 1
    assert "2) mkfs.ext4" in decision
    assert "*) echo" in decision
