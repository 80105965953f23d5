"""Where a message goes: a card's action, the guided conversation under way, a command, or help."""

import logging
from collections.abc import Mapping, Sequence

from botbuilder.core import TurnContext
from botbuilder.schema import Activity, Attachment

from bot.actions import act
from bot.commands import Command, find_command, not_understood
from bot.files import files_in
from bot.guides import Guide, GuideRoom
from bot.once import Claim, Message, Once, Verdict
from bot.turn import CARD_TYPE, Parts, Reply, Turn
from broadcast.messenger import SendError
from cards.errors import not_saved_card, refusal_card, refusal_sentence
from feedback.errors import NotAllowed, Refusal
from feedback.language import ENGLISH, as_text, current, mark, say, speaking
from feedback.people.people import Person, Role
from store.contract import StoreError, TooLarge

REPEATED = mark("I did that a moment ago and left it at that. If you meant it, send it again in a minute.")
ASIDES = frozenset({"cancel", "help", "stop", "start"})  # alone, these are commands in a guided conversation too
TOO_LONG = mark("Not saved: that is too long to be kept. Please make it shorter.")

log = logging.getLogger(__name__)


class Router:
    """Takes what people send to the code that answers it."""

    def __init__(self, parts: Parts, guides: GuideRoom, once: Once) -> None:
        self._parts = parts
        self._guides = guides
        self._once = once

    async def message(self, context: TurnContext, person: Person) -> None:
        """Handle one message and send the replies."""
        value = context.activity.value
        if isinstance(value, dict) and "act" in value:
            await self._submitted(context, person, value)
            return
        await self._typed(context, person)

    async def action(self, context: TurnContext, person: Person, data: Mapping[str, object]) -> Reply:
        """Handle one card action and return what takes the card's place."""
        turn = self._turn(context, person, self._guides.of(context))
        try:
            reply = await act(turn, data)
        except Refusal as refusal:
            return Reply(refusal_sentence(refusal), refusal_card(refusal))
        except TooLarge:
            log.warning("card action too large, reference %s", turn.source)
            return Reply(say(TOO_LONG))
        except StoreError as error:
            log.error("card action not done, reference %s: %r", turn.source, error)  # noqa: TRY400 - of these come many
            return Reply(say("Not saved — please try again in a minute."))
        await self._watch(reply, person, context.activity.reply_to_id)
        return reply

    async def _submitted(self, context: TurnContext, person: Person, data: Mapping[str, object]) -> None:
        """Handle the message form of a card action: the card it came from is replaced."""
        reply = await self.action(context, person, data)
        card_id = context.activity.reply_to_id
        if reply.card is None or not card_id:
            await _send(context, [reply])
            return
        replacement = to_activity(reply)
        replacement.id = card_id
        try:
            await context.update_activity(replacement)
        except SendError as error:  # the old card stays; the person is told below it
            log.warning("card not replaced (%s), reference %s", error.reason, context.activity.id)
            await _send(context, [reply])

    async def _typed(self, context: TurnContext, person: Person) -> None:
        activity = context.activity
        text = (activity.text or "").strip()
        found = find_command(text)
        attached = files_in(activity.attachments or ())
        message = Message(
            conversation=activity.conversation.id,
            sender=person.id,
            activity_id=activity.id,
            text=" ".join([text, *(f"{one.name} {one.url} {one.text}" for one in attached)]),
            sent_at=activity.timestamp,
            writes=found is not None and found[0].writes and bool(found[1]),
        )
        try:
            claim = await self._once.claim(message)
            if claim.verdict is Verdict.NEW:
                replies = await self._handled(context, person, found, text, claim)
            else:
                replies = [Reply(say(REPEATED))] if claim.verdict is Verdict.REPEAT else []
        except TooLarge:
            log.warning("message too large, reference %s", activity.id)
            replies = [Reply(say(TOO_LONG))]
        except StoreError as error:
            log.error("message not handled, reference %s: %r", activity.id, error)  # noqa: TRY400 - of these come many
            replies = [Reply(say("Not saved — please try again."), not_saved_card(say("That"), activity.id))]
        for reply in replies:
            await self._watch(reply, person, await _send(context, [reply]))

    async def _handled(
        self, context: TurnContext, person: Person, found: tuple[Command, str] | None, text: str, claim: Claim
    ) -> list[Reply]:
        """Do what a new message asks. Where that fails, the same message is let in again."""
        try:
            return await self._answered(context, person, found, text, claim)
        except StoreError:
            await self._give_up(claim, context.activity.id)
            raise

    async def _answered(
        self, context: TurnContext, person: Person, found: tuple[Command, str] | None, text: str, claim: Claim
    ) -> list[Reply]:
        """Do what a new message asks. What was refused may be asked again at once; what was done may not."""
        guide = self._guides.of(context)
        is_aside = found is not None and found[0].word in ASIDES and not found[1]
        try:
            if is_aside or not await guide.advance():
                turn = self._turn(context, person, guide, found[1] if found else text)
                replies = await _run(turn, found[0] if found else None)
            else:
                replies = []
        except Refusal as refusal:
            await self._confirm(claim, context.activity.id, had_effect=False)
            return [Reply(refusal_sentence(refusal), refusal_card(refusal))]
        await self._confirm(claim, context.activity.id, had_effect=True)
        return replies

    async def _confirm(self, claim: Claim, source: str, *, had_effect: bool) -> None:
        """Confirm the marks. Without that, the message has still been answered, and nobody is told otherwise."""
        try:
            await self._once.confirm(claim, had_effect=had_effect)
        except StoreError:
            log.warning("marks stay unconfirmed until their time is over, reference %s", source)

    async def _watch(self, reply: Reply, person: Person, message_id: str | None) -> None:
        """Let the card move, where it shows what moves. Without that it is still a card that can be refreshed."""
        if not reply.watches or not message_id:
            return
        try:
            await self._parts.watcher.begin(reply.watches, person.id, message_id)
        except StoreError:
            log.warning("the card about %s will not move by itself", reply.watches, exc_info=True)

    async def _give_up(self, claim: Claim, source: str) -> None:
        """Let the same message in again. When even that fails, its marks end by themselves."""
        try:
            await self._once.forget(claim)
        except StoreError:
            log.warning("marks stay until their time is over, reference %s", source)

    def _turn(self, context: TurnContext, person: Person, guide: Guide, text: str = "") -> Turn:
        activity = context.activity
        return Turn(
            parts=self._parts,
            person=person,
            role=self._parts.policy.role_of(person),
            source=f"{activity.conversation.id}|{activity.id}",
            guides=guide,
            text=text,
            files=files_in(activity.attachments or ()),
        )


async def _run(turn: Turn, command: Command | None) -> list[Reply]:
    if command is None:
        return await not_understood(turn)
    if not turn.role.includes(command.role):
        raise NotAllowed(command=command.word, role=command.role.value)
    if command.role is Role.CUSTOMER:
        return await command.run(turn)
    with speaking(ENGLISH):  # what engineers and admins read is in English alone: decisions/0020
        return await command.run(turn)


async def _send(context: TurnContext, replies: Sequence[Reply]) -> str:
    """Send the replies and return the id of the last one's message, empty where the channel tells none."""
    message_id = ""
    for reply in replies:
        sent = await context.send_activity(to_activity(reply))
        message_id = (sent.id or "") if sent is not None else ""
    return message_id


def to_activity(reply: Reply) -> Activity:
    """Return the message that shows a reply."""
    if reply.card is None:
        with speaking(reply.language or current()):
            return Activity(type="message", text=as_text(reply.text), text_format="markdown")
    return Activity(
        type="message", summary=reply.text, attachments=[Attachment(content_type=CARD_TYPE, content=reply.card)]
    )
