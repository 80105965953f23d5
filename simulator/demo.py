"""`make demo`: the bot sends the sample survey to thousands of simulated people, and you watch.

The bot runs in development mode, because the window you watch from is the Agents Playground, which sends no token;
with tokens there could be no such window. Everything else is as with Teams: its limits, troubles and human delays.
"""

import argparse
import asyncio
import random
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import msgspec

from simulator.activities import Who
from simulator.cards import card_text
from simulator.crowd import Crowd, Habits, key_of
from simulator.ids import guid
from simulator.kept import Kept
from simulator.limits import PER_SECOND, Limits
from simulator.local import (
    BOT_PORT,
    CODE_BYTES,
    NotStarted,
    answers,
    asked_to_stop,
    dashboard_link,
    listening,
    start_bot,
)
from simulator.people import Person
from simulator.playground import ADMIN, ROOT, Window, open_window, stop
from simulator.summary import DOUBT, Summary, compare
from simulator.teams import Teams

FOLDER = ROOT / "data" / "demo"
MOST_PEOPLE = 20_000
MOST_MINUTES = 60.0
TENANT_SIZES = (40, 25, 15, 12, 8)  # shares of the people, as one large customer and some small ones have
KNOWN = 3  # one in so many has installed the app and said hello; the bot knows the others from a file
WITHOUT_APP = 50  # one in so many has not got the app at all
AT_ONCE = 50
START_S = 60.0
LOG, LAST = "bot.log", 5  # what the bot writes; lines of it that are shown when it does not start
PATIENCE_S = 120.0  # importing a large file takes its time
RATE_OVER_S = 30.0
PANEL = "demo"
SURVEY = "pulse"

ABOUT = """\
Send the sample survey to thousands of simulated people, who answer with human delays, and watch: in the chat window
and the dashboard whose addresses are printed, and in a line of progress every two seconds. At the end, what the bot has
kept stands beside what the simulated Teams saw."""
EXAMPLE = """\
What goes wrong: 429 with and without Retry-After, 412, 500, 502, 503, 504, connections that break before or after the
message was taken, slow answers and none at all; and of cards alone 403, 404 and 413.

  make demo DEMO_ARGS="--people 2000 --faults 0.05"
  make demo DEMO_ARGS="--people 300 --minutes 3 --no-window"
"""

Say = Callable[[str], None]


class NotSent(Exception):
    """The bot did not do what the demo asked for."""


class Plan(msgspec.Struct, frozen=True):
    """What to show. After so many minutes it ends, whatever has happened."""

    people: int = 5000
    minutes: float = 15.0
    seed: int = 1
    faults: float = 0.01  # share of the requests that go wrong
    hangs: bool = True  # some of them are never answered
    habits: Habits = Habits()
    has_window: bool = True
    port: int = BOT_PORT
    folder: Path = FOLDER
    every_s: float = 2.0  # between two lines of progress

    @property
    def database(self) -> Path:
        """Where the bot keeps everything."""
        return self.folder / "hearback.db"


