"""Approvals: a run to many people waits until an admin other than the one who started it agrees.

The run itself holds the state: proposed with a time until when, then planning with who approved it and when. Nobody
is planned for a proposed run, so nothing of it can be sent. Who is an admin is for the caller to know.
"""

from datetime import datetime, timedelta

import msgspec

from feedback.errors import (
    ApprovalNeedsAnother,
    ApprovalNotAsked,
    ApprovalTooLate,
    SurveyHasChanged,
    SurveyIsClosed,
    SurveyUnknown,
)
from feedback.runs import RUN_DOC, Run, RunState, create_run, find_run
from feedback.surveys import Survey, find_survey
from store.contract import Conflict, Op, Patch, Store, Where

VALID = timedelta(days=3)  # how long an approval may take: over a weekend


def needs_approval(people: int, *, above: int) -> bool:
    """Say whether a run to so many people needs a second admin. `above` is the most that one admin may write to."""
    return people > above


def covered(people: int) -> int:
    """Return how many people the approval of a schedule covers: those it was given for, and a tenth more."""
    return people + people // 10


async def propose_run(store: Store, survey: Survey, audience: str, *, by: str, now: datetime) -> Run:
    """Write a run that waits for an approval. Nothing is planned or sent."""
    return await create_run(store, survey, audience, by=by, now=now, approve_until=now + VALID)


async def approve_run(store: Store, name: str, *, by: str, now: datetime) -> Run:
    """Let a proposed run go on, and return it, ready to be planned.

    Raises `RunUnknown`, `ApprovalNotAsked` (also where somebody else was first), `ApprovalNeedsAnother`,
    `ApprovalTooLate`, `SurveyIsClosed` or `SurveyHasChanged`.
    """
    run = await find_run(store, name)
    _check(run, by, now)
    await _check_survey(store, run)
    news = {"state": RunState.PLANNING.value, "approved_by": by, "approved_at": msgspec.to_builtins(now)}
    patch = Patch(id=RUN_DOC, set=news, when=[Where("state", Op.EQ, RunState.PROPOSED.value)])
    try:
        return msgspec.convert(await store.patch("runs", run.run, patch), Run)
    except Conflict as error:
        raise ApprovalNotAsked(run=run.run) from error


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
