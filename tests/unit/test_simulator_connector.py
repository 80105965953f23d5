"""The connector API of the simulated Teams, called as a bot calls it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

import aiohttp
import msgspec
import pytest

from simulator import FOREVER, Call, Fault, Json, Person, Teams
from simulator.payload import dig, listing, mapping, text


class Ask(Protocol):
    async def __call__(self, method: str, path: str, body: object = None) -> tuple[int, object]: ...


@pytest.fixture
async def teams() -> AsyncIterator[Teams]:
    async with Teams() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def ask(teams: Teams, http: aiohttp.ClientSession) -> Ask:
    form = {"grant_type": "client_credentials", "client_id": teams.app_id, "client_secret": teams.app_password}
    form["scope"] = "https://api.botframework.com/.default"
    async with http.post(f"{teams.login_url}/{teams.tenant}/oauth2/v2.0/token", data=form) as response:
        token = (await response.json())["access_token"]

    async def call(method: str, path: str, body: object = None) -> tuple[int, object]:
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        url = f"{teams.service_url}v3/conversations{path}"
        async with http.request(method, url, data=data, headers=headers) as response:
            raw = await response.read()
            return response.status, msgspec.json.decode(raw) if raw else None

    return call


@pytest.fixture
def ana(teams: Teams) -> Person:
    person = teams.person("Ana Sample", has_bot=True)
    person.has_chat = True
    return person


def chat_with(person: Person, rest: str = "") -> str:
    return f"/{person.who.conversation}/activities{rest}"


def creation(teams: Teams, member: str, **changes: object) -> Json:
    usual = {"bot": {"id": f"28:{teams.app_id}"}, "members": [{"id": member}], "tenantId": teams.tenant}
    return usual | changes


def error_code(body: object) -> str:
    assert text(body, "error", "message")
    return text(body, "error", "code")


HELLO: Json = {"type": "message", "text": "hello"}


async def test_a_chat_is_created_by_either_id_and_is_the_same_each_time(teams: Teams, ask: Ask) -> None:
    ben = teams.person("Ben Sample", has_bot=True)
    assert (await ask("POST", chat_with(ben), HELLO))[0] == 404
    by_object = await ask("POST", "", creation(teams, ben.who.object_id))
    by_user = await ask("POST", "", creation(teams, ben.who.user_id))
    assert by_object == by_user == (201, {"id": ben.who.conversation})
    assert (await ask("POST", chat_with(ben), HELLO))[0] == 201
    assert ben.texts == ["hello"]


async def test_a_chat_that_is_created_is_seen_by_nobody(teams: Teams, ask: Ask) -> None:
    ben = teams.person("Ben Sample", has_bot=True)
    assert (await ask("POST", "", creation(teams, ben.who.object_id, isGroup=False)))[0] == 201
    assert (ben.inbox, ben.view.history) == ([], [])


async def test_once_the_app_is_removed_no_chat_is_created_until_it_is_back(teams: Teams, ask: Ask, ana: Person) -> None:
    ana.has_bot = False
    status, body = await ask("POST", "", creation(teams, ana.who.object_id))
    assert (status, error_code(body)) == (403, "ForbiddenOperationException")
    ana.has_bot = True
    assert await ask("POST", "", creation(teams, ana.who.object_id)) == (201, {"id": ana.who.conversation})


async def test_the_tenant_may_stand_in_the_channel_data(teams: Teams, ask: Ask, ana: Person) -> None:
    body = creation(teams, ana.who.object_id, tenantId=None, channelData={"tenant": {"id": teams.tenant}})
    assert (await ask("POST", "", body))[0] == 201


async def test_a_chat_can_be_created_with_its_first_message(teams: Teams, ask: Ask, ana: Person) -> None:
    _, body = await ask("POST", "", creation(teams, ana.who.user_id, activity=HELLO))
    assert [message["id"] for message in ana.inbox] == [dig(body, "activityId")]


async def test_no_chat_is_created_for_people_without_the_app_or_in_another_tenant(teams: Teams, ask: Ask) -> None:
    outside = teams.person("Out Side", tenant="another", has_bot=True)
    without = teams.person("With Out")
    for member in (outside.who.object_id, outside.who.user_id, without.who.object_id, "29:nobody"):
        status, body = await ask("POST", "", creation(teams, member))
        assert (status, error_code(body)) == (403, "ForbiddenOperationException")


async def test_a_chat_needs_one_member_a_tenant_and_the_right_bot(teams: Teams, ask: Ask, ana: Person) -> None:
    wrong: list[Json] = [{"members": []}, {"tenantId": ""}, {"bot": {"id": "28:other"}}, {"activity": {"text": "x"}}]
    wrong.append({"isGroup": True})
    for change in wrong:
        status, body = await ask("POST", "", creation(teams, ana.who.object_id, **change))
        assert (status, error_code(body)) == (400, "BadArgument"), change
    assert ana.inbox == []


async def test_ids_rise_and_are_never_given_twice(teams: Teams, ask: Ask, ana: Person) -> None:
    ben = teams.person("Ben Sample", has_bot=True)
    ben.has_chat = True
    own = HELLO | {"id": "chosen by the bot"}
    ids = [text((await ask("POST", chat_with(who), own))[1], "id") for who in (ana, ben, ana, ben)]
    assert sorted(set(ids), key=int) == ids
    assert [message["id"] for message in ana.inbox] == ids[::2]


async def test_a_message_can_be_updated_and_deleted_by_its_id_only(ask: Ask, ana: Person) -> None:
    _, sent = await ask("POST", chat_with(ana), HELLO)
    key = text(sent, "id")
    assert (await ask("PUT", chat_with(ana, f"/{key}"), {"type": "message", "text": "bye"}))[0] == 200
    assert ana.texts == ["bye"]
    assert await ask("DELETE", chat_with(ana, f"/{key}")) == (200, None)
    assert ana.inbox == []
    assert [event.what for event in ana.view.history] == ["send", "update", "delete"]
    for method in ("PUT", "DELETE"):
        status, body = await ask(method, chat_with(ana, f"/{key}"), HELLO)
        assert (status, error_code(body)) == (404, "ActivityNotFoundInConversation")


async def test_a_reply_names_what_it_answers_and_typing_is_no_message(ask: Ask, ana: Person) -> None:
    await ask("POST", chat_with(ana), {"type": "typing"})
    await ask("POST", chat_with(ana, "/17"), HELLO)
    assert [message["replyToId"] for message in ana.inbox] == ["17"]


@pytest.mark.parametrize("authorization", ["", "Bearer made-up", "Basic abc"])
async def test_no_call_works_without_a_token_issued_here(
    teams: Teams, http: aiohttp.ClientSession, ana: Person, authorization: str
) -> None:
    url = f"{teams.service_url}v3/conversations{chat_with(ana)}"
    async with http.post(url, json=HELLO, headers={"Authorization": authorization}) as response:
        assert (response.status, error_code(await response.json())) == (401, "Unauthorized")
    assert ana.inbox == []


async def test_a_revoked_token_no_longer_works(teams: Teams, ask: Ask, ana: Person) -> None:
    assert (await ask("POST", chat_with(ana), HELLO))[0] == 201
    teams.login.revoke_all()
    assert (await ask("POST", chat_with(ana), HELLO))[0] == 401


async def test_an_unknown_chat_is_not_found(ask: Ask) -> None:
    for method, rest in (("POST", "/activities"), ("PUT", "/activities/1"), ("GET", "/members")):
        status, body = await ask(method, f"/a:nobody{rest}", HELLO)
        assert (status, error_code(body)) == (404, "ConversationNotFound")


async def test_somebody_who_blocks_gets_nothing_until_they_unblock(ask: Ask, ana: Person) -> None:
    ana.block()
    status, body = await ask("POST", chat_with(ana), HELLO)
    assert (status, error_code(body)) == (403, "ConversationBlockedByUser")
    assert dig(body, "error", "subCode") == "MessageWritesBlocked"
    ana.unblock()
    assert (await ask("POST", chat_with(ana), HELLO))[0] == 201


async def test_somebody_who_removed_the_app_gets_nothing(ask: Ask, ana: Person) -> None:
    ana.has_bot = False
    status, body = await ask("POST", chat_with(ana), HELLO)
    assert (status, error_code(body)) == (403, "BotNotInConversationRoster")


@pytest.mark.parametrize(("extra", "status"), [(0, 201), (1, 413)])
async def test_a_message_may_have_100_kb_and_not_a_byte_more(ask: Ask, ana: Person, extra: int, status: int) -> None:
    frame = len(msgspec.json.encode({"type": "message", "text": ""}))
    letters = "x" * (100 * 1024 - frame + extra)
    got, body = await ask("POST", chat_with(ana), {"type": "message", "text": letters})
    assert got == status
    assert extra == 0 or error_code(body) == "MessageSizeTooBig"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"type": 7}', b'{"text": "x"}'])
async def test_what_is_no_activity_is_refused(ask: Ask, ana: Person, body: bytes) -> None:
    status, answer = await ask("POST", chat_with(ana), body)
    assert (status, error_code(answer)[:3]) == (400, "Bad")
    assert ana.inbox == []


async def test_the_roster_has_the_person_by_either_id(teams: Teams, ask: Ask, ana: Person) -> None:
    chat = f"/{ana.who.conversation}"
    _, roster = await ask("GET", f"{chat}/members")
    (member,) = map(mapping, listing(roster))
    assert (member["id"], member["aadObjectId"]) == (ana.who.user_id, ana.who.object_id)
    assert (member["name"], member["surname"], member["tenantId"]) == ("Ana Sample", "Sample", teams.tenant)
    assert await ask("GET", f"{chat}/pagedmembers?pageSize=50") == (200, {"members": [member]})
    for key in (ana.who.user_id, ana.who.object_id):
        assert await ask("GET", f"{chat}/members/{key}") == (200, member)
    assert (await ask("GET", f"{chat}/members/29:nobody"))[0] == 404


async def test_faults_come_in_their_order_and_then_all_is_well(ask: Ask, ana: Person) -> None:
    throttled = Fault(status=429, body={"error": {"code": "Throttled"}})
    ana.run_into(throttled, None, Fault(status=503, delivered=True), Fault(delay_s=0.01))
    answers = [(await ask("POST", chat_with(ana), HELLO))[0] for _ in range(5)]
    assert answers == [429, 201, 503, 201, 201]
    assert len(ana.inbox) == 4


@pytest.mark.parametrize(("drop", "delivered"), [(Fault(drop="before"), 0), (Fault(drop="after"), 1)])
async def test_a_connection_can_break_before_or_after_delivery(
    ask: Ask, ana: Person, drop: Fault, delivered: int
) -> None:
    ana.run_into(drop)
    with pytest.raises(aiohttp.ClientError):
        await ask("POST", chat_with(ana), HELLO)
    assert len(ana.inbox) == delivered


async def test_the_hook_sees_each_call_and_decides(teams: Teams, ask: Ask, ana: Person) -> None:
    calls: list[Call] = []

    def refuse_creation(call: Call) -> Fault | None:
        calls.append(call)
        return Fault(status=502) if call.operation == "create" else None

    teams.respond = refuse_creation
    assert (await ask("POST", "", creation(teams, ana.who.object_id)))[0] == 502
    assert (await ask("POST", chat_with(ana), HELLO))[0] == 201
    assert [(call.operation, call.person) for call in calls] == [("create", ana), ("send", ana)]
    assert "create  [Fault(status=502)]" in teams.transcript.text("Ana Sample")


async def test_closing_cuts_off_requests_that_hang(teams: Teams, ask: Ask, ana: Person) -> None:
    reached = asyncio.Event()
    teams.respond = lambda _: reached.set()
    ana.run_into(Fault(delay_s=FOREVER))
    hanging = asyncio.create_task(ask("POST", chat_with(ana), HELLO))
    await reached.wait()
    await teams.close()
    with pytest.raises(aiohttp.ClientError):
        await hanging
    assert ana.inbox == []


async def test_nobody_can_be_there_twice(teams: Teams, ana: Person) -> None:
    assert list(teams.people) == [ana]
    with pytest.raises(ValueError, match="Ana Sample"):
        teams.person("Ana Sample")
    teams.person("Ana Sample", tenant="another")
    assert len(teams.people) == 2
