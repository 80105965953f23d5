"""Replies in a chat: within the budget, before broadcasting, and again where Teams did not take one."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from benchmarks.virtual_time import run_virtually
from bot.replies import MAX_TRIES, NO_BUDGET, TURN_S, Chat, Replies
from broadcast.limiter import Limiter
from broadcast.messenger import Doubtful, Rejected, Retriable, SendError, Throttled, Unreachable
from broadcast.windows import Call
from tests.unit.crowd import Crowd, limiter_of, now, virtual, waited


class Channel:
    """Answers with the given errors, one after the other, and then takes everything."""

    def __init__(self, errors: Sequence[SendError] = ()) -> None:
        self.errors = list(errors)
        self.times: list[float] = []

    async def send(self) -> str:
        self.times.append(now())
        if self.errors:
            raise self.errors.pop(0)
        return "activity-1"


def replies_of(limiter: Limiter) -> Replies:
    return Replies(limiter, clock=now, sleep=asyncio.sleep, chance=random.Random(1))


def chat(replies: Replies, conversation: str = "a", tenant: str = "t") -> Chat:
    return Chat(tenant=tenant, conversation=conversation, until=replies.deadline())


@virtual
async def test_a_reply_goes_at_once_and_costs_the_tenant_one_request() -> None:
    limiter, channel = limiter_of(2), Channel()
    replies = replies_of(limiter)
    assert await replies.make(channel.send, chat(replies)) == "activity-1"
    assert channel.times == [0]
    assert await waited(limiter.acquire("another tenant", "b")) == 0
    assert await waited(limiter.acquire("t", "b")) == pytest.approx(1.01 / 2)


@virtual
async def test_a_reply_goes_before_all_that_is_broadcast() -> None:
    limiter, channel = limiter_of(), Channel()
    replies, crowd = replies_of(limiter), Crowd(limiter, at_once=500)
    await asyncio.sleep(3)
    await replies.make(channel.send, chat(replies))
    assert channel.times[0] < 3.05
    await crowd.stop()


@virtual
async def test_a_conversation_takes_no_more_replies_than_microsoft_lists() -> None:
    channel = Channel()
    replies = replies_of(limiter_of(1000))
    for kind in [Call.SEND, Call.UPDATE] * 4:
        await replies.make(channel.send, chat(replies), kind)
    assert channel.times[6] < 0.1
    assert channel.times[7] > 0.9


@virtual
async def test_a_short_wait_that_teams_asks_for_is_kept_and_the_reply_comes() -> None:
    limiter, channel = limiter_of(), Channel([Throttled("429", retry_after_s=3)])
    replies, full = replies_of(limiter), limiter.rate("t")
    assert await replies.make(channel.send, chat(replies)) == "activity-1"
    assert channel.times == [0, 3]
    assert limiter.rate("t") < full


@virtual
async def test_a_wait_beyond_the_turn_ends_the_reply_at_once_and_stops_the_tenant() -> None:
    limiter, channel = limiter_of(), Channel([Throttled("429", retry_after_s=30)])
    replies = replies_of(limiter)
    with pytest.raises(Throttled, match="429"):
        await replies.make(channel.send, chat(replies))
    assert now() == 0
    assert await waited(limiter.acquire("t", "b")) == pytest.approx(30)


@virtual
async def test_while_the_tenant_is_stopped_a_reply_waits_for_as_long_as_its_turn_and_no_longer() -> None:
    limiter, channel = limiter_of(), Channel()
    replies = replies_of(limiter)
    limiter.throttled("t", 8)
    await replies.make(channel.send, chat(replies))
    assert channel.times == [8]
    limiter.throttled("t", 30)
    with pytest.raises(Throttled, match=NO_BUDGET):
        await replies.make(channel.send, chat(replies))
    assert now() == 8 + TURN_S
    assert channel.times == [8]


@virtual
async def test_several_replies_of_one_turn_share_its_time() -> None:
    limiter, channel = limiter_of(), Channel([Throttled("429", retry_after_s=6)] * 2)
    replies = replies_of(limiter)
    turn = chat(replies)
    await asyncio.sleep(3)
    with pytest.raises(Throttled):  # the second would end after the turn
        await replies.make(channel.send, turn)
    assert now() == 9


@pytest.mark.parametrize("problem", [Throttled("429", retry_after_s=None), Retriable("503")])
def test_without_a_wait_asked_for_it_is_tried_some_times_within_the_turn(problem: SendError) -> None:
    async def main() -> None:
        channel = Channel([problem] * 100)
        replies = replies_of(limiter_of())
        with pytest.raises(type(problem)):
            await replies.make(channel.send, chat(replies))
        assert 2 <= len(channel.times) <= MAX_TRIES
        assert now() <= TURN_S

    run_virtually(main())


@pytest.mark.parametrize("problem", [Doubtful("500"), Unreachable("403"), Rejected("400")])
def test_what_may_have_arrived_or_never_will_is_not_tried_again(problem: SendError) -> None:
    async def main() -> None:
        channel = Channel([problem])
        replies = replies_of(limiter_of())
        with pytest.raises(type(problem)):
            await replies.make(channel.send, chat(replies))
        assert channel.times == [0]

    run_virtually(main())
