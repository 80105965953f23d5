"""Suppression: whatever is shown of an anonymous run, and however it is put together, no group is too small."""

from collections.abc import Sequence
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from feedback.results.suppression import Group, is_shown, joined

parts = st.lists(st.integers(0, 12), min_size=1, max_size=6)
thresholds = st.integers(3, 8)


def _sizes(counts: Sequence[int]) -> list[tuple[str, int]]:
    return [(f"p{place}", n) for place, n in enumerate(counts)]


def _learned(groups: Sequence[Group], everybody: int, threshold: int) -> list[int]:
    """Return the sizes of all groups that an attacker can isolate by adding and subtracting what is shown."""
    shown = [one.n for one in groups]
    sums = [sum(some) for number in range(1, len(shown) + 1) for some in combinations(shown, number)]
    rest = [everybody - one for one in sums] if is_shown(everybody, threshold) else []
    return [one for one in [*sums, *rest] if one]


@given(parts, thresholds)
def test_no_sum_or_difference_of_what_is_shown_is_of_too_few(counts: list[int], threshold: int) -> None:
    groups = joined(_sizes(counts), threshold)
    assert all(one >= threshold for one in _learned(groups, sum(counts), threshold))


@given(parts, thresholds)
def test_everybody_is_in_exactly_one_group_or_nothing_is_shown(counts: list[int], threshold: int) -> None:
    groups = joined(_sizes(counts), threshold)
    assert bool(groups) == (sum(counts) >= threshold)
    if groups:
        assert [part for one in groups for part in one.parts] == [part for part, _ in _sizes(counts)]
        assert sum(one.n for one in groups) == sum(counts)


@given(parts, thresholds)
def test_who_joins_whom_follows_from_places_not_from_which_is_smallest(counts: list[int], threshold: int) -> None:
    """Groups are stretches of neighbours, and each ends at the first place where it is enough."""
    for one in joined(_sizes(counts), threshold)[:-1]:
        sizes = dict(_sizes(counts))
        assert sum(sizes[part] for part in one.parts[:-1]) < threshold <= one.n


def test_the_attacker_does_find_a_group_that_is_only_left_out() -> None:
    """Were a small group left out alone, everybody minus the others would be that group."""
    only_left_out = [one for one in (Group(("a",), 9), Group(("b",), 2)) if is_shown(one.n, 5)]
    assert 2 in _learned(only_left_out, 11, 5)
    assert joined([("a", 9), ("b", 2)], 5) == (Group(("a", "b"), 11),)


def test_known_divisions() -> None:
    assert joined([("a", 5), ("b", 6)], 5) == (Group(("a",), 5), Group(("b",), 6))
    assert joined([("a", 3), ("b", 9), ("c", 8)], 5) == (Group(("a", "b"), 12), Group(("c",), 8))
    assert joined([("a", 0), ("b", 4)], 5) == ()
    assert joined([], 5) == ()
