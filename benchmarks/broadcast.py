"""How many cards a second one process sends, beside stock botbuilder and a bare POST: `python -m benchmarks.broadcast`.

Product: the broadcaster, worker, sender and connector as `app.py` joins them, on SQLite, with the limiter set far
above what can be reached; every card is accounted for on disk before and after it leaves. After each round the run
must say `sent` for everybody, and the connector, a process of its own, must have got one message for each of them;
otherwise there are no figures. Baselines send the same card to the same connector, 100 at a time:
`continue_conversation` without a token, and a POST of one body that was encoded beforehand, by aiohttp's pooled
client as it comes, that keeps no account of anything.

Rounds are interleaved, and in each the baselines follow the product at once; rates are medians, and so are the ratios
of rounds, which suffer less from what else the machine does. `cpu_us_…` is processor time of this process for one
card, in all its threads. `rss_mb` is the peak of this process after the product's first round.
With --teams-limits, how long 45,000 people take under Microsoft's limits: `benchmarks.teams_limits`, in a minute.
At the end a million people are planned and sent in a process of its own, for `rss_mb_at_1000000`; that takes some ten
minutes, and --quick leaves it out.
"""

import argparse
import asyncio
import os
import random
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from datetime import time as clock_time
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import msgspec
import uvloop

from app import spare_collector
from benchmarks.figures import ratio
from benchmarks.panel import SURVEY, Wrong
from benchmarks.proactive import Send, bare, stock, to_everybody
from benchmarks.processes import ROOT, NotStarted, free_port, running
from benchmarks.teams_limits import simulate
from bot.connector import Connector
from bot.messages import survey_message
from bot.wire import CONNECTIONS, Wire, open_wire
from broadcast.broadcaster import Approvals, Broadcaster
from broadcast.limiter import Limiter
from broadcast.rendering import OncePerRun
from broadcast.sender import Sender
from broadcast.store_queue import StoreQueue
from broadcast.worker import Worker
from feedback.people.people import Contact, Conversation, Policy, meet
from feedback.runs.contacts import ContactRules, QuietHours
from feedback.runs.progress import progress
from feedback.runs.runs import DeliveryState, Run, RunState
from feedback.surveys.survey_files import read_survey
from store.contract import Store
from store.sqlite import open_sqlite

FAR_ABOVE = 1e6  # requests a second
TENANT = "sample-tenant"
BY = f"{TENANT}:0"
TOGETHER = 1000  # people written at a time
BIG = 1_000_000
SEED = 1


class Plan(msgspec.Struct, frozen=True):
    """How much to measure."""

    people: int = 5_000
    stock: int = 300  # messages by `continue_conversation` in each round
    rounds: int = 3
    has_baselines: bool = True


class Counts(msgspec.Struct, frozen=True):
    """What the connector got: messages, conversations, and the most messages in one conversation."""

    messages: int
    conversations: int
    most: int


class Round(msgspec.Struct, frozen=True):
    """One round of one way to send: cards a second, and processor time for each in microseconds."""

    per_s: float
    cpu_us: float


class Stopwatch:
    """Measures a round from when it is made."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self._cpu_s = time.process_time()

    def read(self, cards: int) -> Round:
        """Return what so many cards have taken."""
        took_s, cpu_s = time.perf_counter() - self._begun, time.process_time() - self._cpu_s
        return Round(per_s=cards / took_s, cpu_us=cpu_s / cards * 1e6)


class Service:
    """The product's parts, and the connector that they write to."""

    def __init__(self, store: Store, wire: Wire, session: aiohttp.ClientSession, url: str) -> None:
        connector = Connector(wire, token=None, is_allowed=lambda _url: True, clock=time.time)
        limiter = Limiter(FAR_ABOVE, clock=time.monotonic, sleep=asyncio.sleep)
        chance = random.Random(SEED)  # noqa: S311 - pauses, not secrets
        queue = StoreQueue(store, clock=time.time)
        sender = Sender(connector, limiter, now=_now, sleep=asyncio.sleep, chance=chance)
        self.worker = Worker(store, queue, sender, render=OncePerRun(survey_message), now=_now)
        rules = ContactRules(contacts_per_30_days=1_000_000, quiet=QuietHours(start=clock_time(0), end=clock_time(0)))
        approvals = Approvals(above=10_000_000, per_second=1_000_000)
        self.broadcaster = Broadcaster(store, queue, Policy(), rules, approvals, now=_now, wake=self.worker.wake)
        self.store, self.session, self.url = store, session, url

    async def forget(self) -> None:
        """Let the connector count anew."""
        async with self.session.delete(f"{self.url}counts") as reply:
            await reply.read()

    async def check_got(self, expected: int) -> None:
        """Raise `Wrong` unless the connector got one message for each of so many conversations."""
        async with self.session.get(f"{self.url}counts") as reply:
            got = msgspec.json.decode(await reply.read(), type=Counts)
        if got != Counts(messages=expected, conversations=expected, most=min(expected, 1)):
            msg = f"{expected} people were written to, and the connector got {got}"
            raise Wrong(msg)


