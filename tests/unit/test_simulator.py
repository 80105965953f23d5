"""The simulated Teams around a tiny bot: people write, press and block, the bot answers through the connector."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import aiohttp
import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from simulator import Credential, Fault, InputRefused, Json, NoSuchAction, NothingCame, Teams, card_text
from simulator.payload import dig, mapping, text

ADAPTIVE = "application/vnd.microsoft.card.adaptive"
QUESTION: Json = {
    "type": "AdaptiveCard",
    "version": "1.5",
    "body": [
        {"type": "TextBlock", "text": "How was it?"},
        {
            "type": "Input.Number",
            "id": "score",
            "isRequired": True,
            "errorMessage": "Give a score",
            "min": 0,
            "max": 10,
        },
        {
            "type": "ActionSet",
            "actions": [
                {
                    "type": "Action.Execute",
                    "title": "Send",
                    "verb": "answer",
                    "data": {"run": "r1"},
                    "fallback": {"type": "Action.Submit", "title": "Send", "data": {"run": "r1", "verb": "answer"}},
                }
            ],
        },
    ],
}
THANKS: Json = {"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "TextBlock", "text": "Thank you"}]}


class TinyBot:
    """Checks tokens, answers "hello <text>", sends a question, thanks for invokes; keeps what it was sent."""

    def __init__(self, settings: dict[str, str], http: aiohttp.ClientSession) -> None:
        self.settings = settings
        self.http = http
        self.heard: list[Json] = []
        self.refusals = 0  # how many of the next activities it cannot take

    async def messages(self, request: web.Request) -> web.Response:
        activity = await request.json()
        try:
            await self.check(request.headers.get("Authorization", ""), activity["serviceUrl"])
        except jwt.InvalidTokenError:
            return web.Response(status=401)
        self.heard.append(activity)
        if self.refusals:
            self.refusals -= 1
            return await self.refuse(activity)
        if activity["type"] == "invoke":
            return web.json_response({"statusCode": 200, "type": ADAPTIVE, "value": THANKS})
        if activity.get("text") == "ask me":
            card = {"attachments": [{"contentType": ADAPTIVE, "content": QUESTION}]}
            await self.send(activity, {"type": "message", **card})
        elif activity.get("text"):
            await self.send(activity, {"type": "message", "text": f"hello {activity['text']}"})
        return web.Response()

    async def refuse(self, activity: Json) -> web.Response:
        words = "Not saved — please try again in a minute."
        if activity["type"] == "invoke":
            return web.json_response({"statusCode": 200, "type": "text", "value": words})
        await self.send(activity, {"type": "message", "text": words})
        return web.Response()

    async def check(self, authorization: str, service_url: str) -> None:
        async with self.http.get(self.settings["HEARBACK_OPENID_METADATA_URL"]) as response:
            metadata = await response.json()
        async with self.http.get(metadata["jwks_uri"]) as response:
            keys = jwt.PyJWKSet.from_dict(await response.json())
        token = authorization.removeprefix("Bearer ")
        try:
            key = keys[jwt.get_unverified_header(token)["kid"]]
        except KeyError:
            raise jwt.InvalidTokenError from None
        app_id, issuer = self.settings["MicrosoftAppId"], self.settings["HEARBACK_TOKEN_ISSUER"]
        claims = jwt.decode(token, key, ["RS256"], audience=app_id, issuer=issuer)
        if claims["serviceurl"] != service_url:
            raise jwt.InvalidTokenError

    async def own_token(self, *, secret: str = "") -> str:
        url = f"{self.settings['HEARBACK_LOGIN_URL']}/{self.settings['MicrosoftAppTenantId']}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": self.settings["MicrosoftAppId"],
            "client_secret": secret or self.settings["MicrosoftAppPassword"],
            "scope": "https://api.botframework.com/.default",
        }
        async with self.http.post(url, data=form) as response:
            return text(await response.json(), "access_token")

    async def send(self, activity: Json, reply: Json) -> None:
        path = f"v3/conversations/{text(activity, 'conversation', 'id')}/activities/{text(activity, 'id')}"
        headers = {"Authorization": f"Bearer {await self.own_token()}"}
        async with self.http.post(text(activity, "serviceUrl") + path, json=reply, headers=headers) as response:
            response.raise_for_status()


@pytest.fixture
async def teams() -> AsyncIterator[Teams]:
    async with Teams() as running:
        yield running


@pytest.fixture
async def bot(teams: Teams) -> AsyncIterator[TinyBot]:
    async with aiohttp.ClientSession() as http:
        tiny = TinyBot(teams.environment(), http)
        application = web.Application()
        application.router.add_post("/api/messages", tiny.messages)
        async with TestServer(application) as server:
            teams.bot_url = str(server.make_url("/api/messages"))
            yield tiny


async def test_a_message_reaches_the_bot_and_its_reply_the_person(teams: Teams, bot: TinyBot) -> None:
    ana = teams.person("Ana Sample", locale="pt-BR", time_zone="America/Sao_Paulo")
    exchange = await ana.say("there")
    assert (exchange.status, exchange.texts) == (200, ["hello there"])
    assert ana.texts == ["hello there"]
    (activity,) = bot.heard
    assert activity["channelId"] == "msteams"
    assert activity["serviceUrl"] == teams.service_url
    assert activity["from"] == {"id": ana.who.user_id, "name": "Ana Sample", "aadObjectId": ana.who.object_id}
    assert activity["recipient"] == {"id": f"28:{teams.app_id}", "name": "Hearback"}
    chat = {"conversationType": "personal", "tenantId": teams.tenant, "id": ana.who.conversation}
    assert activity["conversation"] == chat
    assert dig(activity, "channelData", "tenant", "id") == teams.tenant
    assert (activity["locale"], activity["localTimezone"]) == ("pt-BR", "America/Sao_Paulo")
    local = datetime.fromisoformat(text(activity, "localTimestamp"))
    assert local == datetime.fromisoformat(text(activity, "timestamp"))
    assert local.utcoffset() == timedelta(hours=-3)


async def test_installing_tells_the_bot_twice_and_removing_once(teams: Teams, bot: TinyBot) -> None:
    ana = teams.person("Ana Sample")
    await ana.install()
    await ana.uninstall()
    installed, added, removed = bot.heard
    assert (installed["type"], installed["action"]) == ("installationUpdate", "add")
    assert (added["type"], added["membersAdded"]) == ("conversationUpdate", [added["recipient"]])
    assert (removed["type"], removed["action"]) == ("installationUpdate", "remove")


async def test_a_pressed_card_sends_its_data_with_the_inputs_and_shows_the_card_that_comes_back(
    teams: Teams, bot: TinyBot
) -> None:
    ana = teams.person("Ana Sample")
    await ana.say("ask me")
    (question,) = ana.inbox
    exchange = await ana.press("Send", {"score": 9})
    assert exchange.card == THANKS
    assert [card_text(mapping(dig(each, "content"))) for each in _attachments(ana.inbox[0])] == ["Thank you"]
    invoke = bot.heard[-1]
    assert (invoke["type"], invoke["name"], invoke["replyToId"]) == ("invoke", "adaptiveCard/action", question["id"])
    action = {"type": "Action.Execute", "verb": "answer", "data": {"run": "r1", "score": "9"}}
    assert invoke["value"] == {"action": action, "trigger": "manual"}


async def test_an_older_view_of_a_card_can_still_be_pressed(teams: Teams, bot: TinyBot) -> None:
    ana = teams.person("Ana Sample")
    await ana.say("ask me")
    (as_seen_on_the_phone,) = ana.inbox
    await ana.press("answer", {"score": 9})
    with pytest.raises(NoSuchAction):
        await ana.press("answer", {"score": 3})
    await ana.press("answer", {"score": 3}, on=as_seen_on_the_phone)
    assert dig(bot.heard[-1], "value", "action", "data", "score") == "3"


async def test_a_required_input_left_empty_never_reaches_the_bot(teams: Teams, bot: TinyBot) -> None:
    ana = teams.person("Ana Sample")
    await ana.say("ask me")
    with pytest.raises(InputRefused) as refused:
        await ana.press("Send")
    assert refused.value.messages == ["Give a score"]
    assert len(bot.heard) == 1
    await ana.press("Send", {"made_up": "x"}, validate=False)
    assert dig(bot.heard[-1], "value", "action", "data") == {"run": "r1", "made_up": "x"}


async def test_an_old_client_submits_the_fallback_as_a_message_with_a_value(teams: Teams, bot: TinyBot) -> None:
    ana = teams.person("Ana Sample")
    await ana.say("ask me")
    await ana.submit("Send", {"score": "7"})
    sent = bot.heard[-1]
    assert (sent["type"], sent["replyToId"]) == ("message", ana.inbox[0]["id"])
    assert sent["value"] == {"run": "r1", "verb": "answer", "score": "7"}


async def test_somebody_without_a_card_has_nothing_to_press(teams: Teams) -> None:
    with pytest.raises(LookupError, match="Ana Sample has no card"):
        await teams.person("Ana Sample").press("Send")


async def test_a_message_can_be_redelivered_under_its_old_id(teams: Teams, bot: TinyBot) -> None:
    ana = teams.person("Ana Sample")
    first = await ana.say("there")
    assert isinstance(first.sent, dict)
    await ana.say("there", activity_id=text(first.sent, "id"))
    await ana.say("there")
    once, again, other = (each["id"] for each in bot.heard)
    assert once == again
    assert once != other


@pytest.mark.parametrize(
    "forge",
    [
        lambda teams: teams.tokens.token(expires_in_s=-1),
        lambda teams: teams.tokens.token(starts_in_s=60),
        lambda teams: teams.tokens.token(audience="another app"),
        lambda teams: teams.tokens.token(issuer="https://somebody.example.com"),
        lambda teams: teams.tokens.token(service_url="http://127.0.0.1:1/teams/"),
        lambda teams: teams.tokens.token(signed_by=teams.tokens.stray_key()),
        lambda teams: teams.tokens.token(signed_by=teams.tokens.stray_key(kid=teams.tokens.keys[0].kid)),
        lambda teams: teams.tokens.token(algorithm="none"),
        lambda teams: teams.tokens.token(claims={"aud": None}),
        lambda _: "garbage",
        lambda _: Credential.ABSENT,
    ],
    ids=["expired", "early", "aud", "iss", "service", "kid", "key", "unsigned", "no aud", "garbage", "absent"],
)
@pytest.mark.usefixtures("bot")
async def test_a_forged_token_is_recognised(teams: Teams, forge: Callable[[Teams], str | Credential]) -> None:
    ana = teams.person("Ana Sample")
    envelope = (await ana.say("there")).sent
    assert (await ana.post(envelope, token=forge(teams))).status == 401
    assert (await ana.post(envelope)).status == 200


async def test_after_a_rotation_the_new_key_signs_and_a_withdrawn_one_is_refused(teams: Teams, bot: TinyBot) -> None:
    ana = teams.person("Ana Sample")
    old_key, old_token = teams.tokens.keys[0], teams.tokens.current()
    new_key = teams.tokens.rotate()
    assert jwt.get_unverified_header(teams.tokens.current())["kid"] == new_key.kid != old_key.kid
    envelope = (await ana.say("one")).sent
    assert (await ana.post(envelope, token=old_token)).status == 200
    teams.tokens.rotate(keep_old=False)
    assert (await ana.post(envelope, token=old_token)).status == 401
    assert (await ana.say("two")).status == 200
    assert teams.login.metadata_fetches == teams.login.key_fetches == len(bot.heard) + 1


async def test_waiting_ends_when_the_message_comes(teams: Teams, bot: TinyBot) -> None:
    ana = teams.person("Ana Sample")
    by_count = asyncio.create_task(ana.received(2))
    by_text = asyncio.create_task(ana.received(lambda message: message.get("text") == "hello two"))
    await ana.say("one")
    assert not by_count.done()
    await ana.say("two")
    assert len(await by_count) == 2
    assert [message["text"] for message in await by_text] == ["hello two"]
    assert len(bot.heard) == 2


async def test_waiting_in_vain_shows_the_persons_transcript(teams: Teams, bot: TinyBot) -> None:
    ana, ben = teams.person("Ana Sample"), teams.person("Ben Sample")
    await ana.say("there")
    await ben.say("elsewhere")
    with pytest.raises(NothingCame, match="hello there") as missing:
        await ana.received(2, timeout_s=0.01)
    assert "elsewhere" not in str(missing.value)
    assert len(bot.heard) == 2


@pytest.mark.usefixtures("bot")
async def test_the_transcript_shows_both_directions_in_order(teams: Teams) -> None:
    await teams.person("Ana Sample").say("ask me")
    asked, answered = teams.transcript.text().splitlines()
    assert asked.endswith("Ana Sample → bot  message: ask me  [200]")
    assert "bot → Ana Sample  reply: [card: How was it?" in answered
    assert answered.endswith("[201]")


@pytest.mark.usefixtures("bot")
async def test_a_fault_for_one_person_leaves_the_others_alone(teams: Teams) -> None:
    ana, ben = teams.person("Ana Sample"), teams.person("Ben Sample")
    ana.run_into(Fault(status=429, headers={"Retry-After": "1"}))
    assert (await ana.say("one")).status == 500  # the tiny bot knows no better
    assert (await ben.say("one")).texts == ["hello one"]
    assert (await ana.say("two")).texts == ["hello two"]


def _attachments(message: Json) -> list[object]:
    attachments = message["attachments"]
    assert isinstance(attachments, list)
    return attachments


async def test_who_is_told_to_try_again_does_the_same_thing_again(teams: Teams, bot: TinyBot) -> None:
    teams.tries_again = 2
    ana = teams.person("Ana Sample")
    bot.refusals = 2
    assert (await ana.say("there")).texts == ["hello there"]
    assert ana.texts == ["hello there"], "what told them so is not left in the inbox"
    assert len({str(one["id"]) for one in bot.heard}) == 3, "each time it is another message"
    await ana.say("ask me")
    bot.refusals = 1
    assert (await ana.press("Send", {"score": 3})).card == THANKS
    assert [dig(one, "value", "action", "data") for one in bot.heard[-2:]] == [{"run": "r1", "score": "3"}] * 2
    await ana.say("ask me")
    bot.refusals = 1
    before = len(bot.heard)
    await ana.submit("Send", {"score": 4})
    assert len(bot.heard) == before + 2


async def test_who_is_told_to_try_again_gives_up_in_the_end_or_at_once(teams: Teams, bot: TinyBot) -> None:
    ben = teams.person("Ben Sample")
    bot.refusals = 1
    assert "Not saved" in (await ben.say("there")).texts[0]
    ben.tries_again = 1
    bot.refusals = 5
    assert "Not saved" in (await ben.say("there")).texts[0]
    assert bot.refusals == 3
