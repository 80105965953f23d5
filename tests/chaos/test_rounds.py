"""Rounds of bad luck: random faults of the channel for 2,000 people, a `kill -9` at a random moment, two services.

The simulated Teams keeps its limits meanwhile. In two rounds of four the kill comes while cards leave, in the other two
while the run is planned. At the end of each some people answer while the service is killed once more, and everything is
counted again. Two rounds run with the other tests; with `CHAOS_ROUNDS=20` set there are more, and each
prints its counts.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import aiohttp
import msgspec
import pytest

from feedback.runs.runs import DeliveryState
from settings import CosmosAt
from simulator import FOREVER, Call, Exchange, Fault, Limits, Person, Teams
from tests.chaos.people import crowd, key_of, surveys_of, unreachable
from tests.chaos.processes import (
    RATE,
    RUN_S,
    Place,
    Process,
    check_tallies,
    how_it_stands,
    reasons_of,
    run_of,
    settings_for,
    states_of,
    when_over,
    when_planned,
)
from tests.cosmos_account import DATABASE, stand_in
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, TROUBLES, is_survey

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

ROUNDS = range(int(os.environ.get("CHAOS_ROUNDS", "2")))
PEOPLE = 2000
FEWER = 300  # on the stand-in of Cosmos DB, which shares a process with the test
SHARE = 0.08  # of the requests go wrong
SELDOM = 0.002  # of the requests meet with what slows everybody down
SPEAK = 3  # of those who cannot be reached speak afterwards
ANSWER = 40  # people, while the service dies once more
GONE = (403, 404)


def _said(status: int, code: str, sub_code: str = "") -> Fault:
    return Fault(status=status, body={"error": {"code": code, "subCode": sub_code, "message": "sample"}})


FAULTS: list[Fault] = [
    _said(403, "BotDisabledByAdmin"),
    _said(403, "BotNotInConversationRoster"),
    _said(403, "ConversationBlockedByUser"),
    _said(403, "ConversationBlockedByUser", "MessageWritesBlocked"),
    _said(403, "ForbiddenOperationException"),
    _said(403, "InvalidBotApiHost"),
    _said(403, "NotEnoughPermissions"),
    _said(404, "ConversationNotFound"),
    _said(404, "ActivityNotFoundInConversation"),
    _said(401, "BotNotRegistered"),
    _said(412, "PreconditionFailed"),
    _said(400, "BadArgument"),
    Fault(status=500, delivered=True),
    Fault(status=500),
    Fault(status=502),
    Fault(status=503),
    Fault(status=504),
    Fault(drop="before"),
    Fault(drop="after", delivered=True),
    Fault(delay_s=0.5),
    Fault(delay_s=2),
]
STOPPING: list[Fault] = [  # the tenant stops, or people wait for half a minute
    Fault(status=429, headers={"Retry-After": "1"}),
    Fault(status=429),
    Fault(delay_s=FOREVER),
    Fault(delay_s=FOREVER, delivered=True),
]


class Luck:
    """What goes wrong with requests. `reached` is set at the moment of the kill, after so many of them."""

    def __init__(self, chance: random.Random, at: int) -> None:
        self.reached = asyncio.Event()
        self.is_bad = True
        self.requests = Counter[str]()  # for each conversation
        self.at_the_end: dict[str, int] = {}  # which of them was answered that nothing can be sent there
        self._chance = chance
        self._at = at

    def respond(self, call: Call) -> Fault | None:
        if call.operation != "send" or not is_survey(call.body):
            return None
        self.requests[call.conversation] += 1
        if self.requests.total() >= self._at:
            self.reached.set()
        fault = self._fault() if self.is_bad else None
        if fault is not None and fault.status in GONE:
            self.at_the_end[call.conversation] = self.requests[call.conversation]
        return fault

    def _fault(self) -> Fault | None:
        drawn = self._chance.random()
        if drawn < SELDOM:
            return self._chance.choice(STOPPING)
        return self._chance.choice(FAULTS) if drawn < SHARE else None


class Round(msgspec.Struct):
    """One round: who takes part, and how things stood when the run was over."""

    teams: Teams
    place: Place
    people: list[Person]
    admin: Person
    luck: Luck
    services: int = 1
    states: Mapping[str, DeliveryState] = {}

    async def check_everybody_is_accounted_for(self) -> None:
        """Nobody is lost, nobody got two cards, and whoever got none is known to have got none, or is in doubt."""
        got = {key_of(one): surveys_of(one) for one in self.people}
        found = await run_of(self.place, "pulse-1")
        assert found.people == found.run.people == len(self.states) == len(self.people)
        assert found.by_state == Counter(self.states.values())
        assert max(got.values()) == 1, "somebody got two cards"
        assert not {who for who in self._in(DeliveryState.SENT) if not got[who]}
        assert not {who for who in self._in(DeliveryState.FAILED) if got[who]}
        known = {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCONFIRMED}
        assert set(self.states.values()) <= known

    async def check_resend_settles_every_doubt(self) -> None:
        """Only those in doubt are written to again, and have a card more each time; in the end nobody is in doubt.

        But for those of whom it is known meanwhile that nothing can be sent to them.

        Where the store is in trouble or busy, somebody may be in doubt anew: then it is asked for again.
        """
        self.luck.is_bad = False
        cards = Counter(dict.fromkeys(self.states, 1))
        gone = await unreachable(self.place, sorted(self.states))  # the kill came before the record of their refusal
        doubtful = self._in(DeliveryState.UNCONFIRMED) - gone
        for times in range(1 + self.admin.tries_again):
            before = self.luck.requests.copy()
            await self.admin.say("resend pulse-1" + "." * times)  # the very same words so soon are taken for a repeat
            after = await when_over(self.place, "pulse-1", len(self.people))
            written_to = {key_of(one) for one in self.people if self._requests(one) > before[one.who.conversation]}
            settled = {who for who in doubtful if after[who] is DeliveryState.SENT}
            assert settled <= written_to <= doubtful
            cards.update(doubtful)
            doubtful -= settled
            if not doubtful:
                break
        assert not doubtful, await reasons_of(self.place, "pulse-1", doubtful)
        assert all(after[who] is state for who, state in self.states.items() if state is not DeliveryState.UNCONFIRMED)
        assert all(surveys_of(one) <= cards[key_of(one)] for one in self.people)

    async def check_who_is_gone_is_left_alone_until_they_speak(self) -> None:
        """Those to whom nothing can be sent are left out of the next run, all but those who have spoken since."""
        store_says = await unreachable(self.place, sorted(self.states))
        gone = [one for one in self.people if key_of(one) in store_says]
        assert gone
        assert {self.states[key_of(one)] for one in gone} <= {DeliveryState.FAILED, DeliveryState.UNCONFIRMED}
        last = {one.who.conversation: self._requests(one) for one in gone}
        assert last == {chat: self.luck.at_the_end[chat] for chat in last}, "somebody was written to after a final no"
        for one in gone[:SPEAK]:
            await one.say("help")
        await self.admin.say("send pulse to Customers")
        states = await when_over(self.place, "pulse-2", len(self.people))
        again = {states[key_of(one)] for one in gone[:SPEAK]}
        assert again <= {DeliveryState.SENT, DeliveryState.UNCONFIRMED}  # in doubt where the store was in trouble
        assert {states[key_of(one)] for one in gone[SPEAK:]} <= {DeliveryState.EXCLUDED}
        assert all(self._requests(one) == last[one.who.conversation] for one in gone[SPEAK:])

    async def check_answers_amid_a_kill_are_counted(self, service: Process) -> None:
        """Whoever was thanked is in the store, and the tallies of both runs are what a recount says."""
        states = await states_of(self.place, "pulse-2")
        some = [one for one in self.people if states[key_of(one)] is DeliveryState.SENT][:ANSWER]
        answering = [asyncio.create_task(one.press("answer", {"q_nps": str(n % 11)})) for n, one in enumerate(some)]
        await asyncio.wait(answering, return_when=asyncio.FIRST_COMPLETED)
        await service.kill()
        replies = await asyncio.gather(*answering, return_exceptions=True)
        thanked = {
            key_of(one)
            for one, reply in zip(some, replies, strict=True)
            if isinstance(reply, Exchange) and "Thank you" in str(reply.card)
        }
        assert thanked
        await service.start()
        states = await states_of(self.place, "pulse-2")
        assert {states[who] for who in thanked} == {DeliveryState.ANSWERED}
        for run in ("pulse-1", "pulse-2"):
            await check_tallies(self.place, run)

    def summary(self) -> str:
        counts = {state.value: count for state, count in sorted(Counter(self.states.values()).items())}
        limits = self.teams.limits
        assert limits is not None
        arrived = f"at most {limits.peaks[ELSEWHERE]} requests in a second, {limits.refused} refused by the limits"
        return f"{self.services} services: {counts}, {arrived}"

    def _in(self, state: DeliveryState) -> set[str]:
        return {who for who, found in self.states.items() if found is state}

    def _requests(self, person: Person) -> int:
        return self.luck.requests[person.who.conversation]


@pytest.mark.parametrize("number", ROUNDS)
async def test_a_round_ends_with_everybody_accounted_for(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await _round(number, tmp_path, tmp_path / "hearback.db", PEOPLE, capsys)


@pytest.mark.parametrize("number", ROUNDS)
async def test_so_does_a_round_on_cosmos_with_troubles_of_its_own(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with stand_in() as account:
        place = CosmosAt(account.url, DATABASE, key=account.key, verifies_tls=False)
        account.troubles.by_chance(0.05, TROUBLES, seed=number, when=lambda call: call.kind == "docs")
        await _round(number, tmp_path, place, FEWER, capsys, tries_again=5)
        assert account.counters().faults > 0


async def _round(
    number: int, folder: Path, place: Place, size: int, capsys: pytest.CaptureFixture[str], *, tries_again: int = 1
) -> None:
    chance = random.Random(number)
    async with Teams(tenant=HOME, keep_transcript=100, limits=Limits(RATE)) as teams:
        teams.tries_again = tries_again
        people = await crowd(teams, place, size)
        services = [Process(teams, folder, **settings_for(place)) for _ in range(1 + number % 2)]
        luck = Luck(chance, at=chance.randrange(50, size - 200))
        teams.respond = luck.respond
        admin = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
        played = Round(teams, place, people, admin, luck, len(services))
        try:
            for one in services:
                await one.start()
            teams.bot_url = f"{services[0].url}/api/messages"
            await admin.install()
            sending = asyncio.create_task(_send(admin))
            if number % 4 < 2:
                await asyncio.wait_for(luck.reached.wait(), RUN_S)
            else:
                await when_planned(place, "pulse-1", chance.randrange(1, size // 2))
            await services[0].kill()  # the one that planned it, or still does
            await sending
            if len(services) == 1:
                await services[0].start()
            teams.bot_url = f"{services[-1].url}/api/messages"
            played.states = await when_over(place, "pulse-1", size)
            with capsys.disabled():
                print(f"\n  round {number}, {played.summary()}")  # noqa: T201 - what the round is for
            await played.check_everybody_is_accounted_for()
            await check_tallies(place, "pulse-1")
            await played.check_resend_settles_every_doubt()
            await played.check_who_is_gone_is_left_alone_until_they_speak()
            await played.check_answers_amid_a_kill_are_counted(services[-1])
        except TimeoutError:
            pytest.fail(f"the runs do not end: {[await how_it_stands(place, run) for run in ('pulse-1', 'pulse-2')]}")
        finally:
            for one in services:
                await one.stop()


async def _send(admin: Person) -> None:
    """Send the survey; whoever is told nothing, because there is nobody left to tell, may look at the status."""
    with suppress(aiohttp.ClientError):
        await admin.say("send pulse to customers")
