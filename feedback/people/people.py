"""People the bot can write to, and what they may do."""

import contextlib
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from feedback.language import negotiate
from store.contract import Conflict, Missing, Op, Patch, Store, Uncertain, Where


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo | None:
    """Return the time zone with an IANA name, or None where there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a name at all; a folder of zones, such as “Europe”
        return None


class Role(StrEnum):
    """What somebody may do. Each role may do everything that those before it may."""

    CUSTOMER = "customer"
    ENGINEER = "engineer"
    MANAGER = "manager"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Say whether this role may do what the other may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


class Conversation(msgspec.Struct, frozen=True):
    """Where a person is written to: the personal chat with the bot and the service that carries it."""

    id: str
    service_url: str
    user_id: str  # the channel's own id of the person ("29:…" in Teams)
    bot_id: str


class RoleChange(msgspec.Struct, frozen=True):
    """What an admin made of somebody's role: who did it, when, and what the person was before and after."""

    by: str  # person id
    at: datetime
    before: Role
    after: Role


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """Someone the bot can write to. `id` is Entra tenant id and object id."""

    id: str
    tenant: str
    object_id: str
    name: str = ""
    locale: str = "en-US"
    conversation: Conversation | None = None
    unreachable: str = ""  # why nothing can be sent to them now; empty when it can
    has_opted_out: bool = False
    first_seen_at: datetime | None = None
    attributes: dict[str, str] = {}
    time_zone: str = ""  # IANA name, as the chat tells it
    language: str = ""  # what they asked for; empty: as the chat tells it
    given_role: Role | None = None  # by an admin; None: as their tenant and the settings say
    role_change: RoleChange | None = None  # the last one


class Policy(msgspec.Struct, frozen=True):
    """Who is who, by setting, and by what admins gave to people of a home tenant."""

    admins: Collection[str] = frozenset()  # Entra object ids
    home_tenants: Collection[str] = frozenset()  # their members are engineers

    def role_of(self, person: Person) -> Role:
        """Return a person's role: what the settings say or, where that is more, what an admin gave them at home."""
        role = self.role_by_settings(person)
        given = person.given_role if self.is_at_home(person) else None
        return given if given is not None and given.includes(role) else role

    def role_by_settings(self, person: Person) -> Role:
        """Return what somebody is whatever admins give. An admin is one only in a home tenant, where any is set."""
        at_home = self.is_at_home(person)
        if person.object_id in self.admins and (at_home or not self.home_tenants):
            return Role.ADMIN
        return Role.ENGINEER if at_home else Role.CUSTOMER

    def is_at_home(self, person: Person) -> bool:
        """Say whether somebody belongs to a home tenant; nobody else can be given a role."""
        return person.tenant in self.home_tenants


def person_id(tenant: str, object_id: str) -> str:
    """Return the key of a person: an object id is unique only within its tenant."""
    return f"{tenant}:{object_id}"


class Contact(msgspec.Struct, frozen=True):
    """What one incoming activity tells about its sender."""

    tenant: str
    object_id: str
    name: str
    locale: str
    conversation: Conversation
    time_zone: str = ""  # an IANA name, or anything at all: it is the channel's word


async def find_person(store: Store, key: str) -> Person | None:
    """Return a person, or None for somebody who never wrote."""
    doc = await store.get("people", key, key)
    return None if doc is None else msgspec.convert(doc, Person)


async def role_now(store: Store, policy: Policy, who: Person) -> Role:
    """Return the role, as of now, of somebody of whom no more than the ids may be known.

    The store is asked only where that could make a difference: engineers alone can be more than the settings say.
    """
    role = policy.role_of(who)
    known = await find_person(store, who.id) if role is Role.ENGINEER else None
    return role if known is None else policy.role_of(known)


async def meet(store: Store, contact: Contact, now: datetime) -> Person:
    """Return the person who is writing, stored with today's way to reach them; writes only what changed.

    Somebody who writes can be reached again, whatever went wrong before.
    """
    key = person_id(contact.tenant, contact.object_id)
    known = await find_person(store, key)
    return await _first_contact(store, contact, now) if known is None else await _refresh(store, known, contact)


async def meet_all(store: Store, contacts: Sequence[Contact], now: datetime) -> list[Person]:
    """Meet up to 500 people as `meet` does, look them up at once, and return them."""
    keys = {person_id(one.tenant, one.object_id): one for one in contacts}
    known = {person.id: person for person in await find_people(store, sorted(keys))}
    return [
        await _refresh(store, known[key], contact) if key in known else await _first_contact(store, contact, now)
        for key, contact in keys.items()
    ]


