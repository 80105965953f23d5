"""All tests, in two processes at once: `python -m tests.side_by_side`, which is `make test`.

One half waits most of the time, for browsers and for services that were killed; the other half computes. The first to
be printed is the one that computes, as it goes; then the other.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

TESTS = Path(__file__).parent
WAITING = frozenset({"chaos", "dashboard", "browser"})


def folders(*, that_wait: bool) -> list[str]:
    """Return the folders of a half; every folder with tests is in one of the two."""
    found = sorted(one.name for one in TESTS.iterdir() if any(one.rglob("test_*.py")))
    return [f"tests/{name}" for name in found if (name in WAITING) is that_wait]


def main() -> int:
    """Return 0 when all have passed."""
    command = [sys.executable, "-m", "pytest"]
    with TemporaryFile() as output:
        waiting = subprocess.Popen(  # noqa: S603 - our own command
            [*command, "-p", "no:cacheprovider", *folders(that_wait=True)],
            cwd=TESTS.parent,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        computing = subprocess.run(  # noqa: S603 - our own command
            [*command, *folders(that_wait=False)], cwd=TESTS.parent, check=False
        )
        waiting.wait()
        output.seek(0)
        sys.stdout.buffer.write(output.read())
    return max(computing.returncode, waiting.returncode)


if __name__ == "__main__":
    sys.exit(main())
