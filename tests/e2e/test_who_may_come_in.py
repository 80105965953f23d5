"""Requests that do not come from Teams, or are not what Teams sends: refused with the right status, nothing stored."""

import asyncio
import json
from collections.abc import Callable

import aiohttp
import jwt
import pytest

from simulator import Credential, Person, Teams
from tests.e2e.conftest import ELSEWHERE, Service

Forge = Callable[[Teams], str]

FORGERIES: dict[str, Forge] = {
    "expired": lambda teams: teams.tokens.token(service_url=teams.service_url, expires_in_s=-3600),
    "not valid yet": lambda teams: teams.tokens.token(service_url=teams.service_url, starts_in_s=3600),
    "foreign audience": lambda teams: teams.tokens.token(service_url=teams.service_url, audience="another-bot"),
    "foreign issuer": lambda teams: teams.tokens.token(service_url=teams.service_url, issuer="https://evil.example"),
    "unsigned": lambda teams: teams.tokens.token(service_url=teams.service_url, algorithm="none"),
    "signed with a secret": lambda teams: jwt.encode(
        {"iss": teams.tokens.issuer, "aud": teams.app_id, "exp": 9e9, "serviceurl": teams.service_url},
        "a secret that anybody could have chosen",
        "HS256",
        headers={"kid": teams.tokens.keys[-1].kid},
    ),
    "unknown key": lambda teams: teams.tokens.token(
        service_url=teams.service_url, signed_by=teams.tokens.stray_key(kid="unknown")
    ),
    "stolen key id": lambda teams: teams.tokens.token(
        service_url=teams.service_url, signed_by=teams.tokens.stray_key(kid=teams.tokens.keys[-1].kid)
    ),
    "without service address": lambda teams: teams.tokens.token(
        service_url=teams.service_url, claims={"serviceurl": None}
    ),
    "no token at all": lambda _teams: "not.a.token",
}


async def _people(service: Service) -> int:
    return len((await service.store.query("people")).docs)


def _hello(teams: Teams, person: Person, **changes: object) -> dict[str, object]:
    return {
        "type": "message",
        "id": "1",
        "text": "help",
        "channelId": "msteams",
        "serviceUrl": teams.service_url,
        "from": {"id": "29:x", "aadObjectId": person.who.object_id, "name": "Sample"},
        "recipient": {"id": "28:bot"},
        "conversation": {"id": "a:1", "tenantId": ELSEWHERE, "conversationType": "personal"},
        "channelData": {"tenant": {"id": ELSEWHERE}},
        **changes,
    }


@pytest.fixture
def stranger(teams: Teams) -> Person:
    return teams.person("Sample Stranger", tenant=ELSEWHERE)


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_token_is_refused(forgery: str, teams: Teams, service: Service, stranger: Person) -> None:
    answer = await teams.post(_hello(teams, stranger), token=FORGERIES[forgery](teams))
    assert answer.status == 401
    assert answer.body in (None, "")
    assert await _people(service) == 0


async def test_without_a_token_nobody_comes_in(teams: Teams, service: Service, stranger: Person) -> None:
    answer = await teams.post(_hello(teams, stranger), token=Credential.ABSENT)
    assert answer.status == 401
    assert await _people(service) == 0


async def test_a_token_for_another_service_address_is_refused(teams: Teams, service: Service, stranger: Person) -> None:
    token = teams.tokens.token(service_url="https://smba.trafficmanager.net/teams/")
    assert (await teams.post(_hello(teams, stranger), token=token)).status == 403
    assert await _people(service) == 0


async def test_a_service_address_off_the_allow_list_is_refused(
    teams: Teams, service: Service, stranger: Person
) -> None:
    evil = "https://evil.example/"
    answer = await teams.post(_hello(teams, stranger, serviceUrl=evil), token=teams.tokens.token(service_url=evil))
    assert answer.status == 403
    assert await _people(service) == 0


@pytest.mark.parametrize("change", [{"channelId": "emulator"}, {"channelId": "webchat"}])
async def test_another_channel_is_refused(
    change: dict[str, object], teams: Teams, service: Service, stranger: Person
) -> None:
    answer = await teams.post(_hello(teams, stranger, **change))
    assert answer.status == 403
    assert await _people(service) == 0


async def test_a_tenant_that_is_not_allowed_is_refused(teams: Teams, service: Service) -> None:
    outsider = teams.person("Sample Outsider", tenant="99999999-9999-9999-9999-999999999999")
    assert (await outsider.install()).status == 403
    assert (await outsider.say("help")).status == 403
    assert await _people(service) == 0


MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "half a document": b'{"type": "message"',
    "a list": b"[]",
    "a text": b'"hello"',
    "not UTF-8": b"\xff\xfe{}",
    "deep": b"[" * 100_000,
    "no sender": json.dumps({"type": "message", "id": "1", "channelId": "msteams"}).encode(),
    "no channel": json.dumps({"type": "message", "id": "1", "serviceUrl": "http://127.0.0.1"}).encode(),
}


@pytest.mark.parametrize("body", MALFORMED)
async def test_what_is_no_activity_is_a_bad_request(body: str, teams: Teams, service: Service) -> None:
    assert (await teams.post(MALFORMED[body])).status == 400
    assert await _people(service) == 0


WRONG_FIELDS: list[dict[str, object]] = [
    {"text": 7},
    {"from": "me"},
    {"conversation": {"id": ""}},
    {"id": ""},
    {"attachments": "none"},
    {"channelData": []},
    {"from": {"id": "29:x", "aadObjectId": "a/b"}},
    {"from": {"id": "29:x", "aadObjectId": "x" * 5000}},
    {"conversation": {"id": "a:1", "tenantId": "t/1"}},
]


@pytest.mark.parametrize("change", WRONG_FIELDS)
async def test_fields_of_the_wrong_form_are_a_bad_request(
    change: dict[str, object], teams: Teams, service: Service, stranger: Person
) -> None:
    answer = await teams.post(_hello(teams, stranger, **change))
    assert answer.status == 400
    assert await _people(service) == 0


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data"])
async def test_other_media_types_are_not_supported(
    media_type: str, teams: Teams, service: Service, stranger: Person
) -> None:
    answer = await teams.post(_hello(teams, stranger), headers={"Content-Type": media_type})
    assert answer.status == 415
    assert await _people(service) == 0


async def test_a_megabyte_is_too_large(teams: Teams, service: Service, stranger: Person) -> None:
    answer = await teams.post(_hello(teams, stranger, text="x" * 1_000_000))
    assert answer.status == 413
    assert await _people(service) == 0


async def test_other_methods_are_not_allowed(service: Service) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{service.url}/api/messages") as answer:
        assert answer.status == 405


async def test_the_keys_are_fetched_once(teams: Teams, customer: Person) -> None:
    before = teams.login.key_fetches
    for number in range(3):
        token = teams.tokens.token(service_url=teams.service_url, claims={"jti": str(number)})
        assert (await customer.post(_hello(teams, customer, id=f"m{number}"), token=token)).status == 200
    assert teams.login.key_fetches == before == 1


async def test_the_service_says_that_it_is_alive_and_ready(service: Service) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{service.url}/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "alive"})
        async with session.get(f"{service.url}/readyz") as answer:
            everything = dict.fromkeys(
                ("store", "queue", "worker", "planning", "ticker", "tallier", "watcher", "sealer", "teller", "budget"),
                "ok",
            )
            assert (answer.status, await answer.json()) == (200, everything)


async def test_a_service_without_its_store_is_not_ready(service: Service) -> None:
    await service.store.close()
    async with aiohttp.ClientSession() as session, session.get(f"{service.url}/readyz") as answer:
        assert answer.status == 503
        assert (await answer.json())["store"] == "does not answer"


async def test_a_worker_that_fails_makes_the_service_unready(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(service.worker, "drain", broken)
    service.worker.wake()
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        found: tuple[int, object] = (200, None)
        while found[0] == 200:
            async with session.get(f"{service.url}/readyz") as answer:
                found = answer.status, await answer.json()
    assert found == (
        503,
        {
            "store": "ok",
            "queue": "ok",
            "worker": "does not answer",
            "planning": "ok",
            "ticker": "ok",
            "tallier": "ok",
            "watcher": "ok",
            "sealer": "ok",
            "teller": "ok",
            "budget": "ok",
        },
    )


async def test_requests_are_counted_by_how_they_ended(teams: Teams, service: Service, customer: Person) -> None:
    await customer.say("help")
    await teams.post(b"nothing")
    await teams.post(b"{}", token=Credential.ABSENT)
    async with aiohttp.ClientSession() as session:
        await (await session.get(f"{service.url}/wp-login.php")).read()
        async with session.get(f"{service.url}/metrics") as answer:
            text = await answer.text()
    for status, count in [(200, 3), (400, 1), (401, 1)]:
        row = f'hearback_requests_total{{method="POST",route="/api/messages",status="{status}"}} {count}.0'
        assert row in text
    assert 'route="none",status="404"} 1.0' in text
    assert customer.who.object_id not in text
