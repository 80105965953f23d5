"""What the rest of Hearback asks of broadcasting: start a run, send again what is in doubt, remind, close, carry on."""

import contextlib
import logging
from collections.abc import Callable, Container
from datetime import datetime

import msgspec

from broadcast.plan import Planner, in_turns, to_do
from broadcast.planning import Planning
from broadcast.queue import Queue
from broadcast.sender import GAVE_UP
from broadcast.slices import (
    CLOSE,
    FOLLOW_UP,
    RECALL,
    RECALL_DELETING,
    REMIND,
    Slice,
    call_sent,
    open_slices,
    reopen,
    write_follow_up,
)
from broadcast.standing import standing_of
from broadcast.wave_plan import check_segments
from broadcast.waves import with_waves
from feedback.errors import ApprovalMissing, AudienceEmpty, RunIsOver, RunUnknown
from feedback.people.people import Policy, find_people
from feedback.results.sealing import stop_ballots
from feedback.runs.approvals import approve_run, covered, may_approve, needs_approval, propose_run
from feedback.runs.audiences import check_names
from feedback.runs.contacts import ContactRules
from feedback.runs.deliveries import replan, why_excluded
from feedback.runs.dry_run import DryRun, dry_run
from feedback.runs.outages import hold_run, resume_run
from feedback.runs.recalls import TO_RECALL
from feedback.runs.runs import (
    Approval,
    Delivery,
    DeliveryState,
    Run,
    RunState,
    close_run,
    create_run,
    deliveries,
    find_run,
    latest_runs,
    move_run,
    note_queued,
    run_being_planned,
    unfinished_runs,
)
from feedback.runs.wave_words import Waves
from feedback.standing import Standing
from feedback.surveys.surveys import Survey
from feedback.waves import check_survey
from store.contract import Store
from store.deadline import unhurried

UNDER_WAY = frozenset({RunState.PLANNING, RunState.SENDING})
STARTED = UNDER_WAY | {RunState.SENT}
AGAIN = frozenset({DeliveryState.UNCONFIRMED, DeliveryState.FAILED})  # states from which somebody may be sent to again
LATEST = 200  # runs of which what follows sending is looked for at the start
RECALLABLE = frozenset(RunState) - {RunState.PROPOSED}

log = logging.getLogger(__name__)


class Approvals(msgspec.Struct, frozen=True):
    """What an admin may send alone: up to so many people. `per_second` is for the finish times that are foretold."""

    above: int
    per_second: float


