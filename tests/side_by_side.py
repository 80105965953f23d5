"""All tests, in two processes at once: `python -m tests.side_by_side`, which is `make test`.

One half waits much of the time, above all for services that were killed; the other half computes. What computes is
printed as it goes, then the other. The chat in a browser comes last and alone: a person does not wait for an answer as
long as it takes there while everything else runs too.
"""

import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryFile

TESTS = Path(__file__).parent
PYTEST = [sys.executable, "-m", "pytest"]
WAITING = frozenset({"chaos", "dashboard"})
ALONE = frozenset({"browser"})


def folders() -> set[str]:
    """Return every folder with tests, by name."""
    return {one.name for one in TESTS.iterdir() if any(one.rglob("test_*.py"))}


def main() -> int:
    """Return 0 when all have passed."""
    with TemporaryFile() as output:
        waiting = subprocess.Popen(  # noqa: S603 - our own command
            [*PYTEST, "-p", "no:cacheprovider", *_paths(WAITING)],
            cwd=TESTS.parent,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        ends = [_run(folders() - WAITING - ALONE), waiting.wait()]
        output.seek(0)
        sys.stdout.buffer.write(output.read())
        sys.stdout.flush()
    return max(*ends, _run(ALONE))


def _run(names: Collection[str]) -> int:
    done = subprocess.run([*PYTEST, *_paths(names)], cwd=TESTS.parent, check=False)  # noqa: S603 - our own command
    return done.returncode


def _paths(names: Collection[str]) -> list[str]:
    return [f"tests/{name}" for name in sorted(names)]


if __name__ == "__main__":
    sys.exit(main())
