"""The limiter and the sender against a model of Teams that counts for itself, on a clock that jumps."""

import asyncio
import random
import sys

import msgspec
import pytest

from benchmarks.broadcast import main
from benchmarks.teams_limits import BUSY, MESSAGE, Chats, LimitedTeams, Played, play, simulate
from benchmarks.virtual_time import NothingLeft, run_virtually
from broadcast.messenger import Throttled
from feedback.people.people import Conversation
from tests.unit.crowd import now, virtual

SILENT = Chats(per_s=1e-6, burst_every_s=1e9)


def chat(name: str, tenant: str = "t") -> Conversation:
    return Conversation(id=name, service_url=tenant, user_id="29:1", bot_id="28:1")


async def arrive(teams: LimitedTeams, *chats: Conversation) -> int:
    """Send to all at the same time, and return how many were refused."""
    answers = await asyncio.gather(
        *(teams.send_card(one, MESSAGE.card, MESSAGE.summary) for one in chats), return_exceptions=True
    )
    assert all(isinstance(one, str | Throttled) for one in answers)
    return sum(isinstance(one, Throttled) for one in answers)


@virtual
async def test_the_model_refuses_what_is_over_the_budget_of_a_tenant_and_no_less() -> None:
    teams = LimitedTeams(Played(), per_second=50, chance=random.Random(1))
    assert await arrive(teams, *(chat(f"a:{number}") for number in range(50))) == 0
    assert await arrive(teams, chat("another", "u")) == 0
    assert await arrive(teams, chat("one more")) == 1
    await asyncio.sleep(1.1)
    assert await arrive(teams, *(chat(f"b:{number}") for number in range(50))) == 0


@virtual
async def test_the_model_refuses_what_is_over_the_limits_of_a_conversation() -> None:
    teams = LimitedTeams(Played(), per_second=1000, chance=random.Random(1))
    assert await arrive(teams, *[chat("a")] * 7) == 0
    assert await arrive(teams, chat("a")) == 1
    await asyncio.sleep(3)
    for _ in range(52 // 2):
        assert await arrive(teams, chat("a"), chat("a")) == 0
        await asyncio.sleep(1)
    assert await arrive(teams, *[chat("a")] * 7) > 0  # the 61st in 30 seconds


def test_a_broadcast_among_chats_keeps_the_goals() -> None:
    figures = simulate(3000, tenants=20)
    assert figures["share_429"] == 0
    assert figures["lost"] == 0
    assert figures["budget_used"] >= 0.98
    assert figures["minutes_for_3000"] * 45_000 / 3000 <= 15.5
    assert figures["live_reply_wait_s_max"] <= 0.6
    assert figures["times_as_fast_in_20_tenants"] >= 19


@pytest.mark.parametrize("seed", range(3))
def test_where_a_tenant_has_less_than_we_were_told_nobody_is_lost_and_most_of_it_is_used(seed: int) -> None:
    played = play(6000, per_second=50, limit=30, seed=seed)
    assert (played.sent, played.lost) == (6000, 0)
    assert 0 < played.refused <= 0.004 * played.requests
    assert played.requests >= 0.85 * 30 * played.took_s


@pytest.mark.parametrize("jitter_s", [0.015, 0.02, 0.03])
def test_where_requests_arrive_unevenly_a_few_429s_teach_the_pace_and_little_is_lost(jitter_s: float) -> None:
    people = 10_000
    played = play(people, chats=SILENT, jitter_s=jitter_s)
    assert 0 < played.refused <= 0.001 * played.requests
    assert (played.sent, played.lost) == (people, 0)
    soonest_s = people * (1 + jitter_s) / 50  # nobody can be faster, and never refused
    assert played.took_s <= soonest_s + 10


def test_where_chats_are_busy_the_broadcast_makes_room() -> None:
    quiet, busy = play(2000), play(2000, chats=BUSY)
    assert busy.took_s > 1.1 * quiet.took_s
    assert busy.refused == busy.lost == 0


def test_the_clock_jumps_to_what_is_due() -> None:
    async def two_hours() -> float:
        async with asyncio.timeout(7201):
            await asyncio.gather(asyncio.sleep(3600), asyncio.sleep(7200))
        return now()

    assert run_virtually(two_hours()) == pytest.approx(7200)


def test_whoever_waits_for_nothing_is_told() -> None:
    with pytest.raises(NothingLeft):
        run_virtually(asyncio.Event().wait())


def test_the_option_of_the_benchmark_prints_one_line_with_the_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks.broadcast", "--teams-limits"])
    main()
    figures = msgspec.json.decode(capsys.readouterr().out, type=dict[str, float])
    asked = {"minutes_for_45000", "share_429", "budget_used", "minutes_for_20_tenants", "live_reply_wait_s_max"}
    assert asked <= figures.keys()
    assert figures["minutes_for_45000"] <= 15.5
    assert figures["share_429"] <= 0.001
    assert figures["budget_used"] >= 0.98
    assert figures["minutes_for_45000"] / figures["minutes_for_20_tenants"] == pytest.approx(20, rel=0.01)
    assert figures["live_reply_wait_s_max"] <= 1
    assert figures["share_429_at_20_ms_jitter"] <= 0.001
    assert figures["lost"] == 0
