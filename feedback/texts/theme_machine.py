"""Has themes made in another process, with an end to its time and memory. Knows no store, and logs no text.

The process gets the texts by a pipe and nothing else of ours: no settings, no secrets, no files. One at a time is at
work; who comes later waits.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from feedback.errors import Refusal
from feedback.texts.theme_making import Found, Task

LONGEST_S = 180.0  # that one making may take
COMMAND = (sys.executable, "-m", "feedback.texts.theme_making")
_ROOT = Path(__file__).resolve().parents[2]
_ALONE = {  # one thread each: the machine is for answers first, and sums come out the same
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}

log = logging.getLogger(__name__)


class ThemesNotMade(Refusal):
    """The themes could not be made: it took too long, or too much memory. What there was before is still here."""


class ThemeMachine:
    """Makes themes. `command` is what is run, `longest_s` how long it may take."""

    def __init__(self, command: Sequence[str] = COMMAND, *, longest_s: float = LONGEST_S) -> None:
        self._command = command
        self._longest_s = longest_s
        self._turn = asyncio.Lock()

    async def find(self, texts: Sequence[str], least: int) -> list[Found]:
        """Return the themes of some texts. Raises `ThemesNotMade`."""
        task = msgspec.json.encode(Task(tuple(texts), least))
        async with self._turn:
            told = await self._run(task)
        try:
            return msgspec.json.decode(told, type=list[Found])
        except msgspec.DecodeError:
            raise ThemesNotMade from None

    async def _run(self, task: bytes) -> bytes:
        """Return what the process says. However this ends, the process has ended."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # an error of a library may quote what it was given
            cwd=_ROOT,
            env=_ALONE,
        )
        try:
            async with asyncio.timeout(self._longest_s):
                told, _ = await process.communicate(task)
        except TimeoutError:
            log.warning("making themes took longer than %.0f s and was ended", self._longest_s)
            raise ThemesNotMade from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            log.warning("making themes ended with code %d", process.returncode)
            raise ThemesNotMade
        return told
