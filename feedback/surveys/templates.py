"""Surveys to start from: the files in samples/. Each says in its title that it is a sample until it is one's own."""

from functools import cache
from pathlib import Path

from msgspec.structs import replace

from feedback.surveys.survey_files import read_survey
from feedback.surveys.surveys import Survey

FOLDER = Path(__file__).parent / "samples"
MARK = " (sample)"
NAMES = (  # as they are listed
    *("nps", "csat", "ces", "pulse", "onboarding"),
    *("roundtable-follow-up", "concept-test", "engineer-check-in"),
)


@cache
def templates() -> tuple[Survey, ...]:
    """Return every template, from the files that come with the program."""
    return tuple(read_survey((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")) for name in NAMES)


def find_template(name: str) -> Survey | None:
    """Return a template by its id, or by its number in the list, counted from 1."""
    for number, one in enumerate(templates(), 1):
        if name in {one.id, str(number)}:
            return one
    return None


def unmarked(template: Survey) -> Survey:
    """Return a template as the beginning of somebody's own survey."""
    return replace(template, title=template.title.removesuffix(MARK), version=1)
