"""The end of a demo in numbers: what the bot has kept beside what the simulated Teams saw, person by person."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from simulator.crowd import Seen

GOT_IT = frozenset({"sent", "answered"})
DOUBT = "unconfirmed"


class Line(msgspec.Struct, frozen=True):
    """One figure from both sides. `differ` counts the people about whom the sides do not agree."""

    what: str
    kept: int
    seen: int
    differ: int


class Summary(msgspec.Struct, frozen=True):
    """All figures. `in_doubt_with_card` are those `unconfirmed` who do have it: only Teams can know."""

    lines: tuple[Line, ...]
    in_doubt: int
    in_doubt_with_card: int
    twice: int
    faults: Mapping[str, int]
    requests: Mapping[str, int]
    refused: Mapping[str, int]

    @property
    def agrees(self) -> bool:
        """Whether both sides say the same of everybody, and nobody got two cards."""
        return not self.twice and not any(line.differ for line in self.lines)

    def __str__(self) -> str:
        rows = [f"  {'':44}{'the store':>12}{'Teams':>12}"]
        rows += [f"  {one.what:44}{one.kept:>12,}{one.seen:>12,}{_differing(one)}" for one in self.lines]
        rows += [
            f"  {'In doubt (unconfirmed); of them, have it':44}{self.in_doubt:>12,}{self.in_doubt_with_card:>12,}",
            f"  {'Got it twice':44}{'':>12}{self.twice:>12,}",
            "",
            f"  Requests to Teams: {_listed(self.requests)}. Made to fail: {_listed(self.faults)}.",
        ]
        rows += [f"  What people tried and the bot did not take: {_listed(self.refused)}."] if self.refused else []
        verdict = "Both sides agree about everybody." if self.agrees else "THE SIDES DO NOT AGREE: see above."
        return "\n".join([*rows, f"  {verdict}"])


def compare(
    people: set[str], seen: Seen, *, states: Mapping[str, str], opted_out: set[str], wrote: set[str]
) -> Summary:
    """Put the figures side by side. What is in doubt is left out of who has it and who has not."""
    doubtful = {one for one, state in states.items() if state == DOUBT}
    has_it = {one for one in seen.cards if one not in doubtful}
    got = {one for one, state in states.items() if state in GOT_IT}
    answered = {one for one, state in states.items() if state == "answered"}
    lines = (
        _line("Everybody in the run", set(states), people),
        _line("Got the survey for certain", got, has_it),
        _line("Did not get it: failed, left out, not sent", set(states) - got - doubtful, people - has_it - doubtful),
        _line("Answered", answered, seen.answered),
        _line("Said stop", opted_out & people, seen.stopped),
        _line("Typed feedback", wrote & people, seen.spoke),
    )
    return Summary(
        lines=lines,
        in_doubt=len(doubtful),
        in_doubt_with_card=sum(one in doubtful for one in seen.cards),
        twice=sum(count > 1 for count in seen.cards.values()),
        faults=seen.faults,
        requests=seen.requests,
        refused=seen.refused,
    )


def _line(what: str, kept: set[str], seen: set[str]) -> Line:
    return Line(what, len(kept), len(seen), len(kept ^ seen))


def _differing(line: Line) -> str:
    return f"   differ about {line.differ:,}" if line.differ else ""


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in Counter(counts).most_common()) or "none"
