"""Approvals: who may let a proposed run go on, until when, and what is never sent without one."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from broadcast.broadcaster import Approvals, Broadcaster
from feedback.errors import (
    ApprovalNeedsAnother,
    ApprovalNotAsked,
    ApprovalOutgrown,
    ApprovalTooLate,
    RunUnknown,
    SurveyHasChanged,
    SurveyIsClosed,
)
from feedback.people.people import set_opt_out
from feedback.runs.approvals import VALID, approve_run, needs_approval, propose_run
from feedback.runs.contacts import AT_NO_HOUR, ContactRules
from feedback.runs.runs import RUN_DOC, DeliveryState, Run, RunState, create_run, find_run, unfinished_runs
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Survey, close_survey, import_survey
from store.contract import Patch, Store
from tests.conftest import Clock
from tests.unit.test_worker import POLICY, House

SURVEY = Survey(id="pulse", title="Sample", questions=(Question(id="q", kind=Kind.TEXT, text="Why?"),))
ANNA, BEN = "home:anna", "home:ben"


@pytest.fixture
async def proposed(embedded: Store, clock: Clock) -> Run:
    imported = await import_survey(embedded, SURVEY)
    return await propose_run(embedded, imported.survey, "customers", by=ANNA, now=clock.now(), people=100)


def test_more_people_than_the_limit_need_an_approval() -> None:
    assert [needs_approval(people, above=1000) for people in (0, 1000, 1001)] == [False, False, True]


async def test_another_admin_lets_a_proposed_run_go_on(embedded: Store, clock: Clock, proposed: Run) -> None:
    clock.pass_s(VALID.total_seconds())
    run = await approve_run(embedded, proposed.run, by=BEN, now=clock.now(), people=100)
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
        await approve_run(embedded, proposed.run, by=ANNA, now=clock.now(), people=100)
    assert await find_run(embedded, proposed.run) == proposed


async def test_an_approval_that_comes_too_late_is_refused(embedded: Store, clock: Clock, proposed: Run) -> None:
    late = clock.now() + VALID + timedelta(seconds=1)
    with pytest.raises(ApprovalTooLate, match="2026-11-27 09:00 UTC"):
        await approve_run(embedded, proposed.run, by=BEN, now=late, people=100)


async def test_a_survey_that_was_changed_meanwhile_is_not_sent(embedded: Store, clock: Clock, proposed: Run) -> None:
    await import_survey(embedded, msgspec.structs.replace(SURVEY, title="Another"))
    with pytest.raises(SurveyHasChanged):
        await approve_run(embedded, proposed.run, by=BEN, now=clock.now(), people=100)


async def test_a_survey_that_was_imported_again_as_it_was_is_sent(embedded: Store, clock: Clock, proposed: Run) -> None:
    await import_survey(embedded, SURVEY)
    assert (await approve_run(embedded, proposed.run, by=BEN, now=clock.now(), people=100)).state is RunState.PLANNING


async def test_a_survey_that_was_closed_or_lost_meanwhile_is_not_sent(
    embedded: Store, clock: Clock, proposed: Run
) -> None:
    await close_survey(embedded, "pulse")
    with pytest.raises(SurveyIsClosed):
        await approve_run(embedded, proposed.run, by=BEN, now=clock.now(), people=100)
    await embedded.delete("surveys", "pulse", "pulse")
    with pytest.raises(SurveyHasChanged):
        await approve_run(embedded, proposed.run, by=BEN, now=clock.now(), people=100)


@pytest.mark.parametrize("state", [state for state in RunState if state is not RunState.PROPOSED])
async def test_a_run_that_does_not_wait_cannot_be_approved(
    embedded: Store, clock: Clock, proposed: Run, state: RunState
) -> None:
    await embedded.patch("runs", proposed.run, Patch(id=RUN_DOC, set={"state": state.value}))
    with pytest.raises(ApprovalNotAsked):
        await approve_run(embedded, proposed.run, by=BEN, now=clock.now(), people=100)


async def test_of_two_approvals_at_once_one_counts(embedded: Store, clock: Clock, proposed: Run) -> None:
    both = [approve_run(embedded, proposed.run, by=by, now=clock.now(), people=100) for by in (BEN, "home:carla")]
    ended = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == ["ApprovalNotAsked", "Run"]


async def test_a_run_that_needs_none_or_does_not_exist_cannot_be_approved(embedded: Store, clock: Clock) -> None:
    run = await create_run(embedded, SURVEY, "me", by=ANNA, now=clock.now())
    assert run.state is RunState.PLANNING
    with pytest.raises(ApprovalNotAsked):
        await approve_run(embedded, run.run, by=BEN, now=clock.now(), people=100)
    with pytest.raises(RunUnknown):
        await approve_run(embedded, "pulse-9", by=BEN, now=clock.now(), people=100)


@pytest.mark.parametrize(("people", "is_covered"), [(0, True), (100, True), (110, True), (111, False), (5000, False)])
async def test_an_approval_covers_as_many_as_were_proposed_and_a_tenth_more(
    people: int, embedded: Store, clock: Clock, proposed: Run, *, is_covered: bool
) -> None:
    if is_covered:
        run = await approve_run(embedded, proposed.run, by=BEN, now=clock.now(), people=people)
        assert (run.state, run.approval_for) == (RunState.PLANNING, people)
        return
    with pytest.raises(ApprovalOutgrown, match=f"would reach {people:,} people by now, and was proposed for 100"):
        await approve_run(embedded, proposed.run, by=BEN, now=clock.now(), people=people)
    waits = await find_run(embedded, proposed.run)
    assert (waits.state, waits.approval_for) == (RunState.PROPOSED, people)
    again = await approve_run(embedded, proposed.run, by=BEN, now=clock.now(), people=people)
    assert again.state is RunState.PLANNING


async def test_whoever_was_shown_how_much_it_has_grown_need_not_be_asked_twice(
    embedded: Store, clock: Clock, proposed: Run
) -> None:
    run = await approve_run(embedded, proposed.run, by=BEN, now=clock.now(), people=210, seen=200)
    assert (run.state, run.approval_for) == (RunState.PLANNING, 210)


async def test_what_was_shown_covers_a_tenth_more_and_no_further(embedded: Store, clock: Clock, proposed: Run) -> None:
    with pytest.raises(ApprovalOutgrown):
        await approve_run(embedded, proposed.run, by=BEN, now=clock.now(), people=221, seen=200)


class _House(House):
    """Broadcasting in which more than three people need an approval."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, clock)
        rules = ContactRules(quiet=AT_NO_HOUR)
        few = Approvals(above=3, per_second=50)
        self.broadcaster = Broadcaster(store, self.queue, POLICY, rules, few, now=clock.now, wake=self.worker.wake)


