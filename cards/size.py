"""How large a card may be, and how a card with too much in it becomes one that fits. Knows no particular card."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from cards.elements import Card
from feedback.language import say_number

MAX_CARD_BYTES = 28_000
"""The strictest number Microsoft gives for a card: 28 KB, for cards of message extensions. Messages of bots may be
100 KB in UTF-16 and are recommended to stay under 80 KB: twice this is within both."""

_BODY = msgspec.json.Encoder()
T = TypeVar("T")


def card_size(card: Card) -> int:
    """Return the bytes of a card as it travels: compact JSON in UTF-8."""
    return len(_BODY.encode(card))


def fits(card: Card) -> bool:
    """Say whether a card is small enough to be sent."""
    return card_size(card) <= MAX_CARD_BYTES


def fitted(build: Callable[[T], Card], details: Sequence[T]) -> Card:
    """Return the card with the most detail that fits. `details` goes from most to least; the least always fits."""
    *richer, least = details
    return next((one for one in map(build, richer) if fits(one)), None) or build(least)


def fewer(number: int) -> list[int]:
    """Return how many rows of a list to try: all, then fewer and fewer, down to none."""
    rows = [number]
    while rows[-1]:
        rows.append(rows[-1] * 3 // 4)
    return rows


def left_out(total: int, shown: int) -> Iterable[str]:
    """Return the sentence that says how much is not shown, if anything is not."""
    return () if shown >= total else (say_number("… and {n} more", "… and {n} more", total - shown),)
