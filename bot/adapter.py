"""Botbuilder's adapter on our connector: an activity in, replies out through one pooled client."""

from botbuilder.core import BotAdapter, InvokeResponse, TurnContext
from botbuilder.core.bot import Bot
from botbuilder.schema import Activity, ConversationReference, ResourceResponse

from bot.activities import to_wire
from bot.connector import Connector
from bot.handler import apologise


class HearbackAdapter(BotAdapter):
    """Runs turns. Replies go to the address that the activity came from, which the gate has checked."""

    def __init__(self, connector: Connector) -> None:
        super().__init__(on_turn_error=apologise)
        self._connector = connector

    async def process(self, activity: Activity, bot: Bot) -> InvokeResponse | None:
        """Run one turn and return what an invoke is answered with; None for anything else."""
        context = TurnContext(self, activity)
        await self.run_pipeline(context, bot.on_turn)
        response = context.turn_state.get(self._INVOKE_RESPONSE_KEY)
        return response if isinstance(response, InvokeResponse) else None

    async def send_activities(self, context: TurnContext, activities: list[Activity]) -> list[ResourceResponse]:
        """Post activities in order and return their ids. Raises `SendError`."""
        return [ResourceResponse(id=await self._send(activity)) for activity in activities]

    async def update_activity(self, context: TurnContext, activity: Activity) -> None:
        """Replace an activity. Raises `SendError`."""
        target = context.activity
        await self._connector.update(target.service_url, target.conversation.id, activity.id, to_wire(activity))

    async def delete_activity(self, context: TurnContext, reference: ConversationReference) -> None:
        """Delete an activity. Raises `SendError`."""
        await self._connector.delete(reference.service_url, reference.conversation.id, reference.activity_id)

    async def _send(self, activity: Activity) -> str:
        return await self._connector.send(
            activity.service_url, activity.conversation.id, to_wire(activity), reply_to=activity.reply_to_id or ""
        )
