"""Arms: balanced within one, by chance, the same again from the same seed, and nothing to do with who somebody is."""

from collections import Counter
from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.surveys.arms import Draw

ARMS = ["a", "b", "c"]
seeds = st.text("0123456789abcdef", min_size=1, max_size=64)


@given(seeds, st.integers(2, 6), st.integers(0, 80))
def test_arms_are_never_more_than_one_apart(seed: str, number: int, people: int) -> None:
    draw = Draw(seed, [str(arm) for arm in range(number)])
    counts = Counter({str(arm): 0 for arm in range(number)})
    for _ in range(people):
        counts[draw.next()] += 1
        assert max(counts.values()) - min(counts.values()) <= 1


@given(seeds, st.integers(0, 40))
def test_planning_that_begins_again_comes_to_the_same_arms(seed: str, known: int) -> None:
    first, again = Draw(seed, ARMS), Draw(seed, ARMS)
    arms = [first.next() for _ in range(40)]
    assert [again.take(arm) for arm in arms[:known]] + [again.next() for _ in arms[known:]] == arms


def test_another_seed_gives_other_arms() -> None:
    one, other = Draw("one", ARMS), Draw("two", ARMS)
    assert [one.next() for _ in range(30)] != [other.next() for _ in range(30)]


def test_without_arms_there_is_nothing_to_draw() -> None:
    draw = Draw("", [])
    assert [draw.next(), draw.take("")] == ["", ""]


def _chi_square(table: Mapping[tuple[str, str], int]) -> float:
    rows, columns = Counter[str](), Counter[str]()
    for (row, column), n in table.items():
        rows[row] += n
        columns[column] += n
    total = sum(rows.values())
    expected = {(row, column): rows[row] * columns[column] / total for row in rows for column in columns}
    return sum((table.get(cell, 0) - n) ** 2 / n for cell, n in expected.items())


def _segments(order: str) -> list[str]:
    found = [Random(7).choice(["small", "medium", "large"]) for _ in range(3000)]
    return sorted(found) if order == "sorted" else ["small", "medium", "large"] * 1000 if order == "in turn" else found


@pytest.mark.parametrize("order", ["by chance", "sorted", "in turn"])
def test_arms_are_independent_of_segments(order: str) -> None:
    """Even where segments come in the worst order. 18.5 is the 0.1 % point of chi-square with 4 degrees of freedom."""
    draw = Draw("a fixed seed", ARMS)
    table = Counter((segment, draw.next()) for segment in _segments(order))
    assert _chi_square(table) < 18.5
    every_third = Counter((segment, ARMS[place % 3]) for place, segment in enumerate(_segments("in turn")))
    assert _chi_square(every_third) > 18.5, "dealing in turn is found out by this test"


def test_every_order_of_a_block_comes_up_equally_often() -> None:
    """Six orders of three arms in 3,000 blocks; 20.5 is the 0.1 % point with 5 degrees of freedom."""
    draw = Draw("a fixed seed", ARMS)
    orders = Counter(tuple(draw.next() for _ in ARMS) for _ in range(3000))
    assert len(orders) == 6
    assert sum((n - 500) ** 2 / 500 for n in orders.values()) < 20.5
