"""One message in as many languages as there are readers of it: each is made once.

Knows nothing of what the message says.
"""

from collections.abc import Callable

from broadcast.sender import Message
from feedback.language import speaking
from feedback.people.people import Person, language_of


class Wording:
    """A message that is made in a language when the first reader of that language needs it."""

    def __init__(self, render: Callable[[], Message]) -> None:
        self._render = render
        self._made: dict[str, Message] = {}

    def of(self, person: Person) -> Message:
        """Return the message in the language that a person reads."""
        language = language_of(person)
        if language not in self._made:
            with speaking(language):
                self._made[language] = self._render()
        return self._made[language]
