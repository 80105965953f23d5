"""Two services on one queue of Azure's kind share a run and the rate; one is killed, and the other finishes.

On both engines; on Cosmos DB's one request in twenty goes wrong besides.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
from azure.storage.queue.aio import QueueClient

from broadcast.azure_queue import QUEUE
from broadcast.queue import LEASE_S
from broadcast.sending import CHUNK
from broadcast.worker import PER_TENANT
from feedback.runs.runs import DeliveryState, deliveries
from simulator import Call, Limits, Person, Teams
from tests.azurite import Azurite
from tests.chaos.people import crowd, key_of, surveys_of
from tests.chaos.processes import (
    RUN_S,
    Place,
    Process,
    check_tallies,
    open_beside,
    run_of,
    settings_for,
    tries_again,
    when_over,
)
from tests.e2e.conftest import ADMIN, ELSEWHERE, HOME, is_survey

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

PEOPLE = 1200  # twelve slices, because one instance alone may hold seven
RATE = 80  # requests a second, of both together
EACH = 60  # cards from each before one is killed: fewer than its first chunks, so that somebody is left to take over
SHARE = "hearback_budget_requests_per_second"


class Arrival(msgspec.Struct, frozen=True):
    """A card that arrived: when, from which process, for whom."""

    at: float
    token: str
    conversation: str


class Arrivals:
    """The cards that arrive, by the process that sends them: each has a token of its own."""

    def __init__(self) -> None:
        self.all: list[Arrival] = []
        self.both_work = asyncio.Event()
        self._counts = Counter[str]()

    def look(self, call: Call) -> None:
        if call.operation == "send" and is_survey(call.body):
            self.all.append(Arrival(time.monotonic(), call.token, call.conversation))
            self._counts[call.token] += 1
            if sum(count >= EACH for count in self._counts.values()) >= 2:
                self.both_work.set()

    def most_in(self, seconds: float) -> int:
        """Return the most that arrived in any time of this length."""
        most = first = 0
        for last, one in enumerate(self.all):
            while one.at - self.all[first].at >= seconds:
                first += 1
            most = max(most, last - first + 1)
        return most


@pytest.fixture
def azurite() -> Iterator[Azurite]:
    with Azurite() as azurite:
        yield azurite


@pytest.fixture
async def teams(place: Place) -> AsyncIterator[Teams]:
    async with Teams(tenant=HOME, keep_transcript=100, limits=Limits(RATE)) as teams:
        teams.tries_again = tries_again(place)
        yield teams


@pytest.fixture
async def services(teams: Teams, azurite: Azurite, place: Place, tmp_path: Path) -> AsyncIterator[list[Process]]:
    async with QueueClient.from_connection_string(azurite.connection_string, QUEUE) as queue:
        await queue.create_queue()
    on_azure = {
        "HEARBACK_QUEUE": "azure",
        "AZURE_STORAGE_CONNECTION_STRING": azurite.connection_string,
        "HEARBACK_RATE_PER_TENANT": str(RATE),
    }
    services = [Process(teams, tmp_path, **(settings_for(place) | on_azure)) for _ in range(2)]
    yield services
    for one in services:
        await one.stop()


async def _share(service: Process) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"{service.url}/metrics") as answer:
        (line,) = [line for line in (await answer.text()).splitlines() if line.startswith(f"{SHARE} ")]
    return float(line.split()[1])


async def _until_each_has(services: list[Process], share: float) -> None:
    async with asyncio.timeout(RUN_S):
        while {await _share(one) for one in services} != {share}:
            await asyncio.sleep(0.2)


async def _slices(place: Place, people: list[Person]) -> dict[str, int]:
    """Return in which slice each conversation is."""
    store = await open_beside(place)
    try:
        slice_of = {one.id: one.slice async for one in deliveries(store, "pulse-1")}
    finally:
        await store.close()
    return {one.who.conversation: slice_of[key_of(one)] for one in people}


async def test_two_instances_share_a_run_and_the_rate_and_one_finishes_for_both(
    teams: Teams, services: list[Process], place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    arrivals = Arrivals()
    people = await crowd(teams, place, PEOPLE)
    for one in services:
        await one.start()
    await _until_each_has(services, RATE / 2)
    teams.bot_url, teams.respond = f"{services[0].url}/api/messages", arrivals.look
    admin = teams.person("Sample Admin", tenant=HOME, object_id=ADMIN)
    await admin.install()
    await admin.say("send pulse to customers")
    await asyncio.wait_for(arrivals.both_work.wait(), RUN_S)
    await services[1].kill()
    killed_at = time.monotonic()
    counts = Counter(one.token for one in arrivals.all)
    states = await when_over(place, "pulse-1", len(people))

    (living,) = {one.token for one in arrivals.all if one.at > killed_at + 1}
    (dead,) = counts.keys() - {living}
    slice_of = await _slices(place, people)
    cut = {slice_of[one.conversation] for one in arrivals.all if one.token == dead}
    taken_over = [
        one.at - killed_at for one in arrivals.all if one.token == living and slice_of[one.conversation] in cut
    ]
    by_state = Counter(states.values())
    with capsys.disabled():
        print(  # noqa: T201 - what was measured
            f"\n  {counts[living]} and {counts[dead]} cards before the kill, {by_state[DeliveryState.SENT]} sent and "
            f"{by_state[DeliveryState.UNCONFIRMED]} in doubt, taken over after {min(taken_over):.1f} to "
            f"{max(taken_over):.1f} s, at most {arrivals.most_in(1)} in a second and {arrivals.most_in(10)} in ten, "
            f"{teams.limits.refused if teams.limits else 0} refused"
        )
    assert min(taken_over) <= 2 * LEASE_S
    assert arrivals.most_in(10) <= 10 * RATE
    assert arrivals.most_in(1) <= 1.1 * RATE  # on the way some are overtaken
    found = await run_of(place, "pulse-1")
    assert found.people == found.run.people == len(people)
    assert set(by_state) <= {DeliveryState.SENT, DeliveryState.UNCONFIRMED}
    assert by_state[DeliveryState.UNCONFIRMED] <= CHUNK * PER_TENANT  # what one process had on its way
    without = {key_of(person) for person in people if not surveys_of(person)}
    assert {states[who] for who in without} <= {DeliveryState.UNCONFIRMED}
    assert max(map(surveys_of, people)) == 1
    await check_tallies(place, "pulse-1")
    await _until_each_has(services[:1], RATE)
    assert teams.limits is not None
    assert teams.limits.peaks[ELSEWHERE] <= 1.1 * RATE
