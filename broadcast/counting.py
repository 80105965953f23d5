"""How far a run has come with its answers, for whoever tells of it.

That it is over is not told before its last answers are counted.
"""

from feedback.results.results import CatchesUp
from feedback.results.tallies import Cell
from feedback.results.tally_tree import find_tally
from feedback.runs.runs import Run, RunState
from store.contract import Store

OVER = frozenset({RunState.CLOSED, RunState.RECALLED})


async def counted_in(store: Store, tallier: CatchesUp, run: Run) -> Cell | None:
    """Return what is counted of a run; None where it is over, and its last answers are not counted yet."""
    if run.state in OVER and not await tallier.catch_up(run.run):
        return None
    return (await find_tally(store, run.run)).everybody
