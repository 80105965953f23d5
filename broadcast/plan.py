"""From an audience to deliveries: one for each person, written before anything is sent."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import chain, zip_longest

from broadcast.queue import Queue
from broadcast.slices import AHEAD, Slice, ahead_of, next_number, open_slices, write_slices
from broadcast.wave_plan import WavePlan
from feedback.answers.anonymous import open_ballots
from feedback.errors import RunIsOver
from feedback.people.people import Policy
from feedback.runs.approvals import ask_again, covered
from feedback.runs.audiences import people_in
from feedback.runs.contacts import ContactRules, Verdict, verdicts
from feedback.runs.deliveries import SLICE, planned, without_delivery, write_planned
from feedback.runs.dry_run import in_groups
from feedback.runs.progress import count_states
from feedback.runs.runs import DeliveryState, Run, RunState, deliveries, move_run, note_people, note_queued
from feedback.runs.targets import settle_mix
from feedback.surveys.arms import Draw
from store.contract import Store


class Planner:
    """Writes plans. Done again after a crash, a plan gets what is missing; what is there stays as it is."""

    def __init__(
        self,
        store: Store,
        queue: Queue,
        policy: Policy,
        rules: ContactRules,
        now: Callable[[], datetime],
        *,
        above: int,
    ) -> None:
        self._store = store
        self._queue = queue
        self._policy = policy
        self._rules = rules
        self._now = now
        self._above = above  # people that need a second admin's approval

    async def write(self, run: Run) -> Run:
        """Write every delivery of a run, then queue its slices; or propose it anew where it has outgrown its approval.

        People come by tenant, so a slice has one tenant, or two at a seam; and one time before which none of its
        people may be written to. Memory holds one slice for each such time. Where slices are there already, those who
        have a delivery keep it, and the others get slices of their own: the audience, and the time of day, may not be
        what they were.
        """
        if run.survey.is_anonymous:
            await open_ballots(self._store, run)
        number = await next_number(self._store, run.run)
        is_begun = number > 0
        run = run if is_begun else await settle_mix(self._store, run)
        if run.waves is not None:
            await WavePlan(self._store, run, run.waves).write(self._policy, self._rules, self._now())
            return await self._begin(run, *await self._counted(run))
        draw = await self._draw(run, is_begun=is_begun)
        count = reached = 0
        filling: defaultdict[float, list[tuple[Verdict, str]]] = defaultdict(list)
        people = people_in(self._store, run.audience, policy=self._policy, by=run.created_by)
        async for group in in_groups(people):
            new = await without_delivery(self._store, run.run, group) if is_begun else group
            for one in await verdicts(self._store, new, now=self._now(), rules=self._rules, by=run.created_by):
                arm = "" if one.reason else draw.next()
                due = 0.0 if one.reason or one.not_before <= self._now() else one.not_before.timestamp()
                filling[due].append((one, arm))
                count, reached = count + 1, reached + (not one.reason)
                if len(filling[due]) == SLICE:
                    await self._write_slice(run, number, due, filling.pop(due))
                    number += 1
        for due, rest in sorted(filling.items()):
            await self._write_slice(run, number, due, rest)
            number += 1
        return await self._begin(run, *(await self._counted(run) if is_begun else (count, reached)))

    async def _counted(self, run: Run) -> tuple[int, int]:
        """Return how many people are in a run, and how many of them are to be written to."""
        states = await count_states(self._store, run)
        return sum(states.values()), states.get(DeliveryState.PLANNED, 0)

    async def _write_slice(self, run: Run, number: int, due: float, people: Sequence[tuple[Verdict, str]]) -> None:
        slice_ = Slice(run.run, number, people[0][0].person.tenant, due)
        has_first_contacts = any(one.person.conversation is None and not one.reason for one, _ in people)
        await write_slices(self._store, [slice_, ahead_of(slice_)] if has_first_contacts else [slice_])
        await write_planned(
            self._store, run.run, [planned(run, one.person, number, one.reason, arm) for one, arm in people]
        )

    async def _draw(self, run: Run, *, is_begun: bool) -> Draw:
        """Return what gives out the arms; those that were given out before a crash are counted in it."""
        draw = Draw(run.seed, [one.id for one in run.survey.arms])
        if is_begun and run.survey.arms:
            async for one in deliveries(self._store, run.run):
                draw.take(one.arm)
        return draw

    async def _begin(self, run: Run, people: int, reached: int) -> Run:
        try:
            if reached > max(self._above, covered(run.approval_for)):
                return await ask_again(self._store, run, now=self._now(), people=people, planned=reached)
            planning = frozenset({RunState.PLANNING})
            run = await move_run(self._store, run, RunState.SENDING, leaving=planning, people=people)
        except RunIsOver:  # cancelled or held, say, while the plan was written
            run = await note_people(self._store, run, people)
        await self.queue_open(run)
        return run

    async def queue_open(self, run: Run) -> None:
        """Put into the queue what is open of sending a run. Harmless to repeat."""
        await self._queue.put(in_turns(await to_do(self._store, run.run, self._now())))
        await note_queued(self._store, run)


async def to_do(store: Store, run: str, now: datetime) -> list[Slice]:
    """Return what is open of sending a run. The chats of slices that wait for quiet hours to end are opened now.

    Whoever sends a slice opens its chats first, so for the others nobody need be told.
    """
    slices = await open_slices(store, run)
    later = {one.number for one in slices if one.due > now.timestamp()}
    ahead = await open_slices(store, run, AHEAD) if later else []
    return [*(one for one in ahead if one.number in later), *slices]


def in_turns(slices: list[Slice]) -> list[Slice]:
    """Return the slices so that tenants take turns: each has a budget of its own, and none should wait for another."""
    by_tenant: defaultdict[str, list[Slice]] = defaultdict(list)
    for one in slices:
        by_tenant[one.tenant].append(one)
    return [one for one in chain.from_iterable(zip_longest(*by_tenant.values())) if one is not None]
