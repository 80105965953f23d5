"""The simulated Teams keeps Microsoft's limits: no stricter, no laxer, and says when there is room again."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest

from simulator import Json, Limits, Person, Teams
from simulator.limits import TABLE, Row, Window
from tests.conftest import Clock

ROWS = {
    "send": {1: 7, 2: 8, 30: 60, 3600: 1800},
    "create": {1: 7, 2: 8, 30: 60, 3600: 1800},
    "members": {1: 14, 2: 16, 30: 120, 3600: 3600},
    "conversations": {1: 14, 2: 16, 30: 120, 3600: 3600},
}


def limits_of(clock: Clock, per_second: int = 10**6) -> Limits:
    return Limits(per_second, clock=clock.time)


@pytest.mark.parametrize("operation", ROWS)
def test_each_row_is_microsofts(operation: str) -> None:
    (row,) = (row for row in TABLE if operation in row.operations)
    assert {int(window.seconds): window.most for window in row.windows} == ROWS[operation]


@pytest.mark.parametrize(("row", "window"), [(row, window) for row in TABLE for window in row.windows])
def test_each_window_takes_as_many_as_it_lists_and_then_refuses(row: Row, window: Window, clock: Clock) -> None:
    """Requests come as close together as the shorter windows allow."""
    limits = limits_of(clock)
    operations = itertools.cycle(sorted(row.operations))
    narrower = [other for other in row.windows if other.seconds < window.seconds]
    pause = max((other.seconds / other.most for other in narrower), default=0.0) + 2e-6
    began = clock.time()
    for _ in range(window.most):
        assert limits.wait_s("t", "a", next(operations)) == 0
        clock.pass_s(pause)
    passed = clock.time() - began
    assert passed < window.seconds
    wait = limits.wait_s("t", "a", next(operations))
    assert wait > 0
    assert limits.wait_s("t", "another", next(operations)) == 0
    clock.pass_s(wait + 1e-3)
    assert limits.wait_s("t", "a", next(operations)) == 0


def test_the_rows_do_not_count_together(clock: Clock) -> None:
    limits = limits_of(clock)
    assert [limits.wait_s("t", "a", "send") for _ in range(7)] == [0] * 7
    for operation in ("create", "members", "conversations"):
        assert limits.wait_s("t", "a", operation) == 0
    assert limits.wait_s("t", "a", "update") > 0


def test_a_tenant_takes_fifty_a_second_of_whatever_kind_and_others_are_not_concerned(clock: Clock) -> None:
    limits = Limits(clock=clock.time)
    operations = itertools.cycle(ROWS)
    assert [limits.wait_s("t", f"a:{number}", next(operations)) for number in range(50)] == [0] * 50
    assert limits.wait_s("t", "one more", "send") == pytest.approx(1)
    assert limits.wait_s("u", "elsewhere", "send") == 0
    clock.pass_s(1)
    assert limits.wait_s("t", "later", "send") == 0
    assert limits.refused == 1
    assert limits.peaks == {"t": 51, "u": 1}


def test_whoever_asks_on_and_on_stays_outside(clock: Clock) -> None:
    limits = Limits(10, clock=clock.time)
    for number in range(100):
        limits.wait_s("t", f"a:{number}", "send")
        clock.pass_s(0.05)
    assert limits.refused == 90


@pytest.fixture
async def limited(clock: Clock) -> AsyncIterator[Teams]:
    async with Teams(limits=Limits(20, clock=clock.time)) as teams:
        yield teams


async def _send(teams: Teams, person: Person, http: aiohttp.ClientSession, token: str) -> tuple[int, str | None, str]:
    url = f"{teams.service_url}v3/conversations/{person.who.conversation}/activities"
    hello: Json = {"type": "message", "text": "hello"}
    headers = {"Authorization": f"Bearer {token}"}
    async with http.post(url, data=msgspec.json.encode(hello), headers=headers) as answer:
        return answer.status, answer.headers.get("Retry-After"), await answer.text()


async def _token(teams: Teams, http: aiohttp.ClientSession) -> str:
    form = {"grant_type": "client_credentials", "client_id": teams.app_id, "client_secret": teams.app_password}
    form["scope"] = "https://api.botframework.com/.default"
    async with http.post(f"{teams.login_url}/{teams.tenant}/oauth2/v2.0/token", data=form) as response:
        return str((await response.json())["access_token"])


def _people(teams: Teams, count: int) -> list[Person]:
    people = [teams.person(f"Sample {number}", has_bot=True) for number in range(count)]
    for one in people:
        one.has_chat = True
    return people


async def test_over_http_a_request_too_many_is_a_429_with_a_wait_and_is_not_delivered(
    limited: Teams, clock: Clock
) -> None:
    people = _people(limited, 25)
    async with aiohttp.ClientSession() as http:
        token = await _token(limited, http)
        answers = await asyncio.gather(*(_send(limited, one, http, token) for one in people))
        assert sorted(status for status, _, _ in answers) == [201] * 20 + [429] * 5
        assert {wait for status, wait, _ in answers if status == 429} == {"1"}
        assert all("Throttled" in body for status, _, body in answers if status == 429)
        assert sum(len(one.inbox) for one in people) == 20
        clock.pass_s(1)
        assert (await _send(limited, people[0], http, token))[0] == 201
        assert [(await _send(limited, people[1], http, token))[0] for _ in range(8)] == [201] * 7 + [429]


async def test_a_429_may_come_without_saying_how_long_to_wait(clock: Clock) -> None:
    async with Teams(limits=Limits(1, tells_wait=False, clock=clock.time)) as teams, aiohttp.ClientSession() as http:
        (one,) = _people(teams, 1)
        token = await _token(teams, http)
        await _send(teams, one, http, token)
        assert (await _send(teams, one, http, token))[:2] == (429, None)


async def test_without_limits_as_many_as_come_are_taken() -> None:
    async with Teams() as teams, aiohttp.ClientSession() as http:
        people, token = _people(teams, 100), await _token(teams, http)
        answers = await asyncio.gather(*(_send(teams, one, http, token) for one in people))
        assert {status for status, _, _ in answers} == {201}


async def test_the_conversations_can_be_listed_and_that_counts(limited: Teams) -> None:
    (one,) = _people(limited, 1)
    limited.person("Without Chat", has_bot=True)
    async with aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bearer {await _token(limited, http)}"}
        answers = []
        for _ in range(15):
            async with http.get(f"{limited.service_url}v3/conversations", headers=headers) as answer:
                answers.append((answer.status, await answer.json()))
    assert [status for status, _ in answers] == [200] * 14 + [429]
    assert [chat["id"] for chat in answers[0][1]["conversations"]] == [one.who.conversation]
