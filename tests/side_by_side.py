"""All tests, some processes at once: `python -m tests.side_by_side`, which is `make test`.

A process takes one folder after another until none is left; those that take longest come first. Much of it is waiting,
above all for services that were killed, so there is one process more than the least machine has processors. The chat
in a browser comes last and alone: a person does not wait for an answer as long as it takes there while everything else
runs too.

What failed is said once more at the very end, where somebody who sees only the end of it finds it.

Where the machine has room for files in memory they are written there: the store waits for the disk at each write, which
is for those who use it.
"""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

TESTS = Path(__file__).parent
LONGEST = ("chaos", "contract", "e2e", "unit", "dashboard")
ALONE = "browser"
AT_ONCE = 3
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder within it, with a name of its own
NAMES_A_FAILURE = ("FAILED ", "ERROR ")  # how pytest's own summary begins a line
ENOUGH = 2 * 1024**3  # bytes


def folders() -> list[str]:
    """Return every folder with tests, by name, the longest first."""
    found = {one.name for one in TESTS.iterdir() if any(one.rglob("test_*.py"))}
    return [*LONGEST, *sorted(found - {*LONGEST, ALONE}), ALONE]


def main() -> int:
    """Return 0 when all have passed."""
    failed: list[str] = []
    with TemporaryDirectory(dir=_place()) as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        *together, alone = folders()
        ends = list(pool.map(lambda name: _run(name, folder, failed), together))
        ends.append(_run(alone, folder, failed))
    if failed:
        sys.stdout.write("".join(["\nThese did not pass:\n", *failed]))
    return max(ends)


def _place() -> Path | None:
    has_room = IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ENOUGH
    return IN_MEMORY if has_room else None


def _run(name: str, folder: str, failed: list[str]) -> int:
    """Run a folder's tests and print what they say as it comes, each line with the folder's name.

    The lines that name what did not pass are added to `failed`.
    """
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-u", "-m", "pytest", "-p", "no:cacheprovider", f"tests/{name}"],
        cwd=TESTS.parent,
        env={**os.environ, "TMPDIR": folder},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as tests:
        for line in tests.stdout or ():
            sys.stdout.write(f"{name:>10} | {line}")
            sys.stdout.flush()
            if line.startswith(NAMES_A_FAILURE):
                failed.append(line)
    if tests.returncode:
        failed.append(f"tests/{name} ended with {tests.returncode}\n")
    return tests.returncode


if __name__ == "__main__":
    sys.exit(main())
