"""Botbuilder's adapter on our connector: an activity in, replies out through one pooled client."""

from functools import partial

from botbuilder.core import BotAdapter, InvokeResponse, TurnContext
from botbuilder.core.bot import Bot
from botbuilder.schema import Activity, ConversationReference, ResourceResponse

from bot.activities import to_wire
from bot.connector import Connector
from bot.handler import apologise
from bot.replies import Chat, Replies
from broadcast.windows import Call
from store.deadline import within

UNTIL = "until"  # when the time of a turn is over
STORE_S = 6.0  # of it, for waiting until the store is no longer busy or away; the rest is for the work and the reply


class HearbackAdapter(BotAdapter):
    """Runs turns. Replies go to the address that the activity came from, which the gate has checked."""

    def __init__(self, connector: Connector, replies: Replies) -> None:
        super().__init__(on_turn_error=apologise)
        self._connector = connector
        self._replies = replies

    async def process(self, activity: Activity, bot: Bot) -> InvokeResponse | None:
        """Run one turn and return what an invoke is answered with, which costs no call; None for anything else."""
        context = TurnContext(self, activity)
        context.turn_state[UNTIL] = self._replies.deadline()
        with within(STORE_S):
            await self.run_pipeline(context, bot.on_turn)
        response = context.turn_state.get(self._INVOKE_RESPONSE_KEY)
        return response if isinstance(response, InvokeResponse) else None

    async def send_activities(self, context: TurnContext, activities: list[Activity]) -> list[ResourceResponse]:
        """Post activities in order and return their ids. Raises `SendError`."""
        chat = _chat(context)
        return [ResourceResponse(id=await self._replies.make(partial(self._send, one), chat)) for one in activities]

    async def update_activity(self, context: TurnContext, activity: Activity) -> None:
        """Replace an activity. Raises `SendError`."""
        target = context.activity
        update = partial(
            self._connector.update, target.service_url, target.conversation.id, activity.id, to_wire(activity)
        )
        await self._replies.make(update, _chat(context), Call.UPDATE)

    async def delete_activity(self, context: TurnContext, reference: ConversationReference) -> None:
        """Delete an activity. Raises `SendError`."""
        delete = partial(
            self._connector.delete, reference.service_url, reference.conversation.id, reference.activity_id
        )
        await self._replies.make(delete, _chat(context), Call.UPDATE)

    async def _send(self, activity: Activity) -> str:
        return await self._connector.send(
            activity.service_url, activity.conversation.id, to_wire(activity), reply_to=activity.reply_to_id or ""
        )


def _chat(context: TurnContext) -> Chat:
    """Return whose budget the calls of this turn cost: the one that broadcasting to this chat would cost."""
    conversation = context.activity.conversation
    return Chat(
        tenant=conversation.tenant_id or "", conversation=conversation.id, until=float(context.turn_state[UNTIL])
    )
