"""Thousands of people with human habits, and the bad luck of the network between them and the bot.

Counts what happened to them, person by person, so that it can be compared with what the bot kept.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable

import aiohttp
import msgspec

from simulator.answering import fill_in
from simulator.cards import card_of, form
from simulator.connector import Call
from simulator.faults import FOREVER, Fault
from simulator.payload import Json, text
from simulator.people import Person
from simulator.teams import Teams

HTTP_OK = range(200, 300)
FEEDBACK = "feedback Sample feedback: thank you for asking."

# What goes wrong, and how often beside the others. A 429 holds up a whole tenant, so there are few.
FAULTS: tuple[tuple[Fault, int], ...] = (
    (Fault(status=429, headers={"Retry-After": "1"}), 2),
    (Fault(status=429), 1),
    (Fault(status=412), 3),
    (Fault(status=502), 4),
    (Fault(status=503), 4),
    (Fault(status=504), 3),
    (Fault(status=500), 1),
    (Fault(status=500, delivered=True), 1),
    (Fault(drop="before"), 1),
    (Fault(drop="after"), 1),
    (Fault(delay_s=3.0), 2),  # slow: it works, after a while
    (Fault(delay_s=FOREVER), 1),  # hung: no answer, ever
)
REFUSALS: tuple[tuple[Fault, int], ...] = (  # of cards alone
    (Fault(status=403, body={"error": {"code": "BotDisabledByAdmin"}}), 1),
    (Fault(status=403, body={"error": {"code": "ConversationBlockedByUser"}}), 1),
    (Fault(status=404, body={"error": {"code": "ConversationNotFound"}}), 1),
    (Fault(status=413, body={"error": {"code": "MessageSizeTooBig"}}), 1),
)


class Habits(msgspec.Struct, frozen=True):
    """Of everybody who gets a card with questions, these shares do something about it, after a log-normal delay."""

    answer: float = 0.62
    stop: float = 0.03
    feedback: float = 0.04  # they answer, and type something besides
    median_s: float = 12.0
    spread: float = 0.8  # of the logarithm
    longest_s: float = 60.0


class Seen(msgspec.Struct):
    """What happened, by the keys of people: tenant and object id."""

    requests: Counter[str] = msgspec.field(default_factory=Counter)
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    cards: Counter[str] = msgspec.field(default_factory=Counter)  # that ask something
    answered: set[str] = msgspec.field(default_factory=set)
    stopped: set[str] = msgspec.field(default_factory=set)
    spoke: set[str] = msgspec.field(default_factory=set)
    refused: Counter[str] = msgspec.field(default_factory=Counter)  # what the bot did not take, by how it said so


class Crowd:
    """Lets people react to what the bot sends them; `faults` is the share of requests that go wrong.

    Without `hangs` every request is answered in the end.
    """

    def __init__(
        self,
        people: Iterable[Person],
        habits: Habits,
        *,
        faults: float,
        chance: random.Random,
        hangs: bool = True,
    ) -> None:
        self.seen = Seen()
        self._people = {key_of(one) for one in people}
        self._habits = habits
        self._faults = faults
        self._bad_luck = tuple((fault, weight) for fault, weight in FAULTS if hangs or fault.delay_s < FOREVER)
        self._chance = chance
        self._reacting: set[asyncio.Task[None]] = set()

    @property
    def pending(self) -> int:
        """How many are about to do something."""
        return len(self._reacting)

    def join(self, teams: Teams) -> None:
        """Live in this Teams from now on."""
        teams.respond = self._respond
        teams.connector.delivered = self._delivered

    async def settled(self) -> None:
        """Return when nobody is about to do anything."""
        while self._reacting:
            await asyncio.wait(self._reacting)

    async def leave(self) -> None:
        """Do nothing more."""
        for task in self._reacting:
            task.cancel()
        if self._reacting:
            await asyncio.wait(self._reacting)

    def _respond(self, call: Call) -> Fault | None:
        """Count a request, and let some that are about the survey go wrong."""
        if call.person is None or key_of(call.person) not in self._people:
            return None
        self.seen.requests[call.operation] += 1
        is_survey = call.operation == "send" and form(card_of(call.body)) is not None
        if not (is_survey or call.operation == "create") or self._chance.random() >= self._faults:
            return None
        faults = (*self._bad_luck, *REFUSALS) if is_survey else self._bad_luck
        fault = self._chance.choices([one for one, _ in faults], [weight for _, weight in faults])[0]
        self.seen.faults[named(fault)] += 1
        return fault

    def _delivered(self, person: Person, activity: Json) -> None:
        if key_of(person) not in self._people or form(card_of(activity)) is None:
            return
        self.seen.cards[key_of(person)] += 1
        if self.seen.cards[key_of(person)] == 1:
            task = asyncio.create_task(self._react(person))
            self._reacting.add(task)
            task.add_done_callback(self._reacting.discard)

    async def _react(self, person: Person) -> None:
        """Do what this person does, after a while."""
        habits, mood = self._habits, self._chance.random()
        if mood >= habits.answer + habits.stop:
            return
        pause_s = self._chance.lognormvariate(0, habits.spread) * habits.median_s
        await asyncio.sleep(min(pause_s, habits.longest_s))
        try:
            if mood < habits.stop:
                await self._say(person, "stop", self.seen.stopped)
                return
            await self._answer(person)
            if mood < habits.stop + habits.feedback:
                await self._say(person, FEEDBACK, self.seen.spoke)
        except (aiohttp.ClientError, TimeoutError) as error:
            self.seen.refused[type(error).__name__] += 1

    async def _say(self, person: Person, words: str, done: set[str]) -> None:
        exchange = await person.say(words)
        if exchange.status in HTTP_OK:
            done.add(key_of(person))
        else:
            self.seen.refused[str(exchange.status)] += 1

    async def _answer(self, person: Person) -> None:
        """Fill in the newest card that asks something, unless it is gone."""
        asking = next((one for one in reversed(person.inbox) if form(card_of(one)) is not None), None)
        found = fill_in(card_of(asking), self._chance) if asking is not None else None
        if asking is None or found is None:
            return
        pressed, entered = found
        exchange = await person.press(text(pressed.action, "title"), entered, on=asking)
        if exchange.status in HTTP_OK and exchange.card and form(exchange.card) is None:  # no questions: it was kept
            self.seen.answered.add(key_of(person))
        else:
            self.seen.refused[exchange.notice or str(exchange.status)] += 1


def named(fault: Fault) -> str:
    """Return what a fault is called in the summary."""
    if fault.drop is not None:
        return "connection broken"
    if fault.delay_s > 0:
        return "hung" if fault.delay_s == FOREVER else "slow"
    return str(fault.status)


def key_of(person: Person) -> str:
    """Return what the person is known by everywhere."""
    return f"{person.who.tenant}:{person.who.object_id}"
