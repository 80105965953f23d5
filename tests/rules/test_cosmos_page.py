"""What docs/cosmos.md says is tested from the chat is: every trouble has its test, and every test is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "cosmos.md").read_text(encoding="utf-8")
ROWS = PAGE.partition("| Cosmos DB answers |")[2].partition("\n\n")[0].splitlines()[2:]
SOURCES = "".join(one.read_text(encoding="utf-8") for one in (ROOT / "tests" / "e2e").glob("*.py"))
TESTS = set(re.findall(r"^async def (test_\w+)", SOURCES, re.MULTILINE))
TROUBLES = ("x-ms-retry-after-ms", "503", "408", "449", "before the write", "after it", "412", "1002", "2 MB", "100")


@pytest.mark.parametrize("trouble", TROUBLES)
def test_every_trouble_has_a_row_with_its_test(trouble: str) -> None:
    rows = [row for row in ROWS if trouble in row.split("|")[1]]
    assert rows
    assert all("`test_" in row or "the same two" in row for row in rows)


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`(test_\w+)`", "\n".join(ROWS))
    assert len(named) > 8
    assert [one for one in named if one not in TESTS] == []
