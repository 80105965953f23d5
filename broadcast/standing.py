"""Where a run stands, all of it from what the store holds, so that every instance says the same, also after a start.

How fast it goes follows from the times at which people were written to of late.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from broadcast.queue import Queue
from broadcast.sender import GAVE_UP
from broadcast.slices import FOLLOW_UP, RECALL, Slice, open_slices, where_it_stands
from feedback.runs.deliveries import SLICE
from feedback.runs.runs import HAVE_A_CARD, Delivery, DeliveryState, Run, RunState
from feedback.standing import SetAside, Standing
from store.contract import MAX_BATCH, Op, Store, Where

WINDOW = timedelta(seconds=30)  # what counts as “of late”
ASKED = 1000  # slices of people who are asleep, whose people are counted
_SHORTEST_S = 1.0


async def standing_of(store: Store, queue: Queue, run: Run, now: datetime) -> Standing:
    """Return where a run stands at a moment."""
    progress = await where_it_stands(store, run)
    failed = f"{DeliveryState.FAILED.value}: {GAVE_UP}"
    aside = [one for one in await queue.aside() if one.slice is not None and one.slice.run == run.run]
    standing = Standing(
        progress=progress,
        aside=tuple(SetAside(one.slice.number, one.reason) for one in aside if one.slice is not None),
        is_recalling=run.state is RunState.RECALLED and await _is_recalling(store, run),
        given_up=sum(count for reason, count in progress.by_reason.items() if reason.startswith(failed)),
    )
    if run.state is not RunState.SENDING or not standing.waiting:
        return standing
    later = [one for one in await open_slices(store, run.run) if one.due > now.timestamp()]
    asleep = min(await _planned_in(store, run, later), standing.waiting)
    awake, per_second = standing.waiting - asleep, await _per_second(store, run, now)
    ends = sorted(datetime.fromtimestamp(one.due, UTC) for one in later)
    return msgspec.structs.replace(
        standing,
        per_second=per_second,
        finishes_at=now + timedelta(seconds=awake / per_second) if awake and per_second else None,
        asleep=asleep,
        last_wakes_at=ends[-1] if asleep else None,
        waits_until=ends[0] if asleep and not awake else None,
    )


async def may_have_card(store: Store, delivery: Delivery) -> bool:
    """Say whether somebody may have their card: it was sent, perhaps, or is on its way."""
    if delivery.state is not DeliveryState.PLANNED:
        return delivery.state in HAVE_A_CARD
    doc = await store.get("runs", delivery.run, Slice(delivery.run, delivery.slice).id)
    flying = doc.get("flying") if doc is not None else None
    return isinstance(flying, list) and delivery.id in flying


async def _per_second(store: Store, run: Run, now: datetime) -> float:
    """Return how many people were written to each second of late, or since the run began."""
    since = max(now - WINDOW, run.approved_at or run.created_at)
    where = [
        Where("kind", Op.EQ, "delivery"),
        Where("sent_at", Op.GE, msgspec.to_builtins(since.astimezone(UTC))),
    ]
    written_to = sum((await store.tally("runs", run.run, "state", where=where)).values())
    return written_to / max((now - since).total_seconds(), _SHORTEST_S)


async def _is_recalling(store: Store, run: Run) -> bool:
    open_jobs = {one.job.partition("-")[0] for one in await open_slices(store, run.run, FOLLOW_UP)}
    return RECALL in open_jobs


async def _planned_in(store: Store, run: Run, slices: Sequence[Slice]) -> int:
    """Return how many people of some slices are still to be written to. Of very many, those beyond count as full."""
    asked, full = slices[:ASKED], SLICE * len(slices[ASKED:])
    planned = DeliveryState.PLANNED.value
    for start in range(0, len(asked), MAX_BATCH):
        numbers = [one.number for one in asked[start : start + MAX_BATCH]]
        where = [
            Where("kind", Op.EQ, "delivery"),
            Where("slice", Op.IN, numbers),
            Where("state", Op.EQ, planned),
        ]
        full += (await store.tally("runs", run.run, "state", where=where)).get(planned, 0)
    return full
