"""The survey for whoever tries Hearback out."""

from pathlib import Path

from feedback.surveys.survey_files import read_survey
from feedback.surveys.surveys import import_survey, list_surveys
from store.contract import Store

SAMPLE = Path(__file__).parent / "samples" / "pulse.yaml"


async def load_sample(store: Store) -> None:
    """Give somebody who tries Hearback out a survey to send, where there is none yet."""
    if not await list_surveys(store):
        await import_survey(store, read_survey(SAMPLE.read_text(encoding="utf-8")))
