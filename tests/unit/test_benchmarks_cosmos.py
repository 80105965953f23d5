"""The benchmark on Cosmos DB tells the truth: it counts whatever a turn asks; a turn in trouble leaves no figures."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

import bot.answering
from benchmarks.cosmos import DATABASE, Plan, measure
from benchmarks.panel import Wrong
from feedback.answers.answers import Recorded, record_answer
from feedback.runs.runs import Run
from feedback.surveys.questions import Answers
from simulator.cosmos import Call, CosmosStandIn, reset_before, throttled
from simulator.faults import Fault
from store.contract import Store
from store.layout import layout

TINY = Plan(people=20)
Account = Callable[[], AbstractAsyncContextManager[CosmosStandIn]]


@pytest.fixture(autouse=True)
def nothing_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("bot.meetings", "benchmarks.cosmos"):
        monkeypatch.setattr(f"{module}.WAIT_S", 0.05)
    monkeypatch.setattr("benchmarks.cosmos.TURNS", 20)


def troubled(fault: Fault, is_met: Callable[[Call], bool]) -> Account:
    """Return accounts in which one request of those goes wrong."""

    @asynccontextmanager
    async def account() -> AsyncIterator[CosmosStandIn]:
        async with CosmosStandIn() as made:
            made.prepare(DATABASE, layout())
            made.troubles.script(fault, when=is_met)
            yield made

    return account


def is_answer(call: Call) -> bool:
    return call.name == "item.patch" and call.container == "runs" and b"answered_at" in call.body


async def test_it_reports_what_a_turn_asks_beside_all_that_follows_and_the_baseline() -> None:
    report = await measure(TINY)
    figures = {name: value for name, value in report.items() if isinstance(value, int | float)}
    assert report["turns_asked"] == {"PATCH runs": TINY.people, "GET runs": 1}  # the run itself is then remembered
    assert figures["requests_per_answer"] == 1 + 1 / TINY.people
    assert 11 < figures["ru_per_answer"] < figures["ru_per_answer_counted"]
    assert figures["requests_per_answer"] < figures["requests_per_answer_counted"]
    assert figures["requests_per_results_page"] <= 3
    assert figures["baseline_state_requests_per_turn"] > 2
    assert figures["baseline_state_ru_per_turn"] > figures["ru_per_answer"]
    for name in ("requests_per_delivery_planned", "requests_per_delivery_outcome"):
        assert figures[name] > 0


async def test_whatever_else_a_turn_asks_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_first(store: Store, run: Run, person: str, raw: Answers, **terms: object) -> Recorded:
        await store.get("people", person, person)
        return await record_answer(store, run, person, raw, **terms)  # type: ignore[arg-type]

    async def nothing(*_: object) -> dict[str, object]:
        return {}

    for other in ("_deliveries", "_baseline"):
        monkeypatch.setattr(f"benchmarks.cosmos.{other}", nothing)
    monkeypatch.setattr(bot.answering, "record_answer", look_first)
    report = await measure(TINY)
    assert report["requests_per_answer"] == 2 + 1 / TINY.people


@pytest.mark.parametrize(("fault", "said"), [(throttled(), "PATCH runs: 429"), (reset_before(), "PATCH runs: [CS]")])
async def test_a_request_of_a_turn_that_goes_wrong_leaves_no_figures(
    monkeypatch: pytest.MonkeyPatch, fault: Fault, said: str
) -> None:
    monkeypatch.setattr("benchmarks.cosmos._account", troubled(fault, is_answer))
    with pytest.raises(Wrong, match=f"amiss: .*{said}"):
        await measure(TINY)
