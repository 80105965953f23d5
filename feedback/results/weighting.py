"""Weighting: how much each answer counts so that those who answered have the mix they should have. Pure functions.

The weights come from raking (iterative proportional fitting): W. E. Deming and F. F. Stephan, "On a Least Squares
Adjustment of a Sampled Frequency Table When the Expected Marginal Totals are Known", Annals of Mathematical
Statistics 11 (1940), 427-444. What they cost in precision is Kish's design effect: L. Kish, Survey Sampling (Wiley,
1965), section 11.7. It knows counts alone, so that a million answers weigh no more than a hundred.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from feedback.people.mixes import Stratum

CLOSE_ENOUGH = 1e-13  # how far a margin may be from its target, as a share of it
GOOD_ENOUGH = 1e-9  # where rounding lets it come no closer
MOST_ROUNDS = 1000


class Precision(msgspec.Struct, frozen=True):
    """What weighted answers are worth: as much as `n_effective` answers that count the same."""

    n: int
    n_effective: float

    @property
    def design_effect(self) -> float:
        """How many weighted answers say as much as one that is not weighted."""
        return self.n / self.n_effective


def precision(weighted: Sequence[tuple[float, int]]) -> Precision | None:
    """Return what answers are worth, from weights with how many answers have them; None where there are none."""
    whole = sum(weight * n for weight, n in weighted)
    if not whole:
        return None
    squares = sum(weight * weight * n for weight, n in weighted)
    return Precision(sum(n for _, n in weighted), whole * whole / squares)


def missing(counts: Mapping[Stratum, int], targets: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Return the attributes and values, by their places, that nobody has."""
    return [
        (place, value)
        for place, shares in enumerate(targets)
        for value in range(len(shares))
        if not any(n for stratum, n in counts.items() if stratum[place] == value)
    ]


def rake(counts: Mapping[Stratum, int], targets: Sequence[Sequence[float]]) -> Mapping[Stratum, float] | None:
    """Return the weight of each answer, by stratum, so that the margins have their target shares; 1 on average.

    None where no weights can do that: a value that nobody has, or a table that contradicts its targets.
    """
    present = tuple(sorted((stratum, n) for stratum, n in counts.items() if n))
    return _raked(present, tuple(tuple(shares) for shares in targets))


@lru_cache(maxsize=256)
def _raked(
    present: tuple[tuple[Stratum, int], ...], targets: tuple[tuple[float, ...], ...]
) -> Mapping[Stratum, float] | None:
    if not present or missing(dict(present), targets):
        return None
    whole = sum(n for _, n in present)
    wanted = [[share * whole / sum(shares) for share in shares] for shares in targets]
    weights = [1.0] * len(present)
    off = 1.0
    for _ in range(MOST_ROUNDS):
        off = _round(present, wanted, weights)
        if off <= CLOSE_ENOUGH:
            break
    return (
        {stratum: weight for (stratum, _), weight in zip(present, weights, strict=True)} if off <= GOOD_ENOUGH else None
    )


def _round(present: Sequence[tuple[Stratum, int]], wanted: Sequence[Sequence[float]], weights: list[float]) -> float:
    """Bring one margin after the other to its target, and return how far the farthest was from it before."""
    off = 0.0
    for place, shares in enumerate(wanted):
        found = [0.0] * len(shares)
        for (stratum, n), weight in zip(present, weights, strict=True):
            found[stratum[place]] += weight * n
        factors = [want / have for want, have in zip(shares, found, strict=True)]
        off = max(off, *(abs(1 - factor) for factor in factors))
        for number, (stratum, _) in enumerate(present):
            weights[number] *= factors[stratum[place]]
    return off