class Demo:
    """One demo. Enter it, and everything runs; leave it, and everything has ended."""

    def __init__(self, plan: Plan, say: Say) -> None:
        self._plan = plan
        self._say = say
        self._chance = random.Random(plan.seed)
        self._ends_at = time.monotonic() + plan.minutes * 60
        self._parts = AsyncExitStack()
        self._code = secrets.token_urlsafe(CODE_BYTES)
        self._kept = Kept(plan.database)
        self._bot: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        shutil.rmtree(self._plan.folder, ignore_errors=True)
        self._plan.folder.mkdir(parents=True)
        try:
            await self._start()
        except BaseException:
            await self._parts.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._parts.aclose()

    async def _start(self) -> None:
        limits = Limits()
        self._teams = await self._parts.enter_async_context(
            Teams(tenant=ADMIN.tenant, patience_s=PATIENCE_S, keep_transcript=100, limits=limits, checks_tokens=False)
        )
        self._limits = limits
        self._admin = self._teams.person("Sample Demo Admin", has_bot=True)
        self._teams.bot_url = f"http://127.0.0.1:{self._plan.port}/api/messages"
        with (self._plan.folder / LOG).open("wb") as log:
            self._bot = await start_bot(self._plan.port, self._settings(), log=log)
        self._parts.push_async_callback(stop, self._bot)
        async with asyncio.timeout(START_S):
            await listening(self._plan.port, self._bot)
            if self._plan.has_window:
                await self._open_window(ADMIN)
        self._say(f"The dashboard opens once with {dashboard_link(self._plan.port, self._code)}")
        self._people = self._populate()
        self._crowd = Crowd(
            self._people,
            self._plan.habits,
            faults=self._plan.faults,
            chance=self._chance,
            hangs=self._plan.hangs,
        )
        self._parts.push_async_callback(self._crowd.leave)

    async def _open_window(self, window: Window) -> None:
        process = await open_window(window, self._teams.bot_url, self._plan.folder / "playground")
        self._parts.push_async_callback(stop, process)
        await listening(window.port, process)
        self._say(f"Open {window.url} to watch as an admin: status, hold, continue, results pulse-1, help.")

    def _settings(self) -> dict[str, str]:
        return {
            "HEARBACK_DEV": "1",
            "HEARBACK_DEV_CODE": self._code,
            "MicrosoftAppId": "",
            "HEARBACK_STORE": f"sqlite:///{self._plan.database}",
            "HEARBACK_QUEUE": "store",
            "HEARBACK_ADMINS": f"{ADMIN.object_id},{self._admin.who.object_id}",
            "HEARBACK_HOME_TENANTS": ADMIN.tenant,
            "HEARBACK_ALLOWED_TENANTS": "*",
            "HEARBACK_SERVICE_HOSTS": "127.0.0.1",
            "HEARBACK_SERVICE_URL": self._teams.service_url,
            "HEARBACK_RATE_PER_TENANT": str(PER_SECOND),
            "HEARBACK_APPROVAL_ABOVE": str(10 * MOST_PEOPLE),
        }

    def _populate(self) -> list[Person]:
        """Return the people: some large tenants, some small ones."""
        tenants = [guid("a customer's tenant", str(number)) for number in range(len(TENANT_SIZES))]
        homes = self._chance.choices(tenants, TENANT_SIZES, k=self._plan.people)
        return [
            self._teams.person(f"Sample Customer {number}", tenant=home, has_bot=number % WITHOUT_APP > 0)
            for number, home in enumerate(homes)
        ]

    async def send(self) -> str:
        """Make the people known to the bot, send them the survey, and return the name of the run."""
        known = [one for number, one in enumerate(self._people) if number % KNOWN == 0 and one.has_bot]
        gate = asyncio.Semaphore(AT_ONCE)

        async def install(person: Person) -> None:
            async with gate:
                await person.install()

        await asyncio.gather(*map(install, [self._admin, *known]))
        file = self._teams.files.offer(f"{PANEL}.csv", _csv([one.who for one in self._people]).encode())
        await self._admin.say(f"panel import {PANEL}", [file])
        self._say(
            f"{len(self._people):,} people in {len(TENANT_SIZES)} tenants: {len(known):,} have said hello, "
            f"the bot knows the others from a file. Sending to them …"
        )
        self._crowd.join(self._teams)
        await self._admin.say(f"send {SURVEY} to panel {PANEL}")
        runs = self._kept.runs()
        if not runs:
            raise NotSent(card_text(self._admin.card()))
        return runs[0]

    async def watch(self, run: str) -> None:
        """Say how it goes until everything has gone out and nobody is about to answer, or the time is up."""
        done: list[tuple[float, int]] = []
        while time.monotonic() < self._ends_at:
            is_over, pending = self._kept.is_over(run), self._crowd.pending
            counts = self._kept.counts(run)
            done.append((time.monotonic(), counts.total() - counts["planned"]))
            done = [one for one in done if one[0] > done[-1][0] - RATE_OVER_S]
            self._say(_progress(counts, done, pending, datetime.now().astimezone()))
            if is_over and not pending:
                return
            await asyncio.sleep(self._plan.every_s)
        self._say("The time is up, so the bot is stopped here.")
        if self._bot is not None:
            await stop(self._bot)  # it records what is on its way first

    def summary(self, run: str) -> Summary:
        """Return what the bot has kept beside what Teams saw."""
        return compare(
            {key_of(one) for one in self._people},
            self._crowd.seen,
            states=self._kept.states(run),
            opted_out=self._kept.opted_out(),
            wrote=self._kept.authors_of_feedback(),
        )

    @property
    def over_the_limits(self) -> str:
        """Say how many requests went over Microsoft's limits, and how many a second there were at most."""
        return (
            f"Over Microsoft's limits: {self._limits.refused:,} requests; the most in a second in one tenant: "
            f"{max(self._limits.peaks.values(), default=0)} of {PER_SECOND}."
        )


