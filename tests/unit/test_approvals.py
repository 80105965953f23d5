"""Approvals: who may let a proposed run go on, until when, and what is never sent without one."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from feedback.approvals import VALID, approve_run, needs_approval, propose_run
from feedback.errors import (
    ApprovalNeedsAnother,
    ApprovalNotAsked,
    ApprovalTooLate,
    RunUnknown,
    SurveyHasChanged,
    SurveyIsClosed,
)
from feedback.questions import Kind, Question
from feedback.runs import RUN_DOC, Run, RunState, create_run, find_run, unfinished_runs
from feedback.surveys import Survey, close_survey, import_survey
from store.contract import Patch, Store
from tests.conftest import Clock

SURVEY = Survey(id="pulse", title="Sample", questions=(Question(id="q", kind=Kind.TEXT, text="Why?"),))
ANNA, BEN = "home:anna", "home:ben"


@pytest.fixture
async def proposed(embedded: Store, clock: Clock) -> Run:
    imported = await import_survey(embedded, SURVEY)
    return await propose_run(embedded, imported.survey, "customers", by=ANNA, now=clock.now())


def test_more_people_than_the_limit_need_an_approval() -> None:
    assert [needs_approval(people, above=1000) for people in (0, 1000, 1001)] == [False, False, True]


async def test_another_admin_lets_a_proposed_run_go_on(embedded: Store, clock: Clock, proposed: Run) -> None:
    clock.pass_s(VALID.total_seconds())
    run = await approve_run(embedded, proposed.run, by=BEN, now=clock.now())
    assert (run.state, run.approved_by, run.approved_at) == (RunState.PLANNING, BEN, clock.now())
    assert (run.created_by, run.audience, run.survey) == (ANNA, "customers", SURVEY)
    assert await find_run(embedded, proposed.run) == run


async def test_a_proposed_run_is_not_among_those_that_are_carried_on_after_a_stop(
    embedded: Store, proposed: Run
) -> None:
    assert proposed.state is RunState.PROPOSED
    assert await unfinished_runs(embedded) == []


async def test_who_started_a_run_cannot_approve_it(embedded: Store, clock: Clock, proposed: Run) -> None:
    with pytest.raises(ApprovalNeedsAnother):
        await approve_run(embedded, proposed.run, by=ANNA, now=clock.now())
    assert await find_run(embedded, proposed.run) == proposed


async def test_an_approval_that_comes_too_late_is_refused(embedded: Store, clock: Clock, proposed: Run) -> None:
    late = clock.now() + VALID + timedelta(seconds=1)
    with pytest.raises(ApprovalTooLate, match="2026-11-27 09:00 UTC"):
        await approve_run(embedded, proposed.run, by=BEN, now=late)


async def test_a_survey_that_was_changed_meanwhile_is_not_sent(embedded: Store, clock: Clock, proposed: Run) -> None:
    await import_survey(embedded, msgspec.structs.replace(SURVEY, title="Another"))
    with pytest.raises(SurveyHasChanged):
        await approve_run(embedded, proposed.run, by=BEN, now=clock.now())


async def test_a_survey_that_was_imported_again_as_it_was_is_sent(embedded: Store, clock: Clock, proposed: Run) -> None:
    await import_survey(embedded, SURVEY)
    assert (await approve_run(embedded, proposed.run, by=BEN, now=clock.now())).state is RunState.PLANNING


async def test_a_survey_that_was_closed_or_lost_meanwhile_is_not_sent(
    embedded: Store, clock: Clock, proposed: Run
) -> None:
    await close_survey(embedded, "pulse")
    with pytest.raises(SurveyIsClosed):
        await approve_run(embedded, proposed.run, by=BEN, now=clock.now())
    await embedded.delete("surveys", "pulse", "pulse")
    with pytest.raises(SurveyHasChanged):
        await approve_run(embedded, proposed.run, by=BEN, now=clock.now())


@pytest.mark.parametrize("state", [state for state in RunState if state is not RunState.PROPOSED])
async def test_a_run_that_does_not_wait_cannot_be_approved(
    embedded: Store, clock: Clock, proposed: Run, state: RunState
) -> None:
    await embedded.patch("runs", proposed.run, Patch(id=RUN_DOC, set={"state": state.value}))
    with pytest.raises(ApprovalNotAsked):
        await approve_run(embedded, proposed.run, by=BEN, now=clock.now())


async def test_of_two_approvals_at_once_one_counts(embedded: Store, clock: Clock, proposed: Run) -> None:
    both = [approve_run(embedded, proposed.run, by=by, now=clock.now()) for by in (BEN, "home:carla")]
    ended = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == ["ApprovalNotAsked", "Run"]


async def test_a_run_that_needs_none_or_does_not_exist_cannot_be_approved(embedded: Store, clock: Clock) -> None:
    run = await create_run(embedded, SURVEY, "me", by=ANNA, now=clock.now())
    assert run.state is RunState.PLANNING
    with pytest.raises(ApprovalNotAsked):
        await approve_run(embedded, run.run, by=BEN, now=clock.now())
    with pytest.raises(RunUnknown):
        await approve_run(embedded, "pulse-9", by=BEN, now=clock.now())
