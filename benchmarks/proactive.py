"""The ways to write to many people that a broadcast is compared with. Each sends one card to so many conversations."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import aiohttp
import msgspec
from botbuilder.core import CardFactory, MessageFactory, TurnContext
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botbuilder.schema import ChannelAccount, ConversationAccount, ConversationReference

from benchmarks.baselines import NoAuthentication
from bot.connector import card_message
from broadcast.messenger import Card
from feedback.people.people import Conversation

AT_ONCE = 100

Send = Callable[[Conversation], Awaitable[None]]


async def to_everybody(chats: Iterable[Conversation], send: Send) -> None:
    """Send to each of them, 100 at a time."""
    left = iter(chats)

    async def one_after_the_other() -> None:
        for chat in left:
            await send(chat)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(one_after_the_other())


def stock(card: Card) -> Send:
    """Return how botbuilder sends: `continue_conversation` with a callback. Without an app id it fetches no token."""
    adapter = CloudAdapter(ConfigurationBotFrameworkAuthentication(NoAuthentication()))

    async def say(context: TurnContext) -> None:
        await context.send_activity(MessageFactory.attachment(CardFactory.adaptive_card(card)))

    async def send(chat: Conversation) -> None:
        reference = ConversationReference(
            bot=ChannelAccount(id=chat.bot_id),
            user=ChannelAccount(id=chat.user_id),
            conversation=ConversationAccount(id=chat.id),
            channel_id="msteams",
            service_url=chat.service_url,
        )
        await adapter.continue_conversation(reference, say, "")

    return send


def bare(session: aiohttp.ClientSession, card: Card, summary: str, to: Conversation) -> Send:
    """Return a POST of a body that was encoded beforehand."""
    body = msgspec.json.encode(card_message(card, summary, to))
    headers = {"Content-Type": "application/json"}

    async def send(chat: Conversation) -> None:
        url = f"{chat.service_url}v3/conversations/{chat.id}/activities"
        async with session.post(url, data=body, headers=headers) as reply:
            await reply.read()

    return send
