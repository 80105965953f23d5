"""@vercel/cosmosdb-server, an independent stand-in for Azure Cosmos DB, as a process of its own.

It takes any free port of this machine, any key, and shows a certificate of its own that nobody trusts.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Self

from simulator.playground import NODE

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = os.pathsep.join([str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]])
IS_UP = "Ready to accept HTTPS connections at "


class VercelServer:
    """`with VercelServer() as server`: running until the end of the block."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        program = shutil.which("cosmosdb-server", path=PROGRAMS)
        assert program is not None, "@vercel/cosmosdb-server is missing: make install"
        self._process = subprocess.Popen(  # noqa: S603 - a program of the project, with fixed arguments
            [NODE, program, "--host", "127.0.0.1", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.url = f"https://{self._address(self._process)}/"
        return self

    def __exit__(self, *_: object) -> None:
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
        msg = f"@vercel/cosmosdb-server did not start:\n{''.join(said)}"
        raise AssertionError(msg)
