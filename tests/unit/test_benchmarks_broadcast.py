"""The broadcast benchmark tells the truth: it gives its figures, and finds out a message that went astray."""

import pytest

from benchmarks.broadcast import Plan, measure
from benchmarks.panel import Wrong

TINY = Plan(people=30, stock=3, rounds=1)
ASTRAY = """
import sys
from aiohttp import web
from benchmarks.channel import Channel, main

class Astray(Channel):
    async def take(self, request):
        if request.match_info["conversation"] == "a:7":
            {instead}
        return await super().take(request)

main(int(sys.argv[1]), Astray())
"""


async def test_it_reports_the_product_beside_both_baselines() -> None:
    report = await measure(TINY)
    rates = {"sends_per_s", "planned_per_s", "baseline_continue_conversation_per_s", "baseline_raw_post_per_s"}
    assert rates | {"ratio_vs_continue_conversation", "ratio_vs_raw_post", "rss_mb"} <= report.keys()
    assert all(report[name] > 0 for name in rates | {"rss_mb"})
    assert report["people"] == 30


@pytest.mark.parametrize(
    "instead",
    [
        pytest.param('return web.json_response({"id": "sample"})', id="dropped"),
        pytest.param("await super().take(request)", id="doubled"),
    ],
)
async def test_a_message_that_did_not_come_exactly_once_leaves_no_figures(instead: str) -> None:
    with pytest.raises(Wrong, match="the connector got"):
        await measure(TINY, channel=["-c", ASTRAY.format(instead=instead)])


async def test_a_person_whom_the_run_does_not_call_sent_leaves_no_figures() -> None:
    refused = "return web.json_response({}, status=403)"
    with pytest.raises(Wrong, match="of 30 people the store says"):
        await measure(TINY, channel=["-c", ASTRAY.format(instead=refused)])
