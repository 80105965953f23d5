"""`python -m store.setup`: the database of the settings, made in your own account or emulator."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from settings import COSMOS, SettingsError, store_at
from store.contract import StoreError
from store.cosmos_setup import set_up
from store.opening import account_at


def main(environment: Mapping[str, str]) -> int:
    """Make what is missing and print what was done. Returns 1 where it cannot be made, 2 for unusable settings."""
    try:
        at = store_at(COSMOS, environment)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    assert not isinstance(at, Path)  # noqa: S101 - it was asked for by name
    try:
        done_to = asyncio.run(set_up(account_at(at)))
    except (StoreError, ValueError) as error:
        sys.stderr.write(f"Not set up: {error}\n")
        return 1
    for name, done in done_to.items():
        sys.stdout.write(f"{at.database}/{name}: {done}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main({**{name: value or "" for name, value in dotenv_values().items()}, **os.environ}))
