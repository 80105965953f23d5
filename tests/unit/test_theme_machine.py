"""The process in which themes are made: it says what it found, it ends, and it takes nothing with it."""

import logging
import os
import sys
from pathlib import Path

import pytest

from feedback.texts.theme_machine import ThemeMachine, ThemesNotMade
from feedback.texts.theme_making import CPU_S, MEMORY, Task, found_in

TEXTS = ["The price is high", "Search finds nothing", "Your support is friendly"] * 10


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def test_what_is_found_there_is_what_is_found_here() -> None:
    found = await ThemeMachine().find(TEXTS, 3)
    assert found == found_in(Task(tuple(TEXTS), 3))
    assert sorted(len(one.members) for one in found) == [10, 10, 10]


async def test_it_keeps_to_its_limits() -> None:
    told = python(
        "import json, resource, sys; from feedback.texts.theme_making import keep_to_limits; keep_to_limits();"
        "print(json.dumps([{'words': [], 'members': [resource.getrlimit(one)[0]"
        " for one in (resource.RLIMIT_CPU, resource.RLIMIT_AS)]}]))"
    )
    (limits,) = await ThemeMachine(told).find(TEXTS, 3)
    assert limits.members == (CPU_S, MEMORY)


async def test_too_much_memory_ends_it() -> None:
    greedy = python(f"from feedback.texts.theme_making import keep_to_limits; keep_to_limits(); bytearray({MEMORY})")
    with pytest.raises(ThemesNotMade):
        await ThemeMachine(greedy).find(TEXTS, 3)


async def test_whoever_takes_too_long_is_ended(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    slow = ("/bin/sh", "-c", f"echo $$ > '{mark}'; exec sleep 600")
    with pytest.raises(ThemesNotMade):
        await ThemeMachine(slow, longest_s=1).find(TEXTS, 3)
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "print('not json')", "print('[{}]')", "pass"])
async def test_whatever_goes_wrong_is_said_and_nothing_of_the_texts(
    code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ThemesNotMade):
        await ThemeMachine(python(code)).find(TEXTS, 3)
    assert "price" not in caplog.text


async def test_it_gets_no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MicrosoftAppPassword", "sample secret")
    told = python("import json, os; print(json.dumps([{'words': list(os.environ.values()), 'members': []}]))")
    (seen,) = await ThemeMachine(told).find(TEXTS, 3)
    assert "sample secret" not in seen.words
