"""First contact: opens the chat with people who never wrote to the bot, ahead of their card.

Nobody sees anything of it, and doing it again gives the same chat, so unlike a send it is also tried again where it
may have worked. A chat that somebody has told us meanwhile wins over the one that was opened.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from broadcast.lease import HeldSlice
from broadcast.limiter import Limiter
from broadcast.messenger import Doorbell, Doubtful, Rejected, Retriable, SendError, Throttled, Unreachable
from broadcast.sender import MAX_TRIES, Message, Objection, Sender, pause_s
from broadcast.slices import Slice, held_for
from broadcast.windows import Call
from feedback.people.people import (
    Conversation,
    Person,
    find_people,
    find_person,
    keep_conversation,
    mark_unopened,
    neighbours,
)
from feedback.runs.deliveries import Outcome, why_excluded
from feedback.runs.runs import DeliveryState, RunState, deliveries, find_run
from store.contract import Store

CHUNK = 25  # chats opened at a time, as in sending
LOOK_AT = 100  # people of a tenant among whom somebody with a chat is looked for
REMEMBER_S = 600.0  # how long a tenant's address is taken to be right
GOING_OUT = frozenset({RunState.PLANNING, RunState.SENDING})
NO_ADDRESS = "no service address is known for their tenant"


class Addresses:
    """Where the chats of a tenant are opened: where one of its people was heard from, else where the settings say.

    `default` may be empty. Costs one small query for each tenant every ten minutes.
    """

    def __init__(
        self, store: Store, *, default: str, is_allowed: Callable[[str], bool], clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._default = default
        self._is_allowed = is_allowed
        self._clock = clock
        self._known: dict[str, tuple[str, float]] = {}

    async def of(self, tenant: str) -> str:
        """Return the service address for people of a tenant. Raises `Rejected` when there is none."""
        address, until = self._known.get(tenant, ("", 0.0))
        if until <= self._clock():
            address = await self._look(tenant)
            self._known[tenant] = (address, self._clock() + REMEMBER_S)
        if not address:
            raise Rejected(NO_ADDRESS)
        return address

    async def _look(self, tenant: str) -> str:
        found = [one.conversation for one in await neighbours(self._store, tenant, LOOK_AT)]
        heard = [one.service_url for one in found if one is not None]
        return next(filter(self._is_allowed, [*heard, self._default]), "")


class Opener:
    """Opens one chat, within the limits, as often as it takes and no more."""

    def __init__(
        self,
        store: Store,
        doorbell: Doorbell,
        limiter: Limiter,
        addresses: Addresses,
        *,
        sleep: Callable[[float], Awaitable[None]],
        chance: random.Random,
    ) -> None:
        self._store = store
        self._doorbell = doorbell
        self._limiter = limiter
        self._addresses = addresses
        self._sleep = sleep
        self._chance = chance

    async def open(self, person: Person, objection: Callable[[], Awaitable[bool]]) -> Person:
        """Return the person with their chat, durably; without one where there is an objection, or they are forgotten.

        Raises `Unreachable`, kept with the person, where the app is not installed for them; another `SendError` where
        it did not work.
        """
        problem: SendError | None = None
        for attempt in range(MAX_TRIES):
            if problem is not None:
                await self._sleep(pause_s(problem, attempt, self._chance))
            if await objection():
                return person
            try:
                return await self._keep(person, await self._try(person))
            except Unreachable as error:
                return await self._give_up(person, error)
            except (Throttled, Retriable, Doubtful) as error:
                problem = error
        msg = f"gave up: {problem.reason if problem is not None else ''}"
        raise Rejected(msg)

    async def _try(self, person: Person) -> Conversation:
        address = await self._addresses.of(person.tenant)
        await self._limiter.acquire(person.tenant, person.id, Call.CREATE)
        try:
            return await self._doorbell.create_conversation(address, person.tenant, person.object_id)
        except Throttled as error:
            self._limiter.throttled(person.tenant, error.retry_after_s)
            raise

    async def _keep(self, person: Person, opened: Conversation) -> Person:
        return await keep_conversation(self._store, person.id, opened) or person

    async def _give_up(self, person: Person, error: Unreachable) -> Person:
        """Remember that there is no way to a person, unless they have written meanwhile."""
        now = await mark_unopened(self._store, person.id, error.reason)
        if now is None or now.conversation is None:
            raise error
        return now


class FirstContact:
    """Sends cards as `Sender` does, and opens the chat first where there is none yet."""

    def __init__(self, sender: Sender, opener: Opener, *, now: Callable[[], datetime]) -> None:
        self._sender = sender
        self._opener = opener
        self._now = now

    async def send(self, person: Person, message: Message, objection: Objection) -> Outcome:
        """Return how it ended. Never raises a `SendError`."""
        if person.conversation is not None:
            return await self._sender.send(person, message, objection)
        found: list[Outcome] = []

        async def speaks_against() -> bool:
            if (instead := await objection()) is not None:
                found.append(instead)
            return bool(found)

        try:
            person = await self._opener.open(person, speaks_against)
        except SendError as error:
            return failed(person, error, self._now())
        return found[0] if found else await self._sender.send(person, message, objection)


class Opening:
    """The job “open” of a slice: before its cards leave, so that they need not wait for it."""

    def __init__(self, store: Store, opener: Opener, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._opener = opener
        self._now = now

    async def work(self, held: HeldSlice) -> None:
        """Open the chats that a slice needs. Where its cards leave already, whoever sends them does it."""
        slice_ = Slice(held.slice.run, held.slice.number)
        found = deliveries(self._store, slice_.run, states=frozenset({DeliveryState.PLANNED}), slice_=held.slice.number)
        waiting = [one.id async for one in found]
        outcomes: list[Outcome] = []
        while waiting:
            state = (await find_run(self._store, slice_.run)).state
            is_being_sent = bool(await held_for(self._store, slice_, now=self._now().timestamp()))
            if state not in GOING_OUT or is_being_sent:
                await held.finish(outcomes, is_done=state is not RunState.HELD)  # it goes on when the run does
                return
            chunk, waiting = waiting[:CHUNK], waiting[CHUNK:]
            await held.step(outcomes)
            outcomes = await self._open_all(slice_.run, chunk)
        await held.finish(outcomes)

    async def _open_all(self, run: str, chunk: Sequence[str]) -> list[Outcome]:
        people = [one for one in await find_people(self._store, chunk) if one.conversation is None]
        ends = await asyncio.gather(*(self._open(run, one) for one in people if not why_excluded(one)))
        return [one for one in ends if one is not None]

    async def _open(self, run: str, person: Person) -> Outcome | None:
        """Return the end of a delivery that cannot be made. What a later try may mend is left to the sending."""

        async def speaks_against() -> bool:
            known = await find_person(self._store, person.id)
            stopped = (await find_run(self._store, run)).state not in GOING_OUT
            return stopped or known is None or known.conversation is not None or bool(why_excluded(known))

        try:
            await self._opener.open(person, speaks_against)
        except Unreachable as error:
            return failed(person, error, self._now())
        except SendError:
            return None
        return None


def failed(person: Person, error: SendError, at: datetime) -> Outcome:
    """Return the end of a delivery whose chat could not be opened."""
    kind = "unreachable: " if isinstance(error, Unreachable) else ""
    return Outcome(person=person.id, state=DeliveryState.FAILED, at=at, reason=f"{kind}{error.reason}")
