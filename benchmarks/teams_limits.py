"""How long a broadcast takes under Microsoft's limits, on a simulated clock. Makes no connection.

Product: the `Limiter` and the `Sender` as they are. In the place of Teams stands a model that counts for itself what
arrives, requests it refuses included, and answers 429 with `Retry-After` once there are more in a second than a tenant
has, or more to a conversation than the table says. Requests take 20 to 30 ms to arrive, so they do not arrive as they
left. Where transit times differ by J seconds, a second's calls need 1 + J seconds to be safe; so the same is measured
with J = 20 ms, which the limiter has to find out from 429s.

Chats go on meanwhile, out of the same budget: one live reply a second in each tenant on average, 20 of them at once
every 50 s. Live replies are also measured where chats are busier: eight a second, 20 at once every 10 s.
"""

import asyncio
import random
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from benchmarks.virtual_time import run_virtually
from broadcast.limiter import Limiter
from broadcast.messenger import Card, Throttled
from broadcast.sender import Message, Sender
from feedback.people.people import Conversation, Person
from feedback.runs.runs import DeliveryState

LISTED = ((1.0, 7), (2.0, 8), (30.0, 60), (3600.0, 1800))  # seconds, messages to one conversation
RETRY_AFTER_S = 2.0
LATENCY_S = 0.020
JITTER_S = 0.010  # by how much transit times differ
ROUGH_JITTER_S = 0.020
AT_ONCE = 25  # people each tenant's worker writes to at the same time
BURST = 20
CHATS = 500  # people of each tenant who chat
STARTED = datetime(2026, 1, 5, tzinfo=UTC)
MESSAGE = Message(card={"type": "AdaptiveCard"}, summary="Sample")


class Chats(msgspec.Struct, frozen=True):
    """How much the people of one tenant talk to the bot."""

    per_s: float  # replies, one by one
    burst_every_s: float  # besides, 20 at once


QUIET = Chats(per_s=0.6, burst_every_s=50.0)
BUSY = Chats(per_s=6.0, burst_every_s=10.0)


class Played(msgspec.Struct):
    """What happened in one broadcast."""

    took_s: float = 0.0
    sent: int = 0
    lost: int = 0
    requests: int = 0
    refused: int = 0
    longest_live_wait_s: float = 0.0


class _Arrivals:
    """What arrived lately, and how much of it in any second or other span is too much."""

    def __init__(self, *windows: tuple[float, int]) -> None:
        self._windows = windows
        self._times: deque[float] = deque(maxlen=1 + max(count for _, count in windows))

    def take(self, now: float) -> bool:
        """Count a request, and say whether it is within the limits."""
        self._times.append(now)
        return all(
            len(self._times) <= count or now - self._times[-1 - count] >= seconds for seconds, count in self._windows
        )


class LimitedTeams:
    """Takes messages, within the limits."""

    def __init__(self, played: Played, *, per_second: int, chance: random.Random, jitter_s: float = JITTER_S) -> None:
        self._played = played
        self._jitter_s = jitter_s
        self._per_second = per_second
        self._chance = chance
        self._tenants: dict[str, _Arrivals] = {}
        self._conversations: dict[str, _Arrivals] = {}

    async def send_card(self, to: Conversation, card: Card, summary: str) -> str:
        """Deliver after a while. Raises `Throttled`."""
        await asyncio.sleep(LATENCY_S + self._chance.uniform(0, self._jitter_s))
        now = asyncio.get_running_loop().time()
        tenant = self._tenants.setdefault(to.service_url, _Arrivals((1.0, self._per_second)))
        conversation = self._conversations.setdefault(to.id, _Arrivals(*LISTED))
        self._played.requests += 1
        if not tenant.take(now) or not conversation.take(now):
            self._played.refused += 1
            reason = "429 Throttled"
            raise Throttled(reason, retry_after_s=RETRY_AFTER_S)
        return f"{to.id} {summary} {type(card).__name__}"

    async def update_card(self, to: Conversation, activity_id: str, card: Card, summary: str) -> None:
        """Take an update, which counts as a message."""
        await self.send_card(to, card, f"{summary} {activity_id}")

    async def delete_card(self, to: Conversation, activity_id: str) -> None:
        """Take a deletion, which counts as a message."""
        await self.send_card(to, {}, activity_id)


