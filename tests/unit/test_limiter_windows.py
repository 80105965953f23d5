"""The law of the limiter: in no window that Microsoft lists, wherever it begins, are there more calls than it lists."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.virtual_time import run_virtually
from broadcast.limiter import Limiter
from broadcast.windows import READING, WRITING, Call, Rule, Threads
from tests.unit.crowd import Crowd, cancel, limiter_of, now, virtual

WRITES = {1: 7, 2: 8, 30: 60, 3600: 1800}  # seconds, calls: "Rate limiting for agents", 8 October 2026
READS = {1: 14, 2: 16, 30: 120, 3600: 3600}
ROWS = {
    Call.SEND: ("write", WRITES),
    Call.UPDATE: ("write", WRITES),
    Call.CREATE: ("create", WRITES),
    Call.MEMBERS: ("members", READS),
    Call.CONVERSATIONS: ("list", READS),
}
PER_SECOND = 20

Sleep = Callable[[float], Awaitable[None]]


class Demand(msgspec.Struct, frozen=True):
    """Somebody who wants to make some calls."""

    at: float
    times: int
    tenant: str
    conversation: str
    kind: Call
    live: bool
    patience_s: float


class Calls:
    """What was let through, and when."""

    def __init__(self) -> None:
        self.by_tenant: dict[str, list[float]] = defaultdict(list)
        self.by_thread: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.listed: dict[tuple[str, str], dict[int, int]] = {}

    def note(self, tenant: str, conversation: str, kind: Call) -> None:
        row, listed = ROWS[kind]
        self.by_tenant[tenant].append(now())
        self.by_thread[conversation, row].append(now())
        self.listed[conversation, row] = listed

    def check(self, per_second: int) -> None:
        for times in self.by_tenant.values():
            assert most_in(1, times) <= per_second
        for thread, times in self.by_thread.items():
            for seconds, most in self.listed[thread].items():
                assert most_in(seconds, times) <= most, f"{thread} in {seconds} s"


def most_in(seconds: float, times: Sequence[float]) -> int:
    """Return the most calls in any window of this length, its ends included."""
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] > seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def late(seed: int, most_s: float) -> Sleep:
    """Return a sleep that takes longer than asked for, as timers do."""
    chance = random.Random(seed)

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds + chance.uniform(0, most_s))

    return sleep


DEMAND = st.builds(
    Demand,
    at=st.floats(0, 20),
    times=st.integers(1, 25),
    tenant=st.sampled_from("tu"),
    conversation=st.sampled_from(["", "a", "b", "c", "d"]),
    kind=st.sampled_from(Call),
    live=st.booleans(),
    patience_s=st.sampled_from([0.001, 0.5, 30, 10_000]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(demands=st.lists(DEMAND, max_size=30), seed=st.integers(0, 99), lateness_s=st.sampled_from([0, 0.003, 0.3, 3]))
def test_whatever_is_asked_for_no_window_is_passed_and_everybody_is_served(
    demands: list[Demand], seed: int, lateness_s: float
) -> None:
    calls = Calls()

    async def main() -> None:
        limiter = Limiter(PER_SECOND, clock=now, sleep=late(seed, lateness_s))
        async with asyncio.TaskGroup() as callers:
            for number, demand in enumerate(demands):
                for _ in range(demand.times):
                    callers.create_task(call(limiter, demand, demand.conversation or f"own-{number}"))

    async def call(limiter: Limiter, demand: Demand, conversation: str) -> None:
        await asyncio.sleep(demand.at)
        try:
            async with asyncio.timeout(demand.patience_s):
                await limiter.acquire(demand.tenant, conversation, demand.kind, live=demand.live)
        except TimeoutError:
            assert demand.patience_s < 10_000
        else:
            calls.note(demand.tenant, conversation, demand.kind)

    run_virtually(main())
    calls.check(PER_SECOND)


@settings(max_examples=15)
@given(
    per_second=st.sampled_from([1, 7, 30, 50, 200]),
    at_once=st.integers(2, 60),
    live_per_s=st.sampled_from([0, 0.1, 0.5]),
    seed=st.integers(0, 99),
    lateness_s=st.sampled_from([0, 0.001, 0.003]),
)
def test_when_there_is_work_the_budget_is_used(
    per_second: int, at_once: int, live_per_s: float, seed: int, lateness_s: float
) -> None:
    """`live_per_s` is a part of the budget."""
    times: list[float] = []
    waits = [0.0]
    chance = random.Random(seed)

    async def main() -> None:
        limiter = Limiter(per_second, clock=now, sleep=late(seed, lateness_s))
        crowd = Crowd(limiter, at_once=at_once)
        talking = asyncio.create_task(talk(limiter))
        await asyncio.sleep(60)
        await cancel(talking)
        await crowd.stop()
        times.extend(crowd.times)

    async def talk(limiter: Limiter) -> None:
        async with asyncio.TaskGroup() as replies:
            while True:
                await asyncio.sleep(chance.expovariate(live_per_s * per_second) if live_per_s else 1000)
                replies.create_task(reply(limiter, chance.random()))

    async def reply(limiter: Limiter, number: float) -> None:
        asked = now()
        await limiter.acquire("t", f"chat-{number}", live=True)
        waits.append(now() - asked)
        times.append(now())

    run_virtually(main())
    assert most_in(1, sorted(times)) <= per_second
    assert len(times) >= 0.98 * per_second * 60 - 1
    if per_second >= 30:
        assert max(waits) <= 1


@virtual
async def test_after_a_timer_that_was_late_no_second_holds_too_many() -> None:
    chance = random.Random(1)

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds + (0.05 if chance.random() < 0.01 else 0))

    crowd = Crowd(Limiter(200, clock=now, sleep=sleep))
    await asyncio.sleep(30)
    assert most_in(1, crowd.times) == 200
    await crowd.stop()


@pytest.mark.parametrize("kind", Call)
def test_a_conversation_that_is_never_let_alone_keeps_every_limit_for_hours(kind: Call) -> None:
    calls = Calls()

    async def main() -> None:
        limiter = limiter_of()
        while now() < 3 * 3600:
            await limiter.acquire("t", "a", kind)
            calls.note("t", "a", kind)

    run_virtually(main())
    calls.check(50)
    ((listed, times),) = zip(calls.listed.values(), calls.by_thread.values(), strict=True)
    assert most_in(1, times) == (7 if listed is WRITES else 14)
    assert most_in(3600, times) >= 0.95 * listed[3600]


@virtual
async def test_calls_to_a_conversation_now_and_then_keep_every_limit_though_it_is_forgotten() -> None:
    limiter, calls = limiter_of(), Calls()
    for number in count():
        if now() > 2 * 3600:
            break
        for _ in range(number % 9):
            await limiter.acquire("t", "a")
            calls.note("t", "a", Call.SEND)
        await asyncio.sleep(number % 7)
        await limiter.acquire("t", f"other-{number}")
    calls.check(50)


@pytest.mark.parametrize(("rule", "listed"), [(WRITING, WRITES), (READING, READS)])
def test_the_buckets_are_within_microsofts_table_even_when_calls_arrive_unevenly(
    rule: Rule, listed: dict[int, int]
) -> None:
    arriving_late_s = 0.1
    for seconds, most in listed.items():
        window_s = seconds + arriving_late_s
        assert min(rule.short.most_in(window_s), rule.long.most_in(window_s)) <= most


def test_of_a_million_conversations_only_those_of_the_last_seconds_are_remembered() -> None:
    threads = Threads(WRITING)
    most = 0
    for number in range(1_000_000):
        threads.take(f"a:{number}", number / 10_000)
        most = max(most, len(threads))
    assert most < 50_000  # of five seconds


def test_a_busy_conversation_is_not_forgotten_among_many_others() -> None:
    threads = Threads(WRITING)
    for _ in range(7):
        threads.take("busy", 0.0)
    for number in range(1000):
        threads.take(f"a:{number}", number / 1000)
    assert threads.ready_at("busy") > 1
    threads.give_back("busy")
    assert threads.ready_at("busy") <= 0
    threads.give_back("unknown")
    assert threads.ready_at("unknown") < 0
