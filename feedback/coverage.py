"""Coverage: whom a run has heard and whom it misses, by what is known about people, against everybody it was meant for.

Compares shares among those who answered with shares in the audience, which for a run to a panel is the panel's mix.
Knows no page and no card.
"""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from feedback import figures
from feedback.errors import Refusal
from feedback.figures import Figure
from feedback.people import find_people
from feedback.runs import Delivery, DeliveryState, Run, count_states, deliveries
from store.contract import MAX_BATCH, Store

MOST_PEOPLE = 100_000
MOST_VALUES = 30  # of one attribute; what is rarer is taken together
UNKNOWN = "(not known)"
OTHERS = "(others)"
WITHHELD = "This survey is anonymous. How many have answered is told, and nothing of who they are."


class TooManyToLookAt(Refusal):
    """This run went to more than {most} people, too many to look at one by one."""


class Heard(StrEnum):
    """How the people with one value are heard, beside how many of them there are."""

    MISSED = "missed"  # not one of them answered
    LESS = "less"  # their share of the answers is smaller, by more than chance
    ALIKE = "alike"
    MORE = "more"
    TOO_FEW = "too few"  # answers to say


class Group(msgspec.Struct, frozen=True):
    """The people of a run with one value of an attribute."""

    value: str
    audience: int
    answered: int
    of_audience: float  # share, from 0 to 1
    of_answered: Figure  # share among those who answered

    @property
    def heard(self) -> Heard:
        """How these people are heard: by the 95 % interval of their share, which has to leave the audience's out."""
        if self.of_answered.is_thin or self.of_answered.interval is None:
            return Heard.TOO_FEW
        if self.of_audience > self.of_answered.interval.high:
            return Heard.LESS if self.answered else Heard.MISSED
        return Heard.MORE if self.of_audience < self.of_answered.interval.low else Heard.ALIKE


class Attribute(msgspec.Struct, frozen=True):
    """One thing known about people, and its groups, largest first."""

    name: str
    groups: tuple[Group, ...]

    @property
    def missed(self) -> tuple[Group, ...]:
        """The groups that are not heard as they should be."""
        return tuple(one for one in self.groups if one.heard in {Heard.MISSED, Heard.LESS} and one.value != UNKNOWN)


class Coverage(msgspec.Struct, frozen=True):
    """Whom a run has heard. `people` are its audience."""

    run: Run
    people: int
    answered: int
    attributes: tuple[Attribute, ...]
    withheld: str = ""  # why there are no attributes, as a sentence


async def coverage_of(store: Store, run: Run) -> Coverage:
    """Return whom a run has heard. It looks at everybody in it, a hundred at a time. Raises `TooManyToLookAt`.

    Of an anonymous run it says how many, and nothing of who they are.
    """
    if run.survey.is_anonymous:
        states = await count_states(store, run)
        return Coverage(run, sum(states.values()), states.get(DeliveryState.ANSWERED, 0), (), WITHHELD)
    counts = _Counts()
    group: list[Delivery] = []
    async for one in deliveries(store, run.run):
        group.append(one)
        if len(group) == MAX_BATCH:
            await counts.add(store, group)
            group = []
        if counts.people > MOST_PEOPLE:
            raise TooManyToLookAt(most=f"{MOST_PEOPLE:,}")
    await counts.add(store, group)
    attributes = tuple(counts.attribute(name) for name in sorted(counts.audience))
    return Coverage(run, counts.people, counts.answered, attributes)


class _Counts:
    """What was counted so far: for each attribute, how many people have which value."""

    def __init__(self) -> None:
        self.people = self.answered = 0
        self.audience: dict[str, Counter[str]] = {}
        self._heard: dict[str, Counter[str]] = {}

    async def add(self, store: Store, group: list[Delivery]) -> None:
        people = {one.id: one.attributes for one in await find_people(store, [one.id for one in group])}
        for one in group:
            self._count(people.get(one.id, {}), has_answered=one.state is DeliveryState.ANSWERED)

    def _count(self, attributes: Mapping[str, str], *, has_answered: bool) -> None:
        self.people += 1
        self.answered += has_answered
        for name, value in attributes.items():
            self.audience.setdefault(name, Counter())[value] += 1
            self._heard.setdefault(name, Counter())[value] += has_answered

    def attribute(self, name: str) -> Attribute:
        audience, heard = Counter(self.audience[name]), Counter(self._heard[name])
        common = [value for value, _ in sorted(audience.items(), key=lambda one: (-one[1], one[0]))]
        groups = [self._group(value, audience[value], heard[value]) for value in common[:MOST_VALUES]]
        rare = common[MOST_VALUES:]
        if rare:
            groups.append(self._group(OTHERS, sum(audience[one] for one in rare), sum(heard[one] for one in rare)))
        unknown = self.people - audience.total()
        if unknown:
            groups.append(self._group(UNKNOWN, unknown, self.answered - heard.total()))
        return Attribute(name, tuple(groups))

    def _group(self, value: str, audience: int, answered: int) -> Group:
        return Group(value, audience, answered, audience / self.people, figures.share(answered, self.answered))
