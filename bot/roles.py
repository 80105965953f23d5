"""Commands for admins about who may do what."""

import re

from bot.turn import Reply, Turn
from cards.roles import role_card, roles_card, which_card
from feedback.audit import record_change
from feedback.errors import NothingToSay
from feedback.people.naming import who_is_meant
from feedback.people.people import Person, Role, find_people
from feedback.people.roles import GIVEN, Changed, give_role, people_with_roles, take_role
from store.deadline import unhurried

GIVE = "role give <person> <manager, admin or engineer>"
TAKE = "role take <person>"
_GIVE = re.compile(rf"(?P<person>\S.*?)\s+(?:as\s+)?(?P<role>{'|'.join(GIVEN)})[.!]?", re.IGNORECASE | re.DOTALL)


async def role_list(turn: Turn) -> list[Reply]:
    """List who was given a role."""
    people = await people_with_roles(turn.store)
    names = await _names(turn, *people)
    return [Reply("Who was given a role.", roles_card(people, names, turn.parts.policy))]


async def role_give(turn: Turn) -> list[Reply]:
    """Give somebody of a home tenant a role, or say who could be meant."""
    asked = _GIVE.fullmatch(turn.text)
    if asked is None:
        raise NothingToSay(usage=GIVE)
    found = await _one(turn, asked["person"])
    if not isinstance(found, Person):
        return [found]
    role = Role(asked["role"].lower())
    changed = await give_role(turn.store, turn.parts.policy, found.id, role, by=turn.person.id, now=turn.now)
    return [await _told(turn, changed)]


async def role_take(turn: Turn) -> list[Reply]:
    """Let somebody be what their tenant and the settings say, or say who could be meant."""
    if not turn.text:
        raise NothingToSay(usage=TAKE)
    found = await _one(turn, turn.text)
    if not isinstance(found, Person):
        return [found]
    changed = await take_role(turn.store, turn.parts.policy, found.id, by=turn.person.id, now=turn.now)
    return [await _told(turn, changed)]


async def _one(turn: Turn, words: str) -> Person | Reply:
    """Return who is meant, or the question who that is."""
    with unhurried():
        meant = await who_is_meant(turn.store, turn.parts.policy, words)
    return meant.person or Reply("Whom do you mean?", which_card(words, meant.could_be))


async def _told(turn: Turn, changed: Changed) -> Reply:
    """Record a change and show it. Where it is not new it is recorded all the same: the record may have got lost."""
    if changed.record is not None:
        await record_change(turn.store, changed.record)
    names = await _names(turn, changed.person)
    card = role_card(changed, names, turn.parts.policy)
    return Reply(str(card["fallbackText"]), card)


async def _names(turn: Turn, *people: Person) -> dict[str, str]:
    """Return the names of those who changed the roles of people, by person id."""
    known = await find_people(turn.store, sorted({one.role_change.by for one in people if one.role_change})[:500])
    return {one.id: one.name for one in known}
