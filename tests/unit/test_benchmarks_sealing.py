"""The benchmark of sealing tells the truth: what it says was done has been done, or there are no figures."""

import pytest

import benchmarks.sealing
from benchmarks.panel import Wrong
from benchmarks.sealing import measure
from feedback.results.sealing import seal, sealed_answers
from feedback.runs.runs import Run
from store.contract import Store

PEOPLE = 60


async def test_it_reports_what_an_answer_takes_beside_the_baseline_and_what_it_costs() -> None:
    report = await measure(PEOPLE)
    assert report["people"] == PEOPLE
    for name in ("sealed_in_s", "us_per_answer", "baseline_us_per_answer", "times_the_baseline"):
        assert report[name] > 0
    assert report["requests_per_answer"] < 15 / PEOPLE, "two batches, four pages, and the keys"
    assert report["ru_per_answer"] > 10, "each is written once and deleted once"


async def test_an_answer_that_was_lost_leaves_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lose_one(store: Store, run: Run) -> None:
        await seal(store, run)
        some = [one.id async for one in sealed_answers(store, run)]
        await store.delete("runs", run.run, some.pop())

    monkeypatch.setattr(benchmarks.sealing, "seal", lose_one)
    with pytest.raises(Wrong, match="of 60 answers 59 are sealed"):
        await measure(PEOPLE)


async def test_answers_that_were_not_counted_leave_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forget_the_tally(store: Store, run: Run) -> None:
        await seal(store, run)
        await store.delete("runs", run.run, "tally-sealed")

    monkeypatch.setattr(benchmarks.sealing, "seal", forget_the_tally)
    with pytest.raises(Wrong, match="tally"):
        await measure(PEOPLE)
