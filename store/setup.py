"""`python -m store.setup`: the database of the settings, made in your own account or emulator."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from settings import COSMOS, SettingsError, store_at
from store.cosmos_setup import set_up
from store.opening import account_at


def main(environment: Mapping[str, str]) -> int:
    """Make what is missing and print what was done. Returns 2 where the settings cannot be used."""
    try:
        at = store_at(COSMOS, environment)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    assert not isinstance(at, Path)  # noqa: S101 - it was asked for by name
    for name, done in asyncio.run(set_up(account_at(at))).items():
        sys.stdout.write(f"{at.database}/{name}: {done}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main({**{name: value or "" for name, value in dotenv_values().items()}, **os.environ}))
