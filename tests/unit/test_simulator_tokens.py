"""The simulated sign-in: metadata and keys for inbound tokens, client credentials for outbound ones."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import jwt
import pytest

from simulator import Fault, Json, Teams
from simulator.payload import listing, text


class HandClock:
    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def teams(clock: HandClock) -> AsyncIterator[Teams]:
    async with Teams(clock=clock) as running:
        yield running


async def get(url: str) -> Json:
    async with aiohttp.ClientSession(raise_for_status=True) as http, http.get(url) as response:
        found = await response.json()
        assert isinstance(found, dict)
        return found


async def sign_in(teams: Teams, *, tenant: str = "", **changes: str) -> tuple[int, Json]:
    form = {"grant_type": "client_credentials", "client_id": teams.app_id, "client_secret": teams.app_password}
    form |= {"scope": "https://api.botframework.com/.default"} | changes
    url = f"{teams.environment()['HEARBACK_LOGIN_URL']}/{tenant or teams.tenant}/oauth2/v2.0/token"
    async with aiohttp.ClientSession() as http, http.post(url, data=form) as response:
        return response.status, await response.json()


async def test_the_metadata_lead_to_endorsed_keys_and_fetches_are_counted(teams: Teams) -> None:
    metadata = await get(teams.environment()["HEARBACK_OPENID_METADATA_URL"])
    assert metadata["issuer"] == teams.environment()["HEARBACK_TOKEN_ISSUER"] == "https://api.botframework.com"
    assert metadata["id_token_signing_alg_values_supported"] == ["RS256"]
    keys = listing((await get(text(metadata, "jwks_uri")))["keys"])
    assert [key["endorsements"] for key in keys if isinstance(key, dict)] == [["msteams"]]
    assert (teams.login.metadata_fetches, teams.login.key_fetches) == (1, 1)


async def test_the_published_keys_never_hold_the_private_part(teams: Teams) -> None:
    teams.tokens.rotate(endorsements=[])
    for key in listing(teams.tokens.jwks()["keys"]):
        assert isinstance(key, dict)
        assert set(key) == {"kty", "key_ops", "n", "e", "use", "kid", "x5t", "endorsements"}


async def test_each_rotation_makes_a_key_that_was_not_there_before(teams: Teams) -> None:
    kids = [teams.tokens.keys[0].kid, teams.tokens.rotate().kid, teams.tokens.rotate(keep_old=False).kid]
    kids.append(teams.tokens.rotate().kid)
    assert len(set(kids)) == 4
    assert [key.kid for key in teams.tokens.keys] == kids[2:]
    numbers = {key.private.private_numbers().p for key in teams.tokens.keys}
    assert len(numbers | {teams.tokens.stray_key().private.private_numbers().p}) == 3


async def test_the_good_token_is_renewed_before_it_ends(teams: Teams, clock: HandClock) -> None:
    first = teams.tokens.current()
    clock.now += timedelta(minutes=50)
    assert teams.tokens.current() == first
    clock.now += timedelta(minutes=6)
    assert teams.tokens.current() != first


async def test_client_credentials_give_a_token_that_the_connector_takes_until_it_ends(
    teams: Teams, clock: HandClock
) -> None:
    status, body = await sign_in(teams)
    assert (status, body["token_type"], body["expires_in"]) == (200, "Bearer", 3599)
    assert teams.login.accepts(f"Bearer {body['access_token']}")
    assert not teams.login.accepts(text(body, "access_token"))
    clock.now += timedelta(seconds=3599)
    assert not teams.login.accepts(f"Bearer {body['access_token']}")


async def test_two_sign_ins_give_two_tokens_and_are_counted(teams: Teams) -> None:
    (_, first), (_, second) = await sign_in(teams), await sign_in(teams)
    assert first["access_token"] != second["access_token"]
    assert teams.login.token_calls == 2


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 400, "unauthorized_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "openid"}, 400, "invalid_scope"),
        ({"tenant": "elsewhere"}, 400, "invalid_request"),
    ],
)
async def test_wrong_credentials_give_no_token(teams: Teams, change: dict[str, str], status: int, error: str) -> None:
    got, body = await sign_in(teams, **change)
    assert (got, body["error"]) == (status, error)
    assert "access_token" not in body


async def test_the_sign_in_can_have_troubles_too(teams: Teams) -> None:
    teams.login.respond = lambda path: Fault(status=503, body={"error": "busy"}) if "token" in path else None
    assert await sign_in(teams) == (503, {"error": "busy"})
    await get(teams.environment()["HEARBACK_OPENID_METADATA_URL"])


async def test_an_inbound_token_carries_the_claims_of_the_bot_framework(teams: Teams, clock: HandClock) -> None:
    claims = jwt.decode(teams.tokens.token(), options={"verify_signature": False})
    now = int(clock.now.timestamp())
    assert claims == {
        "iss": "https://api.botframework.com",
        "aud": teams.app_id,
        "serviceurl": teams.service_url,
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
    }
