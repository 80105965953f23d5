"""Roles that admins give to people of a home tenant, and take back: the rules, and their place with the person.

What the settings give stays as it is: a role can be more than that, never less. Who was meant is in naming.py, and what
a role allows is asked of the `Policy` alone.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime

import msgspec

from feedback.audit import Record
from feedback.errors import Refusal
from feedback.people.people import Person, Policy, Role, RoleChange, find_person
from store.contract import Busy, Conflict, Op, Patch, Store, Where
from store.pages import documents

ATTEMPTS = 5  # to change a role that others change at the same time
GIVEN = (Role.ENGINEER, Role.MANAGER, Role.ADMIN)
PAGE = 1000


class PersonUnknown(Refusal):
    """I know nobody called {person} in a home tenant. They have to write to me once; **help** is enough."""


class NotAtHome(Refusal):
    """{person} is of no home tenant (**HEARBACK_HOME_TENANTS**): only people of one can be manager or admin."""


class AdminBySetting(Refusal):
    """{person} is an admin by the setting **HEARBACK_ADMINS**. Only whoever runs Hearback can change that."""


class RoleByTenant(Refusal):
    """{person} is an engineer, as everybody in **HEARBACK_HOME_TENANTS** is, and has been given no role beyond that."""


class NoAdminLeft(Refusal):
    """**HEARBACK_ADMINS** names nobody, so admins stay who they are: with none left, nobody could make one again."""


class Changed(msgspec.Struct, frozen=True):
    """A person after somebody asked for a change of their role; not `is_new` where it was so before."""

    person: Person
    is_new: bool

    @property
    def record(self) -> Record | None:
        """The last change of the role, for the audit: the same record, however often it is asked for."""
        change = self.person.role_change
        if change is None:
            return None
        what = "role take" if self.person.given_role is None else "role give"
        return Record(change.at, change.by, what, self.person.id, change.before.value, change.after.value)


async def give_role(store: Store, policy: Policy, person: str, role: Role, *, by: str, now: datetime) -> Changed:
    """Let somebody of a home tenant be more than the settings say. Raises a `Refusal`."""

    def check(who: Person) -> None:
        if not policy.is_at_home(who):
            raise NotAtHome(person=name_of(who))
        if policy.role_by_settings(who) is Role.ADMIN:
            raise AdminBySetting(person=name_of(who))

    given = None if role is Role.ENGINEER else role  # everybody at home is one: that is what is left without another
    return await _change(store, policy, person, given, check, by=by, now=now)


async def take_role(store: Store, policy: Policy, person: str, *, by: str, now: datetime) -> Changed:
    """Let somebody be what their tenant and the settings say, and no more. Raises a `Refusal`."""

    def check(who: Person) -> None:
        if who.given_role is not None:
            return
        if policy.role_by_settings(who) is Role.ADMIN:
            raise AdminBySetting(person=name_of(who))
        if not policy.is_at_home(who):
            raise NotAtHome(person=name_of(who))

    return await _change(store, policy, person, None, check, by=by, now=now)


async def people_with_roles(store: Store) -> list[Person]:
    """Return everybody who has been given a role, by their names."""
    where = [Where("given_role", Op.IN, [one.value for one in GIVEN])]
    found = [msgspec.convert(one, Person) async for one in documents(store, "people", where=where, limit=PAGE)]
    return sorted(found, key=lambda one: (name_of(one).casefold(), one.id))


async def people_at(store: Store, tenant: str) -> AsyncIterator[Person]:
    """Give everybody of a tenant whom Hearback knows."""
    async for doc in documents(store, "people", where=[Where("tenant", Op.EQ, tenant)], limit=PAGE):
        yield msgspec.convert(doc, Person)


def name_of(person: Person) -> str:
    """Return what somebody is called, or their object id where nobody knows."""
    return person.name or person.object_id


async def _change(
    store: Store,
    policy: Policy,
    key: str,
    given: Role | None,
    check: Callable[[Person], None],
    *,
    by: str,
    now: datetime,
) -> Changed:
    for _ in range(ATTEMPTS):
        person = await find_person(store, key)
        if person is None:
            raise PersonUnknown(person=key)
        check(person)
        if person.given_role is given:
            if given is None and person.role_change is None:
                raise RoleByTenant(person=name_of(person))
            return Changed(person, is_new=False)
        _check_admins(policy, person, given)
        with contextlib.suppress(Conflict):  # somebody else has changed the role meanwhile: what holds now is looked at
            return Changed(await _write(store, policy, person, given, by=by, now=now), is_new=True)
    raise Busy


def _check_admins(policy: Policy, person: Person, given: Role | None) -> None:
    """See that somebody can make admins afterwards: those of the settings can, whatever happens here."""
    was_admin = person.given_role is Role.ADMIN and policy.is_at_home(person)
    if was_admin and given is not Role.ADMIN and not policy.admins:
        raise NoAdminLeft


async def _write(store: Store, policy: Policy, person: Person, given: Role | None, *, by: str, now: datetime) -> Person:
    """Write a role where it is still what was looked at. Raises `Conflict` where it is not."""
    after = policy.role_of(msgspec.structs.replace(person, given_role=given))
    change = RoleChange(by, now, before=policy.role_of(person), after=after)
    news: dict[str, object] = {"role_change": msgspec.to_builtins(change)}
    if given is not None:
        news["given_role"] = given.value
    before = person.given_role
    same = Where("given_role", Op.MISSING) if before is None else Where("given_role", Op.EQ, before.value)
    patch = Patch(person.id, set=news, unset=["given_role"] if given is None else [], when=[same])
    return msgspec.convert(await store.patch("people", person.id, patch), Person)
