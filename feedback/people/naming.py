"""Whom somebody means who names a person: an object id, tenant and object id, or a name that one person at home has.

A name has to be the whole name before it stands for anybody; who has a part of it is said, and nobody is chosen.
"""

import re

import msgspec

from feedback.people.audience_words import value_form
from feedback.people.people import Person, Policy, find_people, find_person, person_id
from feedback.people.roles import NotAtHome, PersonUnknown, people_at
from store.contract import Store

MOST = 20  # who could be meant
_ID = r"[0-9A-Za-z-]{1,64}"
_KEY = re.compile(rf"{_ID}:{_ID}")
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_QUOTES = "\"“”„«»'`"


class Meant(msgspec.Struct, frozen=True):
    """Who is meant; or, where that is not clear, who could be, by their names."""

    person: Person | None = None
    could_be: tuple[Person, ...] = ()


async def who_is_meant(store: Store, policy: Policy, words: str) -> Meant:
    """Return whom words name, among those Hearback knows. Raises `PersonUnknown` and `NotAtHome`."""
    said = words.strip().strip(_QUOTES).removeprefix("@").strip()
    if _KEY.fullmatch(said):
        return Meant(await _by_key(store, policy, said))
    known = await _by_object_id(store, policy, said)
    if not known and not _GUID.fullmatch(said) and said:
        return await _by_name(store, policy, said)
    if not known:
        raise PersonUnknown(person=said)
    return _meant(known)


async def _by_key(store: Store, policy: Policy, said: str) -> Person:
    tenant, _, object_id = said.partition(":")
    person = await find_person(store, said) or await find_person(store, said.lower())
    if person is None and not {tenant, tenant.lower()} & set(policy.home_tenants):
        raise NotAtHome(person=said)
    if person is None:
        raise PersonUnknown(person=object_id)
    return person


async def _by_object_id(store: Store, policy: Policy, said: str) -> list[Person]:
    if not re.fullmatch(_ID, said):
        return []
    keys = {person_id(tenant, one) for tenant in policy.home_tenants for one in (said, said.lower())}
    return await find_people(store, sorted(keys))


async def _by_name(store: Store, policy: Policy, said: str) -> Meant:
    asked, exact, similar = value_form(said), list[Person](), list[Person]()
    for tenant in sorted(policy.home_tenants):
        async for person in people_at(store, tenant):
            name = value_form(person.name)
            if name == asked:
                exact.append(person)
            elif set(asked.split()) <= set(name.split()) and len(similar) < MOST:
                similar.append(person)
    if not exact and not similar:
        raise PersonUnknown(person=said)
    return _meant(exact) if exact else Meant(could_be=_sorted(similar))


def _meant(people: list[Person]) -> Meant:
    return Meant(people[0]) if len(people) == 1 else Meant(could_be=_sorted(people[:MOST]))


def _sorted(people: list[Person]) -> tuple[Person, ...]:
    return tuple(sorted(people, key=lambda one: (one.name.casefold(), one.id)))
