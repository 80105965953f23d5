"""How many survey answers one process takes, beside stock botbuilder and bare aiohttp: `python -m benchmarks.answers`.

Product: `app.py` as in production (one process, uvloop, SQLite with synchronous=FULL). Every measured request is
the first answer of a person whom the bot knows: the token is checked, the answers are validated and written durably,
and the thank-you card comes back. All requests of a round carry the same token, as the Bot Framework uses one for
as long as it lasts; `answers_per_s_fresh_tokens` is the same with a token of its own in every request, so that
every signature is verified. Afterwards every reply must have been a thank-you with that person's own answer, and the
store must hold exactly those answers, once each; otherwise there are no figures.

Baselines: the stock CloudAdapter with an invoke that does nothing and no tokens checked; a bare aiohttp handler. Both
get the same bodies from the same generator, run on uvloop, and get no Authorization header, since they check none.

The generator is this process. What it reaches against a server that does nothing (`generator_ceiling_per_s`) must be
well above bare aiohttp, or it would be what is measured. Rounds are interleaved; rates are medians over the rounds.
`p50_ms`, `p99_ms_at_500_per_s` and `max_ms` come from an open loop: 500 answers a second offered at random moments,
timed from the moment each was due, all rounds together. `fsync_ms` is what the disk takes to keep 4 KB.
"""

import argparse
import itertools
import os
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import uvloop

from benchmarks.figures import TooFew, latencies_ms, percentile, rate, ratio
from benchmarks.load import LoadFailed, Reply, Request, closed_loop, open_loop
from benchmarks.panel import (
    CUSTOMERS,
    Panel,
    Wrong,
    check_kept,
    check_thanked,
    requests_of,
    with_token,
    without_token,
    write_panel,
)
from benchmarks.processes import ROOT, NotStarted, free_port, running
from settings import SETTINGS
from simulator import Teams
from store.sqlite import open_sqlite

OFFERED_PER_S = 500.0
WARM_UP_S = 0.3
WARM_UP, FRESH, SPREAD = 0.04, 0.15, 0.25  # shares of the people; the rest answer as fast as they can
SEED = 1
FLUSHES = 50


class Plan(msgspec.Struct, frozen=True):
    """How much to measure. A measurement also ends when its people have all answered."""

    people: int = 20_000
    seconds: float = 1.5  # for each server in each round
    rounds: int = 3
    connections: int = 64


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The line that is printed."""

    answers_per_s: float
    answers_per_s_fresh_tokens: float
    baseline_botbuilder_noop_per_s: float
    baseline_aiohttp_per_s: float
    generator_ceiling_per_s: float
    ratio_vs_botbuilder: float
    share_of_aiohttp: float
    p50_ms: float
    p99_ms_at_500_per_s: float
    max_ms: float
    answers_verified: int
    people: int
    rounds: int
    connections: int
    cpus: int
    fsync_ms: float
    took_s: float


class Work(msgspec.Struct, frozen=True):
    """The requests of one round, each of another person."""

    steady: list[Request]
    fresh: list[Request]
    spread: list[Request]


class Round(msgspec.Struct, frozen=True):
    """What came of a round: the rate of each server, and every reply of the product."""

    per_s: dict[str, float]
    spread: list[Reply]
    replies: list[Reply]


async def measure(plan: Plan, product: Sequence[str] = ("app.py",)) -> Report:
    """Measure everything. `product` is the program that serves. Raises `Wrong` when it did not do its work."""
    started_at = time.perf_counter()
    data = ROOT / "data"  # where the product keeps its documents, so that the disk is the same
    data.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="benchmark-", dir=data) as name:
        folder = Path(name)
        async with Teams() as teams:
            panel = await _write(folder, teams, plan)
            warm_up, rounds = _shared_out(panel, teams, plan)
            chance = random.Random(SEED)  # noqa: S311 - moments, not secrets
            async with _servers(folder, teams, product) as ports:
                warm = await _warm_up(ports, warm_up, plan)
                done = [await _round(ports, work, plan, chance) for work in rounds]
            replies = [*warm, *(reply for one in done for reply in one.replies)]
            verified = await _verify(folder, panel, replies)
        return _report(plan, done, verified, _fsync_ms(folder), time.perf_counter() - started_at)


async def _write(folder: Path, teams: Teams, plan: Plan) -> Panel:
    store = await open_sqlite(_file(folder))
    try:
        return await write_panel(store, teams, plan.people)
    finally:
        await store.close()


async def _verify(folder: Path, panel: Panel, replies: Sequence[Reply]) -> int:
    """Return how many answers were kept. Raises `Wrong`."""
    thanked = check_thanked(panel, replies)
    store = await open_sqlite(_file(folder))
    try:
        return await check_kept(store, panel, thanked)
    finally:
        await store.close()


def _shared_out(panel: Panel, teams: Teams, plan: Plan) -> tuple[list[Request], list[Work]]:
    """Return the requests to warm up with, and those of each round."""
    requests = iter(requests_of(panel, teams.tokens.current()))

    def some(share: float, parts: int = 1) -> list[Request]:
        return list(itertools.islice(requests, max(int(plan.people * share / parts), 1)))

    warm_up = some(WARM_UP)
    works = []
    for _ in range(plan.rounds):
        fresh = [with_token(one, _fresh_token(teams, one)) for one in some(FRESH, plan.rounds)]
        steady = some(1 - WARM_UP - FRESH - SPREAD, plan.rounds)
        works.append(Work(steady=steady, fresh=fresh, spread=some(SPREAD, plan.rounds)))
    return warm_up, works


def _fresh_token(teams: Teams, request: Request) -> str:
    return teams.tokens.token(claims={"jti": request.key})


@asynccontextmanager
async def _servers(folder: Path, teams: Teams, product: Sequence[str]) -> AsyncIterator[dict[str, int]]:
    """Start every server and give their ports by name."""
    names = ("botbuilder", "aiohttp", "raw")
    ports = {name: free_port() for name in ("product", *names)}
    commands = {name: ["-m", "benchmarks.baselines", name, str(ports[name])] for name in names}
    environment = dict(os.environ) | {one.name: "" for one in SETTINGS}  # a developer's .env stays out of it
    ours = environment | teams.environment() | _product_settings(folder, ports["product"])
    async with AsyncExitStack() as stack:
        log = folder / "product.log"
        await stack.enter_async_context(running(product, ports["product"], log, ours))
        for name, command in commands.items():
            log = folder / f"{name}.log"
            await stack.enter_async_context(running(command, ports[name], log, environment))
        yield ports


def _product_settings(folder: Path, port: int) -> dict[str, str]:
    return {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "HEARBACK_STORE": f"sqlite:///{_file(folder)}",
        "HEARBACK_ALLOWED_TENANTS": CUSTOMERS,
    }


def _file(folder: Path) -> Path:
    return folder / "hearback.db"


async def _warm_up(ports: dict[str, int], requests: list[Request], plan: Plan) -> list[Reply]:
    """Let every server load what it loads at first; the product's replies count as answers."""
    for name in ("botbuilder", "aiohttp", "raw"):
        await _baseline(ports[name], requests, plan, seconds=min(WARM_UP_S, plan.seconds))
    return await closed_loop(ports["product"], requests, connections=plan.connections, seconds=plan.seconds)


