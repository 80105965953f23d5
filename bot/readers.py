"""Which language people read, as far as this process has met them: pressing a button looks nobody up.

Whoever is not known yet reads the language of the card they press, or else that of their Teams.
"""

from feedback.language import LANGUAGES, negotiate
from feedback.people.people import Person, language_of

MOST = 10_000


class Readers:
    """The language of each person met of late; those met longest ago are forgotten first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: dict[str, str] = {}

    def learn(self, person: Person) -> None:
        """Remember what somebody reads, as it is stored."""
        self._known.pop(person.id, None)
        self._known[person.id] = language_of(person)
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def language(self, person: Person, hint: object = None) -> str:
        """Return what somebody reads. `hint` is the language that the card they pressed says it is in."""
        known = self._known.get(person.id)
        if known:
            return known
        return hint if isinstance(hint, str) and hint in LANGUAGES else negotiate(person.locale)
