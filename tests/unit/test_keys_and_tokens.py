"""Keys are fetched rarely and never trusted blindly; the bot's own token is fetched once for everybody."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.auth import KEYS_MAX_AGE_S, KEYS_MIN_AGE_S, KeyRing, KeysUnavailable, TokenVerifier, Unauthenticated
from bot.bot_token import BotToken
from bot.connector import service_host_check
from broadcast.messenger import Retriable
from simulator import Fault, Teams
from tests.conftest import Clock


@pytest.fixture
async def teams() -> AsyncIterator[Teams]:
    async with Teams() as teams:
        yield teams


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def verifier(teams: Teams, session: aiohttp.ClientSession, clock: Clock) -> TokenVerifier:
    url = teams.environment()["HEARBACK_OPENID_METADATA_URL"]
    keys = KeyRing(session, metadata_url=url, clock=clock.time)
    return TokenVerifier(keys, app_id=teams.app_id, issuer=teams.tokens.issuer, clock=clock.time)


def _header(teams: Teams, **changes: str) -> str:
    return f"Bearer {teams.tokens.token(service_url=teams.service_url, claims=dict(changes))}"


async def test_a_hundred_tokens_need_one_fetch(teams: Teams, verifier: TokenVerifier) -> None:
    headers = [_header(teams, jti=str(number)) for number in range(100)]
    await asyncio.gather(*(verifier.verify(header) for header in headers))
    assert teams.login.key_fetches == 1


async def test_a_new_key_is_found_and_an_old_one_is_forgotten(
    teams: Teams, verifier: TokenVerifier, clock: Clock
) -> None:
    old = _header(teams, jti="old")
    await verifier.verify(_header(teams))
    teams.tokens.rotate(keep_old=False)
    clock.pass_s(KEYS_MIN_AGE_S + 1)
    await verifier.verify(_header(teams, jti="new"))
    with pytest.raises(Unauthenticated):
        await verifier.verify(old)


async def test_unknown_keys_cannot_make_us_fetch_all_the_time(teams: Teams, verifier: TokenVerifier) -> None:
    await verifier.verify(_header(teams))
    forged = teams.tokens.token(service_url=teams.service_url, signed_by=teams.tokens.stray_key(kid="unknown"))
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            await verifier.verify(f"Bearer {forged}")
    assert teams.login.key_fetches == 1


async def test_keys_are_renewed_every_day(teams: Teams, verifier: TokenVerifier, clock: Clock) -> None:
    await verifier.verify(_header(teams))
    clock.pass_s(KEYS_MAX_AGE_S + 1)
    await verifier.verify(_header(teams, jti="later"))
    assert teams.login.key_fetches == 2


async def test_without_keys_nobody_is_believed_and_the_next_try_may_succeed(
    teams: Teams, verifier: TokenVerifier
) -> None:
    teams.login.respond = lambda _path: Fault(status=503)
    with pytest.raises(KeysUnavailable):
        await verifier.verify(_header(teams))
    teams.login.respond = lambda _path: None
    await verifier.verify(_header(teams))


async def test_known_keys_outlive_an_outage_of_their_publisher(
    teams: Teams, verifier: TokenVerifier, clock: Clock
) -> None:
    await verifier.verify(_header(teams))
    teams.login.respond = lambda _path: Fault(status=503)
    clock.pass_s(KEYS_MAX_AGE_S + 1)
    await verifier.verify(_header(teams, jti="during the outage"))


async def test_a_key_that_is_not_endorsed_for_teams_is_refused(teams: Teams, verifier: TokenVerifier) -> None:
    teams.tokens.rotate(keep_old=False, endorsements=("webchat",))
    with pytest.raises(Unauthenticated):
        await verifier.verify(_header(teams))


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc", "Bearer a.b.c"])
async def test_what_is_no_token_is_refused(header: str | None, verifier: TokenVerifier) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(header)


def _bot_token(teams: Teams, session: aiohttp.ClientSession, clock: Clock, password: str = "") -> BotToken:
    return BotToken(
        session,
        login_url=teams.login_url,
        tenant=teams.tenant,
        app_id=teams.app_id,
        password=password or teams.app_password,
        clock=clock.time,
    )


async def test_the_bots_token_is_fetched_once_for_everybody(
    teams: Teams, session: aiohttp.ClientSession, clock: Clock
) -> None:
    token = _bot_token(teams, session, clock)
    assert len(set(await asyncio.gather(*(token.header() for _ in range(50))))) == 1
    assert teams.login.token_calls == 1
    clock.pass_s(teams.login.lifetime_s)
    await token.header()
    assert teams.login.token_calls == 2


async def test_a_wrong_secret_is_no_token(teams: Teams, session: aiohttp.ClientSession, clock: Clock) -> None:
    with pytest.raises(Retriable, match="login service"):
        await _bot_token(teams, session, clock, password="wrong").header()


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://smba.trafficmanager.net/teams/", True),
        ("https://europe.botframework.com/", True),
        ("https://botframework.com.evil.example/", False),
        ("https://smba.trafficmanager.net.evil.example/", False),
        ("http://smba.trafficmanager.net/teams/", False),
        ("https://evil.example/?smba.trafficmanager.net", False),
        ("https://smba.trafficmanager.net@evil.example/", False),
        ("http://127.0.0.1:80/", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_only_hosts_on_the_list_are_written_to(url: str, is_allowed: bool) -> None:  # noqa: FBT001 - the case
    assert service_host_check((".botframework.com", "smba.trafficmanager.net"))(url) is is_allowed
