"""One person, one card: every way the channel can answer, and what it is called afterwards."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from bot.connector import error_for, wait_asked_for
from broadcast.limiter import Limiter
from broadcast.messenger import Card, Doubtful, Rejected, Retriable, SendError, Throttled, TooLarge, Unreachable
from broadcast.sender import MAX_TRIES, Message, Sender
from feedback.people.people import Conversation, Person
from feedback.runs.deliveries import Outcome
from feedback.runs.runs import DeliveryState
from tests.conftest import Clock

CHAT = Conversation(id="a:1", service_url="https://smba.trafficmanager.net/teams/", user_id="29:1", bot_id="28:1")
PERSON = Person(id="t:1", tenant="t", object_id="1", conversation=CHAT)
MESSAGE = Message(card={"type": "AdaptiveCard"}, summary="Sample")


class Channel:
    """Answers with the given errors, one after the other, and then takes everything."""

    def __init__(self, errors: Sequence[SendError] = ()) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def send_card(self, to: Conversation, card: Card, summary: str) -> str:
        assert (to, card, summary) == (CHAT, MESSAGE.card, MESSAGE.summary)
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "activity-1"

    async def update_card(self, to: Conversation, activity_id: str, card: Card, summary: str) -> None:
        assert (to, activity_id, card, summary) == (CHAT, "activity-1", MESSAGE.card, MESSAGE.summary)
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)

    async def delete_card(self, to: Conversation, activity_id: str) -> None:
        await self.update_card(to, activity_id, MESSAGE.card, MESSAGE.summary)


def _sender(channel: Channel, clock: Clock) -> Sender:
    limiter = Limiter(50, clock=clock.time, sleep=clock.sleep)
    return Sender(channel, limiter, now=clock.now, sleep=clock.sleep, chance=random.Random(7))


async def _none() -> Outcome | None:
    """Nothing speaks against sending."""
    return None


# Microsoft's table, "Status codes from bot conversational APIs": status, code -> what becomes of the delivery.
TABLE: list[tuple[int, str, type[SendError], DeliveryState, int]] = [
    (400, "Bad Argument", Rejected, DeliveryState.FAILED, 1),
    (403, "BotDisabledByAdmin", Unreachable, DeliveryState.FAILED, 1),
    (403, "BotNotInConversationRoster", Unreachable, DeliveryState.FAILED, 1),
    (403, "ConversationBlockedByUser", Unreachable, DeliveryState.FAILED, 1),
    (403, "ForbiddenOperationException", Unreachable, DeliveryState.FAILED, 1),
    (404, "ConversationNotFound", Unreachable, DeliveryState.FAILED, 1),
    (404, "ActivityNotFoundInConversation", Unreachable, DeliveryState.FAILED, 1),
    (413, "MessageSizeTooBig", TooLarge, DeliveryState.FAILED, 1),
    (401, "Unauthorized", Retriable, DeliveryState.FAILED, MAX_TRIES),
    (412, "PreconditionFailed", Retriable, DeliveryState.FAILED, MAX_TRIES),
    (429, "Throttled", Throttled, DeliveryState.FAILED, MAX_TRIES),
    (502, "BadGateway", Retriable, DeliveryState.FAILED, MAX_TRIES),
    (503, "ServiceUnavailable", Retriable, DeliveryState.FAILED, MAX_TRIES),
    (504, "GatewayTimeout", Retriable, DeliveryState.FAILED, MAX_TRIES),
    (500, "ServiceError", Doubtful, DeliveryState.UNCONFIRMED, 1),
]


@pytest.mark.parametrize(("status", "code", "kind", "state", "tries"), TABLE)
async def test_each_row_of_the_error_table(
    status: int, code: str, kind: type[SendError], state: DeliveryState, tries: int, clock: Clock
) -> None:
    body = f'{{"error": {{"code": "{code}", "message": "with private details"}}}}'.encode()
    error = error_for(status, body, None)
    assert type(error) is kind
    assert error.reason == f"{status} {code}"
    channel = Channel([error] * 100)
    outcome = await _sender(channel, clock).send(PERSON, MESSAGE, _none)
    assert (outcome.state, channel.calls) == (state, tries)
    assert str(status) in outcome.reason
    assert "private" not in outcome.reason


async def test_a_card_that_arrives_has_an_id_and_a_time(clock: Clock) -> None:
    outcome = await _sender(Channel(), clock).send(PERSON, MESSAGE, _none)
    assert (outcome.state, outcome.activity_id, outcome.at) == (DeliveryState.SENT, "activity-1", clock.now())


async def test_the_wait_asked_for_is_kept(clock: Clock) -> None:
    start = clock.time()
    error = error_for(429, b"{}", 7.0)
    outcome = await _sender(Channel([error]), clock).send(PERSON, MESSAGE, _none)
    assert outcome.state is DeliveryState.SENT
    assert 7 <= clock.time() - start < 8


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 30.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Wed, 99 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_a_wait_may_be_asked_for_in_seconds_or_until_a_date(header: str, wait_s: float | None) -> None:
    assert wait_asked_for(header, datetime(2026, 10, 21, 7, 27, 30, tzinfo=UTC).timestamp()) == wait_s


async def test_without_a_wait_asked_for_the_pause_is_random_and_bounded(clock: Clock) -> None:
    start = clock.time()
    outcome = await _sender(Channel([error_for(429, b"not json", None)] * 3), clock).send(PERSON, MESSAGE, _none)
    assert outcome.state is DeliveryState.SENT
    assert 0 < clock.time() - start < 3 * 30


async def test_somebody_without_a_chat_is_unreachable(clock: Clock) -> None:
    channel = Channel()
    nobody = Person(id="t:2", tenant="t", object_id="2")
    outcome = await _sender(channel, clock).send(nobody, MESSAGE, _none)
    assert (outcome.state, channel.calls) == (DeliveryState.FAILED, 0)
    assert outcome.reason.startswith("unreachable")


async def test_whoever_says_stop_while_their_card_waits_does_not_get_it(clock: Clock) -> None:
    stopped = Outcome(person=PERSON.id, state=DeliveryState.EXCLUDED, at=clock.now(), reason="opted out")
    objections = [None, None, stopped]

    async def objection() -> Outcome | None:
        return objections.pop(0)

    channel = Channel([Throttled("429", retry_after_s=2.0)] * 9)
    assert await _sender(channel, clock).send(PERSON, MESSAGE, objection) is stopped
    assert channel.calls == 2


async def test_after_a_429_the_whole_tenant_waits_as_long_as_was_asked(clock: Clock) -> None:
    limiter = Limiter(50, clock=clock.time, sleep=clock.sleep)
    start = clock.time()
    channel = Channel([error_for(429, b"{}", 7.0)] * MAX_TRIES)
    sender = Sender(channel, limiter, now=clock.now, sleep=clock.sleep, chance=random.Random(7))
    await sender.send(PERSON, MESSAGE, _none)
    given_up_at = clock.time()
    assert given_up_at - start == pytest.approx(7 * (MAX_TRIES - 1))
    await limiter.acquire("another tenant", "a:2")
    assert clock.time() == given_up_at
    await limiter.acquire(PERSON.tenant, "a:2")
    assert clock.time() - given_up_at >= 7


async def test_other_problems_do_not_slow_the_tenant_down(clock: Clock) -> None:
    limiter = Limiter(50, clock=clock.time, sleep=clock.sleep)
    full = limiter.rate(PERSON.tenant)
    sender = Sender(Channel([Retriable("503")]), limiter, now=clock.now, sleep=clock.sleep, chance=random.Random(7))
    await sender.send(PERSON, MESSAGE, _none)
    assert limiter.rate(PERSON.tenant) == full
