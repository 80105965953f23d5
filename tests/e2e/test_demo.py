"""A small demo, from an empty folder to its summary: the bot in a process of its own, people with fast habits."""

from pathlib import Path

import pytest

from benchmarks.processes import free_port
from simulator import demo
from simulator.crowd import Habits
from simulator.demo import Demo, Plan, plan_of, run_demo

FAST = Habits(answer=0.6, stop=0.1, feedback=0.2, median_s=0.3, longest_s=1.0)


def _plan(folder: Path, **changes: object) -> Plan:
    usual: dict[str, object] = {"people": 60, "minutes": 2.0, "seed": 7, "faults": 0.05, "habits": FAST}
    usual |= {"has_window": False, "hangs": False}
    return Plan(**(usual | {"port": free_port(), "folder": folder, "every_s": 0.2} | changes))  # type: ignore[arg-type]


async def test_a_small_demo_ends_with_figures_that_agree(tmp_path: Path) -> None:
    said: list[str] = []
    summary = await run_demo(_plan(tmp_path / "demo"), said.append)
    words = "\n".join(said)
    assert summary.agrees, words
    kept = {line.what: line.kept for line in summary.lines}
    seen = {line.what: line.seen for line in summary.lines}
    assert kept == seen
    assert kept["Everybody in the run"] == 60
    got, missed = kept["Got the survey for certain"], kept["Did not get it: failed, left out, not sent"]
    assert got + missed + summary.in_doubt == 60
    assert missed >= 2, "two of them have not got the app"
    assert 0 < kept["Answered"] < got
    assert kept["Said stop"] > 0
    assert kept["Typed feedback"] > 0
    assert summary.requests["create"] >= 40, "most are known from the file alone"
    assert sum(summary.faults.values()) > 0
    assert summary.refused == {}
    assert "Both sides agree about everybody." in words
    assert "60 got it" in words
    assert "all sent" in words


async def test_a_demo_whose_time_is_up_stops_the_bot_and_still_accounts_for_everybody(tmp_path: Path) -> None:
    said: list[str] = []
    plan = _plan(tmp_path / "demo", people=400, minutes=0.0, faults=0.0)
    async with Demo(plan, said.append) as shown:
        run = await shown.send()
        await shown.watch(run)
        summary = shown.summary(run)
    assert said[-1] == "The time is up, so the bot is stopped here."
    assert summary.lines[0].kept == 400
    assert summary.lines[2].kept > 0, "not everybody was sent to"
    assert [line for line in summary.lines if line.differ] == []
    assert summary.twice == 0


async def test_a_bot_that_does_not_start_is_told_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEARBACK_NONSENSE", "1")
    monkeypatch.setattr(demo, "plan_of", lambda _: _plan(tmp_path / "demo"))
    assert await demo.main([]) == 1
    said = capsys.readouterr().err
    assert "HEARBACK_NONSENSE is not a setting of Hearback" in said
    assert "bot.log" in said
    assert "Traceback" not in said


async def test_a_demo_begins_with_an_empty_folder_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "left.txt").write_text("from the last time")
    async with Demo(_plan(folder, people=1), print):
        assert not (folder / "left.txt").exists()
        assert (folder / "hearback.db").exists()


@pytest.mark.parametrize(
    "arguments", [["--people", "0"], ["--people", "20001"], ["--minutes", "61"], ["--faults", "1"]]
)
def test_a_demo_has_bounds(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        plan_of(arguments)
    assert arguments[0] in capsys.readouterr().err