def stranger(contact: Contact) -> Person:
    """Return a person as their activity tells it, whatever is stored about them."""
    return Person(
        id=person_id(contact.tenant, contact.object_id),
        tenant=contact.tenant,
        object_id=contact.object_id,
        name=contact.name,
        locale=contact.locale or "en-US",
        time_zone=_zone(contact),
        conversation=contact.conversation,
    )


async def _refresh(store: Store, known: Person, contact: Contact) -> Person:
    told = {
        "name": contact.name or known.name,
        "locale": contact.locale or known.locale,
        "time_zone": _zone(contact) or known.time_zone,
        "unreachable": "",
    }
    news: dict[str, object] = {field: value for field, value in told.items() if getattr(known, field) != value}
    if known.conversation != contact.conversation:
        news["conversation"] = msgspec.to_builtins(contact.conversation)
    return known if not news else await _update(store, known.id, news)


async def mark_unreachable(store: Store, key: str, reason: str) -> None:
    """Write nothing more to this person until they write to the bot. Unknown people are left alone."""
    with contextlib.suppress(Missing):
        await _update(store, key, {"unreachable": reason})


async def keep_conversation(store: Store, key: str, opened: Conversation) -> Person | None:
    """Keep the chat that was opened for a person and return them; one they have told us meanwhile wins.

    None for somebody who is no longer known.
    """
    return await _while_unheard(store, key, {"conversation": msgspec.to_builtins(opened)})


async def mark_unopened(store: Store, key: str, reason: str) -> Person | None:
    """Do not try to open a chat with this person again until they write, and return them; harmless if they just did.

    None for somebody who is no longer known.
    """
    return await _while_unheard(store, key, {"unreachable": reason})


async def neighbours(store: Store, tenant: str, limit: int) -> list[Person]:
    """Return some people of a tenant."""
    page = await store.query("people", where=[Where("tenant", Op.EQ, tenant)], limit=limit)
    return [msgspec.convert(doc, Person) for doc in page.docs]


async def set_opt_out(store: Store, key: str, *, has_opted_out: bool) -> Person:
    """Keep a person out of every survey, or let them in again."""
    return await _update(store, key, {"has_opted_out": has_opted_out})


async def set_language(store: Store, key: str, language: str) -> Person:
    """Write to a person in a language of `LANGUAGES`; with an empty text, in that of their Teams."""
    return await _update(store, key, {"language": language})


def language_of(person: Person) -> str:
    """Return the language a person reads: the one they asked for, else the nearest to that of their Teams."""
    return person.language or negotiate(person.locale)


async def find_people(store: Store, keys: Sequence[str]) -> list[Person]:
    """Return the people with these keys, at most 500, in the order of their keys."""
    if not keys:
        return []
    page = await store.query("people", where=[Where("id", Op.IN, list(keys))], limit=len(keys))
    return [msgspec.convert(doc, Person) for doc in page.docs]


async def all_people(store: Store) -> AsyncIterator[Person]:
    """Give every person, page by page, in the order of their keys."""
    continuation: str | None = None
    while True:
        page = await store.query("people", limit=1000, continuation=continuation)
        for doc in page.docs:
            yield msgspec.convert(doc, Person)
        continuation = page.continuation
        if continuation is None:
            return


async def _first_contact(store: Store, contact: Contact, now: datetime) -> Person:
    person = msgspec.structs.replace(stranger(contact), first_seen_at=now)
    try:
        await store.create("people", msgspec.to_builtins(person))
    except (Conflict, Uncertain):  # their other message was first
        return await find_person(store, person.id) or person
    return person


def _zone(contact: Contact) -> str:
    """Return the time zone a contact tells, or nothing where it is none that we know."""
    return contact.time_zone if contact.time_zone and zone_of(contact.time_zone) else ""


async def _while_unheard(store: Store, key: str, news: dict[str, object]) -> Person | None:
    """Change a person nobody has a conversation with yet, and return them as they are now."""
    try:
        doc = await store.patch("people", key, Patch(key, set=news, when=[Where("conversation", Op.MISSING)]))
    except Conflict:
        return await find_person(store, key)
    except Missing:
        return None
    return msgspec.convert(doc, Person)


async def _update(store: Store, key: str, news: dict[str, object]) -> Person:
    return msgspec.convert(await store.patch("people", key, Patch(id=key, set=news)), Person)
