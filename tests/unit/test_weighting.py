"""Raking: margins are met, whatever the counts; and where no weights can meet them there are none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.people.mixes import Stratum
from feedback.results.weighting import Precision, missing, precision, rake

counts = st.dictionaries(
    st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 1)), st.integers(0, 10_000), max_size=12
)
TARGETS = ((40.0, 35.0, 25.0), (70.0, 30.0), (50.0, 50.0))


@given(counts)
@settings(max_examples=300)
def test_weighted_margins_are_the_targets_and_weights_are_one_on_average(found: dict[Stratum, int]) -> None:
    weights = rake(found, TARGETS)
    if weights is None:
        return
    n = sum(found.values())
    assert sum(weights[one] * found[one] for one in weights) == pytest.approx(n)
    assert set(weights) == {one for one, count in found.items() if count}
    assert min(weights.values()) > 0
    for place, shares in enumerate(TARGETS):
        for value, share in enumerate(shares):
            whole = sum(weights[one] * found[one] for one in weights if one[place] == value)
            assert whole == pytest.approx(n * share / 100, rel=1e-8)


full = st.fixed_dictionaries({(a, b): st.integers(1, 500) for a in range(3) for b in range(2)})


@given(full)
def test_a_full_table_can_always_be_weighted(found: dict[Stratum, int]) -> None:
    assert rake(found, TARGETS[:2]) is not None


def test_one_attribute_alone_is_weighted_as_by_poststratification() -> None:
    weights = rake({(0,): 10, (1,): 90}, [(50.0, 50.0)])
    assert weights is not None
    assert dict(weights) == pytest.approx({(0,): 5.0, (1,): 5 / 9})


def test_what_has_its_mix_already_keeps_its_weights() -> None:
    assert rake({(0, 0): 30, (0, 1): 30, (1, 0): 20, (1, 1): 20}, [(60, 40), (50, 50)]) == {
        (0, 0): 1.0,
        (0, 1): 1.0,
        (1, 0): 1.0,
        (1, 1): 1.0,
    }


@pytest.mark.parametrize(
    ("found", "gone"),
    [
        ({(0, 0): 5, (1, 0): 5}, [(1, 1)]),
        ({(0, 0): 5, (1, 1): 0}, [(0, 1), (1, 1)]),
        ({}, [(0, 0), (0, 1), (1, 0), (1, 1)]),
    ],
)
def test_where_nobody_has_a_value_there_are_no_weights(found: dict[Stratum, int], gone: list[tuple[int, int]]) -> None:
    targets = [(50, 50), (50, 50)]
    assert missing(found, targets) == gone
    assert rake(found, targets) is None


def test_a_table_that_contradicts_its_targets_has_no_weights() -> None:
    assert rake({(0, 0): 10, (1, 1): 10}, [(70, 30), (30, 70)]) is None


def test_precision_is_kishs() -> None:
    assert precision([(1.0, 50), (3.0, 10)]) == Precision(60, 80 * 80 / 140)
    worth = precision([(2.5, 7), (2.5, 13)])
    assert worth is not None
    assert (worth.n_effective, worth.design_effect) == pytest.approx((20, 1))
    assert precision([]) is precision([(1.0, 0)]) is None


@given(full)
def test_weighting_never_makes_more_of_answers_than_there_are(found: dict[Stratum, int]) -> None:
    weights = rake(found, TARGETS[:2])
    assert weights is not None
    worth = precision([(weights[one], n) for one, n in found.items()])
    assert worth is not None
    assert worth.n_effective <= worth.n * (1 + 1e-12)
