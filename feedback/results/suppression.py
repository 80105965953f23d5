"""Suppression: of an anonymous run nothing is shown about fewer people than its threshold, whatever is asked.

It works on sizes alone and knows no answers, and it lies beneath every card, page and file.

The groups of a division, such as the arms, stand in a fixed order. From first to last, each that is too small is joined
with the next, until they are enough together; what is left at the end joins those before. Every answer is in exactly
one group that is shown, so whoever subtracts some of them from others, or from everybody, gets a union of groups again:
never fewer people than the threshold. The partner is chosen by its place and not by its size, because “the next
smallest joins” can be worked backwards: who was joined would say how large the others are. This is global recoding
by adjacent categories: Hundepool et al., Statistical Disclosure Control (Wiley, 2012), on tables.
"""

from collections.abc import Sequence

import msgspec


class Group(msgspec.Struct, frozen=True):
    """Some parts of a division that are shown together, and how many people they are."""

    parts: tuple[str, ...]
    n: int


def is_shown(n: int, threshold: int) -> bool:
    """Say whether something about so many people may be shown; nobody counts as too few too."""
    return n >= threshold


def joined(sizes: Sequence[tuple[str, int]], threshold: int) -> tuple[Group, ...]:
    """Return the groups in which the parts of a division may be shown; none where all together are too few.

    `sizes` are the parts in their fixed order, with their people. Parts do not overlap.
    """
    groups: list[Group] = []
    parts: tuple[str, ...] = ()
    n = 0
    for part, size in sizes:
        parts, n = (*parts, part), n + size
        if is_shown(n, threshold):
            groups.append(Group(parts, n))
            parts, n = (), 0
    if parts and groups:
        last = groups.pop()
        groups.append(Group((*last.parts, *parts), last.n + n))
    return tuple(groups)
