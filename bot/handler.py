"""What each kind of activity means: a message, a card action, or coming and going."""

import logging

from botbuilder.core import BotAdapter, InvokeResponse, TurnContext
from botbuilder.core.teams import TeamsActivityHandler
from botbuilder.schema import Activity

from bot.router import Router, to_activity
from bot.turn import CARD_TYPE, Parts, Reply
from broadcast.messenger import SendError
from cards.errors import went_wrong_card
from cards.help import welcome_card
from feedback.language import mark, negotiate, say, speaking
from feedback.people.people import (
    Contact,
    Conversation,
    Person,
    language_of,
    mark_unreachable,
    meet,
    person_id,
    stranger,
)
from store.contract import StoreError

ADAPTIVE_ACTION = "adaptiveCard/action"
TEXT_REPLY = "application/vnd.microsoft.activity.message"
ELSEWHERE = mark("I work in our personal chat, where only you and I read. Please write me there.")
NOBODY = mark("Teams did not tell me who you are, so I cannot do anything for you. Please try another client.")
REMOVED = "the app was removed"

log = logging.getLogger(__name__)


class NobodyKnown(Exception):
    """The activity does not say which person it comes from."""


class FeedbackBot(TeamsActivityHandler):
    """Hearback in Teams."""

    def __init__(self, parts: Parts, router: Router) -> None:
        super().__init__()
        self._parts = parts
        self._router = router

    async def on_turn(self, turn_context: TurnContext) -> None:
        """Handle any activity, in the language of the sender's Teams until more is known of them."""
        with speaking(negotiate(turn_context.activity.locale or "")):
            await super().on_turn(turn_context)

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        """Answer a message."""
        if not _is_personal(turn_context.activity):
            await turn_context.send_activity(to_activity(Reply(say(ELSEWHERE))))
            return
        try:
            person = await self._meet(turn_context.activity)
        except StoreError as error:
            log.error("nobody met, reference %s: %r", turn_context.activity.id, error)  # noqa: TRY400 - of these come many
            await turn_context.send_activity(to_activity(Reply(say("Not saved — please try again in a minute."))))
            return
        with speaking(language_of(person)):
            await self._router.message(turn_context, person)

    async def on_invoke_activity(self, turn_context: TurnContext) -> InvokeResponse:
        """Answer a card action in the response itself; other invokes are not implemented."""
        activity = turn_context.activity
        if activity.name != ADAPTIVE_ACTION:
            return _respond(turn_context, 501)
        action = activity.value.get("action") if isinstance(activity.value, dict) else None
        data = action.get("data") if isinstance(action, dict) else None
        if not isinstance(data, dict) or not _is_personal(activity):
            return _respond(turn_context, 400)
        try:
            contact = _contact(activity)
            person = stranger(contact)
            with speaking(self._parts.readers.language(person, data.get("language"))):
                reply = await self._router.action(turn_context, person, data)
            self._parts.meet_later(contact)
        except StoreError as error:
            log.error("card action not done, reference %s: %r", activity.id, error)  # noqa: TRY400 - of these come many
            reply = Reply(say("Not saved — please try again in a minute."))
        return _respond(turn_context, 200, reply)

    async def on_conversation_update_activity(self, turn_context: TurnContext) -> None:
        """Meet whoever opens a chat with the bot."""
        activity = turn_context.activity
        if activity.members_added and _is_personal(activity) and activity.from_property.aad_object_id:
            await self._welcome(turn_context)

    async def on_installation_update_add(self, turn_context: TurnContext) -> None:
        """Meet whoever installs the bot."""
        if _is_personal(turn_context.activity):
            await self._welcome(turn_context)

    async def on_installation_update_remove(self, turn_context: TurnContext) -> None:
        """Write no more to whoever removes the bot, until they come back."""
        contact = _contact(turn_context.activity)
        await mark_unreachable(self._parts.store, person_id(contact.tenant, contact.object_id), REMOVED)

    async def _welcome(self, context: TurnContext) -> None:
        now = self._parts.clock()
        person = await meet(self._parts.store, _contact(context.activity), now)
        if person.first_seen_at == now:
            with speaking(language_of(person)):
                await context.send_activity(to_activity(Reply(say("Hello from Hearback."), welcome_card(person.name))))

    async def _meet(self, activity: Activity) -> Person:
        person = await meet(self._parts.store, _contact(activity), self._parts.clock())
        self._parts.readers.learn(person)
        return person


async def apologise(context: TurnContext, error: Exception) -> None:
    """Tell the person that something went wrong, and the operator what, under one reference.

    Raises the `SendError` of a reply that could not be sent: there is no other way to tell them.
    """
    reference = context.activity.id or ""
    with speaking(negotiate(context.activity.locale or "")):
        await _apologise(context, error, reference)


async def _apologise(context: TurnContext, error: Exception, reference: str) -> None:
    if isinstance(error, NobodyKnown):
        log.warning("an activity of type %s names nobody, reference %s", context.activity.type, reference)
        if context.activity.type == "message":
            await context.send_activity(to_activity(Reply(say(NOBODY))))
        return
    if isinstance(error, SendError):
        raise error
    log.error("turn failed, reference %s", reference, exc_info=error)
    reply = Reply(say("Something went wrong."), went_wrong_card(reference))
    if context.activity.type == "invoke":
        _respond(context, 200, reply)
    elif context.activity.type == "message":
        await context.send_activity(to_activity(reply))


def _respond(context: TurnContext, status: int, reply: Reply | None = None) -> InvokeResponse:
    """Set the response of an invoke. Doing it here spares botbuilder a deep copy of the card."""
    body: dict[str, object] | None = None
    if reply is not None and reply.card is not None:
        body = {"statusCode": status, "type": CARD_TYPE, "value": reply.card}
    elif reply is not None:
        body = {"statusCode": status, "type": TEXT_REPLY, "value": reply.text}
    response = InvokeResponse(status=status, body=body)
    context.turn_state[BotAdapter._INVOKE_RESPONSE_KEY] = response  # noqa: SLF001 - botbuilder's own way to answer
    return response


def _is_personal(activity: Activity) -> bool:
    return activity.conversation.conversation_type in {None, "personal"} and not activity.conversation.is_group


def _contact(activity: Activity) -> Contact:
    sender = activity.from_property
    if not sender.aad_object_id or not activity.conversation.tenant_id:
        raise NobodyKnown
    return Contact(
        tenant=activity.conversation.tenant_id,
        object_id=sender.aad_object_id,
        name=sender.name or "",
        locale=activity.locale or "",
        time_zone=activity.local_timezone or "",
        conversation=Conversation(
            id=activity.conversation.id,
            service_url=activity.service_url,
            user_id=sender.id,
            bot_id=activity.recipient.id,
        ),
    )
