"""Counts by value, which stay small however many values there are, and exact sums. Knows nothing of runs or the store.

Counts are exact for up to 1,000 different values. Beyond that values are made coarser step by step: numbers to fewer
digits, days to months, hours to days. Every step cuts and never rounds, so that what comes out depends on the values
alone, not on the order or the grouping in which they were counted.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_DOWN, Context, Decimal, Inexact
from fractions import Fraction
from functools import lru_cache

import msgspec

MAX_VALUES = 1000  # different values that are kept apart
_REMEMBERED = 4096  # numbers that were cut: the segments of a run have mostly the same
_PLAIN = 30  # digits that are written out
_EXACT = Context(prec=2000, traps=[Inexact])  # the square of the smallest float has 1,500 digits

Grains = Sequence[Callable[[str], str]]  # each makes a value coarser than the one before, from any finer one


class Counts(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often each value was given. `grain` says how many times the values were made coarser."""

    by_value: Mapping[str, int] = {}
    grain: int = 0


class Sums(msgspec.Struct, frozen=True, omit_defaults=True):
    """The exact sum of numbers and of their squares, as decimal text, which no store rounds."""

    total: str = "0"
    squares: str = "0"

    @property
    def exact(self) -> tuple[Fraction, Fraction]:
        """The sum and the sum of squares."""
        return Fraction(self.total), Fraction(self.squares)

    @property
    def decimals(self) -> tuple[Decimal, Decimal]:
        """The same, as exact, for whoever reads thousands of them."""
        return Decimal(self.total), Decimal(self.squares)


def counted(values: Iterable[str], grains: Grains = (), *, most: int = MAX_VALUES) -> Counts:
    """Return how often each value was given; with no more different values than `most`, as far as grains go."""
    by_value: dict[str, int] = {}
    for value in values:
        by_value[value] = by_value.get(value, 0) + 1
    return _coarse_enough(by_value, 0, grains, most)


def counts_together(counts: Sequence[Counts], grains: Grains = (), *, most: int = MAX_VALUES) -> Counts:
    """Return the counts of everything that was counted apart, with the same `most`."""
    grain = max((one.grain for one in counts), default=0)
    by_value: dict[str, int] = {}
    for one in counts:
        for value, count in as_coarse(one, grain, grains).by_value.items():
            by_value[value] = by_value.get(value, 0) + count
    return _coarse_enough(by_value, grain, grains, most)


def as_coarse(counts: Counts, grain: int, grains: Grains) -> Counts:
    """Return the counts as they are with values made coarser so many times; `grain` is no less than they have."""
    return counts if counts.grain == grain else _coarser(counts, grain, grains)


def summed(numbers: Iterable[int | float]) -> Sums:
    """Return the sums of numbers, each taken as the decimal that was entered."""
    return _sums([(one, _EXACT.multiply(one, one)) for one in map(_decimal, numbers)])


def sums_together(sums: Sequence[Sums]) -> Sums:
    """Return the sums of everything that was summed apart."""
    return _sums([(Decimal(one.total), Decimal(one.squares)) for one in sums if one != Sums()])


def number_value(number: float) -> str:
    """Return a number as the value that it is counted under: 2 and 2.0 are one."""
    return str(number) if isinstance(number, int) else _written(_decimal(number))


def middle_of(value: str, grain: int) -> float:
    """Return the number that a counted value stands for: itself, or the middle of what was cut to it."""
    number = Decimal(value)
    if not grain or not number:
        return float(number)
    digits = _DIGITS[grain - 1]
    half = Decimal((0, (5,), number.adjusted() - digits))
    return float(number + half.copy_sign(number))


def cut_number(digits: int) -> Callable[[str], str]:
    """Return what leaves a number so many significant digits."""
    context = Context(prec=digits, rounding=ROUND_DOWN, Emax=999_999, Emin=-999_999)
    return lru_cache(_REMEMBERED)(lambda value: _written(context.create_decimal(value)))


def cut_text(length: int) -> Callable[[str], str]:
    """Return what leaves a text so many characters."""
    return lambda value: value[:length]


_DIGITS = (3, 2, 1)
NUMBERS: Grains = tuple(cut_number(digits) for digits in _DIGITS)
DAYS: Grains = (cut_text(len("2026-03")), cut_text(len("2026")))
HOURS: Grains = (cut_text(len("2026-03-01")), cut_text(len("2026-03")))


def _coarse_enough(by_value: dict[str, int], grain: int, grains: Grains, most: int) -> Counts:
    counts = Counts(by_value, grain)
    while len(counts.by_value) > most and counts.grain < len(grains):
        counts = _coarser(counts, counts.grain + 1, grains)
    return counts


def _coarser(counts: Counts, grain: int, grains: Grains) -> Counts:
    cut = grains[grain - 1]
    by_value: dict[str, int] = {}
    for value, count in counts.by_value.items():
        coarse = cut(value)
        by_value[coarse] = by_value.get(coarse, 0) + count
    return Counts(by_value, grain)


def _sums(pairs: Sequence[tuple[Decimal, Decimal]]) -> Sums:
    total = squares = Decimal()
    for number, square in pairs:
        total, squares = _EXACT.add(total, number), _EXACT.add(squares, square)
    return Sums(_written(total), _written(squares))


def _decimal(number: float) -> Decimal:
    return Decimal(number) if isinstance(number, int) else Decimal(repr(number))


def _written(number: Decimal) -> str:
    if not number:
        return "0"  # without a sign
    short = _EXACT.normalize(number)
    return f"{short:f}" if 0 <= short.adjusted() < _PLAIN else str(short)
