"""Several instances, one budget: in no second do they make more calls together than one alone might."""

import asyncio
import itertools
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.virtual_time import run_virtually
from broadcast.budget_share import BEAT_S, BOOK, LEASE_S, BudgetShare
from store.contract import Doc, Store
from tests.conftest import Clock
from tests.unit.budget_book import PER_SECOND, Book, Instance, calls_of
from tests.unit.crowd import now, virtual
from tests.unit.test_limiter_windows import most_in

RETURNED_S = 15.0  # a share that nobody uses any more is back after so long
JOINED_S = 5.0


@virtual
async def test_one_alone_has_the_whole_budget_at_once() -> None:
    alone = Instance(Book(), "a")
    await asyncio.wait_for(alone.share.joined(), 0.1)
    assert alone.share.units() == PER_SECOND
    await asyncio.sleep(20)
    assert len(alone.crowd.times) >= 0.98 * PER_SECOND * 19
    await alone.die()


@virtual
async def test_three_share_the_budget_and_use_all_of_it() -> None:
    book = Book()
    instances = [Instance(book, name) for name in "abc"]
    await asyncio.sleep(10)
    start = now()
    await asyncio.sleep(20)
    assert sorted(one.share.units() for one in instances) == [16, 17, 17]
    calls = calls_of(instances, start)
    assert most_in(1, calls) <= PER_SECOND
    assert len(calls) >= 0.98 * PER_SECOND * 20
    for one in instances:
        await one.die()


@virtual
async def test_a_newcomer_starts_only_when_the_others_have_made_room() -> None:
    book = Book(slow_s=0.1)
    instances = [Instance(book, "b")]
    for name in "cad":
        await asyncio.sleep(15)
        came = now()
        instances.append(Instance(book, name))
        assert instances[-1].share.units() == 0
        await instances[-1].share.joined()
        assert 1 < now() - came < JOINED_S
    await asyncio.sleep(15)
    assert most_in(1, calls_of(instances)) <= PER_SECOND
    assert sum(one.share.units() for one in instances) == PER_SECOND
    for one in instances:
        await one.die()


@virtual
async def test_what_is_no_longer_used_can_be_claimed_only_when_it_no_longer_counts() -> None:
    book = Book()
    first, second = (BudgetShare(book, name, per_second=50, clock=now, sleep=asyncio.sleep) for name in "ab")
    seen = []
    for share in (first, second, first, second, first, second):
        await share.beat()
        seen.append((first.units(), second.units(), sum(one.claim for one in book.members())))
        await asyncio.sleep(0.9 if share is second else 0)
    assert seen == [(50, 0, 50), (50, 0, 50), (25, 0, 50), (25, 0, 50), (25, 0, 50), (25, 0, 50)]
    await asyncio.sleep(0.3)
    for share in (first, second):
        await share.beat()
    assert (first.units(), second.units()) == (25, 25)


@virtual
async def test_a_write_that_takes_long_counts_from_its_beginning() -> None:
    class Slow(Book):
        async def _write(self, container: str, doc: Doc, etag: str | None) -> Doc:
            await asyncio.sleep(6)
            return await super()._write(container, doc, etag)

    share = BudgetShare(Slow(), "a", per_second=50, clock=now, sleep=asyncio.sleep)
    await share.beat()
    assert (now(), share.units()) == (6, 50)
    await asyncio.sleep(3)
    assert share.units() == 0


@virtual
async def test_the_share_of_one_that_died_returns_within_the_lease_time() -> None:
    book = Book()
    instances = [Instance(book, name) for name in "ab"]
    await asyncio.sleep(20)
    await instances[0].die()
    assert instances[1].share.units() == PER_SECOND // 2
    await asyncio.sleep(RETURNED_S)
    assert instances[1].share.units() == PER_SECOND
    assert most_in(1, calls_of(instances)) <= PER_SECOND
    await instances[1].die()


@virtual
async def test_one_that_is_cut_off_stops_before_the_others_take_its_share_and_comes_back() -> None:
    book = Book()
    instances = [Instance(book, name) for name in "ab"]
    await asyncio.sleep(20)
    instances[0].way.is_cut = True
    await asyncio.sleep(LEASE_S - BEAT_S)
    assert [one.share.units() for one in instances] == [0, 25]
    await asyncio.sleep(RETURNED_S - LEASE_S + BEAT_S)
    assert [one.share.units() for one in instances] == [0, 50]
    instances[0].way.is_cut = False
    await asyncio.sleep(JOINED_S)
    assert [one.share.units() for one in instances] == [25, 25]
    assert most_in(1, calls_of(instances)) <= PER_SECOND
    for one in instances:
        await one.die()


@virtual
async def test_one_that_was_away_for_long_does_not_take_those_who_came_meanwhile_for_dead() -> None:
    book = Book()
    first, second, third = (
        BudgetShare(book, name, per_second=50, clock=now, sleep=asyncio.sleep) for name in ("a", "b", "c")
    )
    for share in (first, second, first):
        await share.beat()
    await asyncio.sleep(100)
    book.doc = None  # it has expired
    for share in (third, second, first):
        await share.beat()
    assert [one.id for one in book.members()] == ["c", "b", "a"]