async def measure(plan: Plan, channel: Sequence[str] = ("-m", "benchmarks.channel")) -> dict[str, float]:
    """Measure everything. `channel` is the program of the connector. Raises `Wrong` when something was not sent."""
    started_at = time.perf_counter()
    async with _service(channel) as service:
        await populate(service, plan.people)
        spare_collector()  # as the service does when it has started; the baselines gain by it too
        planned: list[Round] = []
        sent: list[Round] = []
        others: dict[str, list[Round]] = {}
        rss = 0.0
        for _ in range(plan.rounds):
            planning, sending = await _product(service, plan.people)
            planned.append(planning)
            sent.append(sending)
            rss = rss or _rss_mb()
            if plan.has_baselines:
                for name, one in (await _baselines(service, plan)).items():
                    others.setdefault(name, []).append(one)
    report = {
        "sends_per_s": _per_s(sent),
        "cpu_us_per_send": _cpu_us(sent),
        "planned_per_s": _per_s(planned),
        "cpu_us_per_planned": _cpu_us(planned),
        "rss_mb": round(rss, 1),
        "people": plan.people,
        "rounds": plan.rounds,
        "cpus": os.cpu_count() or 0,
        "took_s": round(time.perf_counter() - started_at, 1),
    }
    for name, rounds in others.items():
        ratios = [ratio(ours.per_s, theirs.per_s) for ours, theirs in zip(sent, rounds, strict=True)]
        report |= {
            f"baseline_{name}_per_s": _per_s(rounds),
            f"baseline_{name}_cpu_us": _cpu_us(rounds),
            f"ratio_vs_{name}": statistics.median(ratios),
        }
    return report


def _per_s(rounds: Sequence[Round]) -> float:
    return round(statistics.median(one.per_s for one in rounds), 1)


def _cpu_us(rounds: Sequence[Round]) -> float:
    return round(statistics.median(one.cpu_us for one in rounds), 1)


@asynccontextmanager
async def _service(channel: Sequence[str]) -> AsyncIterator[Service]:
    data = ROOT / "data"  # where the product keeps its documents, so that the disk is the same
    data.mkdir(exist_ok=True)
    port = free_port()
    with TemporaryDirectory(prefix="benchmark-", dir=data) as name:
        log = Path(name) / "channel.log"
        async with running([*channel, str(port)], port, log, dict(os.environ)):
            store = await open_sqlite(Path(name) / "hearback.db")
            try:
                async with open_wire() as wire, aiohttp.ClientSession() as session:
                    yield Service(store, wire, session, f"http://127.0.0.1:{port}/")
            finally:
                await store.close()


async def populate(service: Service, people: int) -> None:
    """Write so many people whom the connector knows."""
    for start in range(0, people, TOGETHER):
        numbers = range(start, min(start + TOGETHER, people))
        contacts = [Contact(TENANT, str(n), f"Sample Person {n}", "en-US", _chat(service.url, n)) for n in numbers]
        await asyncio.gather(*(meet(service.store, one, _now()) for one in contacts))


async def _product(service: Service, people: int) -> tuple[Round, Round]:
    """Return how planning went, and sending."""
    await service.forget()
    watch = Stopwatch()
    run = await service.broadcaster.start(read_survey(SURVEY), "everyone", by=BY)
    planned, watch = watch.read(people), Stopwatch()
    await service.worker.drain()
    sent = watch.read(people)
    await _check_sent(service.store, run, people)
    await service.check_got(people)
    return planned, sent


async def _check_sent(store: Store, run: Run, people: int) -> None:
    found = (await progress(store, run)).by_state
    if found != {DeliveryState.SENT: people}:
        msg = f"of {people} people the store says {found}"
        raise Wrong(msg)


async def _baselines(service: Service, plan: Plan) -> dict[str, Round]:
    run = Run("sample", read_survey(SURVEY), "everyone", RunState.SENDING, _now(), BY)
    message = survey_message(run, "")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:  # as it comes
        raw = bare(session, message.card, message.summary, _chat(service.url, 0))
        raw_post = await _round(service, plan.people, raw)
    return {
        "raw_post": raw_post,
        "continue_conversation": await _round(service, min(plan.stock, plan.people), stock(message.card)),
    }


async def _round(service: Service, count: int, send: Send) -> Round:
    await service.forget()
    watch = Stopwatch()
    await to_everybody((_chat(service.url, number) for number in range(count)), send)
    measured = watch.read(count)
    await service.check_got(count)
    return measured


async def measure_rss(people: int = BIG) -> dict[str, float]:
    """Plan and send for so many people in a process of its own, and return its peak and pace. Raises `Wrong`."""
    command = ["-m", "benchmarks.broadcast", "--product-only", "--people", str(people)]
    child = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    if child.returncode:
        msg = f"the process for {people} people ended with {child.returncode}"
        raise Wrong(msg)
    found = msgspec.json.decode(output, type=dict[str, float])
    return {f"{name}_at_{people}": found[name] for name in ("rss_mb", "sends_per_s", "planned_per_s", "took_s")}


def _chat(url: str, number: int) -> Conversation:
    return Conversation(id=f"a:{number}", service_url=url, user_id=f"29:{number}", bot_id="28:sample")


def _now() -> datetime:
    return datetime.now(UTC)


def _rss_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print one line of JSON. Exits with 1 and the reason when there is nothing to report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.broadcast")
    parser.add_argument("--people", type=int, default=Plan().people)
    parser.add_argument("--product-only", action="store_true", help="one round, without baselines")
    parser.add_argument("--quick", action="store_true", help=f"without {BIG:,} people, who take some ten minutes")
    parser.add_argument("--teams-limits", action="store_true", help="under Microsoft's limits, on a simulated clock")
    given = parser.parse_args()
    if given.teams_limits:
        print(msgspec.json.encode(simulate()).decode())
        return
    is_short = given.product_only
    plan = Plan(people=given.people, rounds=1 if is_short else Plan().rounds, has_baselines=not given.product_only)
    try:
        report = uvloop.run(measure(plan))
        if not (given.quick or given.product_only):
            report |= uvloop.run(measure_rss())
    except (Wrong, NotStarted, TimeoutError, aiohttp.ClientError) as error:
        sys.exit(f"no figures: {error or type(error).__name__}")
    print(msgspec.json.encode(report).decode())


if __name__ == "__main__":
    main()