@pytest.fixture
async def house(embedded: Store, clock: Clock) -> _House:
    await import_survey(embedded, SURVEY)
    return _House(embedded, clock)


async def test_a_proposed_run_that_grows_has_to_be_approved_for_what_it_is(house: _House) -> None:
    await house.populate(10)
    run = await house.broadcaster.start(SURVEY, "everyone", by=ANNA)
    assert (run.state, run.approval_for) == (RunState.PROPOSED, 10)
    await house.populate(12)
    with pytest.raises(ApprovalOutgrown, match="reach 12 people by now, and was proposed for 10"):
        await house.broadcaster.approve(run.run, by=BEN)
    await house.worker.drain()
    assert not house.sent
    assert (await house.broadcaster.approve(run.run, by=BEN)).state is RunState.SENDING
    await house.worker.drain()
    assert len(house.sent) == 12


async def test_an_approval_is_for_those_who_would_be_written_to(house: _House) -> None:
    await house.populate(10)
    run = await house.broadcaster.start(SURVEY, "everyone", by=ANNA)
    await house.populate(14)
    for number in range(4):
        await set_opt_out(house.store, f"away:{number:04d}", has_opted_out=True)
    assert (await house.broadcaster.approve(run.run, by=BEN)).state is RunState.SENDING


async def test_a_plan_that_outgrows_its_approval_while_it_is_cut_short_is_proposed_anew(house: _House) -> None:
    await house.populate(10)
    run = await house.broadcaster.start(SURVEY, "everyone", by=ANNA)
    approved = await approve_run(house.store, run.run, by=BEN, now=house.clock.now(), people=10)
    await house.populate(20)  # before anybody has planned it
    await house.broadcaster.recover()
    await house.worker.drain()
    waits = await find_run(house.store, run.run)
    assert (approved.state, waits.state) == (RunState.PLANNING, RunState.PROPOSED)
    assert (waits.people, waits.approval_for) == (20, 20)
    assert not house.sent
    await house.broadcaster.approve(run.run, by=BEN)
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.SENT: 20}
    assert set(house.sent.values()) == {1}


async def test_a_plan_within_its_approval_goes_out(house: _House) -> None:
    await house.populate(10)
    run = await house.broadcaster.start(SURVEY, "everyone", by=ANNA)
    await approve_run(house.store, run.run, by=BEN, now=house.clock.now(), people=10)
    await house.populate(11)
    await house.broadcaster.recover()
    await house.worker.drain()
    assert len(house.sent) == 11


async def test_one_proposed_anew_can_be_cancelled_and_accounts_for_everybody(house: _House) -> None:
    await house.populate(10)
    run = await house.broadcaster.start(SURVEY, "everyone", by=ANNA)
    await approve_run(house.store, run.run, by=BEN, now=house.clock.now(), people=10)
    await house.populate(20)
    await house.broadcaster.recover()
    await house.broadcaster.cancel(run)
    await house.worker.drain()
    assert await house.states(run.run) == {DeliveryState.CANCELLED: 20}
    assert not house.sent
