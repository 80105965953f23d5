"""The results of one run, read from the store: its tally, and the newest texts.

They come from the run's tally and so cost the same whatever the number of answers: three requests to the store, as
long as nothing has changed since the last look of the tallier. What of them may be shown is shown_results.py's.
"""

from collections.abc import Collection
from typing import Protocol

import msgspec

from feedback.results.question_results import ArmResult, QuestionResult, Results, Texts, question_result
from feedback.results.sealing import Sealed, find_sealed_tally
from feedback.results.shown_results import anonymous_results, may_quote, results_from
from feedback.results.tallies import Tally, Text
from feedback.results.tally_tree import run_with_tally
from feedback.runs.runs import Delivery, Run
from feedback.surveys.questions import DETRACTOR, PROMOTER, Answers
from store.contract import Op, Store, Where

__all__ = [
    "DETRACTOR",
    "PROMOTER",
    "ArmResult",
    "CatchesUp",
    "QuestionResult",
    "Results",
    "latest_texts",
    "question_result",
    "results_of",
]


class CatchesUp(Protocol):
    """Whoever keeps the tallies."""

    async def catch_up(self, run: str) -> bool:
        """Fold in what has changed in a run, and say whether that was all."""


async def results_of(store: Store, name: str, tallier: CatchesUp) -> Results:
    """Return a run's results as they are now, as far as they may be shown. Raises `RunUnknown`."""
    is_all = await tallier.catch_up(name)
    run, tally = await run_with_tally(store, name)
    if not run.survey.is_anonymous:
        return results_from(run, tally, await latest_texts(store, run, tally), is_behind=not is_all)
    sealed = None if run.takes_answers else await find_sealed_tally(store, run)
    texts = {} if sealed is None else await latest_texts(store, run, sealed)
    return anonymous_results(run, tally.everybody, sealed, texts, is_behind=not is_all)


async def latest_texts(store: Store, run: Run, tally: Tally) -> Texts:
    """Return the texts that a tally names, as they are now, with one request, or none where it names none.

    They are the newest; of an anonymous run, which keeps no times, some, and none that suppression leaves out.
    """
    wanted: set[tuple[str, Text]] = {
        (question, text)
        for question, one in tally.everybody.questions.items()
        if not run.survey.is_anonymous or may_quote(run, tally, question)
        for text in one.latest
    }
    ids = sorted({answered for _, (_, answered) in wanted})
    answers = await _answers(store, run, ids) if ids else {}
    return {
        (question, answered): str(answers[answered][question])
        for question, (_, answered) in wanted
        if question in answers.get(answered, {})
    }


async def _answers(store: Store, run: Run, ids: Collection[str]) -> dict[str, Answers]:
    page = await store.query("runs", partition=run.run, where=[Where("id", Op.IN, list(ids))], limit=len(ids))
    if run.survey.is_anonymous:
        return {one.id: one.answers for one in msgspec.convert(page.docs, list[Sealed])}
    return {one.id: one.answers for one in msgspec.convert(page.docs, list[Delivery])}