class Play:
    """One broadcast to people spread over tenants, while others chat."""

    def __init__(self, *, tenants: int, per_second: int, limit: int, chats: Chats, seed: int, jitter_s: float) -> None:
        self._chats = chats
        self._tenants = [f"tenant-{number}" for number in range(tenants)]
        self._chance = random.Random(seed)  # noqa: S311 - a repeatable simulation
        self._clock = asyncio.get_running_loop().time
        self.played = Played()
        self._teams = LimitedTeams(self.played, per_second=limit, chance=self._chance, jitter_s=jitter_s)
        self._limiter = Limiter(per_second, clock=self._clock, sleep=asyncio.sleep)
        self._sender = Sender(self._teams, self._limiter, now=self._now, sleep=asyncio.sleep, chance=self._chance)

    async def run(self, people: int) -> Played:
        """Write to everybody, and return what happened."""
        chats = [asyncio.create_task(self._chat(tenant)) for tenant in self._tenants]
        each, more = divmod(people, len(self._tenants))
        async with asyncio.TaskGroup() as workers:
            for number, tenant in enumerate(self._tenants):
                todo = iter(_people(tenant, each + (number < more)))
                for _ in range(AT_ONCE):
                    workers.create_task(self._work(todo))
        self.played.took_s = self._clock()
        for chat in chats:
            chat.cancel()
        await asyncio.wait(chats)
        return self.played

    def _now(self) -> datetime:
        return STARTED + timedelta(seconds=self._clock())

    async def _work(self, todo: Iterator[Person]) -> None:
        for person in todo:
            outcome = await self._sender.send(person, MESSAGE, _no_objection)
            if outcome.state is DeliveryState.SENT:
                self.played.sent += 1
            else:
                self.played.lost += 1

    async def _chat(self, tenant: str) -> None:
        async with asyncio.TaskGroup() as chat:
            chat.create_task(self._talk(chat, tenant))
            chat.create_task(self._talk_at_once(chat, tenant))

    async def _talk(self, chat: asyncio.TaskGroup, tenant: str) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(self._chats.per_s))
            chat.create_task(self._reply(tenant, self._chance.randrange(CHATS)))

    async def _talk_at_once(self, chat: asyncio.TaskGroup, tenant: str) -> None:
        while True:
            await asyncio.sleep(self._chats.burst_every_s)
            for number in range(BURST):
                chat.create_task(self._reply(tenant, number))

    async def _reply(self, tenant: str, number: int) -> None:
        chat = _chat(tenant, f"chat-{number}")
        asked = self._clock()
        await self._limiter.acquire(tenant, chat.id, live=True)
        self.played.longest_live_wait_s = max(self.played.longest_live_wait_s, self._clock() - asked)
        try:
            await self._teams.send_card(chat, MESSAGE.card, MESSAGE.summary)
        except Throttled as error:
            self._limiter.throttled(tenant, error.retry_after_s)


def play(
    people: int,
    *,
    tenants: int = 1,
    per_second: int = 50,
    limit: int | None = None,
    chats: Chats = QUIET,
    seed: int = 1,
    jitter_s: float = JITTER_S,
) -> Played:
    """Write to so many people in so many tenants, and return what happened.

    `per_second` is what the limiter is told, `limit` what a tenant has; None: the same.
    """

    async def main() -> Played:
        found = per_second if limit is None else limit
        scene = Play(tenants=tenants, per_second=per_second, limit=found, chats=chats, seed=seed, jitter_s=jitter_s)
        return await scene.run(people)

    return run_virtually(main())


def simulate(people: int = 45_000, *, tenants: int = 20, per_second: int = 50) -> dict[str, float]:
    """Return the figures: the same people in one tenant, then spread over many; then live replies where chats are busy.

    `budget_used` is the part of one tenant's budget that was used for requests that Teams took.
    """
    one = play(people, per_second=per_second)
    many = play(people, tenants=tenants, per_second=per_second)
    busy = play(people // 10, per_second=per_second, chats=BUSY)
    rough = play(people, per_second=per_second, jitter_s=ROUGH_JITTER_S)
    return {
        f"minutes_for_{people}": round(one.took_s / 60, 2),
        "share_429": round(one.refused / one.requests, 5),
        "budget_used": round((one.requests - one.refused) / (one.took_s * per_second), 4),
        f"minutes_for_{tenants}_tenants": round(many.took_s / 60, 3),
        f"times_as_fast_in_{tenants}_tenants": round(one.took_s / many.took_s, 1),
        "live_reply_wait_s_max": round(max(run.longest_live_wait_s for run in (one, many, busy)), 3),
        "minutes_at_20_ms_jitter": round(rough.took_s / 60, 2),
        "share_429_at_20_ms_jitter": round(rough.refused / rough.requests, 5),
        "live_reply_wait_s_max_at_20_ms_jitter": round(rough.longest_live_wait_s, 3),
        "lost": one.lost + many.lost + busy.lost + rough.lost,
    }


def _people(tenant: str, count: int) -> Iterator[Person]:
    for number in range(count):
        name = f"{number}"
        yield Person(id=f"{tenant}:{name}", tenant=tenant, object_id=name, conversation=_chat(tenant, f"a:{name}"))


def _chat(tenant: str, name: str) -> Conversation:
    return Conversation(id=f"{tenant} {name}", service_url=tenant, user_id="29:sample", bot_id="28:sample")


async def _no_objection() -> None:
    """Nobody says stop."""
