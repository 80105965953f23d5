"""The sealer: makes the answers to anonymous runs nobody's once the run is over, beside all other work.

Whoever closes a run does not wait for it. Several may be at work on the same run, and any may die: how a run is sealed,
and why every step may be repeated, is in feedback/results/sealing.py.
"""

import logging

from broadcast.steady import Steady
from feedback.results.sealing import seal, unsealed_runs
from store.contract import Store

IDLE_S = 60.0  # between two looks when nobody has closed a run here: another instance may have, and died

log = logging.getLogger(__name__)


class Sealer(Steady):
    """Looks for runs that are over and not sealed, and seals them."""

    def __init__(self, store: Store) -> None:
        super().__init__(idle_s=IDLE_S, pauses="anonymous runs are not sealed")
        self._store = store

    async def seal_all(self) -> None:
        """Seal every run that is over. Raises `StoreError` where the store is away; the next look goes on there."""
        for run in await unsealed_runs(self._store):
            await seal(self._store, run)
            log.info("the answers of %s are sealed, and its key is destroyed", run.run)

    async def _work_off(self) -> None:
        await self.seal_all()