async def _round(ports: dict[str, int], work: Work, plan: Plan, chance: random.Random) -> Round:
    """Measure one server after the other."""
    port, most = ports["product"], plan.connections
    steady = await closed_loop(port, work.steady, connections=most, seconds=plan.seconds)
    per_s = {name: await _baseline(ports[name], work.steady, plan) for name in ("botbuilder", "aiohttp", "raw")}
    fresh = await closed_loop(port, work.fresh, connections=most, seconds=plan.seconds)
    spread = await open_loop(port, work.spread, connections=most, per_s=OFFERED_PER_S, chance=chance)
    per_s |= {"product": rate(steady), "fresh": rate(fresh)}
    return Round(per_s=per_s, spread=spread, replies=[*steady, *fresh, *spread])


async def _baseline(port: int, requests: Sequence[Request], plan: Plan, *, seconds: float = 0.0) -> float:
    """Return the rate at which a server answers these requests, again and again, without a token."""
    bare = itertools.cycle([without_token(one) for one in requests])
    replies = await closed_loop(port, bare, connections=plan.connections, seconds=seconds or plan.seconds)
    if any(one.status != HTTPStatus.OK for one in replies):
        msg = f"a baseline answered {next(one.raw for one in replies if one.status != HTTPStatus.OK)[:300]!r}"
        raise Wrong(msg)
    return rate(replies)


def _report(plan: Plan, done: Sequence[Round], verified: int, fsync_ms: float, took_s: float) -> Report:
    per_s = {name: statistics.median(one.per_s[name] for one in done) for name in done[0].per_s}
    latencies = [latency for one in done for latency in latencies_ms(one.spread)]
    return Report(
        answers_per_s=round(per_s["product"], 1),
        answers_per_s_fresh_tokens=round(per_s["fresh"], 1),
        baseline_botbuilder_noop_per_s=round(per_s["botbuilder"], 1),
        baseline_aiohttp_per_s=round(per_s["aiohttp"], 1),
        generator_ceiling_per_s=round(per_s["raw"], 1),
        ratio_vs_botbuilder=ratio(per_s["product"], per_s["botbuilder"]),
        share_of_aiohttp=ratio(per_s["product"], per_s["aiohttp"]),
        p50_ms=round(percentile(latencies, 50), 2),
        p99_ms_at_500_per_s=round(percentile(latencies, 99), 2),
        max_ms=round(max(latencies), 2),
        answers_verified=verified,
        people=plan.people,
        rounds=plan.rounds,
        connections=plan.connections,
        cpus=os.cpu_count() or 0,
        fsync_ms=round(fsync_ms, 2),
        took_s=round(took_s, 1),
    )


def _fsync_ms(folder: Path) -> float:
    """Return how long the disk takes to keep 4 KB: a durable write cannot be faster."""
    times = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(FLUSHES):
            before = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            times.append((time.perf_counter() - before) * 1000)
    return statistics.median(times)


def main() -> None:
    """Measure and print one line of JSON. Exits with 1 and the reason when there is nothing to report."""
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.answers")
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="for each server in each round")
    parser.add_argument("--people", type=int, default=usual.people, help="each answers once")
    given = parser.parse_args()
    try:
        report = uvloop.run(measure(Plan(people=given.people, seconds=given.seconds)))
    except (Wrong, LoadFailed, NotStarted, TooFew, TimeoutError) as error:
        sys.exit(f"no figures: {error or type(error).__name__}")
    print(msgspec.json.encode(report).decode())


if __name__ == "__main__":
    main()
