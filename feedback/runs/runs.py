"""Runs: one survey sent to one audience once; and what a delivery, one person in a run, looks like.

A run and its deliveries share a partition. The run's own document has the id "run".
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import datetime
from enum import StrEnum
from secrets import token_hex

import msgspec

from feedback.errors import RunIsOver, RunUnknown
from feedback.people.mixes import Mix
from feedback.runs.wave_words import Waves
from feedback.surveys.questions import Answers
from feedback.surveys.surveys import Survey
from store.contract import Conflict, Doc, Op, Patch, Store, Where
from store.pages import documents

RUN_DOC = "run"
DECLINED = "declined: “not for me”"
PAGE = 1000


class DeliveryState(StrEnum):
    """Where one person's delivery stands."""

    EXCLUDED = "excluded"  # the reason says why
    PLANNED = "planned"
    SENDING = "sending"  # recorded before the first byte leaves
    SENT = "sent"
    ANSWERED = "answered"
    FAILED = "failed"  # the reason says why
    UNCONFIRMED = "unconfirmed"  # it may or may not have arrived
    CANCELLED = "cancelled"
    RECALLED = "recalled"


class RunState(StrEnum):
    """Where a run stands."""

    PROPOSED = "proposed"  # waiting for another admin's approval; nobody is planned yet
    PLANNING = "planning"  # deliveries are being written
    SENDING = "sending"
    HELD = "held"  # no more cards leave until an admin continues
    SENT = "sent"  # every delivery has a final state; answers are welcome
    CANCELLED = "cancelled"  # no more cards leave, ever; answers are welcome
    FAILED = "failed"  # the channel refused the message itself: no more cards leave, the reason says why
    CLOSED = "closed"  # answers are refused
    RECALLED = "recalled"  # the cards are taken back; answers are refused, those given are kept


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """One survey, frozen as it was when sent, to one audience."""

    run: str
    survey: Survey
    audience: str
    state: RunState
    created_at: datetime
    created_by: str  # person id
    people: int = 0  # deliveries written, once planning is done
    approve_until: datetime | None = None  # set where an approval is asked for
    approval_for: int = 0  # people: how many it would reach when an approval was asked for, or given
    approved_by: str = ""  # person id
    approved_at: datetime | None = None
    is_unqueued: bool = False  # sending, and it is not known whether all that is open of it is in the queue
    reason: str = ""  # why it failed
    outage: str = ""  # why it waits: nobody's card gets through; set together with the three below
    outage_at: datetime | None = None  # since when
    probe_at: datetime | None = None  # when one card is tried, to see whether the run may go on
    probes: int = 0  # how many were tried
    seed: str = ""  # decides who gets which arm, and who is asked in which wave; set where there are any
    waves: Waves | None = None  # that it goes out in waves, until it is sure enough
    mix: Mix | None = None  # the target mix of the panel it goes to, as it was when its plan began

    @property
    def is_in_outage(self) -> bool:
        """Whether it is on hold by itself, and goes on by itself."""
        return self.state is RunState.HELD and self.probe_at is not None

    @property
    def takes_answers(self) -> bool:
        """Whether answers are kept, once somebody has a card."""
        return self.state not in {RunState.CLOSED, RunState.RECALLED}


class Approval(msgspec.Struct, frozen=True):
    """For how many people a second admin has agreed or, with a time until when, is asked to agree."""

    people: int
    until: datetime | None = None


UNASKED = Approval(people=0)


