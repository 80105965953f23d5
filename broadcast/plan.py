"""From an audience to deliveries: one for each person, written before anything is sent."""

from collections.abc import AsyncIterator

from broadcast.queue import Queue, Slice
from feedback.audiences import people_in
from feedback.deliveries import SLICE, planned, write_planned
from feedback.people import Person, Policy
from feedback.runs import Run, RunState, set_run_state
from store.contract import Store


async def write_plan(store: Store, queue: Queue, run: Run, policy: Policy) -> Run:
    """Write every delivery of a run, then queue its slices. Done again after a crash, it adds what is missing."""
    people = people_in(store, run.audience, policy=policy, by=run.created_by)
    count, slices = 0, 0
    async for group in _groups(people):
        deliveries = [planned(run, person, slices) for person in group]
        await write_planned(store, run.run, deliveries)
        count, slices = count + len(group), slices + 1
    await queue.put([Slice(run=run.run, number=number) for number in range(slices)])
    return await set_run_state(store, run, RunState.SENDING, people=count)


async def _groups(people: AsyncIterator[Person]) -> AsyncIterator[list[Person]]:
    group: list[Person] = []
    async for person in people:
        group.append(person)
        if len(group) == SLICE:
            yield group
            group = []
    if group:
        yield group
