"""From the bytes of a request to a botbuilder `Activity`, refusing what is none.

The schema's own deserializer costs more than the rest of a turn, so the fields that are used are set by hand.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from botbuilder.schema import Activity, Attachment, ChannelAccount, ConversationAccount

from bot.auth import Caller


class NotAnActivity(ValueError):
    """The body is not a JSON object in the form of a Bot Framework activity: HTTP 400."""


class _Account(msgspec.Struct, rename="camel"):
    id: str
    name: str | None = None
    aad_object_id: str | None = None


class _Conversation(msgspec.Struct, rename="camel"):
    id: str
    tenant_id: str | None = None
    conversation_type: str | None = None
    is_group: bool | None = None


class _Tenant(msgspec.Struct):
    id: str | None = None


class _ChannelData(msgspec.Struct, rename="camel"):
    tenant: _Tenant | None = None


class _Attachment(msgspec.Struct, rename="camel"):
    content_type: str | None = None
    content_url: str | None = None
    content: object = None
    name: str | None = None


class Incoming(msgspec.Struct, rename="camel"):
    """An activity as it comes over the wire: the fields that Hearback reads, and their types."""

    type: str
    channel_id: str
    service_url: str
    sender: _Account = msgspec.field(name="from")
    recipient: _Account
    conversation: _Conversation
    id: str = ""
    channel_data: _ChannelData | None = None
    timestamp: str | None = None
    locale: str | None = None
    local_timezone: str | None = None
    text: str | None = None
    name: str | None = None
    action: str | None = None
    value: object = None
    reply_to_id: str | None = None
    members_added: list[_Account] | None = None
    members_removed: list[_Account] | None = None
    attachments: list[_Attachment] | None = None

    @property
    def tenant(self) -> str:
        """The Entra tenant of the sender, or an empty text."""
        from_channel = self.channel_data.tenant.id if self.channel_data and self.channel_data.tenant else None
        return self.conversation.tenant_id or from_channel or ""

    @property
    def caller(self) -> Caller:
        """What the gate wants to know."""
        return Caller(channel=self.channel_id, service_url=self.service_url, tenant=self.tenant)


_ENTRA_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_DECODER = msgspec.json.Decoder(Incoming)


def read_activity(body: bytes) -> Incoming:
    """Return the activity. Raises `NotAnActivity` for anything else."""
    try:
        found = _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotAnActivity(str(error)) from error
    for name in (found.sender.aad_object_id, found.tenant):
        if name and not _ENTRA_ID.fullmatch(name):
            msg = "not an Entra id"
            raise NotAnActivity(msg)
    needs_id = found.type in {"message", "invoke"}
    if not (found.sender.id and found.conversation.id and (found.id or not needs_id)):
        msg = "id, from.id and conversation.id may not be empty"
        raise NotAnActivity(msg)
    return found


def to_botbuilder(incoming: Incoming) -> Activity:
    """Return botbuilder's form of an activity."""
    return Activity(
        type=incoming.type,
        id=incoming.id,
        channel_id=incoming.channel_id,
        service_url=incoming.service_url,
        from_property=_account(incoming.sender),
        recipient=_account(incoming.recipient),
        conversation=ConversationAccount(
            id=incoming.conversation.id,
            tenant_id=incoming.tenant,
            conversation_type=incoming.conversation.conversation_type,
            is_group=incoming.conversation.is_group,
        ),
        channel_data={"tenant": {"id": incoming.tenant}},
        timestamp=_moment(incoming.timestamp),
        locale=incoming.locale,
        local_timezone=incoming.local_timezone,
        text=incoming.text,
        name=incoming.name,
        action=incoming.action,
        value=incoming.value,
        reply_to_id=incoming.reply_to_id,
        members_added=[_account(one) for one in incoming.members_added or ()] or None,
        members_removed=[_account(one) for one in incoming.members_removed or ()] or None,
        attachments=[_attachment(one) for one in incoming.attachments or ()] or None,
    )


def to_wire(activity: Activity) -> dict[str, object]:
    """Return the JSON form of an activity that the bot sends."""
    account = activity.from_property, activity.recipient, activity.conversation
    sender, recipient, conversation = ({"id": one.id} if one is not None else None for one in account)
    fields: Mapping[str, object] = {
        "type": activity.type,
        "from": sender,
        "recipient": recipient,
        "conversation": conversation,
        "replyToId": activity.reply_to_id,
        "locale": activity.locale,
        "text": activity.text,
        "textFormat": activity.text_format,
        "summary": activity.summary,
        "attachments": [
            {"contentType": one.content_type, "contentUrl": one.content_url, "content": one.content, "name": one.name}
            for one in activity.attachments or ()
        ]
        or None,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _account(one: _Account) -> ChannelAccount:
    return ChannelAccount(id=one.id, name=one.name, aad_object_id=one.aad_object_id)


def _attachment(one: _Attachment) -> Attachment:
    return Attachment(content_type=one.content_type, content_url=one.content_url, content=one.content, name=one.name)


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found
