"""Audiences: whom a run is for, in the words that an admin types."""

from collections.abc import AsyncIterator, Callable

from feedback.errors import AudienceUnknown
from feedback.people import Person, Policy, Role, all_people
from store.contract import Store

Matches = Callable[[Person, Role], bool]

_KNOWN: dict[str, Matches] = {
    "customers": lambda _person, role: role is Role.CUSTOMER,
    "engineers": lambda _person, role: role.includes(Role.ENGINEER),
    "everyone": lambda _person, _role: True,
}


def check_audience(words: str) -> str:
    """Return the audience in its plain form. Raises `AudienceUnknown`."""
    plain = " ".join(words.lower().split())
    if plain == "me" or plain in _KNOWN:
        return plain
    raise AudienceUnknown(audience=words, known=", ".join(["me", *_KNOWN]))


async def people_in(store: Store, audience: str, *, policy: Policy, by: str) -> AsyncIterator[Person]:
    """Give everybody in an audience, in the order of their keys. `by` is who "me" is."""
    matches = _KNOWN.get(audience)
    async for person in all_people(store):
        is_in = person.id == by if matches is None else matches(person, policy.role_of(person))
        if is_in:
            yield person
