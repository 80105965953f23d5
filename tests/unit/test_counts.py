"""Counts stay small and sums exact, however many different values there are."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.results.counts import (
    DAYS,
    HOURS,
    MAX_VALUES,
    NUMBERS,
    Counts,
    counted,
    counts_together,
    middle_of,
    number_value,
    summed,
    sums_together,
)
from feedback.results.figures import median

entered = st.one_of(st.integers(-(10**12), 10**12), st.floats(-1e12, 1e12))


@given(entered)
def test_a_cut_number_is_near_what_it_was(number: float) -> None:
    value = number_value(number)
    assert middle_of(value, 0) == number
    assert middle_of(NUMBERS[0](value), 1) == pytest.approx(number, rel=0.005001, abs=1e-300)


@given(entered)
def test_cutting_in_steps_is_cutting_at_once(number: float) -> None:
    value = number_value(number)
    for step in (1, 2):
        assert NUMBERS[step](NUMBERS[step - 1](value)) == NUMBERS[step](value)


def test_two_and_two_point_nought_are_one_value() -> None:
    assert number_value(2) == number_value(2.0) == "2"
    assert number_value(0) == number_value(-0.0) == "0"


@given(st.lists(entered), st.lists(entered))
def test_sums_are_exact_whatever_they_are_made_of(some: list[float], others: list[float]) -> None:
    total, squares = sums_together([summed(some), summed(others)]).exact
    as_entered = [Fraction(str(one)) for one in (*some, *others)]
    assert (total, squares) == (sum(as_entered), sum(one * one for one in as_entered))


def test_many_different_numbers_are_counted_coarsely_and_nobody_is_lost() -> None:
    numbers = [one * 1.01 for one in range(1, 5001)]
    parts = [counted(map(number_value, numbers[start : start + 100]), NUMBERS) for start in range(0, 5000, 100)]
    found = counts_together(parts, NUMBERS)
    assert found.grain > 0
    assert len(found.by_value) <= MAX_VALUES
    assert sum(found.by_value.values()) == 5000
    middle = median(sorted((middle_of(value, found.grain), n) for value, n in found.by_value.items()))
    assert middle is not None
    assert middle.value == pytest.approx(2500.5 * 1.01, rel=0.05 if found.grain > 1 else 0.005)


def test_many_days_become_months_and_many_hours_days() -> None:
    days = [
        f"{year}-{month:02}-{day:02}" for year in range(2020, 2026) for month in range(1, 13) for day in range(1, 29)
    ]
    assert counted(days, DAYS).by_value["2020-02"] == 28
    hours = [f"2026-{month:02}-{day:02}T{hour:02}" for month in (1, 2) for day in range(1, 29) for hour in range(24)]
    assert counted(hours, HOURS).by_value["2026-02-01"] == 24
    assert counted(hours[:MAX_VALUES], HOURS) == Counts(dict.fromkeys(hours[:MAX_VALUES], 1))
