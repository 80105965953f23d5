"""Where a run stands, all of it from what the store holds, so that every instance says the same, also after a start.

How fast it goes follows from the times at which people were written to of late.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from broadcast.queue import Queue
from broadcast.slices import FOLLOW_UP, RECALL, Slice, open_slices, where_it_stands
from feedback.runs import HAVE_A_CARD, Delivery, DeliveryState, Run, RunState
from feedback.standing import SetAside, Standing
from store.contract import Op, Store, Where

WINDOW = timedelta(seconds=30)  # what counts as “of late”
_SHORTEST_S = 1.0


async def standing_of(store: Store, queue: Queue, run: Run, now: datetime) -> Standing:
    """Return where a run stands at a moment."""
    progress = await where_it_stands(store, run)
    aside = [one for one in await queue.aside() if one.slice is not None and one.slice.run == run.run]
    standing = Standing(
        progress=progress,
        aside=tuple(SetAside(one.slice.number, one.reason) for one in aside if one.slice is not None),
        is_recalling=run.state is RunState.RECALLED and await _is_recalling(store, run),
    )
    if run.state is not RunState.SENDING or not standing.waiting:
        return standing
    per_second = await _per_second(store, run, now)
    waits_until = None if per_second else _end_of_quiet(await open_slices(store, run.run), now)
    return msgspec.structs.replace(
        standing,
        per_second=per_second,
        waits_until=waits_until,
        finishes_at=now + timedelta(seconds=standing.waiting / per_second) if per_second else None,
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


def _end_of_quiet(slices: list[Slice], now: datetime) -> datetime | None:
    """Return when the first of the slices may be sent, where all of them have to wait."""
    first = min((one.due for one in slices), default=0.0)
    return datetime.fromtimestamp(first, UTC) if first > now.timestamp() else None
