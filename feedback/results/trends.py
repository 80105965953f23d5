"""Results over time: those of a schedule's runs beside each other, or of a survey's runs to the same audience.

Each is what is shown of its run alone, after suppression; nothing is worked out from two of them. They come from the
tallies as they are kept, which may be some seconds old.
"""

import asyncio

from feedback.results.question_results import Results
from feedback.results.sealing import find_sealed_tally
from feedback.results.shown_results import anonymous_results, results_from
from feedback.results.tally_tree import find_tally
from feedback.runs.runs import Run, find_run, runs_of
from store.contract import Store

LATEST = 12  # runs


async def results_over_time(store: Store, name: str) -> list[Results]:
    """Return the results of the latest runs that belong with one, oldest first. Raises `RunUnknown`."""
    run = await find_run(store, name)
    series = [one for one in await runs_of(store, run.survey.id) if _belong_together(one, run)]
    return list(await asyncio.gather(*(_results(store, one) for one in series[-LATEST:])))


def _belong_together(one: Run, other: Run) -> bool:
    """Say whether two runs of a survey are of the same schedule, or of none and to the same audience."""
    schedules = [each.run.rpartition(".")[0] for each in (one, other)]
    return schedules[0] == schedules[1] and (bool(schedules[0]) or one.audience == other.audience)


async def _results(store: Store, run: Run) -> Results:
    tally = await find_tally(store, run.run)
    if not run.survey.is_anonymous:
        return results_from(run, tally, {})
    sealed = None if run.takes_answers else await find_sealed_tally(store, run)
    return anonymous_results(run, tally.everybody, sealed, {})
