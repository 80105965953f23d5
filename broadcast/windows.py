"""What one conversation takes, by Microsoft's limits for an agent in one thread. Knows no tenants and nobody who waits.

A bucket that lets `burst` calls through at once and `per_s` in the long run lets at most burst + per_s × T through
in any T seconds, wherever they begin. So two numbers for each conversation keep every listed window, and it can be
forgotten seconds after its last call, when its buckets have run empty; no list of an hour's calls is kept.
"""

import math
from collections import OrderedDict
from enum import StrEnum

import msgspec

_LOOKED_AT = 2  # conversations looked at for each that is called: more are forgotten than come


class Call(StrEnum):
    """What a request does to a conversation."""

    SEND = "send"
    UPDATE = "update"  # a deletion too; both count as sends
    CREATE = "create"
    MEMBERS = "members"
    CONVERSATIONS = "conversations"


class Bucket(msgspec.Struct, frozen=True):
    """Takes `burst` calls and runs empty at `per_s` calls a second."""

    burst: int
    per_s: float

    def most_in(self, seconds: float) -> int:
        """Return how many calls can be let through in any window of this length."""
        return math.floor(self.burst + self.per_s * seconds)


class Rule(msgspec.Struct, frozen=True):
    """The bucket for windows of seconds, and the one for the hour."""

    short: Bucket
    long: Bucket


# "Rate limiting for agents", 8 October 2026, per agent and thread:
#   send, create          7 in 1 s,  8 in 2 s,  60 in 30 s, 1800 in 3600 s
#   members, list        14 in 1 s, 16 in 2 s, 120 in 30 s, 3600 in 3600 s
# Calls that leave a second apart may arrive a tenth less apart: the rates leave room for that.
WRITING = Rule(short=Bucket(burst=7, per_s=0.9), long=Bucket(burst=200, per_s=0.44))
READING = Rule(short=Bucket(burst=13, per_s=1.8), long=Bucket(burst=400, per_s=0.88))


class Threads:
    """The conversations that have been called lately, for one row of Microsoft's table."""

    def __init__(self, rule: Rule) -> None:
        self._short_s, self._long_s = 1 / rule.short.per_s, 1 / rule.long.per_s  # what one call adds
        self._short_room_s = (rule.short.burst - 1) * self._short_s
        self._long_room_s = (rule.long.burst - 1) * self._long_s
        self._empty_at: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._empty_at)

    def ready_at(self, conversation: str) -> float:
        """Return from when on the conversation takes another call."""
        found = self._empty_at.get(conversation)
        if found is None:
            return -math.inf
        return max(found[0] - self._short_room_s, found[1] - self._long_room_s)

    def take(self, conversation: str, now: float) -> None:
        """Count a call."""
        short, long = self._empty_at.pop(conversation, (now, now))
        self._empty_at[conversation] = (max(short, now) + self._short_s, max(long, now) + self._long_s)
        self._forget(now)

    def give_back(self, conversation: str) -> None:
        """Count a call less: it was let through, and not made."""
        found = self._empty_at.get(conversation)
        if found is not None:
            self._empty_at[conversation] = (found[0] - self._short_s, found[1] - self._long_s)

    def _forget(self, now: float) -> None:
        """Look at those that were not looked at for longest, and drop them when their buckets are empty."""
        for _ in range(_LOOKED_AT):
            oldest = next(iter(self._empty_at))
            if max(self._empty_at[oldest]) > now:
                self._empty_at.move_to_end(oldest)
            else:
                del self._empty_at[oldest]


def threads_by_call() -> dict[Call, Threads]:
    """Return new counts for every row of the table: one for sends and updates together, one for each other call."""
    writing = Threads(WRITING)
    return {
        Call.SEND: writing,
        Call.UPDATE: writing,
        Call.CREATE: Threads(WRITING),
        Call.MEMBERS: Threads(READING),
        Call.CONVERSATIONS: Threads(READING),
    }
