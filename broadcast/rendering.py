"""Cards rendered once for each run, language and arm, and kept as the bytes that go over the wire.

Knows nothing of what is on a card.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

import msgspec

from broadcast.sender import Message
from feedback.language import speaking
from feedback.runs.runs import Run

REMEMBERED = 256  # cards; more are seldom sent at a time, and each has 28 KB at most

Render = Callable[[Run, str, str], Message]
"""A run's message in a language, by its tag, with an arm, by its id; the arm is empty where the survey has none."""


class OncePerRun:
    """`render`, asked once for each run, language and arm. A run's survey is frozen, so its card never changes."""

    def __init__(self, render: Callable[[Run, str], Message]) -> None:
        self._render = render
        self._known: OrderedDict[tuple[str, datetime, str, str], Message] = OrderedDict()

    def __call__(self, run: Run, language: str, arm: str) -> Message:
        """Return a run's message in a language and with an arm, its card encoded."""
        key = (run.run, run.created_at, language, arm)  # a name may come again, once a run is gone
        message = self._known.get(key)
        if message is None:
            with speaking(language):
                message = self._known[key] = _encoded(self._render(run, arm))
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return message


def _encoded(message: Message) -> Message:
    return Message(card=msgspec.Raw(msgspec.json.encode(message.card)), summary=message.summary)
