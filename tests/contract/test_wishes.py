"""Wishes to be told, on every engine: kept once for each person and run, told by one, and gone afterwards."""

import asyncio
from datetime import UTC, datetime

from broadcast.outbox import Ending, Kinds, Outbox, written
from feedback.results.tallies import Cell
from feedback.runs.runs import Run, RunState
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Survey
from feedback.wishes import (
    BOOK,
    DUE,
    GIVEN_UP,
    TOLD,
    Wish,
    clear_told,
    fall_due,
    find_wish,
    forget_wish,
    keep_wish,
    waiting_wishes,
    wishes_of,
)
from store.contract import Store

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
RUN = Run(
    "pulse-1",
    Survey("pulse", "Sample", (Question("q", Kind.TEXT, "Why?"),)),
    "customers",
    RunState.SENT,
    NOW,
    "t:admin",
)
WHO = "t:engineer"


def outbox(store: Store) -> Outbox[Wish]:
    return Outbox(store, BOOK, Wish, Kinds(DUE, TOLD, GIVEN_UP), delays_s=(60,), now=lambda: NOW)


async def wished(store: Store, words: str = "100", *, who: str = WHO) -> Wish:
    return await keep_wish(store, RUN, who, words, Cell(), at=written(NOW))


async def test_a_wish_is_kept_once_and_the_newest_counts(store: Store) -> None:
    await wished(store, "100")
    await wished(store, "50")
    await wished(store, "70", who="t:other")
    waiting = {(one.author, one.answers) async for one in waiting_wishes(store)}
    assert waiting == {(WHO, 50), ("t:other", 70)}
    assert [doc["answers"] for doc in await wishes_of(store, WHO)] == [50]
    found = await find_wish(store, "pulse-1", WHO)
    assert found is not None
    assert found.answers == 50


async def test_a_wish_that_was_changed_meanwhile_does_not_fall_due(store: Store) -> None:
    before = await wished(store, "50")
    await wished(store, "100")
    await fall_due(store, before, at=written(NOW))
    assert [one.answers async for one in waiting_wishes(store)] == [100]


async def test_what_is_due_is_told_by_one_of_several_and_then_gone(store: Store) -> None:
    wish = await wished(store)
    await fall_due(store, wish, at=written(NOW))
    told: list[str] = []

    async def tell(one: Wish) -> Ending:
        told.append(one.author)
        return Ending.TAKEN

    await asyncio.gather(*(outbox(store).empty(tell) for _ in range(3)))
    assert told == [WHO]
    await clear_told(store)
    assert await wishes_of(store, WHO) == []
    assert await find_wish(store, "pulse-1", WHO) is None


async def test_a_wish_that_is_made_while_the_last_is_told_is_kept(store: Store) -> None:
    await fall_due(store, await wished(store, "50"), at=written(NOW))

    async def tell(_: Wish) -> Ending:
        await wished(store, "100")
        return Ending.TAKEN

    await outbox(store).empty(tell)
    await clear_told(store)
    assert [one.answers async for one in waiting_wishes(store)] == [100]


async def test_a_wish_that_is_taken_back_is_gone(store: Store) -> None:
    await wished(store)
    await forget_wish(store, "pulse-1", WHO)
    await forget_wish(store, "pulse-1", WHO)
    assert await wishes_of(store, WHO) == []
