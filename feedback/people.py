"""People the bot can write to, and what they may do."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

import msgspec


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


class Policy(msgspec.Struct, frozen=True):
    """Who is who, by setting."""

    admins: Collection[str] = frozenset()  # Entra object ids
    home_tenants: Collection[str] = frozenset()  # their members are engineers

    def role_of(self, person: Person) -> Role:
        """Return a person's role. An admin is one only in a home tenant, where any is set."""
        at_home = person.tenant in self.home_tenants
        if person.object_id in self.admins and (at_home or not self.home_tenants):
            return Role.ADMIN
        return Role.ENGINEER if at_home else Role.CUSTOMER


def person_id(tenant: str, object_id: str) -> str:
    """Return the key of a person: an object id is unique only within its tenant."""
    return f"{tenant}:{object_id}"
