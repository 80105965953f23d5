"""The benchmark tells the truth: its arithmetic, its load generator, and that it finds out a service that does not."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import msgspec
import pytest

from benchmarks.answers import Plan, Report, measure
from benchmarks.figures import TooFew, latencies_ms, percentile, rate, ratio
from benchmarks.load import LoadFailed, Reply, Request, closed_loop, message_length, open_loop
from benchmarks.panel import Wrong
from benchmarks.processes import NotStarted

TINY = Plan(people=30, seconds=0.2, rounds=1, connections=4)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
ASK = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"

FORGETFUL = """
import os
import app, bot.answering
from feedback.answers.answers import Recorded
from feedback.runs.runs import find_delivery
from feedback.surveys.checking import check_answers
import msgspec

record, forgotten = bot.answering.record_answer, []

async def forget_one(store, run, person, raw, *, revision, now):
    if forgotten:
        return await record(store, run, person, raw, revision=revision, now=now)
    forgotten.append(person)
    delivery = await find_delivery(store, run.run, person)
    answered = msgspec.structs.replace(delivery, answers=check_answers(run.survey, raw), revision=1)
    return Recorded(delivery=answered)

bot.answering.record_answer = forget_one
app.main(os.environ)
"""

UNTHANKFUL = """
import os
import app, bot.answering
from bot.turn import Reply

bot.answering.thanks_card = lambda *_: {"type": "AdaptiveCard", "version": "1.5", "body": []}
app.main(os.environ)
"""


def replied(due: float, done: float) -> Reply:
    return Reply("somebody", due, done, OK)


def asks(number: int) -> list[Request]:
    return [Request(str(one), ASK) for one in range(number)]


@asynccontextmanager
async def serving(answer: Callable[[int], bytes]) -> AsyncIterator[int]:
    """Serve requests without a body: `answer` gets the number of each request and returns the bytes to send."""
    count = 0
    ended: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        ended.append(asyncio.current_task())
        while await _asked(reader):
            count += 1
            if not (reply := answer(count)):
                break
            writer.write(reply)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.gather(*(task for task in ended if task is not None))


async def _asked(reader: asyncio.StreamReader) -> bool:
    try:
        await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return False
    return True


def test_a_rate_counts_from_the_first_request_to_the_last_reply() -> None:
    assert rate([replied(10.0, 10.5), replied(10.5, 12.0), replied(11.0, 11.5)]) == 1.5


def test_there_is_no_rate_of_nothing() -> None:
    with pytest.raises(TooFew):
        rate([])


def test_latency_counts_from_when_a_request_was_due() -> None:
    assert latencies_ms([replied(1.0, 1.25), replied(2.0, 2.5)]) == [250.0, 500.0]


@pytest.mark.parametrize(("percent", "expected"), [(1, 1.0), (50, 50.0), (99, 99.0)])
def test_a_percentile_has_that_share_at_or_under_it(percent: int, expected: float) -> None:
    values = [float(one) for one in range(101)]
    assert percentile(values[::-1], percent) == expected


def test_one_slow_reply_in_fifty_is_seen_in_the_99th_percentile() -> None:
    assert percentile([1.0] * 98 + [500.0] * 2, 99) > 400


def test_a_percentile_of_one_value_is_the_value() -> None:
    assert percentile([7.0], 99) == 7.0


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(TooFew):
        percentile([], 99)


def test_a_ratio_says_how_many_times_the_baseline_was_reached() -> None:
    assert ratio(1500.0, 120.0) == 12.5


@pytest.mark.parametrize(
    ("got", "length"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Le", 0),
        (OK, len(OK)),
        (OK[:-1], len(OK)),
        (OK.lower(), len(OK)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", -1),
        (b"HTTP/1.1 200 OK\r\n\r\ncontent-length: 5\r\n", -1),
    ],
)
def test_the_length_of_a_reply_is_read_from_its_head(got: bytes, length: int) -> None:
    assert message_length(got) == length


async def test_a_closed_loop_sends_every_request_once_and_ends_with_the_last() -> None:
    async with serving(lambda _: OK) as port:
        replies = await closed_loop(port, asks(50), connections=4, seconds=60)
    assert sorted(int(one.key) for one in replies) == list(range(50))
    assert {(one.status, one.body) for one in replies} == {(200, b"{}")}


async def test_a_closed_loop_ends_with_its_time_and_nothing_sent_is_lost() -> None:
    asked = 0

    def answer(number: int) -> bytes:
        nonlocal asked
        asked = number
        return OK

    endless = (Request(str(number), ASK) for number in range(10**9))
    async with serving(answer) as port:
        replies = await closed_loop(port, endless, connections=4, seconds=0.05)
    assert len(replies) == asked > 0


async def test_an_open_loop_sends_every_request_and_none_before_it_is_due() -> None:
    async with serving(lambda _: OK) as port:
        replies = await open_loop(port, asks(40), connections=2, per_s=1000, chance=Random(1))
    assert sorted(int(one.key) for one in replies) == list(range(40))
    assert all(one.done > one.due for one in replies)
    assert len({one.due for one in replies}) == 40


async def test_an_open_loop_counts_the_wait_for_a_busy_connection() -> None:
    """All are due at nearly the same moment; whoever starts the clock when the connection is free hides the queue."""
    async with serving(lambda _: OK) as port:
        replies = await open_loop(port, asks(10), connections=1, per_s=1e9, chance=Random(1))
    assert max(one.due for one in replies) < min(one.done for one in replies)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n\r\n", OK + OK])
async def test_a_server_that_does_not_answer_properly_ends_the_measurement(answer: bytes) -> None:
    async with serving(lambda _: answer) as port:
        with pytest.raises(LoadFailed):
            await closed_loop(port, asks(3), connections=1, seconds=60)


def program(folder: Path, source: str) -> Sequence[str]:
    """Return the command that runs a service of our own making in the product's place."""
    (folder / "service.py").write_text(f"import sys\nsys.path.insert(0, '.')\n{source}", encoding="utf-8")
    return [str(folder / "service.py")]


async def test_a_run_reports_every_figure_and_every_answer_is_in_the_store() -> None:
    report = await measure(TINY)
    figures = msgspec.to_builtins(report)
    assert isinstance(report, Report)
    assert {
        "answers_per_s",
        "answers_per_s_fresh_tokens",
        "baseline_botbuilder_noop_per_s",
        "baseline_aiohttp_per_s",
        "generator_ceiling_per_s",
        "ratio_vs_botbuilder",
        "p50_ms",
        "p99_ms_at_500_per_s",
        "answers_verified",
    } <= figures.keys()
    assert all(value > 0 for value in figures.values())
    assert report.answers_verified <= TINY.people
    assert report.p50_ms <= report.p99_ms_at_500_per_s <= report.max_ms


async def test_a_service_that_loses_one_answer_gets_no_figures(tmp_path: Path) -> None:
    with pytest.raises(Wrong, match=re.escape("1 lost, 0 nobody was thanked for")):
        await measure(TINY, program(tmp_path, FORGETFUL))


async def test_a_service_that_does_not_thank_gets_no_figures(tmp_path: Path) -> None:
    with pytest.raises(Wrong, match="was answered 200"):
        await measure(TINY, program(tmp_path, UNTHANKFUL))


async def test_a_service_that_does_not_start_gets_no_figures_and_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="sample reason"):
        await measure(TINY, program(tmp_path, "sys.exit('sample reason')"))
