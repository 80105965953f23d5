"""Approvals: a run to many people waits until an admin other than the one who started it agrees.

The run itself holds the state: proposed for so many people with a time until when, then planning with who approved it,
when, and for how many. Nothing of a proposed run can be sent. Who is an admin is for the caller to know.
"""

import contextlib
from datetime import datetime, timedelta

import msgspec

from feedback.errors import (
    ApprovalNeedsAnother,
    ApprovalNotAsked,
    ApprovalOutgrown,
    ApprovalTooLate,
    RunIsOver,
    SurveyHasChanged,
    SurveyIsClosed,
    SurveyUnknown,
)
from feedback.runs.runs import RUN_DOC, Approval, Run, RunState, create_run, find_run
from feedback.runs.wave_words import Waves
from feedback.surveys.surveys import Survey, find_survey
from store.contract import Conflict, Op, Patch, Store, Where

VALID = timedelta(days=3)  # how long an approval may take: over a weekend


def needs_approval(people: int, *, above: int) -> bool:
    """Say whether a run to so many people needs a second admin. `above` is the most that one admin may write to."""
    return people > above


def covered(people: int) -> int:
    """Return how many people an approval covers, of a run or of a schedule: those it was for, and a tenth more."""
    return people + people // 10


async def propose_run(
    store: Store, survey: Survey, audience: str, *, by: str, now: datetime, people: int, waves: Waves | None = None
) -> Run:
    """Write a run that waits for an approval. Nothing is planned or sent. `people` is how many it would reach now."""
    asked = Approval(people, until=now + VALID)
    return await create_run(store, survey, audience, by=by, now=now, approval=asked, waves=waves)


async def may_approve(store: Store, name: str, *, by: str, now: datetime) -> Run:
    """Return a proposed run that this person may let go on now.

    Raises `RunUnknown`, `ApprovalNotAsked`, `ApprovalNeedsAnother`, `ApprovalTooLate`, `SurveyIsClosed` or
    `SurveyHasChanged`.
    """
    run = await find_run(store, name)
    _check(run, by, now)
    await _check_survey(store, run)
    return run


async def approve_run(store: Store, name: str, *, by: str, now: datetime, people: int, seen: int = 0) -> Run:
    """Let a proposed run go on to the people it would reach by now, and return it, ready to be planned.

    `seen` is how many whoever approves has been shown, where that was not at the proposal. Raises what `may_approve`
    does, `ApprovalNotAsked` also where somebody else was first; and `ApprovalOutgrown` where it would reach more than
    is covered. After that it is proposed for as many as it would reach by now.
    """
    run = await may_approve(store, name, by=by, now=now)
    if people > covered(max(run.approval_for, seen)):
        proposed = [Where("state", Op.EQ, RunState.PROPOSED.value)]
        with contextlib.suppress(Conflict):
            await store.patch("runs", run.run, Patch(RUN_DOC, set={"approval_for": people}, when=proposed))
        raise ApprovalOutgrown(run=run.run, people=f"{people:,}", before=f"{run.approval_for:,}")
    approved = {"approved_by": by, "approved_at": msgspec.to_builtins(now), "approval_for": people}
    news = {"state": RunState.PLANNING.value, **approved}
    patch = Patch(id=RUN_DOC, set=news, when=[Where("state", Op.EQ, RunState.PROPOSED.value)])
    try:
        return msgspec.convert(await store.patch("runs", run.run, patch), Run)
    except Conflict as error:
        raise ApprovalNotAsked(run=run.run) from error


async def ask_again(store: Store, run: Run, *, now: datetime, people: int, planned: int) -> Run:
    """Propose a run anew that turned out, when its plan was whole, to reach more than its approval covers.

    Raises `RunIsOver` where it was stopped meanwhile.
    """
    asked = {"approve_until": msgspec.to_builtins(now + VALID), "approval_for": planned, "people": people}
    news = {"state": RunState.PROPOSED.value, **asked}
    when = [Where("state", Op.EQ, RunState.PLANNING.value)]
    try:
        return msgspec.convert(await store.patch("runs", run.run, Patch(RUN_DOC, set=news, when=when)), Run)
    except Conflict as error:
        raise RunIsOver(run=run.run, state=(await find_run(store, run.run)).state.value) from error


def _check(run: Run, by: str, now: datetime) -> None:
    if run.state is not RunState.PROPOSED or run.approve_until is None:
        raise ApprovalNotAsked(run=run.run)
    if by == run.created_by:
        raise ApprovalNeedsAnother(run=run.run)
    if now > run.approve_until:
        raise ApprovalTooLate(run=run.run, until=f"{run.approve_until:%Y-%m-%d %H:%M} UTC")


async def _check_survey(store: Store, run: Run) -> None:
    """Raise where what would be sent is not what stands in the store now."""
    changed = SurveyHasChanged(survey=run.survey.id, run=run.run)
    try:
        survey = await find_survey(store, run.survey.id)
    except SurveyUnknown as error:
        raise changed from error
    if survey.is_closed:
        raise SurveyIsClosed(survey=survey.id)
    if survey != run.survey:
        raise changed
