"""From an audience to deliveries: one for each person, written before anything is sent."""

from collections import defaultdict
from collections.abc import AsyncIterator
from itertools import chain, zip_longest

from broadcast.queue import Queue
from broadcast.slices import Slice, open_slices, write_slices
from feedback.audiences import people_in
from feedback.deliveries import SLICE, planned, write_planned
from feedback.errors import RunIsOver
from feedback.people import Person, Policy
from feedback.runs import Run, RunState, find_run, move_run
from store.contract import Store


async def write_plan(store: Store, queue: Queue, run: Run, policy: Policy) -> Run:
    """Write every delivery of a run, then queue its slices. Done again after a crash, it adds what is missing.

    People come by tenant, so a slice has one tenant, or two at a seam. Memory holds one slice at a time.
    """
    count = number = 0
    async for group in _groups(people_in(store, run.audience, policy=policy, by=run.created_by)):
        await write_slices(store, [Slice(run.run, number, group[0].tenant)])
        await write_planned(store, run.run, [planned(run, person, number) for person in group])
        count, number = count + len(group), number + 1
    try:
        run = await move_run(store, run, RunState.SENDING, leaving=frozenset({RunState.PLANNING}), people=count)
    except RunIsOver:  # cancelled, say, while the plan was written
        run = await find_run(store, run.run)
    await queue.put(in_turns(await open_slices(store, run.run)))
    return run


def in_turns(slices: list[Slice]) -> list[Slice]:
    """Return the slices so that tenants take turns: each has a budget of its own, and none should wait for another."""
    by_tenant: defaultdict[str, list[Slice]] = defaultdict(list)
    for one in slices:
        by_tenant[one.tenant].append(one)
    return [one for one in chain.from_iterable(zip_longest(*by_tenant.values())) if one is not None]


async def _groups(people: AsyncIterator[Person]) -> AsyncIterator[list[Person]]:
    group: list[Person] = []
    async for person in people:
        group.append(person)
        if len(group) == SLICE:
            yield group
            group = []
    if group:
        yield group