async def run_demo(plan: Plan, say: Say) -> Summary:
    """Show everything once and return the figures. Raises `NotSent`, or `NotStarted`, where it cannot begin."""
    async with Demo(plan, say) as demo:
        run = await demo.send()
        await demo.watch(run)
        summary = demo.summary(run)
        say(f"\n{summary}\n  {demo.over_the_limits}\n  Everything is kept in {_short(plan.folder)}.")
        if plan.has_window:
            say("\nThe window stays open; type  results pulse-1  there. Stop it with Ctrl-C.")
            await asyncio.sleep(plan.minutes * 60)
    return summary


def _progress(counts: dict[str, int], done: list[tuple[float, int]], pending: int, now: datetime) -> str:
    """Return one line: how many people are in which state, how fast it goes, and when it should be over."""
    everybody, waiting = sum(counts.values()), counts.get("planned", 0)
    passed_s = done[-1][0] - done[0][0]
    rate = (done[-1][1] - done[0][1]) / passed_s if passed_s > 0 else 0.0
    got = counts.get("sent", 0) + counts.get("answered", 0)
    parts = [
        f"{now:%H:%M:%S}  {got:,} of {everybody:,} got it",
        f"{counts.get('answered', 0):,} answered",
        f"{counts.get('failed', 0) + counts.get('excluded', 0):,} failed",
        f"{counts.get(DOUBT, 0):,} unconfirmed",
    ]
    if waiting:
        parts += [f"{waiting:,} waiting", f"{rate:,.0f} people/s"]
        parts += [f"all sent about {now + timedelta(seconds=waiting / rate):%H:%M:%S}"] if rate else []
    else:
        parts += [f"all sent; {pending:,} about to do something"]
    return " · ".join(parts)


def _short(folder: Path) -> str:
    return str(folder.relative_to(ROOT)) if folder.is_relative_to(ROOT) else str(folder)


def _csv(people: list[Who]) -> str:
    rows = "".join(f"{one.tenant},{one.object_id},{one.name}\n" for one in people)
    return f"tenant,object id,name\n{rows}"


def plan_of(arguments: list[str]) -> Plan:
    """Return what is asked for; ends the process with a sentence where it is out of bounds."""
    usual = Plan()
    parser = argparse.ArgumentParser(
        prog="make demo",
        usage='make demo DEMO_ARGS="[--people N] [--minutes M] [--faults SHARE] [--seed S] [--no-window]"',
        description=ABOUT,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--people", type=int, default=usual.people, help=f"up to {MOST_PEOPLE:,}")
    parser.add_argument("--minutes", type=float, default=usual.minutes, help=f"at most {MOST_MINUTES:.0f}")
    parser.add_argument("--faults", type=float, default=usual.faults, help="share of requests that go wrong, 0 to 0.5")
    parser.add_argument("--seed", type=int, default=usual.seed, help="another number, other chances")
    parser.add_argument("--no-window", action="store_true", help="without the chat window to watch from")
    given = parser.parse_args(arguments)
    if not 1 <= given.people <= MOST_PEOPLE:
        parser.error(f"--people: a number from 1 to {MOST_PEOPLE:,}")
    if not 0 < given.minutes <= MOST_MINUTES:
        parser.error(f"--minutes: a number up to {MOST_MINUTES:.0f}")
    if not 0 <= given.faults <= 0.5:  # noqa: PLR2004 - with more than half, little is left to see
        parser.error("--faults: a number from 0 to 0.5")
    return Plan(
        people=given.people,
        minutes=given.minutes,
        faults=given.faults,
        seed=given.seed,
        has_window=not given.no_window,
    )


async def main(arguments: list[str]) -> int:
    """Run until it is over or Ctrl-C; return the exit code: 0 when both sides agree."""
    plan = plan_of(arguments)
    busy = [port for port in (plan.port, *([ADMIN.port] if plan.has_window else [])) if answers(port)]
    if busy:
        sys.stderr.write(f"Another program listens on port {', '.join(map(str, busy))}. Stop it, then try again.\n")
        return 1
    asked, running = asyncio.create_task(asked_to_stop()), asyncio.create_task(run_demo(plan, _say))
    try:
        await asyncio.wait([asked, running], return_when=asyncio.FIRST_COMPLETED)
        return 0 if asked.done() or running.result().agrees else 1
    except (NotStarted, NotSent) as error:
        sys.stderr.write(f"{error}\nWhat the bot said is in {_short(plan.folder / LOG)}, at last:\n{_last_of(plan)}\n")
        return 1
    except TimeoutError:
        sys.stderr.write(f"Not everything started within {START_S:.0f} seconds.\n")
        return 1
    finally:
        asked.cancel()
        running.cancel()
        await asyncio.wait([asked, running])


def _last_of(plan: Plan) -> str:
    """Return the last lines that the bot wrote."""
    lines = (plan.folder / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"  {one}" for one in lines[-LAST:])


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
