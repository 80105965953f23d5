"""Simulated people: what they do in Teams, and what they see there."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

from simulator import activities
from simulator.activities import Who
from simulator.cards import ADAPTIVE, EXECUTE, SUBMIT, card_of, filled, find_action
from simulator.channel import Channel, Credential, Exchange
from simulator.faults import Fault
from simulator.payload import Json, mapping, text
from simulator.view import NothingCame, View, Wanted

NOT_SAVED = "Not saved — please try again"  # what a bot says to have the same thing done once more


class Person:
    """Somebody with a personal chat with the bot. Cheap enough to have thousands of.

    `has_bot` says whether the app is installed for them: by installing or by writing, since nobody can write
    to a bot they do not have. `has_chat` says whether their chat exists: once they had the bot it always does.
    `tries_again` is how often they do the same thing once more when told that it was not saved.
    """

    __slots__ = ("_channel", "has_bot", "has_chat", "is_blocking", "tries_again", "troubles", "view", "who")

    def __init__(self, who: Who, channel: Channel, *, has_bot: bool = False) -> None:
        self.who = who
        self.view = View()
        self.has_bot = has_bot
        self.has_chat = False
        self.is_blocking = False
        self.tries_again = 0
        self.troubles: deque[Fault | None] = deque()
        self._channel = channel

    def __repr__(self) -> str:
        return f"<Person {self.who.name}>"

    # --- what they see

    @property
    def name(self) -> str:
        """The person's name."""
        return self.who.name

    @property
    def inbox(self) -> list[Json]:
        """The bot's messages as they look now, oldest first."""
        return list(self.view.messages.values())

    @property
    def texts(self) -> list[str]:
        """The texts of the bot's messages, oldest first; a message of cards alone has none."""
        return [words for words in (text(message, "text") for message in self.inbox) if words]

    def card(self) -> Json:
        """Return the newest card in the chat. Raises `LookupError` where there is none."""
        return card_of(self._newest_with_card())

    async def received(self, wanted: Wanted, timeout_s: float = 60.0) -> list[Json]:
        """Wait until the inbox holds so many messages, or one that fits; return the inbox, or those that fit.

        Raises `NothingCame` with the transcript.
        """
        try:
            return await self.view.received(wanted, timeout_s)
        except NothingCame as missing:
            message = f"{self.name} {missing}\n{self._channel.transcript.text(self.name)}"
            raise NothingCame(message) from None

    # --- what they do

    async def install(self) -> Exchange:
        """Add the app: Teams sends two activities. Returns the second, or the first if the bot refused that."""
        self.has_bot = self.has_chat = True
        first = await self.post(activities.installation(self._envelope(), "add"))
        if first.status >= HTTPStatus.BAD_REQUEST:
            return first
        second = await self.post(activities.members_added(self._envelope(), self._channel.bot))
        second.activities = first.activities + second.activities
        return second

    async def uninstall(self) -> Exchange:
        """Remove the app; the bot can no longer write here."""
        self.has_bot = False
        return await self.post(activities.installation(self._envelope(), "remove"))

    def block(self) -> None:
        """Refuse the bot's messages. Teams does not tell the bot."""
        self.is_blocking = True

    def unblock(self) -> None:
        """Let the bot write again."""
        self.is_blocking = False

    def run_into(self, *troubles: Fault | None) -> None:
        """Let the bot's next requests about this person go wrong, in this order; None is one that works."""
        self.troubles.extend(troubles)

    async def say(self, words: str, attachments: Sequence[Json] = (), *, activity_id: str = "") -> Exchange:
        """Write a message. Giving the id of an earlier one makes it a redelivery."""
        self.has_bot = self.has_chat = True

        async def once() -> Exchange:
            base = self._envelope(activity_id or self._channel.ids.message())
            return await self.post(activities.message(base, self.who, words, attachments))

        return await self._insist(once)

    async def press(
        self,
        action: str,
        inputs: Mapping[str, object] | None = None,
        *,
        on: Json | None = None,
        validate: bool = True,
    ) -> Exchange:
        """Press the Action.Execute with this title, verb or id on the newest card, or on the message given.

        The card that comes back takes the old one's place. Raises `NoSuchAction`, and `InputRefused` where a
        client would not send the inputs; `validate=False` sends them all the same.
        """

        async def once() -> Exchange:
            message = on or self._newest_with_card()
            found = find_action(card_of(message), action, EXECUTE)
            data = filled(found, inputs or {}, validate=validate)
            reply_to = text(message, "id")
            exchange = await self.post(activities.card_action(self._envelope(), found.action, data, reply_to))
            if exchange.status == HTTPStatus.OK and mapping(exchange.body).get("type") == ADAPTIVE:
                await self.view.replace_card(reply_to, exchange.card)
            return exchange

        return await self._insist(once)

    async def submit(
        self,
        action: str,
        inputs: Mapping[str, object] | None = None,
        *,
        on: Json | None = None,
        validate: bool = True,
    ) -> Exchange:
        """Do the same in a client that knows only Action.Submit: a fallback counts, the data comes as a message."""

        async def once() -> Exchange:
            message = on or self._newest_with_card()
            found = find_action(card_of(message), action, SUBMIT)
            data = filled(found, inputs or {}, validate=validate)
            base = self._envelope(self._channel.ids.message())
            return await self.post(activities.card_submit(base, data, text(message, "id")))

        return await self._insist(once)

    async def forge(self, data: Json) -> Exchange:
        """Send a card action of one's own making, which no card in the chat offers."""
        action: Json = {"type": "Action.Execute", "verb": str(data.get("act", "")), "data": data}
        return await self._insist(lambda: self.post(activities.card_action(self._envelope(), action, data, "")))

    async def post(
        self,
        activity: Json | bytes,
        *,
        token: str | Credential = Credential.GOOD,
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Post anything at all, and collect what the bot sends this person until it answers."""
        before = len(self.view.history)
        exchange = await self._channel.post(activity, person=self.name, token=token, headers=headers)
        exchange.activities = [event.activity for event in self.view.history[before:] if event.what == "send"]
        return exchange

    async def _insist(self, do: Callable[[], Awaitable[Exchange]]) -> Exchange:
        """Do something, and again when told so. A message that said so is read, and leaves the inbox."""
        for _ in range(self.tries_again):
            before = len(self.view.history)
            exchange = await do()
            told = [one for one in self.view.history[before:] if NOT_SAVED in str(one.activity)]
            if not told and NOT_SAVED not in str(exchange.body):
                return exchange
            for one in told:
                if one.what == "send":
                    self.view.messages.pop(one.id, None)
        return await do()

    def _envelope(self, activity_id: str = "") -> Json:
        chosen = activity_id or self._channel.ids.event()
        return activities.envelope(self.who, self._channel.bot, chosen, self._channel.clock())

    def _newest_with_card(self) -> Json:
        for message in reversed(self.inbox):
            if card_of(message):
                return message
        missing = f"{self.name} has no card; the chat says {self.texts}"
        raise LookupError(missing)
