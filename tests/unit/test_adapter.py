"""Every call of a turn costs the budget of the tenant and the conversation that the turn is in, as a live one."""

import asyncio
import random

import msgspec
from botbuilder.core import TurnContext
from botbuilder.schema import Activity, ChannelAccount, ConversationAccount

from bot.adapter import HearbackAdapter
from bot.connector import Connector, Json
from bot.replies import Replies
from broadcast.limiter import Limiter
from broadcast.windows import Call
from tests.conftest import Clock

HELLO = Activity(
    type="message",
    id="1",
    channel_id="msteams",
    service_url="https://smba.example/",
    from_property=ChannelAccount(id="29:1"),
    recipient=ChannelAccount(id="28:1"),
    conversation=ConversationAccount(id="a:1", tenant_id="home"),
)


class Asked(msgspec.Struct, frozen=True):
    """What a call asked of the limiter."""

    tenant: str
    conversation: str
    kind: Call
    live: bool


class Listening(Limiter):
    """Remembers who asked."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(50, clock=clock.time, sleep=clock.sleep)
        self.asked: list[Asked] = []

    async def acquire(self, tenant: str, conversation: str, kind: Call = Call.SEND, *, live: bool = False) -> None:
        self.asked.append(Asked(tenant, conversation, kind, live))
        await super().acquire(tenant, conversation, kind, live=live)


class Channel(Connector):
    """Takes everything."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def send(self, service_url: str, conversation: str, activity: Json, *, reply_to: str = "") -> str:
        self.calls.append(f"send {activity['text']} to {conversation} at {service_url} under {reply_to}")
        return "2"

    async def update(self, service_url: str, conversation: str, activity_id: str, activity: Json) -> None:
        self.calls.append(f"update {activity_id} of {conversation} at {service_url}: {activity['text']}")

    async def delete(self, service_url: str, conversation: str, activity_id: str) -> None:
        self.calls.append(f"delete {activity_id} of {conversation} at {service_url}")


class Talker:
    """Says something, corrects it, and takes it back."""

    async def on_turn(self, context: TurnContext) -> None:
        said = await context.send_activity("hello")
        assert said is not None
        await context.update_activity(Activity(type="message", id=said.id, text="good day"))
        await context.delete_activity(said.id)


def _adapter(clock: Clock) -> tuple[HearbackAdapter, Listening, Channel]:
    limiter, channel = Listening(clock), Channel()
    replies = Replies(limiter, clock=clock.time, sleep=asyncio.sleep, chance=random.Random(1))
    return HearbackAdapter(channel, replies), limiter, channel


async def test_what_is_sent_updated_and_deleted_in_a_turn_costs_its_tenant_and_conversation(clock: Clock) -> None:
    adapter, limiter, channel = _adapter(clock)
    assert await adapter.process(HELLO, Talker()) is None
    kinds = [Call.SEND, Call.UPDATE, Call.UPDATE]
    assert limiter.asked == [Asked("home", "a:1", kind, live=True) for kind in kinds]
    where = "a:1 at https://smba.example/"
    assert channel.calls == [f"send hello to {where} under 1", f"update 2 of {where}: good day", f"delete 2 of {where}"]
