"""Audiences: whom a run is for. Streams people, so that a million of them need no million objects.

The words are read by audience_words.py. What narrows an audience most (one person, a run's deliveries, a panel) is
what is streamed; all else is asked about a hundred people at a time.
"""

from collections.abc import AsyncIterator, Sequence

from feedback.errors import AttributeUnknown, quote
from feedback.people.audience_words import (
    AllOf,
    AnyOf,
    Audience,
    Group,
    Has,
    InList,
    InPanel,
    NonResponders,
    Not,
    leaves,
    nearest,
    read_audience,
    value_form,
    write_audience,
)
from feedback.people.panels import find_panel, list_panels, members, members_among
from feedback.people.people import Person, Policy, Role, all_people, find_people
from feedback.people.people_lists import find_list, list_attributes, listed, listed_among
from feedback.runs.runs import DECLINED, DeliveryState, deliveries, find_run
from store.contract import MAX_BATCH, Op, Store, Where

UNANSWERED = frozenset({DeliveryState.SENT, DeliveryState.UNCONFIRMED})  # in doubt counts: they may have got it

Source = Group | InList | NonResponders | InPanel


def check_audience(words: str) -> str:
    """Return the audience in its plain form. Raises `AudienceUnknown`; whether its names exist is `check_names`."""
    return write_audience(read_audience(words))


async def check_names(store: Store, words: str) -> str:
    """Return the audience in its plain form when every panel, list, run and attribute in it is known.

    Raises `AudienceUnknown`, with the nearest name that is known, or `RunUnknown`.
    """
    audience = read_audience(words)
    attributes = None
    for leaf in leaves(audience):
        if isinstance(leaf, InPanel):
            await find_panel(store, leaf.panel)
        elif isinstance(leaf, InList):
            await find_list(store, leaf.list)
        elif isinstance(leaf, NonResponders):
            await find_run(store, leaf.run)
        elif isinstance(leaf, Has):
            attributes = attributes if attributes is not None else await _attributes(store)
            if leaf.attribute not in attributes:
                raise AttributeUnknown(attribute=quote(leaf.attribute) + nearest(leaf.attribute, attributes))
    return write_audience(audience)


async def people_in(store: Store, audience: str, *, policy: Policy, by: str) -> AsyncIterator[Person]:
    """Give everybody in an audience, in the order of their keys. `by` is who "me" is."""
    asked = read_audience(audience)
    choice = _Choice(store, policy, by)
    async for group in _candidates(store, _narrowest(asked), by):
        chosen = await choice.among(group, asked)
        for person in group:
            if person.id in chosen:
                yield person


class _Choice:
    """Picks those of some people, at most 100, that an audience is about. `by` is who "me" is."""

    def __init__(self, store: Store, policy: Policy, by: str) -> None:
        self._store = store
        self._policy = policy
        self._by = by

    async def among(self, people: Sequence[Person], audience: Audience) -> set[str]:
        """Return the keys of those who are in the audience."""
        ids = [one.id for one in people]
        match audience:
            case AllOf(parts):
                return await self._in_all(people, parts)
            case AnyOf(parts):
                return set[str]().union(*[await self.among(people, part) for part in parts])
            case Not(part):
                return set(ids) - await self.among(people, part)
            case InPanel(panel):
                return await members_among(self._store, panel, ids)
            case InList(name):
                return await listed_among(self._store, name, ids)
            case NonResponders(run):
                return await _unanswered_among(self._store, run, ids)
            case Has(attribute, value):
                return {one.id for one in people if value_form(one.attributes.get(attribute, "")) == value}
            case Group(word):
                return {one.id for one in people if self._is_in(one, word)}

    async def _in_all(self, people: Sequence[Person], parts: Sequence[Audience]) -> set[str]:
        left = list(people)
        for part in sorted(parts, key=_asks_the_store):
            chosen = await self.among(left, part) if left else set[str]()
            left = [one for one in left if one.id in chosen]
        return {one.id for one in left}

    def _is_in(self, person: Person, word: str) -> bool:
        role = self._policy.role_of(person)
        match word:
            case "me":
                return person.id == self._by
            case "customers":
                return role is Role.CUSTOMER
            case "engineers":
                return role.includes(Role.ENGINEER)
        return True


def _narrowest(audience: Audience) -> Source | None:
    """Return the part that everybody in the audience must be in and that has the fewest people, if there is one."""
    match audience:
        case AllOf(parts):
            found = [one for one in map(_narrowest, parts) if one is not None]
            ranks = (Group, InList, NonResponders, InPanel)
            return min(found, key=lambda one: ranks.index(type(one)), default=None)
        case Group("me") | InList() | InPanel() | NonResponders():
            return audience
    return None


async def _candidates(store: Store, source: Source | None, by: str) -> AsyncIterator[list[Person]]:
    """Give everybody that an audience could have, up to 100 at a time, in the order of their keys."""
    if source is None:
        group: list[Person] = []
        async for person in all_people(store):
            group.append(person)
            if len(group) == MAX_BATCH:
                yield group
                group = []
        yield group
        return
    ids: list[str] = []
    async for one in _ids(store, source, by):
        ids.append(one)
        if len(ids) == MAX_BATCH:
            yield await find_people(store, ids)
            ids = []
    yield await find_people(store, ids)


async def _ids(store: Store, source: Source, by: str) -> AsyncIterator[str]:
    match source:
        case InPanel(panel):
            async for member in members(store, panel):
                yield member
        case InList(name):
            async for key in listed(store, name):
                yield key
        case NonResponders(run):
            async for delivery in deliveries(store, run, states=UNANSWERED):
                if not delivery.has_declined:
                    yield delivery.id
        case Group():
            yield by


async def _unanswered_among(store: Store, run: str, ids: Sequence[str]) -> set[str]:
    where = [
        Where("kind", Op.EQ, "delivery"),
        Where("id", Op.IN, list(ids)),
        Where("state", Op.IN, sorted(state.value for state in UNANSWERED)),
    ]
    page = await store.query("runs", partition=run, where=where, limit=MAX_BATCH)
    return {str(doc["id"]) for doc in page.docs if doc.get("reason") != DECLINED}


def _asks_the_store(audience: Audience) -> bool:
    return any(isinstance(leaf, InPanel | InList | NonResponders) for leaf in leaves(audience))


async def _attributes(store: Store) -> list[str]:
    of_panels = {name for panel in await list_panels(store) for name in panel.attributes}
    return sorted(of_panels | await list_attributes(store))
