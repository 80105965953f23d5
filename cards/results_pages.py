"""Which questions stand on one card of results, where all of them do not fit on it. Knows nothing of what is drawn."""

from collections.abc import Mapping, Sequence

import msgspec

from cards.elements import Element, execute, hint

ROOM = 23_000  # bytes of a card for questions; the rest is for what stands above and below them


class Part(msgspec.Struct, frozen=True):
    """Some questions that stand on one card, and how many there are before and after them."""

    start: int
    end: int
    total: int
    before: int | None  # where the questions before them start; None where there are none

    @property
    def is_all(self) -> bool:
        """Whether there is no other."""
        return self.start == 0 and self.end == self.total


def part_of(sizes: Sequence[int], first: int) -> Part:
    """Return the questions among which one is, by the bytes each takes; those that come in order, as many as fit.

    Any number will do for the first: it comes from a card, and what is not there is the nearest that is.
    """
    starts, room = [0], ROOM
    for place, size in enumerate(sizes):
        if size > room and place > starts[-1]:
            starts.append(place)
            room = ROOM
        room -= size
    wanted = min(max(first, 0), max(len(sizes) - 1, 0))
    at = max(place for place, start in enumerate(starts) if start <= wanted)
    end = starts[at + 1] if at + 1 < len(starts) else len(sizes)
    return Part(starts[at], end, len(sizes), starts[at - 1] if at else None)


def where(part: Part) -> list[Element]:
    """Return which of the questions these are, where they are not all."""
    if part.is_all:
        return []
    which = f"Question {part.end}" if part.end - part.start == 1 else f"Questions {part.start + 1} to {part.end}"
    return [hint(f"{which} of {part.total}")]


def steps(part: Part, act: str, data: Mapping[str, object]) -> list[Element]:
    """Return the buttons to the questions before and after these."""
    back = [] if part.before is None else [execute("Questions before", act, {**data, "first": part.before})]
    on = [] if part.end == part.total else [execute("More questions", act, {**data, "first": part.end})]
    return [*back, *on]
