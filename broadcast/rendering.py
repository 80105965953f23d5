"""Cards rendered once for each run and kept as the bytes that go over the wire; only who gets one differs after that.

Knows nothing of what is on a card.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

import msgspec

from broadcast.sender import Message
from feedback.runs import Run

REMEMBERED = 64  # runs; more are seldom sent at a time, and a card has 28 KB at most

Render = Callable[[Run], Message]


class OncePerRun:
    """`render`, asked once for each run. A run's survey is frozen, so its card never changes."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._known: OrderedDict[tuple[str, datetime], Message] = OrderedDict()

    def __call__(self, run: Run) -> Message:
        """Return a run's message, its card encoded."""
        key = (run.run, run.created_at)  # a name may come again, once a run is gone
        message = self._known.get(key)
        if message is None:
            message = self._known[key] = _encoded(self._render(run))
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return message


def _encoded(message: Message) -> Message:
    return Message(card=msgspec.Raw(msgspec.json.encode(message.card)), summary=message.summary)
