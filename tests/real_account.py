"""The suite of every engine against your own account: `python -m tests.real_account`, which is `make test-cosmos`.

It reads the account from `.env` and the environment as the service does. A database of its own is made and removed.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from settings import COSMOS, SettingsError, store_at

ROOT = Path(__file__).resolve().parents[1]
OURS = "COSMOS_"


def main(environment: Mapping[str, str]) -> int:
    """Return 0 when all tests have passed, 2 for settings that name no account."""
    try:
        store_at(COSMOS, environment)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    account = {name: value for name, value in environment.items() if name.startswith(OURS)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/contract", "-k", "real"],
        cwd=ROOT,
        env={**os.environ, **account},
        check=False,
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main({**{name: value or "" for name, value in dotenv_values().items()}, **os.environ}))
