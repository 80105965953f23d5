"""Servers in processes of their own: started on a free port, awaited, and stopped. Knows nothing of what they do."""

import asyncio
import contextlib
import random
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_S = 60.0
STOP_S = 15.0
LOOK_AGAIN_S = 0.05
LOG_TAIL = 2_000  # characters
PORTS = (15_000, 32_000)


class NotStarted(Exception):
    """A server did not begin to listen."""


def free_port() -> int:
    """Return a port that nobody listens on now, drawn from those that no system gives to whoever asks for any.

    So nobody who runs beside takes it before it is used.
    """
    while True:
        port = random.randrange(*PORTS)  # noqa: S311 - a port, no secret
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@asynccontextmanager
async def running(
    command: Sequence[str], port: int, log: Path, environment: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a Python program, given as what follows `python`, until the block ends. Raises `NotStarted`."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        await _listening(process, port, log)
        yield process
    finally:
        await stop(process)


async def stop(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, and wait until it has. Raises `TimeoutError` after killing one that would not."""
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise


async def _listening(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    """Return when something listens on the port. Another process gives no event to wait for."""
    ended = asyncio.create_task(process.wait())
    try:
        async with asyncio.timeout(START_S):
            while not ended.done() and not _answers(port):
                await asyncio.wait({ended}, timeout=LOOK_AGAIN_S)
    except TimeoutError as error:
        raise NotStarted(_tail(log)) from error
    finally:
        ended.cancel()
    if process.returncode is not None:
        raise NotStarted(_tail(log))


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:]
