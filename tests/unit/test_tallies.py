"""Tallies equal a recount, whatever happened in whatever order, whoever crashed and however many counted."""

import asyncio
import itertools
import random
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.results import counts
from feedback.results.tallier import Tallier
from feedback.results.tallies import Tally, tally_of, together
from feedback.results.tally_tree import find_tally, rebuild, recount
from feedback.runs.runs import Delivery, DeliveryState, Run, RunState
from store.contract import Store
from store.sqlite import open_sqlite
from tests.unit.tally_house import NOW, PEOPLE, SURVEY, Answer, Event, Stage, answers, events, planned_run

Names = Sequence[str]
RUN = Run("sample-1", SURVEY, "customers", RunState.SENT, NOW, "t:admin")


def tallier(store: Store, name: str = "sample") -> Tallier:
    """Return a tallier that is never held up by whose turn it is: every look at its clock takes an hour."""
    hours = count()
    return Tallier(store, lambda: NOW + timedelta(hours=next(hours)), name=name)


async def drain(store: Store) -> None:
    while not await tallier(store).look():
        pass


def on_a_store(test: Callable[[Store], Awaitable[None]]) -> None:
    """Run a test on a store of its own."""

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            store = await open_sqlite(Path(folder) / "hearback.db")
            try:
                await test(store)
            finally:
                await store.close()

    asyncio.run(run())


deliveries = st.lists(
    st.builds(
        Delivery,
        run=st.just("sample-1"),
        id=st.integers(0, 10**6).map(str),
        state=st.sampled_from(DeliveryState),
        slice=st.just(0),
        answered_at=st.integers(0, 10**6).map(lambda minutes: NOW + timedelta(minutes=minutes)),
        answers=answers,
    ),
    unique_by=lambda one: one.id,
    max_size=40,
)


@given(deliveries, st.integers(), st.integers(1, 10))
@settings(max_examples=100)
def test_the_whole_follows_from_any_parts(some: list[Delivery], seed: int, most: int) -> None:
    chance = random.Random(seed)
    shuffled = chance.sample(some, len(some))
    cuts = sorted(chance.randrange(len(some) + 1) for _ in range(4))
    parts = [shuffled[start:end] for start, end in zip([0, *cuts], [*cuts, len(some)], strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "MAX_VALUES", most)
        tallies = [tally_of(RUN, part) for part in parts]
        halves = [together(RUN, tallies[:2]), together(RUN, tallies[2:])]
        assert together(RUN, tallies) == together(RUN, halves) == tally_of(RUN, some)


scripts = st.lists(st.tuples(st.sampled_from(["one", "other", "people"]), st.integers(1, 50)), max_size=12)


@given(events)
@settings(max_examples=25)
def test_tallies_equal_a_recount_after_anything(happening: list[Event]) -> None:
    async def test(store: Store) -> None:
        run = await planned_run(store)
        for number, event in enumerate(happening):
            await event.happen(store, run)
            if number % 3 == 0:
                await drain(store)
        await drain(store)
        assert (await find_tally(store, run.run)) == await recount(store, run) != Tally()
        assert (await rebuild(store, run)).was_right

    on_a_store(test)


@given(events, events, scripts, st.sampled_from([(), ("one",), ("one", "other")]))
@settings(max_examples=30)
def test_two_talliers_in_any_order_and_killed_anywhere_count_right(
    before: list[Event], during: list[Event], script: list[tuple[str, int]], killed: Names
) -> None:
    async def test(store: Store) -> None:
        run = await planned_run(store)
        for event in before:
            await event.happen(store, run)
        stage = Stage(store)

        async def happen(gated: Store) -> None:
            for event in during:
                await event.happen(gated, run)

        async def look(gated: Store) -> None:
            await tallier(gated).look()
            await tallier(gated).catch_up(run.run)

        stage.play("one", look)
        stage.play("other", look)
        stage.play("people", happen)
        await stage.perform(script, killed=killed)
        await drain(store)
        assert await find_tally(store, run.run) == await recount(store, run)

    on_a_store(test)


REQUESTS = 15  # of a look at one answer, and one more


ENDS: dict[str, tuple[Names, list[tuple[str, int]]]] = {  # who is killed, and who goes on first
    "overtaken": ((), [("one", REQUESTS)]),
    "overtaken once": ((), [("one", 1), ("other", REQUESTS)]),
    "killed": (("one", "other"), []),
}


@pytest.mark.parametrize("end", ENDS)
async def test_an_older_reading_never_replaces_a_newer_one_wherever_it_stalls(embedded: Store, end: str) -> None:
    """Every pair of places at which one tallier stops, people answer, and the other one stops."""
    run = await planned_run(embedded)
    await drain(embedded)
    scores = count()
    killed, last = ENDS[end]

    async def happen(store: Store) -> None:
        await Answer("t:0", {"nps": next(scores) % 11}, 0).happen(store, run)

    async def look(store: Store) -> None:
        await tallier(store).look()

    for one, other in itertools.product(range(REQUESTS), repeat=2):
        await happen(embedded)
        stage = Stage(embedded)
        for name, act in (("one", look), ("other", look), ("people", happen)):
            stage.play(name, act)
        await stage.perform([("one", one), ("people", 9), ("other", other), *last], killed=killed)
        await drain(embedded)
        assert await find_tally(embedded, run.run) == await recount(embedded, run), (one, other)


async def test_a_tally_counts_everybody_by_state(embedded: Store) -> None:
    run = await planned_run(embedded)
    await drain(embedded)
    assert (await find_tally(embedded, run.run)).everybody.states == {"planned": len(PEOPLE)}


async def test_a_wrong_tally_is_found_out_and_put_right(embedded: Store) -> None:
    run = await planned_run(embedded)
    await drain(embedded)
    doc = await embedded.get("runs", run.run, "tally-slice-00000001")
    assert doc is not None
    await embedded.delete("runs", run.run, "tally-group-00000000")
    top = await embedded.get("runs", run.run, "tally")
    assert top is not None
    await embedded.replace("runs", {**top, "cells": doc["cells"]}, etag=str(top["_etag"]))
    found = await rebuild(embedded, run)
    assert (found.was_right, found.is_right) == (False, True)
    assert (await rebuild(embedded, run)).was_right
