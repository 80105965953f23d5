"""Coverage: whom a run has heard and whom it misses, by what is known about people, against everybody it was meant for.

Compares shares among those who answered with those they should have: of the run's target mix, where it has one and the
attribute is in it, else of the audience. Knows no page and no card.
"""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from feedback.errors import Refusal
from feedback.people.audience_words import value_form
from feedback.people.people import find_people
from feedback.results import figures
from feedback.results.figures import Figure
from feedback.runs.progress import count_states
from feedback.runs.runs import Delivery, DeliveryState, Run, deliveries
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
    target: float | None = None  # share in the target mix, from 0 to 1

    @property
    def due(self) -> float:
        """The share that these people should have of the answers."""
        return self.of_audience if self.target is None else self.target

    @property
    def heard(self) -> Heard:
        """How these people are heard: by the 95 % interval of their share, which has to leave out what they are due."""
        if self.of_answered.is_thin or self.of_answered.interval is None:
            return Heard.TOO_FEW
        if self.due > self.of_answered.interval.high:
            return Heard.LESS if self.answered else Heard.MISSED
        return Heard.MORE if self.due < self.of_answered.interval.low else Heard.ALIKE


class Attribute(msgspec.Struct, frozen=True):
    """One thing known about people, and its groups: largest first, or in the order of the target mix.

    With a target, shares are of those who have one of its values; the groups of all others come last, without any.
    """

    name: str
    groups: tuple[Group, ...]
    has_target: bool = False

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
    targets = {one.attribute: dict(one.shares) for one in run.mix.margins} if run.mix else {}
    counts = _Counts(targets)
    group: list[Delivery] = []
    async for one in deliveries(store, run.run):
        group.append(one)
        if len(group) == MAX_BATCH:
            await counts.add(store, group)
            group = []
        if counts.people > MOST_PEOPLE:
            raise TooManyToLookAt(most=f"{MOST_PEOPLE:,}")
    await counts.add(store, group)
    attributes = tuple(counts.attribute(name) for name in [*sorted(targets), *sorted({*counts.audience} - {*targets})])
    return Coverage(run, counts.people, counts.answered, attributes)


class _Counts:
    """What was counted so far: for each attribute, how many people have which value."""

    def __init__(self, targets: Mapping[str, Mapping[str, float]]) -> None:
        self.people = self.answered = 0
        self.audience: dict[str, Counter[str]] = {name: Counter() for name in targets}
        self._heard: dict[str, Counter[str]] = {name: Counter() for name in targets}
        self._targets = targets

    async def add(self, store: Store, group: list[Delivery]) -> None:
        people = {one.id: one.attributes for one in await find_people(store, [one.id for one in group])}
        for one in group:
            self._count(people.get(one.id, {}), has_answered=one.state is DeliveryState.ANSWERED)

    def _count(self, attributes: Mapping[str, str], *, has_answered: bool) -> None:
        self.people += 1
        self.answered += has_answered
        for name, said in attributes.items():
            value = value_form(said) if name in self._targets else said
            self.audience.setdefault(name, Counter())[value] += 1
            self._heard.setdefault(name, Counter())[value] += has_answered

    def attribute(self, name: str) -> Attribute:
        audience, heard = Counter(self.audience[name]), Counter(self._heard[name])
        if name in self._targets:
            return self._beside_target(name, audience, heard)
        common = [value for value, _ in sorted(audience.items(), key=lambda one: (-one[1], one[0]))]
        groups = [self._group(value, audience[value], heard[value]) for value in common[:MOST_VALUES]]
        rare = common[MOST_VALUES:]
        if rare:
            groups.append(self._group(OTHERS, sum(audience[one] for one in rare), sum(heard[one] for one in rare)))
        unknown = self.people - audience.total()
        if unknown:
            groups.append(self._group(UNKNOWN, unknown, self.answered - heard.total()))
        return Attribute(name, tuple(groups))

    def _beside_target(self, name: str, audience: Counter[str], heard: Counter[str]) -> Attribute:
        target = self._targets[name]
        people, answered = sum(audience[one] for one in target), sum(heard[one] for one in target)
        groups = [
            Group(
                value,
                audience[value],
                heard[value],
                audience[value] / people if people else 0.0,
                figures.share(heard[value], answered),
                target=share / 100,
            )
            for value, share in target.items()
        ]
        rest = [(OTHERS, audience.total() - people, heard.total() - answered)]
        rest.append((UNKNOWN, self.people - audience.total(), self.answered - heard.total()))
        groups += [Group(value, n, of, 0.0, Figure(0.0, 0)) for value, n, of in rest if n]
        return Attribute(name, tuple(groups), has_target=True)

    def _group(self, value: str, audience: int, answered: int) -> Group:
        return Group(value, audience, answered, audience / self.people, figures.share(answered, self.answered))
