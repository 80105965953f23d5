"""Faults, outages, restarts and the process of the Cosmos DB stand-in."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError
from azure.cosmos.aio import ContainerProxy, CosmosClient
from azure.cosmos.exceptions import CosmosHttpResponseError, CosmosResourceExistsError

from simulator.cosmos import (
    Call,
    CosmosStandIn,
    broken,
    gone,
    hung,
    precondition_failed,
    reset_after,
    reset_before,
    retry_with,
    slow,
    stale_session,
    throttled,
    timed_out,
    unavailable,
)
from simulator.faults import Fault
from tests.cosmos import client_of, container_in, found

DOC = {"id": "a", "home": "x"}


@pytest.fixture
async def account() -> AsyncIterator[CosmosStandIn]:
    async with CosmosStandIn() as account:
        yield account


@pytest.fixture
async def container(account: CosmosStandIn) -> AsyncIterator[ContainerProxy]:
    async with client_of(account, retry_total=0, retry_connect=0, retry_read=0, retry_status=0) as client:
        container = await container_in(client)
        await container.read()
        yield container


@pytest.mark.parametrize(
    ("fault", "status", "substatus"),
    [
        (throttled(), 429, 3200),
        (unavailable(), 503, None),
        (timed_out(), 408, None),
        (retry_with(), 449, None),
        (gone(), 410, 1002),
        (broken(), 500, None),
        (precondition_failed(), 412, None),
    ],
)
async def test_a_refused_write_reaches_the_client_and_changes_nothing(
    container: ContainerProxy, account: CosmosStandIn, fault: Fault, status: int, substatus: int | None
) -> None:
    account.troubles.by_chance(1.0, [fault], seed=1, when=lambda call: call.name == "item.create")
    with pytest.raises(CosmosHttpResponseError) as refused:
        await container.create_item(DOC)
    assert (refused.value.status_code, refused.value.sub_status) == (status, substatus)
    account.troubles.clear()
    assert not await found(container, "SELECT * FROM c", key="x")
    assert account.counters().faults >= 1


async def test_the_sdk_waits_out_a_few_throttled_requests(account: CosmosStandIn) -> None:
    async with client_of(account, retry_total=5) as client:
        container = await container_in(client)
        account.troubles.script(throttled(1), throttled(1), throttled(1))
        await container.create_item(DOC)
    assert account.counters().faults == 3
    assert account.troubles.waiting() == 0


async def test_a_stale_session_is_tried_again(container: ContainerProxy, account: CosmosStandIn) -> None:
    await container.create_item(DOC)
    account.troubles.script(stale_session(), when=lambda call: call.name == "item.read")
    assert (await container.read_item("a", "x"))["id"] == "a"


@pytest.mark.parametrize(
    ("fault", "is_written"),
    [(reset_before(), False), (reset_after(), True), (timed_out(done=True), True), (unavailable(done=True), True)],
)
async def test_trouble_comes_before_or_after_the_write(
    container: ContainerProxy,
    account: CosmosStandIn,
    fault: Fault,
    is_written: bool,  # noqa: FBT001 - a column
) -> None:
    account.troubles.by_chance(1.0, [fault], seed=1, when=lambda call: call.name == "item.create")
    with pytest.raises(AzureError):
        await container.create_item(DOC)
    account.troubles.clear()
    assert bool(await found(container, "SELECT * FROM c", key="x")) is is_written


async def test_a_repeat_after_a_lost_answer_meets_its_own_write(account: CosmosStandIn) -> None:
    async with client_of(account) as client:
        container = await container_in(client)
        account.troubles.script(reset_after())
        with pytest.raises(CosmosResourceExistsError):
            await container.create_item(DOC)


async def test_an_answer_may_be_slow_or_never_come(container: ContainerProxy, account: CosmosStandIn) -> None:
    account.troubles.script(slow(0.01))
    await container.create_item(DOC)
    account.troubles.by_chance(1.0, [hung()], seed=1, when=lambda call: call.name == "item.read")
    with pytest.raises(AzureError):
        await container.read_item("a", "x", read_timeout=0.2)


async def test_faults_are_chosen_by_what_is_asked(container: ContainerProxy, account: CosmosStandIn) -> None:
    def respond(call: Call) -> Fault | None:
        return broken() if call.item == "bad" and call.container == "things" and not call.body else None

    account.troubles.respond = respond
    await container.create_item(DOC)
    await container.read_item("a", "x")
    with pytest.raises(CosmosHttpResponseError):
        await container.read_item("bad", "x")


async def test_chance_is_repeatable() -> None:
    async def outcomes(seed: int) -> list[int]:
        async with CosmosStandIn() as account, client_of(account, retry_total=0) as client:
            container = await container_in(client)
            await container.read()
            account.troubles.by_chance(0.3, [retry_with()], seed=seed, when=lambda call: call.writes)
            seen = []
            for index in range(20):
                try:
                    await container.create_item({"id": str(index), "home": "x"})
                    seen.append(201)
                except CosmosHttpResponseError as error:
                    seen.append(int(error.status_code or 0))
            return seen

    first = await outcomes(7)
    assert first == await outcomes(7)
    assert 449 in first
    assert 201 in first
    assert first != await outcomes(8)


async def test_an_outage_refuses_everybody_until_it_ends(container: ContainerProxy, account: CosmosStandIn) -> None:
    await container.create_item(DOC)
    async with account.outage():
        with pytest.raises((ServiceRequestError, ServiceResponseError)):
            await container.read_item("a", "x")
        with pytest.raises(AzureError):
            async with client_of(account, retry_total=0) as client:
                await client.create_database("other")
    assert (await container.read_item("a", "x"))["id"] == "a"


async def test_an_outage_may_leave_everybody_waiting(account: CosmosStandIn) -> None:
    async with client_of(account) as client:
        container = await container_in(client)
        await container.create_item(DOC)
        async with account.outage(hangs=True):
            waiting = asyncio.ensure_future(container.read_item("a", "x"))
            done, _ = await asyncio.wait([waiting], timeout=0.1)
            assert not done
        assert (await waiting)["id"] == "a"
        assert account.counters().faults >= 1


async def test_a_restart_with_a_snapshot_loses_nothing(tmp_path: Path) -> None:
    snapshot = tmp_path / "account.json"
    async with CosmosStandIn(snapshot=snapshot) as account, client_of(account) as client:
        container = await container_in(client, default_ttl=-1)
        for index in range(8):
            await container.create_item({"id": f"d{index}", "home": f"x{index % 3}", "ttl": 1000})
        await container.delete_item("d3", "x0")
        written = await container.upsert_item({"id": "d1", "home": "x1", "n": 1})
        feed: Any = container.query_items_change_feed(start_time="Beginning").by_page()
        before = [one["id"] async for page in feed async for one in page]
        mark = feed.continuation_token
    async with CosmosStandIn(snapshot=snapshot) as account, client_of(account) as client:
        container = client.get_database_client("test").get_container_client("things")
        assert await container.read_item("d1", "x1") == written
        changes = container.query_items_change_feed(start_time="Beginning")
        assert [one["id"] async for one in changes] == before
        await container.create_item({"id": "new", "home": "x1"})
        assert [one["id"] async for one in container.query_items_change_feed(continuation=mark)] == ["new"]
        docs = await found(container, "SELECT * FROM c")
        assert len({one["_etag"] for one in docs}) == len(docs) == 8


async def test_it_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    description = tmp_path / "containers.json"
    settings: dict[str, Any] = {"id": "things", "partitionKey": {"paths": ["/home"], "kind": "Hash", "version": 2}}
    description.write_text(json.dumps({"database": "test", "containers": [settings]}))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator.cosmos", "--containers", str(description), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        ready = json.loads(await process.stdout.readline())
        client = CosmosClient(ready["endpoint"], ready["key"], connection_verify=ready["certificate"])
        async with client:
            container = client.get_database_client("test").get_container_client("things")
            assert (await container.create_item(DOC))["id"] == "a"
    finally:
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
