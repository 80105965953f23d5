"""Teams refuses a message, over HTTP: the run fails early and says why; one person's odd chat stops nobody."""

import asyncio
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from broadcast.sending import CHUNK
from broadcast.worker import PER_TENANT
from feedback.people.people import Contact, Conversation, meet
from feedback.runs.progress import Progress, progress
from feedback.runs.runs import DeliveryState, RunState, find_run
from settings import Settings
from simulator import Fault, Person, card_text
from simulator.connector import Call
from simulator.ids import bot_id
from tests.e2e.conftest import ELSEWHERE, PULSE, Service, is_survey

PEOPLE = 400
PATIENCE_S = 60  # for everybody together
UNDER_WAY = CHUNK * PER_TENANT  # cards that may have left before anybody knows


@pytest.fixture
async def crowd(service: Service) -> list[Person]:
    """Customers whom the bot has met before."""
    teams = service.teams
    people = [teams.person(f"Sample Customer {n}", tenant=ELSEWHERE) for n in range(PEOPLE)]
    for one in people:
        one.has_bot = one.has_chat = True
        who = one.who
        chat = Conversation(who.conversation, teams.service_url, who.user_id, bot_id(teams.app_id))
        await meet(service.store, Contact(who.tenant, who.object_id, who.name, who.locale, chat), service.now())
    return people


def _refusing(status: int, code: str, asked: list[str], only: str = "") -> Callable[[Call], Fault | None]:
    """Refuse surveys, everybody's or one person's."""

    def respond(call: Call) -> Fault | None:
        if call.operation != "send" or not is_survey(call.body):
            return None
        asked.append(call.conversation)
        is_meant = only in {"", call.conversation}
        return Fault(status=status, body={"error": {"code": code, "message": "private"}}) if is_meant else None

    return respond


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """What an admin may send to so many alone."""
    return replace(settings, approval_above=PEOPLE)


async def _ended(service: Service, state: RunState) -> Progress:
    """Return the counts of the run once it has a state and nobody waits any more."""
    while True:
        await service.worker.drain()
        found = await progress(service.store, await find_run(service.store, "pulse-1"))
        if found.run.state is state and DeliveryState.PLANNED not in found.by_state:
            return found


async def _send(admin: Person) -> None:
    await admin.say(f"survey import\n```\n{PULSE}```")
    await admin.say("send pulse to customers")


@pytest.mark.parametrize(("status", "code"), [(413, "MessageSizeTooBig"), (400, "BadSyntax")])
async def test_a_run_whose_message_is_refused_fails_before_it_goes_on_to_many(
    status: int, code: str, admin: Person, crowd: list[Person], service: Service
) -> None:
    asked: list[str] = []
    service.teams.respond = _refusing(status, code, asked)
    await _send(admin)
    found = await asyncio.wait_for(_ended(service, RunState.FAILED), PATIENCE_S)
    assert found.by_state.keys() == {DeliveryState.FAILED, DeliveryState.CANCELLED}
    assert found.people == PEOPLE
    assert len(asked) == found.by_state[DeliveryState.FAILED] <= UNDER_WAY
    await admin.say("status pulse-1")
    said = card_text(admin.card())
    assert f"Teams refused the message: {status} {code}" in said
    assert "no more cards leave" in said
    assert not any(is_survey(message) for one in crowd for message in one.inbox)


async def test_one_persons_400_does_not_stop_the_run(admin: Person, crowd: list[Person], service: Service) -> None:
    service.teams.respond = _refusing(400, "BadSyntax", [], only=crowd[7].who.conversation)
    await _send(admin)
    found = await asyncio.wait_for(_ended(service, RunState.SENT), PATIENCE_S)
    assert found.by_state == {DeliveryState.SENT: PEOPLE - 1, DeliveryState.FAILED: 1}
    assert found.by_reason == {"failed: refused: 400 BadSyntax": 1}
    assert sum(is_survey(message) for one in crowd for message in one.inbox) == PEOPLE - 1
