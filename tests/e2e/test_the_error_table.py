"""Microsoft's error table, "Status codes from bot conversational APIs", row by row and over HTTP.

Each row leads to a state and a reason, after so many requests; and whoever cannot be reached is left alone until they
speak.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import msgspec
import pytest

from bot.bot_token import BotToken
from bot.connector import Connector, service_host_check
from bot.wire import Patience, open_wire
from broadcast.limiter import Limiter
from broadcast.sender import MAX_TRIES, Message, Sender
from feedback.people.people import Conversation, Person
from feedback.runs.deliveries import Outcome
from feedback.runs.runs import FINAL, DeliveryState, deliveries
from simulator import FOREVER, Call, Fault, Teams
from simulator import Person as Somebody
from tests.conftest import Clock
from tests.e2e.conftest import ELSEWHERE, PULSE, Service, is_survey

MESSAGE = Message(card={"type": "AdaptiveCard", "version": "1.5", "body": []}, summary="Sample")
PATIENCE = Patience(total=timedelta(seconds=0.5))  # instead of 30 s
SENT, FAILED, DOUBT = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCONFIRMED


def answer(status: int, code: str, *, sub_code: str = "", wait: str = "", delivered: bool = False) -> Fault:
    """Return an answer in the form of the table."""
    error = {"code": code, "message": "with private details"} | ({"subCode": sub_code} if sub_code else {})
    headers = {"Retry-After": wait} if wait else {}
    return Fault(status=status, headers=headers, body={"error": error}, delivered=delivered)


class Row(msgspec.Struct, frozen=True):
    """What happens, each time or once, and what becomes of it."""

    name: str
    trouble: Fault
    state: DeliveryState
    reason: str = ""
    times: int = 100
    requests: int = 1
    arrived: int = 0
    waits_s: float = 0.0


def final(status: int, code: str, *, sub_code: str = "") -> Row:
    """Return a row after which nothing more is sent to the person until they speak."""
    said = " ".join(filter(None, (str(status), code, sub_code)))
    return Row(said, answer(status, code, sub_code=sub_code), FAILED, f"unreachable: {said}")


def again(status: int, code: str) -> list[Row]:
    """Return the rows of a status that is tried again: it goes away, or it does not."""
    said = f"{status} {code}"
    return [
        Row(f"{said} once", answer(status, code), SENT, times=1, requests=2, arrived=1),
        Row(f"{said} always", answer(status, code), FAILED, f"gave up: {said}", requests=MAX_TRIES),
    ]


GONE = [
    final(403, "BotDisabledByAdmin"),
    final(403, "BotNotInConversationRoster"),
    final(403, "ConversationBlockedByUser"),
    final(403, "ConversationBlockedByUser", sub_code="MessageWritesBlocked"),
    final(403, "ForbiddenOperationException"),
    final(403, "InvalidBotApiHost"),
    final(403, "NotEnoughPermissions"),
    final(404, "ActivityNotFoundInConversation"),
    final(404, "ConversationNotFound"),
]
TABLE = [
    Row("works", Fault(), SENT, times=0, arrived=1),
    Row("400", answer(400, "BadArgument"), FAILED, "refused: 400 BadArgument"),
    *again(401, "BotNotRegistered"),
    *GONE,
    *again(412, "PreconditionFailed"),
    Row("413", answer(413, "MessageSizeTooBig"), FAILED, "too large: 413 MessageSizeTooBig"),
    *again(429, "Throttled"),
    Row("429, a wait", answer(429, "Throttled", wait="7"), SENT, times=1, requests=2, arrived=1, waits_s=7),
    Row("429, waits", answer(429, "Throttled", wait="7"), FAILED, "gave up: 429 Throttled", 100, MAX_TRIES, 0, 35),
    Row("500", answer(500, "ServiceError"), DOUBT, "500 ServiceError"),
    Row("500, delivered", answer(500, "ServiceError", delivered=True), DOUBT, "500 ServiceError", arrived=1),
    *again(502, "BadGateway"),
    *again(503, "ServiceUnavailable"),
    *again(504, "GatewayTimeout"),
    Row("slow", Fault(delay_s=0.1), SENT, arrived=1),
    Row("hung", Fault(delay_s=FOREVER), DOUBT, "no answer from the channel in time"),
    Row(
        "hung, delivered", Fault(delay_s=FOREVER, delivered=True), DOUBT, "no answer from the channel in time", 1, 1, 1
    ),
    Row("reset before", Fault(drop="before"), DOUBT, "the connection broke"),
    Row("reset after", Fault(drop="after"), DOUBT, "the connection broke", arrived=1),
]


@asynccontextmanager
async def _sending(teams: Teams, clock: Clock) -> AsyncIterator[Sender]:
    secret = teams.app_password
    async with aiohttp.ClientSession() as http, open_wire(patience=PATIENCE) as wire:
        token = BotToken(
            http, login_url=teams.login_url, tenant=teams.tenant, app_id=teams.app_id, password=secret, clock=clock.time
        )
        is_allowed = service_host_check(("127.0.0.1",))
        connector = Connector(wire, token=token, is_allowed=is_allowed, clock=clock.time)
        limiter = Limiter(50, clock=clock.time, sleep=clock.sleep)
        yield Sender(connector, limiter, now=clock.now, sleep=clock.sleep, chance=random.Random(7))


def _person(teams: Teams, somebody: Somebody) -> Person:
    who = somebody.who
    chat = Conversation(who.conversation, teams.service_url, who.user_id, f"28:{teams.app_id}")
    return Person(id=f"{who.tenant}:{who.object_id}", tenant=who.tenant, object_id=who.object_id, conversation=chat)


async def _no_objection() -> Outcome | None:
    return None


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
async def test_each_row_leads_to_its_state_and_reason(row: Row, teams: Teams, clock: Clock) -> None:
    somebody = teams.person("Sample Customer", has_bot=True)
    somebody.has_chat = True
    somebody.run_into(*[row.trouble] * row.times)
    requests: list[Call] = []
    teams.respond = requests.append
    began = clock.time()
    async with _sending(teams, clock) as sender:
        outcome = await sender.send(_person(teams, somebody), MESSAGE, _no_objection)
    assert (outcome.state, outcome.reason) == (row.state, row.reason)
    assert (len(requests), len(somebody.inbox)) == (row.requests, row.arrived)
    assert clock.time() - began >= row.waits_s
    assert bool(outcome.activity_id) is (row.state is SENT)


async def test_where_no_connection_can_be_opened_it_is_tried_again_and_given_up(clock: Clock) -> None:
    async with Teams() as teams, _sending(teams, clock) as sender:
        person = _person(teams, teams.person("Sample Customer", has_bot=True))
        await teams.close()
        outcome = await sender.send(person, MESSAGE, _no_objection)
    assert outcome.state is FAILED
    assert outcome.reason.startswith("gave up: no token for the bot")


async def _ended(service: Service, run: str, person: Somebody) -> tuple[DeliveryState, str]:
    """Wait until a delivery has ended, and return how."""
    key = f"{ELSEWHERE}:{person.who.object_id}"
    async with asyncio.timeout(60):
        while True:
            async for one in deliveries(service.store, run):
                if one.id == key and one.state in FINAL:
                    return one.state, one.reason
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("row", GONE, ids=lambda row: row.name)
async def test_whoever_cannot_be_reached_is_left_alone_until_they_speak(
    row: Row, service: Service, admin: Somebody, customer: Somebody
) -> None:
    await admin.say(f"survey import\n```\n{PULSE}```")
    requests: list[Call] = []
    service.teams.respond = lambda call: requests.append(call) if call.person is customer else None
    customer.run_into(row.trouble)
    await admin.say("send pulse to customers")
    assert await _ended(service, "pulse-1", customer) == (FAILED, row.reason)
    await admin.say("send pulse to everyone")
    assert await _ended(service, "pulse-2", customer) == (DeliveryState.EXCLUDED, row.reason)
    assert len(requests) == 1

    await customer.say("help")
    assert len(requests) == 2
    await admin.say("send pulse to Customers")
    await customer.received(is_survey)
