"""`make cosmos-setup`: what it makes, that it may be run again, and what is said where it cannot."""

import asyncio

import pytest

from simulator.cosmos import CosmosStandIn, forbidden
from store.containers import CONTAINERS
from store.layout import Json
from store.setup import main
from tests.cosmos_account import DATABASE, environment_of


async def test_it_makes_what_is_missing_and_says_so_and_the_second_time_changes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with CosmosStandIn() as account:
        assert await asyncio.to_thread(main, environment_of(account)) == 0
        assert capsys.readouterr().out.splitlines() == [f"{DATABASE}/{name}: made" for name in CONTAINERS]
        assert list(account.holdings.database(DATABASE).containers) == list(CONTAINERS)
        assert await asyncio.to_thread(main, environment_of(account)) == 0
        assert capsys.readouterr().out.splitlines() == [f"{DATABASE}/{name}: as it should be" for name in CONTAINERS]


@pytest.mark.parametrize("what", ["database.create", "container.create", "account.read"])
async def test_a_key_or_identity_without_the_right_is_told_who_has_it_and_what_was_made_stays(
    what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with CosmosStandIn() as account:
        account.troubles.respond = lambda call: forbidden() if call.name == what else None
        assert await asyncio.to_thread(main, environment_of(account)) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("Not set up: this key or identity may not do it: (403)")
        assert "the deployment makes them" in said.err
        assert len(said.err.splitlines()) == 2, "no trace"
        account.troubles.clear()
        assert await asyncio.to_thread(main, environment_of(account)) == 0


async def test_a_container_that_is_partitioned_otherwise_is_named_and_left_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with CosmosStandIn() as account:
        other: Json = {"id": "runs", "partitionKey": {"paths": ["/other"], "kind": "Hash", "version": 2}}
        account.prepare(DATABASE, [other])
        assert await asyncio.to_thread(main, environment_of(account)) == 1
        assert "runs is there, but partitioned by /other" in capsys.readouterr().err
        assert account.holdings.database(DATABASE).containers["runs"].key_path == ["other"]


async def test_an_account_that_is_not_there_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    async with CosmosStandIn() as account:
        environment = environment_of(account)
    assert await asyncio.to_thread(main, environment) == 1
    said = capsys.readouterr().err
    assert said.startswith("Not set up: the account refuses or does not answer: ")
    assert len(said.splitlines()) == 1


def test_without_an_account_nothing_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    assert main({}) == 2
    assert "COSMOS_ENDPOINT" in capsys.readouterr().err
