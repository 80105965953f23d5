"""The list of what the other stand-in cannot do names tests that are there, each with its reason."""

import re
from pathlib import Path

from tests.contract.independent import CANNOT

HERE = Path(__file__).parent
SOURCES = "".join(one.read_text(encoding="utf-8") for one in HERE.glob("test_*.py"))


def test_every_test_on_the_list_is_in_the_suite() -> None:
    there = set(re.findall(r"^async def (test_\w+)\([^)]*\b(?:store|open_store)\b", SOURCES, re.MULTILINE))
    assert [name for name in CANNOT if name not in there] == []


def test_nothing_is_left_out_in_any_other_place() -> None:
    others = [one for one in HERE.glob("test_*.py") if one != Path(__file__)]
    assert others
    assert [one.name for one in others if "pytest.skip" in one.read_text(encoding="utf-8")] == []


def test_every_reason_is_a_sentence_and_most_of_the_suite_runs() -> None:
    there = re.findall(r"^async def (test_\w+)\(", SOURCES, re.MULTILINE)
    assert all(len(reason.split()) > 3 for reason in CANNOT.values())
    assert len(CANNOT) < len(there) / 2
