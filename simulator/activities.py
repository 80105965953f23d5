"""The activities that Teams sends to a bot, as plain JSON. Pure: ids and time come from outside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from simulator.ids import bot_id
from simulator.payload import Json, dig, mapping


class Who(msgspec.Struct, frozen=True):
    """Who a person is: to their tenant, and to the bot."""

    name: str
    tenant: str
    object_id: str
    user_id: str  # "29:…"
    conversation: str  # the personal chat with the bot, "a:…"
    locale: str = "en-US"
    time_zone: str = "UTC"

    def account(self) -> Json:
        """Return the person as the sender of an activity."""
        return {"id": self.user_id, "name": self.name, "aadObjectId": self.object_id}

    def member(self) -> Json:
        """Return the person as the roster lists them."""
        given, _, surname = self.name.partition(" ")
        address = f"{self.object_id}@example.com"
        keys = {"id": self.user_id, "objectId": self.object_id, "aadObjectId": self.object_id}
        names = {"name": self.name, "givenName": given, "surname": surname}
        addresses = {"email": address, "userPrincipalName": address}
        return {**keys, **names, **addresses, "tenantId": self.tenant, "userRole": "user"}


class Bot(msgspec.Struct, frozen=True):
    """The bot as Teams knows it, and the service that carries its messages."""

    app_id: str
    service_url: str
    name: str = "Hearback"

    def account(self) -> Json:
        """Return the bot as the recipient of an activity."""
        return {"id": bot_id(self.app_id), "name": self.name}


def envelope(who: Who, bot: Bot, activity_id: str, at: datetime) -> Json:
    """Return what every activity from a personal chat has in common."""
    local = at.astimezone(ZoneInfo(who.time_zone))
    chat = {"conversationType": "personal", "tenantId": who.tenant, "id": who.conversation}
    return {
        "id": activity_id,
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "localTimestamp": local.isoformat(timespec="milliseconds"),
        "localTimezone": who.time_zone,
        "channelId": "msteams",
        "serviceUrl": bot.service_url,
        "from": who.account(),
        "conversation": chat,
        "recipient": bot.account(),
        "channelData": {"tenant": {"id": who.tenant}},
        "locale": who.locale,
    }


def message(base: Json, who: Who, text: str, attachments: Sequence[Json] = ()) -> Json:
    """Return what the person typed."""
    device = {"type": "clientInfo", "locale": who.locale, "country": "US", "platform": "Web", "timezone": who.time_zone}
    typed: Json = {"type": "message", "text": text, "textFormat": "plain", "entities": [device]}
    return base | typed | ({"attachments": list(attachments)} if attachments else {})


def members_added(base: Json, bot: Bot) -> Json:
    """Return the news that the bot is in the chat."""
    return base | {"type": "conversationUpdate", "membersAdded": [bot.account()]}


def installation(base: Json, action: str) -> Json:
    """Return the news that the app was added or removed."""
    news = {"type": "installationUpdate", "action": action}
    data: Json = {**mapping(base["channelData"]), "source": {"name": "message"}}
    data["settings"] = {"selectedChannel": {"id": dig(base, "conversation", "id")}}
    return base | news | {"channelData": data}


def card_action(base: Json, action: Json, data: Mapping[str, object], reply_to: str) -> Json:
    """Return the invoke for a pressed Action.Execute."""
    pressed: Json = {key: action[key] for key in ("id", "verb") if key in action}
    sent = {"type": "Action.Execute", **pressed, "data": dict(data)}
    value = {"action": sent, "trigger": "manual"}
    return _from_card(base, reply_to) | {"type": "invoke", "name": "adaptiveCard/action", "value": value}


def card_submit(base: Json, data: Mapping[str, object], reply_to: str) -> Json:
    """Return the message for a pressed Action.Submit: no text, the data as its value."""
    return _from_card(base, reply_to) | {"type": "message", "value": dict(data)}


def _from_card(base: Json, reply_to: str) -> Json:
    origin: Json = {"source": {"name": "message"}, "legacy": {"replyToId": reply_to}}
    return base | {"replyToId": reply_to, "channelData": mapping(base["channelData"]) | origin}