class Broadcaster:
    """Starts runs. `wake` tells those at work, the workers and the sealer, that there is something to do."""

    def __init__(
        self,
        store: Store,
        queue: Queue,
        policy: Policy,
        rules: ContactRules,
        approvals: Approvals,
        *,
        now: Callable[[], datetime],
        wake: Callable[[], None],
        patience_s: float | None = None,
    ) -> None:
        self._store = store
        self._queue = queue
        self._policy = policy
        self._rules = rules
        self._approvals = approvals
        planner = Planner(store, queue, policy, rules, now, above=approvals.above)
        self.planning = Planning(store, planner, now=now, wake=wake, patience_s=patience_s)
        self._now = now
        self._wake = wake

    async def foretell(self, audience: str, *, by: str) -> DryRun:
        """Return what a run to an audience would do now. Raises `AudienceUnknown` or `AudienceEmpty`."""
        plain = await check_names(self._store, audience)
        with unhurried():
            found = await dry_run(
                self._store,
                plain,
                policy=self._policy,
                by=by,
                now=self._now(),
                rules=self._rules,
                per_second=self._approvals.per_second,
            )
        if not found.people:
            raise AudienceEmpty(audience=plain)
        return found

    def needs_approval(self, people: int) -> bool:
        """Say whether a send to so many people needs a second admin."""
        return needs_approval(people, above=self._approvals.above)

    async def start(
        self,
        survey: Survey,
        audience: str,
        *,
        by: str,
        name: str = "",
        approved: int = 0,
        waves: Waves | None = None,
    ) -> Run:
        """Write a run with all its deliveries, and begin to send; or propose it, where it needs an approval.

        `approved` is for how many people a second admin has allowed it already. With `waves` it goes out in waves; an
        approval is for the whole audience all the same.
        A run that has the `name` already is carried on with instead; without one, a run of the same admin that asks
        the same of the same people and is still being planned: whoever was told to try again starts no second one.
        Once the run is written, a store that does not answer only delays its planning, and a plan that takes longer
        than `patience_s` is finished beside whoever asked: the run is returned as it is being planned.
        Raises `AudienceUnknown`, `AudienceEmpty`, what stands against waves, or `ApprovalMissing` for a named one that
        needs an approval.
        """
        if waves is not None:
            check_survey(survey, waves)
        if name:
            with contextlib.suppress(RunUnknown):
                return await self._carry_on(await find_run(self._store, name))
        found = await self.foretell(audience, by=by)
        plain = await check_names(self._store, audience)
        if waves is not None:
            await check_segments(self._store, plain, waves, policy=self._policy, by=by)
        if not name and (begun := await run_being_planned(self._store, survey, plain, by=by, waves=waves)) is not None:
            return await self.planning.plan(begun)
        if self.needs_approval(found.reachable) and found.reachable > covered(approved):
            if name:  # planned ahead, when nobody is there to approve it
                raise ApprovalMissing(audience=plain, schedule=name.partition(".")[0])
            return await propose_run(
                self._store, survey, plain, by=by, now=self._now(), people=found.reachable, waves=waves
            )
        given = Approval(approved)
        new = await create_run(
            self._store, survey, plain, by=by, now=self._now(), name=name, approval=given, waves=waves
        )
        return await self.planning.plan(new)

    async def approve(self, name: str, *, by: str, seen: int = 0) -> Run:
        """Begin to send a proposed run to those it would reach now; `seen` is how many `by` was shown.

        Raises a `Refusal` where it cannot be approved by this person now, or has grown beyond what is covered.
        """
        run = await may_approve(self._store, name, by=by, now=self._now())
        people = (await self.foretell(run.audience, by=run.created_by)).reachable
        return await self.planning.plan(
            await approve_run(self._store, run.run, by=by, now=self._now(), people=people, seen=seen)
        )

    async def resend(self, run: Run) -> int:
        """Plan again those who are unconfirmed, or whom it was given up to reach, and return how many.

        Left out is whoever cannot be written to. Raises `RunIsOver`.
        """
        run = await find_run(self._store, run.run)
        if run.state not in STARTED:
            raise RunIsOver(run=run.run, state=run.state.value)
        numbers = {one.slice async for one in deliveries(self._store, run.run, states=AGAIN) if _is_for_again(one)}
        if not numbers:
            return 0
        # The slices are opened first: were this to stop half way, what is planned again is found in an open slice.
        run = await move_run(self._store, run, RunState.SENDING, leaving=STARTED)
        await reopen(self._store, [Slice(run.run, number) for number in sorted(numbers)])
        again = 0
        for number in sorted(numbers):
            found = deliveries(self._store, run.run, states=AGAIN, slice_=number)
            state_of = {one.id: one.state async for one in found if _is_for_again(one)}
            people = await find_people(self._store, list(state_of))
            for state in sorted(AGAIN):
                group = [one.id for one in people if not why_excluded(one) and state_of[one.id] is state]
                again += len(await replan(self._store, run.run, group, state))
        await self._queue_open(run)
        return again

    async def hold(self, run: Run) -> Run:
        """Send no more cards of a run for now; those on their way arrive. Raises `RunIsOver`.

        One that waits out an outage does not go on by itself any more.
        """
        return await hold_run(self._store, run, leaving=UNDER_WAY)

    async def go_on(self, run: Run) -> Run:
        """Go on with a run that is held, with its plan first where that is not whole; and with what was set aside.

        Raises `RunIsOver` where it is not held and nothing of it was set aside.
        """
        run, held = await find_run(self._store, run.run), frozenset({RunState.HELD})
        aside = [one.slice for one in await self._queue.aside() if one.slice is not None and one.slice.run == run.run]
        if aside and run.state not in held:
            await self._queue.put(in_turns(aside))
            self._wake()
            return run
        if not run.people:
            return await self.planning.plan(await move_run(self._store, run, RunState.PLANNING, leaving=held))
        run = await resume_run(self._store, run)
        await self._queue.put(in_turns(aside))
        await self._queue_open(run)
        return run

    async def cancel(self, run: Run) -> Run:
        """Send no more cards of a run, ever; whoever has one may answer it. Raises `RunIsOver`."""
        moved = await move_run(
            self._store, run, RunState.CANCELLED, leaving=UNDER_WAY | {RunState.HELD, RunState.PROPOSED}
        )
        await self._queue_open(run)
        return moved

    async def close(self, run: Run) -> Run:
        """Take no more answers and send no more cards; the cards people have say so. Harmless to repeat.

        An anonymous run is sealed after that, beside all else: with many people it takes a while.
        """
        closed = await close_run(self._store, run)
        await stop_ballots(self._store, run)
        if closed.state is RunState.CLOSED:  # cards that were taken back say so already
            await self._follow(run, CLOSE)
        await self._queue_open(run)
        return closed

    async def recall(self, run: Run, *, is_deleting: bool = False) -> Run:
        """Take every card of a run back and send no more; answers that were given are kept. Raises `RunIsOver`.

        Again, it tries again where a card could not be taken back.
        """
        recalled = await move_run(self._store, run, RunState.RECALLED, leaving=RECALLABLE)
        await stop_ballots(self._store, run)
        job = RECALL_DELETING if is_deleting else RECALL
        await write_follow_up(self._store, run.run, job)
        left = deliveries(self._store, run.run, states=TO_RECALL)
        numbers = {one.slice async for one in left}
        await reopen(self._store, [Slice(run.run, number, job=job) for number in sorted(numbers)])
        await self._follow(run, job)
        await self._queue_open(run)
        return recalled

    async def standing(self, run: Run) -> Standing:
        """Return where a run stands now."""
        return await with_waves(self._store, await standing_of(self._store, self._queue, run, self._now()))

    async def remind(self, run: Run, number: int) -> None:
        """Ask those again who have not answered. Harmless to repeat: each reminder reaches a person once at most."""
        await self._follow(run, f"{REMIND}-{number}")

    async def recover(self) -> None:
        """Finish the plans that a crash cut short, and queue what is open: nobody depends on a message in a queue."""
        for run in await unfinished_runs(self._store):
            await self._carry_on(run)
        await self._queue_follow_ups()
        self._wake()

    async def _carry_on(self, run: Run) -> Run:
        if run.state is RunState.PLANNING:
            run = await self.planning.plan(run)
        if run.state in UNDER_WAY:
            await self._queue_open(run, but=await self._set_aside())
        return run

    async def _queue_follow_ups(self) -> None:
        """Queue what is open of reminding, closing and recalling the latest runs, but what was set aside."""
        aside = await self._set_aside()
        for run in await latest_runs(self._store, LATEST):
            found = await open_slices(self._store, run.run, FOLLOW_UP)
            await self._queue.put(in_turns([one for one in found if (one.run, one.id) not in aside]))

    async def _set_aside(self) -> set[tuple[str, str]]:
        return {(one.slice.run, one.slice.id) for one in await self._queue.aside() if one.slice is not None}

    async def _follow(self, run: Run, job: str) -> None:
        await self._queue.put(in_turns(await write_follow_up(self._store, run.run, job)))
        self._wake()

    async def _queue_open(self, run: Run, *, but: Container[tuple[str, str]] = ()) -> None:
        found = await to_do(self._store, run.run, self._now())
        slices = [one for one in found if (one.run, one.id) not in but]
        await self._queue.put(in_turns(slices))
        await note_queued(self._store, run)
        await call_sent(self._store, run.run)
        self._wake()


def _is_for_again(delivery: Delivery) -> bool:
    """Say whether somebody may be sent to again: in doubt, or not reached for a reason that passes."""
    return delivery.state is DeliveryState.UNCONFIRMED or delivery.reason.startswith(GAVE_UP)