class Draft(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody has answered so far. It counts for nothing until the last page is sent."""

    at: str  # the question where they are; its page, in a card
    answers: Answers = {}
    seen: tuple[str, ...] = ()  # fingerprints of the pages that were sent, so that one that comes twice counts once


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True):
    """One person in one run, and their answers."""

    run: str
    id: str  # person id
    state: DeliveryState
    slice: int
    reason: str = ""
    activity_id: str = ""
    sent_at: datetime | None = None
    reminded_at: tuple[datetime, ...] = ()  # when the person was written to again, oldest first
    answered_at: datetime | None = None
    answers: Answers = {}
    revision: int = 0  # how many times the answers have been written
    draft: Draft | None = None  # answers that are not complete yet, or changes that are not
    step: int = 0  # how many times a draft has been written
    snoozed_until: datetime | None = None  # when the person wants to be asked again
    arm: str = ""  # which design of a concept test the person sees
    segment: str = ""  # where in the run's mix the person was when the run was planned
    company: str = ""  # theirs, where their attributes told it then; neither in anonymous runs

    @property
    def has_declined(self) -> bool:
        """Whether the person has said that the survey is not for them."""
        return self.state is DeliveryState.SENT and self.reason == DECLINED

    @property
    def filled_in(self) -> Answers:
        """What the survey's inputs hold: the draft, or the answers that may be changed."""
        return self.answers if self.draft is None else self.draft.answers


HAVE_A_CARD = frozenset({DeliveryState.SENT, DeliveryState.UNCONFIRMED, DeliveryState.ANSWERED})
FINAL = frozenset(DeliveryState) - {DeliveryState.PLANNED, DeliveryState.SENDING}


async def create_run(  # noqa: PLR0913 - a run is made of so much
    store: Store,
    survey: Survey,
    audience: str,
    *,
    by: str,
    now: datetime,
    approval: Approval = UNASKED,
    name: str = "",
    waves: Waves | None = None,
    new_seed: Callable[[], str] = token_hex,
) -> Run:
    """Write a new run with the next free name, "<survey>-<number>", and return it.

    With a `name` of the caller's, a run that has it already is returned as it is.
    Where the `approval` has a time until when, it is only proposed: approvals.py says how it goes on.
    """
    number = 0 if name else len(await runs_of(store, survey.id)) + 1
    while True:
        run = Run(
            run=name or f"{survey.id}-{number}",
            survey=survey,
            audience=audience,
            state=RunState.PLANNING if approval.until is None else RunState.PROPOSED,
            created_at=now,
            created_by=by,
            approve_until=approval.until,
            approval_for=approval.people,
            seed=new_seed() if survey.arms or waves else "",
            waves=waves,
        )
        try:
            await store.create("runs", _run_doc(run))
        except Conflict:
            if name:
                return await find_run(store, name)
            number += 1
        else:
            return run


async def find_run(store: Store, name: str) -> Run:
    """Return a run. Raises `RunUnknown`."""
    doc = await store.get("runs", name, RUN_DOC) if name else None
    if doc is None:
        raise RunUnknown(run=name)
    return msgspec.convert(doc, Run)


async def latest_runs(store: Store, limit: int = 10) -> list[Run]:
    """Return the newest runs, newest first."""
    where = [Where("kind", Op.EQ, "run")]
    page = await store.query("runs", where=where, order="created_at", descending=True, limit=limit)
    return [msgspec.convert(doc, Run) for doc in page.docs]


async def runs_of(store: Store, survey_id: str) -> list[Run]:
    """Return every run of a survey, oldest first."""
    where = [Where("kind", Op.EQ, "run"), Where("survey_id", Op.EQ, survey_id)]
    return [msgspec.convert(doc, Run) async for doc in _all(store, where, order="created_at")]


async def runs_in(store: Store, states: Collection[RunState]) -> list[Run]:
    """Return every run in some states, oldest first."""
    where = [Where("kind", Op.EQ, "run"), Where("state", Op.IN, sorted(one.value for one in states))]
    return [msgspec.convert(doc, Run) async for doc in _all(store, where, order="created_at")]


async def unfinished_runs(store: Store) -> list[Run]:
    """Return the runs that still have somebody to write to, oldest first."""
    return await runs_in(store, {RunState.PLANNING, RunState.SENDING})


async def run_being_planned(
    store: Store, survey: Survey, audience: str, *, by: str, waves: Waves | None = None
) -> Run | None:
    """Return the run of this very survey to this audience that somebody began and that is not planned yet, if any."""
    same = (survey, audience, by, waves)
    planning = await runs_in(store, {RunState.PLANNING})
    return next((one for one in planning if (one.survey, one.audience, one.created_by, one.waves) == same), None)


async def move_run(
    store: Store, run: Run, state: RunState, *, leaving: Collection[RunState], people: int | None = None
) -> Run:
    """Move a run to another state from one of those it may leave. Raises `RunIsOver` from any other."""
    news: dict[str, object] = {"state": state.value, "is_unqueued": state is RunState.SENDING}
    if people is not None:
        news["people"] = people
    return await _move(store, run, news, leaving)


async def note_queued(store: Store, run: Run) -> None:
    """Write down that all that was open of a run that is sent has been put into the queue."""
    if run.is_unqueued:
        await store.patch("runs", run.run, Patch(id=RUN_DOC, set={"is_unqueued": False}))


async def note_people(store: Store, run: Run, people: int) -> Run:
    """Write down how many people are in a run whose plan is whole, whatever state it is in, and return it."""
    return msgspec.convert(await store.patch("runs", run.run, Patch(id=RUN_DOC, set={"people": people})), Run)


async def _move(store: Store, run: Run, news: Mapping[str, object], leaving: Collection[RunState]) -> Run:
    patch = Patch(id=RUN_DOC, set=news, when=[Where("state", Op.IN, sorted(one.value for one in leaving))])
    try:
        return msgspec.convert(await store.patch("runs", run.run, patch), Run)
    except Conflict:
        found = await find_run(store, run.run)
        raise RunIsOver(run=run.run, state=found.state.value) from None


async def fail_run(store: Store, run: Run, reason: str) -> Run:
    """Send no more cards of a run, ever, because the message itself is refused. Raises `RunIsOver`."""
    leaving = [RunState.PLANNING, RunState.SENDING, RunState.HELD]
    news = {"state": RunState.FAILED.value, "reason": reason}
    return await _move(store, run, news, leaving)


async def close_run(store: Store, run: Run) -> Run:
    """Take no more answers, and send no more cards. A closed run stays closed, a recalled one recalled."""
    try:
        return await move_run(store, run, RunState.CLOSED, leaving=frozenset(RunState) - {RunState.RECALLED})
    except RunIsOver:
        return await find_run(store, run.run)


async def deliveries(
    store: Store, run: str, *, states: frozenset[DeliveryState] | None = None, slice_: int | None = None
) -> AsyncIterator[Delivery]:
    """Give the deliveries of a run, all or those in some states or in one slice, page by page."""
    where = [Where("kind", Op.EQ, "delivery")]
    if states is not None:
        where.append(Where("state", Op.IN, sorted(state.value for state in states)))
    if slice_ is not None:
        where.append(Where("slice", Op.EQ, slice_))
    async for doc in _all(store, where, partition=run):
        yield msgspec.convert(doc, Delivery)


async def find_delivery(store: Store, run: str, person: str) -> Delivery | None:
    """Return one person's delivery in a run, or None when it was never meant for them."""
    doc = await store.get("runs", run, person)
    return None if doc is None else msgspec.convert(doc, Delivery)


def _all(store: Store, where: list[Where], *, partition: str | None = None, order: str = "id") -> AsyncIterator[Doc]:
    return documents(store, "runs", partition=partition, where=where, order=order, limit=PAGE)


def _run_doc(run: Run) -> Doc:
    doc: Doc = msgspec.to_builtins(run)
    return {**doc, "id": RUN_DOC, "kind": "run", "survey_id": run.survey.id}


async def runs_by(store: Store, person: str) -> list[Run]:
    """Return the runs that a person started, oldest first."""
    where = [Where("kind", Op.EQ, "run"), Where("created_by", Op.EQ, person)]
    return [msgspec.convert(doc, Run) async for doc in _all(store, where, order="created_at")]


async def deliveries_of(store: Store, person: str) -> list[tuple[Delivery, Run]]:
    """Return everything one person was sent, with its run, newest run first."""
    where = [Where("kind", Op.EQ, "delivery"), Where("id", Op.EQ, person)]
    found = [msgspec.convert(doc, Delivery) async for doc in _all(store, where)]
    pairs = [(one, await find_run(store, one.run)) for one in found]
    return sorted(pairs, key=lambda pair: pair[1].created_at, reverse=True)
