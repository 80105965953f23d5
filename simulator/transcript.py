"""What was said on the wire, for people to read when a test fails. Keeps the newest entries only."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime

import msgspec

from simulator.cards import card_of, card_text
from simulator.ids import Clock
from simulator.payload import Json, mapping, text

KEPT = 5000  # entries; a benchmark must not fill the memory
_WIDTH = 100  # characters of a summary


class Entry(msgspec.Struct):
    """One request and how it ended. `payload` is summed up only when somebody reads the transcript."""

    at: datetime
    to_bot: bool
    person: str
    what: str
    payload: object = None
    result: str = "…"  # an HTTP status, or the name of the error

    def __str__(self) -> str:
        person = self.person or "somebody"
        who = f"{person} → bot" if self.to_bot else f"bot → {person}"
        summary = summarise(self.payload)
        return f"{self.at:%H:%M:%S.%f}  {who}  {self.what}{': ' if summary else ''}{summary}  [{self.result}]"


class Transcript:
    """Every request both ways, oldest first."""

    def __init__(self, clock: Clock, *, keep: int = KEPT) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=keep)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, person: str, what: str, payload: object = None, *, to_bot: bool) -> Entry:
        """Note a request; the caller fills in the result when there is one."""
        entry = Entry(self._clock(), to_bot, person, what, payload)
        self._entries.append(entry)
        return entry

    def text(self, person: str = "") -> str:
        """Return the readable transcript, of one person if named."""
        return "\n".join(str(entry) for entry in self._entries if person in ("", entry.person))


def summarise(payload: object) -> str:
    """Return a line about an activity or a raw body."""
    if isinstance(payload, bytes):
        return repr(payload[:_WIDTH])
    activity = mapping(payload)
    words = [text(activity, "text"), _of_value(activity), _of_card(activity)]
    line = " ".join(" ".join(words).split())
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"


def _of_value(activity: Json) -> str:
    value = mapping(activity.get("value"))
    data = value.get("action", value)
    return msgspec.json.encode(data).decode() if data else ""


def _of_card(activity: Json) -> str:
    card = card_of(activity)
    return f"[card: {card_text(card)}]" if card else ""
