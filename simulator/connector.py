"""The Bot Framework connector as Teams serves it: the bot writes to people through this REST API.

Knows people and what is wrong with a request; knows nothing about what the bot is for.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from simulator.directory import Directory
from simulator.faults import Fault, suffer
from simulator.ids import Ids, bot_id
from simulator.limits import Limits
from simulator.login import Login
from simulator.payload import Json, listing, mapping, text
from simulator.people import Person
from simulator.transcript import Transcript

MAX_BYTES = 100 * 1024  # of one message
PREFIX = "/teams"
WITHOUT_CHAT = frozenset({"create", "conversations"})  # what can be asked about nobody's chat
_BODY = msgspec.json.Decoder(dict[str, object])


class Refused(Exception):
    """An answer other than success, in the shape Teams gives it."""

    def __init__(self, status: int, code: str, message: str, *, sub_code: str = "") -> None:
        super().__init__(code)
        self.status = status
        details = {"code": code, "message": message} | ({"subCode": sub_code} if sub_code else {})
        self.body: Json = {"error": details}


class Call(msgspec.Struct):
    """One request of the bot, as the fault hook and the transcript see it."""

    operation: str  # create, send, reply, update, delete, members, pagedmembers, member, conversations
    person: Person | None
    conversation: str = ""
    activity_id: str = ""
    member: str = ""
    body: Json = {}
    query: Mapping[str, str] = {}
    token: str = ""  # every process of the bot has one of its own


class Answer(msgspec.Struct):
    """What a request is answered with."""

    status: int
    body: object = None


_Work = Callable[[Call], Awaitable[Answer]]


class Connector:
    """Serves the API. `respond` may return a fault for a call, before the person's own troubles are looked at."""

    def __init__(
        self,
        people: Directory,
        login: Login,
        transcript: Transcript,
        *,
        app_id: str,
        ids: Ids,
        closing: asyncio.Event,
        limits: Limits | None = None,
    ) -> None:
        self.respond: Callable[[Call], Fault | None] | None = None
        self._people = people
        self._login = login
        self._transcript = transcript
        self._bot_ids = ("", app_id, bot_id(app_id))
        self._ids = ids
        self._closing = closing
        self._limits = limits

    def routes(self) -> list[web.RouteDef]:
        """Return what the server answers."""
        chat = PREFIX + "/v3/conversations/{conversation}"
        one = chat + "/activities/{activity}"
        return [
            web.post(PREFIX + "/v3/conversations", self._serve("create", self._create)),
            web.get(PREFIX + "/v3/conversations", self._serve("conversations", self._conversations)),
            web.post(chat + "/activities", self._serve("send", self._send)),
            web.post(one, self._serve("reply", self._send)),
            web.put(one, self._serve("update", self._update)),
            web.delete(one, self._serve("delete", self._delete)),
            web.get(chat + "/members", self._serve("members", self._members)),
            web.get(chat + "/pagedmembers", self._serve("pagedmembers", self._paged_members)),
            web.get(chat + "/members/{member}", self._serve("member", self._member)),
        ]

    def _serve(self, operation: str, work: _Work) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            entry = self._transcript.add("", operation, to_bot=False)
            try:
                self._authorise(request)
                call = await self._read(operation, request)
            except Refused as refused:
                entry.result = str(refused.status)
                return _response(Answer(refused.status, refused.body))
            entry.person = call.person.name if call.person else ""
            entry.payload = call.body
            over = self._over_the_limits(call)
            if over is not None:
                entry.result = f"{over.status} over the limits"
                return over
            fault = self._fault(call)
            carry_out = _answering(work, call)
            response = await suffer(fault, request, carry_out, self._closing) if fault else await carry_out()
            entry.result = str(fault or response.status)
            return response

        return handle

    def _authorise(self, request: web.Request) -> None:
        if not self._login.accepts(request.headers.get("Authorization", "")):
            raise Refused(401, "Unauthorized", "authorization has been denied for this request")

    async def _read(self, operation: str, request: web.Request) -> Call:
        path = request.match_info
        raw = await request.read() if request.method in ("POST", "PUT") else b"{}"
        if len(raw) > MAX_BYTES:
            raise Refused(413, "MessageSizeTooBig", f"a message may have {MAX_BYTES} bytes")
        try:
            body = _BODY.decode(raw)
        except msgspec.DecodeError as error:
            raise Refused(400, "BadSyntax", str(error)) from None
        conversation = path.get("conversation", "")
        person = self._invited(body) if operation == "create" else self._people.in_conversation(conversation)
        if person is None and operation not in WITHOUT_CHAT:
            raise Refused(404, "ConversationNotFound", "conversation not found")
        activity, member = path.get("activity", ""), path.get("member", "")
        token = request.headers.get("Authorization", "")
        return Call(operation, person, conversation, activity, member, body, request.query, token)

    def _invited(self, body: Json) -> Person | None:
        members = listing(body.get("members"))
        tenant = text(body, "tenantId") or text(body, "channelData", "tenant", "id")
        return self._people.find(text(members[0], "id"), tenant) if len(members) == 1 else None

    def _over_the_limits(self, call: Call) -> web.Response | None:
        """Count a request; return what it is answered with when there are too many."""
        if self._limits is None:
            return None
        tenant, chat = (call.person.who.tenant, call.person.who.conversation) if call.person else ("", "")
        wait_s = self._limits.wait_s(tenant, chat, call.operation)
        if not wait_s:
            return None
        refused = _response(Answer(429, Refused(429, "Throttled", "too many requests").body))
        if self._limits.tells_wait:
            refused.headers["Retry-After"] = str(math.ceil(wait_s))
        return refused

    def _fault(self, call: Call) -> Fault | None:
        fault = self.respond(call) if self.respond else None
        if fault is None and call.person is not None and call.person.troubles:
            return call.person.troubles.popleft()
        return fault

    async def _create(self, call: Call) -> Answer:
        if len(listing(call.body.get("members"))) != 1:
            raise Refused(400, "BadArgument", "a personal chat has exactly one member beside the bot")
        if text(call.body, "bot", "id") not in self._bot_ids:
            raise Refused(400, "BadArgument", "this is another bot's id")
        if not text(call.body, "tenantId") and not text(call.body, "channelData", "tenant", "id"):
            raise Refused(400, "BadArgument", "the tenant is missing")
        if call.person is None or not call.person.has_bot:
            raise Refused(403, "ForbiddenOperationException", "the bot is not installed in the person's scope")
        call.person.has_chat = True
        created: Json = {"id": call.person.who.conversation}
        first = mapping(call.body.get("activity"))
        if first:
            _check_activity(first)
            _check_writable(call.person)
            created["activityId"] = await self._deliver(call.person, first)
        return Answer(201, created)

    async def _send(self, call: Call) -> Answer:
        person = _known(call)
        _check_activity(call.body)
        _check_writable(person)
        reply = {"replyToId": call.activity_id} if call.activity_id else {}
        return Answer(201, {"id": await self._deliver(person, call.body | reply)})

    async def _deliver(self, person: Person, activity: Json) -> str:
        key = self._ids.message()
        await person.view.send(activity | {"id": key})
        return key

    async def _update(self, call: Call) -> Answer:
        person = _known(call)
        _check_activity(call.body)
        _check_writable(person)
        _check_exists(call, person)
        await person.view.update(call.body | {"id": call.activity_id})
        return Answer(200, {"id": call.activity_id})

    async def _delete(self, call: Call) -> Answer:
        person = _known(call)
        _check_writable(person)
        _check_exists(call, person)
        await person.view.delete(call.activity_id)
        return Answer(200)

    async def _conversations(self, _call: Call) -> Answer:
        chats = [{"id": one.who.conversation, "members": [one.who.member()]} for one in self._people if one.has_chat]
        return Answer(200, {"conversations": chats})

    async def _members(self, call: Call) -> Answer:
        return Answer(200, [_known(call).who.member()])

    async def _paged_members(self, call: Call) -> Answer:
        return Answer(200, {"members": [_known(call).who.member()]})

    async def _member(self, call: Call) -> Answer:
        who = _known(call).who
        if call.member not in (who.user_id, who.object_id):
            raise Refused(404, "MemberNotFoundInConversation", "no such member")
        return Answer(200, who.member())


def _answering(work: _Work, call: Call) -> Callable[[], Awaitable[web.Response]]:
    async def answer() -> web.Response:
        try:
            return _response(await work(call))
        except Refused as refused:
            return _response(Answer(refused.status, refused.body))

    return answer


def _response(answer: Answer) -> web.Response:
    body = None if answer.body is None else msgspec.json.encode(answer.body)
    return web.Response(status=answer.status, body=body, content_type="application/json")


def _known(call: Call) -> Person:
    if call.person is None:
        raise Refused(404, "ConversationNotFound", "conversation not found")
    return call.person


def _check_activity(body: Json) -> None:
    if not text(body, "type"):
        raise Refused(400, "BadArgument", "the body is no activity: it has no type")


def _check_writable(person: Person) -> None:
    if person.is_blocking:
        blocked = "the person has blocked the bot"
        raise Refused(403, "ConversationBlockedByUser", blocked, sub_code="MessageWritesBlocked")
    if not person.has_bot:
        raise Refused(403, "BotNotInConversationRoster", "the bot is not part of this chat")


def _check_exists(call: Call, person: Person) -> None:
    if call.activity_id not in person.view.messages:
        raise Refused(404, "ActivityNotFoundInConversation", "no such activity in this chat")
