"""`python -m store.copy sqlite:///data/hearback.db cosmos`: every document of one store into another, and back.

Stop Hearback first: what is written to the source after it was read is not copied, and the comparison says so.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from dotenv import dotenv_values

from settings import CosmosAt, SettingsError, store_at
from store.containers import CONTAINERS
from store.contract import Store, StoreError
from store.copying import Copy, NotEmpty, Progress, sum_of
from store.opening import open_store

ANEW = "With --overwrite it is copied anew, and documents of the same id are replaced.\n"
TELL_EVERY_S = 2.0


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Copy, compare and say so. Returns 0 where both hold the same, 1 where not, 2 for what cannot be used."""
    asked = _parser().parse_args(arguments)
    try:
        places = [store_at(text, environment) for text in (asked.source, asked.target)]
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if asked.source == asked.target:
        sys.stderr.write("Source and target are the same.\n")
        return 2
    if isinstance(places[0], Path) and not places[0].exists():
        sys.stderr.write(f"There is no file {places[0]}.\n")
        return 2
    try:
        return asyncio.run(_copied(places[0], places[1], may_overwrite=asked.overwrite))
    except* NotEmpty as refused:
        sys.stderr.write(f"{refused.exceptions[0]}. {ANEW}")
    except* StoreError as failed:
        sys.stderr.write(f"Stopped: {_first(failed)}. The same command goes on from here.\n")
    except* KeyboardInterrupt:
        sys.stderr.write("Stopped. The same command goes on from here.\n")
    return 1


async def _copied(source_at: Path | CosmosAt, target_at: Path | CosmosAt, *, may_overwrite: bool) -> int:
    source = await open_store(source_at)
    try:
        target = await open_store(target_at)
        try:
            await target.ping()
            copy = Copy(source, target, name=_name(source_at), may_overwrite=may_overwrite)
            await copy.run(_Teller())
            is_same = await _compare(source, target)
            await copy.finish()  # another copy begins anew, and asks before it replaces anything
            if not is_same:
                sys.stderr.write(f"The copy is over and not the same: a store was written to meanwhile. {ANEW}")
            return 0 if is_same else 1
        finally:
            await target.close()
    finally:
        await source.close()


async def _compare(source: Store, target: Store) -> bool:
    is_same = True
    for container in CONTAINERS:
        there, here = await sum_of(source, container), await sum_of(target, container)
        verdict = "same" if there == here else f"DIFFERENT, the source has {there.count}"
        sys.stdout.write(f"{container}: {here.count} documents, checksum {here.checksum}, {verdict}\n")
        is_same = is_same and there == here
    return is_same


class _Teller:
    """Prints a line every two seconds, and one when a container is done."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + TELL_EVERY_S
            sys.stderr.write(f"{progress.container}: {progress.written} documents copied\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m store.copy", description="Copies every document and compares.")
    parser.add_argument("source", help="sqlite:///path, or cosmos for the account in the settings")
    parser.add_argument("target", help="the same")
    parser.add_argument("--overwrite", action="store_true", help="into a store that has documents already")
    return parser


def _name(at: Path | CosmosAt) -> str:
    return str(at.resolve()) if isinstance(at, Path) else f"{at.endpoint}/{at.database}"


def _first(errors: BaseExceptionGroup[StoreError]) -> BaseException:
    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], {**{name: value or "" for name, value in dotenv_values().items()}, **os.environ}))
