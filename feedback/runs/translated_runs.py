"""A run in the language of whoever reads it: its survey's own translations."""

from msgspec.structs import replace

from feedback.runs.runs import Run
from feedback.surveys.translations import survey_in


def run_in(run: Run, language: str) -> Run:
    """Return a run with its survey in a language, as far as it is translated."""
    survey = survey_in(run.survey, language)
    return run if survey is run.survey else replace(run, survey=survey)
