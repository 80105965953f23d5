"""`@vercel/cosmosdb-server`, a stand-in for Cosmos DB that others wrote, as a process of its own, in memory.

It keeps ours honest: what both understand alike is less likely to be our own idea. What it cannot do is listed by the
tests that show it in tests/contract/independent.py, and by the questions in tests/contract/cosmos/test_cross_check.py.
"""

import atexit
import subprocess
from functools import cache
from pathlib import Path
from typing import Self

from simulator.playground import NODE

ROOT = Path(__file__).resolve().parents[1]
START = """
const { createHttpsServer } = require("@vercel/cosmosdb-server")
const server = createHttpsServer().listen(0, "127.0.0.1", () => console.log(server.address().port))
"""


class CosmosDbServer:
    """`with CosmosDbServer() as server`: running until the end of the block."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - a program of the project, with fixed arguments
            [NODE, "-e", START], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        said = self._process.stdout.readline() if self._process.stdout else ""
        assert said.strip().isdigit(), "cosmosdb-server did not start: make install"
        self.url = f"https://127.0.0.1:{said.strip()}/"
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@cache
def shared_server() -> CosmosDbServer:
    """Return one for all tests of this process; they take a database each."""
    server = CosmosDbServer().__enter__()
    atexit.register(server.__exit__)
    return server
