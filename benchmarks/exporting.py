"""What it costs to download the answers of a run: the real service, in a process of its own, and who takes it all.

Nothing is kept of what comes but how much it was; some lines are looked at. `VmHWM` of the kernel says how much memory
the service has had at most. Linux only, as it is in operation.
"""

import asyncio
import csv
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec

from benchmarks.panel import Wrong, answers_of
from benchmarks.processes import free_port, running
from feedback.people.people import Person
from feedback.runs.runs import Run, RunState, move_run
from store.contract import Store

TOGETHER = 2000  # people written at once
EVERY = 997  # of these lines one is looked at
CHANGE = -2  # the column of the last question; after it comes whether to conclude yet
READ = 256 * 1024
PAUSE_S = 0.05  # between requests beside the download
SIZES, REGIONS = ("small", "medium", "large"), ("emea", "americas", "apac")
_PATIENT = aiohttp.ClientTimeout(total=None, sock_read=60)


class Exported(msgspec.Struct, frozen=True):
    """How fast the rows came, and how much memory the service had at most: when it had started, and at the end.

    `cpu_us` is the service's own processor time for a row, `beside_ms` what other requests took meanwhile, each.
    """

    rows_per_s: float
    cpu_us: float
    idle_rss_mb: float
    rss_mb: float
    beside_ms: list[float]


async def write_people(store: Store, keys: list[str]) -> None:
    """Write those who answered, with what is known about them."""
    for start in range(0, len(keys), TOGETHER):
        some = enumerate(keys[start : start + TOGETHER], start)
        await asyncio.gather(*(store.create("people", msgspec.to_builtins(_person(*one))) for one in some))


async def export(store: Store, run: Run, answers: int, file: Path) -> Exported:
    """Download the answers of a run from a service on this file. Raises `Wrong` when it does not give what is kept."""
    await move_run(store, run, RunState.SENT, leaving={RunState.PLANNING}, people=answers)
    async with _service(file) as (url, pid, session):
        idle = _peak_mb(pid)
        ended, busy = asyncio.Event(), _cpu_s(pid)
        asking = asyncio.create_task(_ask_beside(session, f"{url}/healthz", ended))
        start = time.perf_counter()
        try:
            async with session.get(f"{url}/api/runs/{run.run}/export.csv") as reply:
                reply.raise_for_status()
                await _check(reply.content, answers)
        finally:
            took, busy = time.perf_counter() - start, _cpu_s(pid) - busy
            ended.set()
            beside = await asking
        return Exported(answers / took, 1e6 * busy / answers, idle, _peak_mb(pid), beside)


async def _ask_beside(session: aiohttp.ClientSession, url: str, ended: asyncio.Event) -> list[float]:
    """Ask for something small again and again until the event, and return how long each answer took."""
    took: list[float] = []
    while True:
        start = time.perf_counter()
        async with session.get(url) as reply:
            reply.raise_for_status()
            await reply.read()
        took.append(1000 * (time.perf_counter() - start))
        if ended.is_set():
            return took
        await asyncio.sleep(PAUSE_S)


@asynccontextmanager
async def _service(file: Path) -> AsyncIterator[tuple[str, int, aiohttp.ClientSession]]:
    """Run the service, signed in as its admin."""
    port, code = free_port(), secrets.token_urlsafe(32)
    named = {"HEARBACK_DEV": "1", "HEARBACK_DEV_CODE": code, "HEARBACK_STORE": f"sqlite:///{file}", "PORT": str(port)}
    environment = {**{name: value for name, value in os.environ.items() if "HEARBACK" not in name}, **named}
    url, jar = f"http://127.0.0.1:{port}", aiohttp.CookieJar(unsafe=True)
    async with (
        running(["app.py"], port, file.with_suffix(".log"), environment) as process,
        aiohttp.ClientSession(timeout=_PATIENT, cookie_jar=jar, read_bufsize=READ) as session,
    ):
        async with session.get(f"{url}/sign-in/once", params={"code": code}) as reply:
            reply.raise_for_status()
        yield url, process.pid, session


async def _check(content: aiohttp.StreamReader, answers: int) -> None:
    """Take everything. Raises `Wrong` unless there is a line for everybody, and those looked at say what is kept."""
    lines, rest = -1, b""  # the first line is the header
    async for block in content.iter_any():
        *whole, rest = (rest + block).split(b"\n")
        for number in range(-lines % EVERY, len(whole), EVERY):
            if lines + number >= 0:
                _compare(lines + number, whole[number])
        lines += len(whole)
    if lines != answers or rest:
        msg = f"{lines} lines for {answers} answers"
        raise Wrong(msg)


def _compare(number: int, line: bytes) -> None:
    (found,) = csv.reader([line.decode()])
    wanted = str(answers_of(number)["change"])
    if found[CHANGE] != wanted or found[1] != f"region={REGIONS[number % 3]}; size={SIZES[number % 3]}":
        msg = f"line {number} says {found}, not {wanted}"
        raise Wrong(msg)


def _person(number: int, key: str) -> Person:
    tenant, _, object_id = key.partition(":")
    known = {"size": SIZES[number % 3], "region": REGIONS[number % 3]}
    return Person(key, tenant, object_id, f"Sample Person {number}", attributes=known)


def _peak_mb(pid: int) -> float:
    """Return the most memory that a process has had so far."""
    told = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (one for one in told.splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _cpu_s(pid: int) -> float:
    """Return the processor time that the threads of a process have used so far, in seconds."""
    told = [one.read_text(encoding="ascii") for one in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(one.split()[0]) for one in told) / 1e9
