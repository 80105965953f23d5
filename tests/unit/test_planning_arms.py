"""Arms when a run is planned: balanced over those who are written to, and the same after a crash or by two at once."""

import asyncio
from collections import Counter
from datetime import time

import msgspec
import pytest

from broadcast.plan import Planner
from broadcast.store_queue import StoreQueue
from feedback.answers.anonymous import find_key
from feedback.people.people import Contact, Conversation, meet, set_opt_out
from feedback.runs.contacts import ContactRules, QuietHours
from feedback.runs.runs import RUN_DOC, Run, RunState, create_run, deliveries, find_run
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Arm, Survey
from store.contract import Patch, Store
from tests.conftest import Clock
from tests.unit.test_worker import POLICY

SURVEY = Survey(
    "page",
    "Sample",
    (Question("q", Kind.RATING, "How good?"),),
    arms=(Arm("a", "A"), Arm("b", "B"), Arm("c", "C")),
)
RULES = ContactRules(quiet=QuietHours(start=time(0), end=time(0)))


async def begun(store: Store, clock: Clock, people: int = 130) -> tuple[Planner, Run]:
    for number in range(people):
        chat = Conversation(f"a:{number}", "https://smba.example/", f"29:{number}", "28:b")
        await meet(store, Contact("away", f"{number:04d}", "Sample", "en", chat), clock.now())
    planner = Planner(store, StoreQueue(store, clock=clock.time), POLICY, RULES, clock.now, above=10_000)
    run = await create_run(store, SURVEY, "customers", by="home:boss", now=clock.now(), new_seed=lambda: "a fixed seed")
    return planner, run


async def arms_of(store: Store, run: Run) -> dict[str, str]:
    return {one.id: one.arm async for one in deliveries(store, run.run)}


async def test_arms_are_balanced_over_those_who_are_written_to(embedded: Store, clock: Clock) -> None:
    planner, run = await begun(embedded, clock)
    for number in range(0, 40, 3):
        await set_opt_out(embedded, f"away:{number:04d}", has_opted_out=True)
    await planner.write(run)
    arms = Counter((await arms_of(embedded, run)).values())
    assert arms.pop("") == 14
    assert max(arms.values()) - min(arms.values()) <= 1
    assert sum(arms.values()) == 116


@pytest.mark.parametrize("kept", [0, 1, 50, 100, 129])
async def test_a_plan_that_was_cut_short_goes_on_with_the_same_arms(embedded: Store, clock: Clock, kept: int) -> None:
    planner, run = await begun(embedded, clock)
    await planner.write(run)
    before = await arms_of(embedded, run)
    for person in sorted(before)[kept:]:
        await embedded.delete("runs", run.run, person)
    await embedded.patch("runs", run.run, Patch(RUN_DOC, set={"state": RunState.PLANNING.value}))
    await planner.write(await find_run(embedded, run.run))
    assert await arms_of(embedded, run) == before


async def test_two_who_plan_at_the_same_time_come_to_the_same_arms(embedded: Store, clock: Clock) -> None:
    planner, run = await begun(embedded, clock)
    await asyncio.gather(planner.write(run), planner.write(run), return_exceptions=True)
    arms = await arms_of(embedded, run)
    assert len(arms) == 130
    assert max(Counter(arms.values()).values()) - min(Counter(arms.values()).values()) <= 1


async def test_an_anonymous_run_has_its_key_before_anybody_is_written_to(embedded: Store, clock: Clock) -> None:
    planner, run = await begun(embedded, clock, people=3)
    hushed = msgspec.structs.replace(run, survey=msgspec.structs.replace(SURVEY, is_anonymous=True, threshold=3))
    await planner.write(hushed)
    first = await find_key(embedded, hushed)
    assert first is not None
    await embedded.patch("runs", run.run, Patch(RUN_DOC, set={"state": RunState.PLANNING.value}))
    await planner.write(hushed)
    assert await find_key(embedded, hushed) == first, "planning again keeps the key"
