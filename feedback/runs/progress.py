"""How a run gets on: its deliveries by state and by reason, counted from the deliveries themselves."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from feedback.runs.runs import DeliveryState, Run, RunState
from store.contract import Op, Store, Where

WITH_REASONS = frozenset(
    {
        DeliveryState.EXCLUDED,
        DeliveryState.SENT,  # where it was declined
        DeliveryState.FAILED,
        DeliveryState.UNCONFIRMED,
        DeliveryState.CANCELLED,
    }
)


class Progress(msgspec.Struct, frozen=True):
    """How many deliveries of a run are in each state, and the reasons with their counts."""

    run: Run
    by_state: dict[DeliveryState, int]
    by_reason: dict[str, int]  # "failed: …" -> count

    @property
    def people(self) -> int:
        """The audience: the sum over all states."""
        return sum(self.by_state.values())


async def count_states(store: Store, run: Run) -> dict[DeliveryState, int]:
    """Count a run's deliveries by their stored state, at one moment."""
    found = await _tally(store, run, "state", [Where("kind", Op.EQ, "delivery")])
    return {DeliveryState(name): count for name, count in found.items() if count}


async def progress(store: Store, run: Run, *, sending: int = 0) -> Progress:
    """Count a run's deliveries by state and by reason. The counts come from the deliveries themselves, at one moment.

    `sending` is how many of the planned ones are on their way right now.
    """
    states = Counter(await count_states(store, run))
    reasons: dict[str, int] = {}
    for state in sorted(states):
        if state in WITH_REASONS or (run.state is RunState.RECALLED and state is DeliveryState.SENT):
            found = await reasons_of(store, run, state)
            reasons |= {f"{state.value}: {reason}": count for reason, count in found.items()}
    moving = min(sending, states[DeliveryState.PLANNED])
    if moving:
        states[DeliveryState.PLANNED] -= moving
        states[DeliveryState.SENDING] += moving
    return Progress(run=run, by_state={state: n for state, n in states.items() if n}, by_reason=reasons)


async def reasons_of(store: Store, run: Run, state: DeliveryState) -> dict[str, int]:
    """Count the deliveries in a state by their reason; those without one are left out."""
    where = [Where("kind", Op.EQ, "delivery"), Where("state", Op.EQ, state.value)]
    found = await _tally(store, run, "reason", where)
    return {reason: count for reason, count in found.items() if reason}


async def _tally(store: Store, run: Run, field: str, where: Sequence[Where]) -> dict[str, int]:
    return await store.tally("runs", run.run, field, where=where)
