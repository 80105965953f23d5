"""`python -m store.copy sqlite:///data/hearback.db cosmos`: every document of one store into another, and back.

Stop Hearback first: what is written to the source after it was read is not copied, and the comparison says so.
Where a database asks to wait, a copy has more time than somebody in a chat.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TextIO

from dotenv import dotenv_values

from settings import CosmosAt, SettingsError, store_at
from store.containers import CONTAINERS
from store.contract import Store, StoreError
from store.copying import Copy, NotEmpty, Progress, Sum, sum_of
from store.opening import open_store

ANEW = "With --overwrite it is copied anew, and documents of the same id are replaced.\n"
REMOVES_NOTHING = "The target has what the source has not. A copy removes nothing: begin with an empty target.\n"
BUSY_S = 600.0  # a small account may need minutes to take what is sent to it at once
TELL_EVERY_S = 30.0  # where every line stays, as in a log
REDRAW_EVERY_S = 0.2  # on a terminal


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Copy, compare and say so. Returns 0 where both hold the same, 1 where not, 2 for what cannot be used."""
    asked = _parser().parse_args(arguments)
    try:
        places = [store_at(text, environment) for text in (asked.source, asked.target)]
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if _name(places[0]) == _name(places[1]):
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
    source = await open_store(source_at, busy_s=BUSY_S)
    try:
        target = await open_store(target_at, busy_s=BUSY_S)
        try:
            await target.ping()
            copy = Copy(source, target, name=_name(source_at), may_overwrite=may_overwrite)
            with Teller(sys.stderr) as tell:
                await copy.run(tell)
            sys.stderr.write("Copied. Reading both sides to compare them.\n")
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
    sums: list[tuple[Sum, Sum]] = []
    for container in CONTAINERS:
        there, here = await sum_of(source, container), await sum_of(target, container)
        verdict = "same" if there == here else f"DIFFERENT, the source has {there.count}"
        sys.stdout.write(f"{container}: {here.count} documents, checksum {here.checksum}, {verdict}\n")
        sums.append((there, here))
    if any(here.count > there.count for there, here in sums):
        sys.stderr.write(REMOVES_NOTHING)
    return all(there == here for there, here in sums)


class Teller:
    """Tells how far a copy is, with a line for each container: on a terminal it moves, elsewhere it comes at the end.

    Where a container takes long and lines stay, there is one now and then. `now` is in seconds and only goes forward.
    """

    def __init__(self, out: TextIO, *, now: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._now = now
        self._moves = out.isatty()
        self._pause_s = REDRAW_EVERY_S if self._moves else TELL_EVERY_S
        self._next = now() + self._pause_s
        self._is_open = False  # a line that moves has no end yet

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._is_open:
            self._out.write("\n")

    def __call__(self, progress: Progress) -> None:
        """Take how far it is."""
        if not progress.is_done and self._now() < self._next:
            return
        self._next = self._now() + self._pause_s
        self._is_open = self._moves and not progress.is_done
        begin, end = "\r" if self._moves else "", "" if self._is_open else "\n"
        self._out.write(f"{begin}{progress.container}: {progress.written} documents copied{end}")
        self._out.flush()


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