@virtual
async def test_one_that_leaves_hands_its_share_over_in_seconds() -> None:
    book = Book()
    instances = [Instance(book, name) for name in "ab"]
    await asyncio.sleep(20)
    left = now()
    await instances[0].leave()
    assert now() - left > 1  # what it let through before no longer counts
    assert [one.id for one in book.members()] == ["b"]
    await asyncio.sleep(2 * BEAT_S)
    assert instances[1].share.units() == PER_SECOND
    assert most_in(1, calls_of(instances)) <= PER_SECOND
    await instances[1].die()


@virtual
async def test_one_that_starts_again_under_its_name_need_not_wait_for_its_old_lease() -> None:
    book = Book()
    before = Instance(book, "a")
    await asyncio.sleep(20)
    await before.die()
    await asyncio.sleep(1)
    again = Instance(book, "a")
    await asyncio.wait_for(again.share.joined(), 0.1)
    assert again.share.units() == PER_SECOND
    await again.die()


@virtual
async def test_one_with_another_name_waits_for_the_lease_of_the_dead() -> None:
    book = Book()
    before = Instance(book, "a")
    await asyncio.sleep(20)
    await before.die()
    other = Instance(book, "b")
    came = now()
    await other.share.joined()
    assert LEASE_S < now() - came <= RETURNED_S
    await other.die()


@virtual
async def test_with_more_instances_than_requests_a_second_the_sum_still_holds() -> None:
    book = Book()
    shares = [
        BudgetShare(book, f"{number:03}", per_second=PER_SECOND, clock=now, sleep=asyncio.sleep) for number in range(60)
    ]
    for _ in range(8):
        for share in shares:
            await share.beat()
        await asyncio.sleep(2)
    assert sum(share.units() for share in shares) == PER_SECOND
    assert max(share.units() for share in shares) == 1


@virtual
async def test_nothing_is_written_for_requests() -> None:
    book = Book()
    alone = Instance(book, "a")
    await asyncio.sleep(100)
    assert len(alone.crowd.times) > 4900
    assert book.writes == pytest.approx(100 / BEAT_S, abs=2)
    await alone.die()


@virtual
async def test_all_who_write_at_the_same_moment_get_their_share() -> None:
    book = Book()
    shares = [BudgetShare(book, name, per_second=PER_SECOND, clock=now, sleep=asyncio.sleep) for name in "abcd"]
    for _ in range(6):
        await asyncio.gather(*(share.beat() for share in shares))
        await asyncio.sleep(1.2)
    assert sorted(share.units() for share in shares) == [12, 12, 13, 13]


@settings(max_examples=50)
@given(
    seed=st.integers(0, 9999),
    slow_s=st.sampled_from([0, 0.05, 0.4]),
    lost=st.sampled_from([0, 0.1, 0.5]),
    gaps=st.lists(st.floats(0, 15), min_size=3, max_size=10),
)
@example(seed=1, slow_s=0.05, lost=0, gaps=[0.0, 0.0, 1.0, 0.0, 10.0, 0.0])  # one comes back after its first write
def test_whoever_comes_and_goes_the_sum_never_passes_the_budget(
    seed: int, slow_s: float, lost: float, gaps: list[float]
) -> None:
    chance = random.Random(seed)

    async def main() -> None:
        book = Book(seed=seed, slow_s=slow_s, lost=lost)
        names = (f"{chance.random()}" for _ in itertools.count())
        everybody = alive = [Instance(book, next(names))]
        for gap in gaps:
            await asyncio.sleep(gap)
            someone = chance.choice(alive)
            match chance.choice(["come", "come", "die", "cut"]):
                case "come":
                    everybody = [*everybody, newcomer := Instance(book, next(names))]
                    alive = [*alive, newcomer]
                case "die" if len(alive) > 1:
                    await someone.die()
                    alive = [one for one in alive if one is not someone]
                case _:
                    someone.way.is_cut = not someone.way.is_cut
        await asyncio.sleep(30)
        assert most_in(1, calls_of(everybody)) <= PER_SECOND
        for one in alive:
            await one.die()

    run_virtually(main())


async def test_the_embedded_store_keeps_the_shares(embedded: Store, clock: Clock) -> None:
    shares = [BudgetShare(embedded, name, per_second=PER_SECOND, clock=clock.time, sleep=clock.sleep) for name in "ab"]
    for _ in range(4):
        for share in shares:
            await share.beat()
        clock.pass_s(BEAT_S)
    assert [share.units() for share in shares] == [25, 25]
    await shares[0].leave()
    await shares[1].beat()
    assert [share.units() for share in shares] == [0, 50]
    clock.pass_s(61)
    assert await embedded.get("state", BOOK, BOOK) is None
    assert shares[1].units() == 0
    await shares[1].beat()
    assert shares[1].units() == 50
