"""Outages: a run that waits because nobody's card gets through, when one is tried, and how the run goes on.

The run is on hold, as by an admin, so that every instance leaves it alone; what it waits for stands beside that.
Knows nothing of how a card is tried.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec

from feedback.errors import RunIsOver
from feedback.runs.runs import RUN_DOC, Run, RunState, find_run, runs_in
from store.contract import Conflict, Doc, Op, Patch, Store, Where

FIRST_PAUSE = timedelta(seconds=15)  # before the first card is tried; twice as long before each further one
LONGEST_PAUSE = timedelta(minutes=5)
_FIELDS = ("outage", "outage_at", "probe_at", "probes")


async def begin_outage(store: Store, run: Run, *, reason: str, now: datetime) -> bool:
    """Let a run that goes out wait until a card gets through; say whether it does now."""
    news = {
        "state": RunState.HELD.value,
        "outage": reason,
        "outage_at": msgspec.to_builtins(now),
        "probe_at": msgspec.to_builtins(now + FIRST_PAUSE),
        "probes": 0,
    }
    return await _patched(store, run, Patch(RUN_DOC, set=news, when=[_is(RunState.SENDING)])) is not None


async def due_probes(store: Store, now: datetime) -> list[Run]:
    """Return the runs for which it is time to see whether a card gets through, oldest first. There are few on hold."""
    held = await runs_in(store, {RunState.HELD})
    return [one for one in held if one.probe_at is not None and one.probe_at <= now]


async def claim_probe(store: Store, run: Run, now: datetime) -> Run | None:
    """Put the next look at a run off, so that this one is the caller's alone; None when somebody was first."""
    pause = min(FIRST_PAUSE * 2.0 ** (run.probes + 1), LONGEST_PAUSE)
    news = {"probe_at": msgspec.to_builtins(now + pause), "probes": run.probes + 1}
    seen = Where("probe_at", Op.EQ, msgspec.to_builtins(run.probe_at))
    return await _patched(store, run, Patch(RUN_DOC, set=news, when=[_is(RunState.HELD), seen]))


async def resume_run(store: Store, run: Run) -> Run:
    """Let a run that is on hold go on, whyever it is. Raises `RunIsOver` for any other."""
    news = {"state": RunState.SENDING.value, "is_unqueued": True}
    moved = await _patched(store, run, Patch(RUN_DOC, set=news, unset=_FIELDS, when=[_is(RunState.HELD)]))
    return moved or await _refuse(store, run)


async def hold_run(store: Store, run: Run, *, leaving: Collection[RunState]) -> Run:
    """Hold a run until somebody continues it, also one that waits out an outage. Raises `RunIsOver`."""
    news = {"state": RunState.HELD.value}
    states = [Where("state", Op.IN, sorted(one.value for one in leaving))]
    moved = await _patched(store, run, Patch(RUN_DOC, set=news, unset=_FIELDS, when=states))
    if moved is None and (await find_run(store, run.run)).is_in_outage:
        moved = await _patched(store, run, Patch(RUN_DOC, set=news, unset=_FIELDS, when=[_is(RunState.HELD)]))
    return moved or await _refuse(store, run)


async def _patched(store: Store, run: Run, patch: Patch) -> Run | None:
    try:
        doc: Doc = await store.patch("runs", run.run, patch)
    except Conflict:
        return None
    return msgspec.convert(doc, Run)


async def _refuse(store: Store, run: Run) -> Run:
    raise RunIsOver(run=run.run, state=(await find_run(store, run.run)).state.value)


def _is(state: RunState) -> Where:
    return Where("state", Op.EQ, state.value)
