"""Azurite, an independent stand-in for Azure Storage, as a process of its own: the queue service, in memory.

It takes any free port of this machine, and tells nobody that it was used.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Self

from simulator.playground import NODE

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = os.pathsep.join([str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]])
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # known to everybody
OPTIONS = ("--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck", "--silent")
IS_UP = "successfully listens on "


class Azurite:
    """`with Azurite() as azurite`: running until the end of the block."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.connection_string = ""

    def __enter__(self) -> Self:
        program = shutil.which("azurite-queue", path=PROGRAMS)
        assert program is not None, "azurite is missing: make install"
        self._process = subprocess.Popen(  # noqa: S603 - a program of the project, with fixed arguments
            [NODE, program, "--queueHost", "127.0.0.1", "--queuePort", "0", *OPTIONS],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.connection_string = (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"QueueEndpoint={self._address(self._process)}/{ACCOUNT};"
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it now."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    @staticmethod
    def _address(process: subprocess.Popen[str]) -> str:
        said = []
        for line in process.stdout or ():
            if IS_UP in line:
                return line.partition(IS_UP)[2].strip()
            said.append(line)
        msg = f"azurite did not start:\n{''.join(said)}"
        raise AssertionError(msg)
