"""Documents in the Cosmos DB stand-in: conditions, partial updates, limits, expiry, charges."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import (
    CosmosAccessConditionFailedError,
    CosmosHttpResponseError,
    CosmosResourceExistsError,
    CosmosResourceNotFoundError,
)

from simulator.cosmos import CosmosStandIn
from tests.conftest import Clock
from tests.cosmos import client_of, container_in, plain

LEAN = {"includedPaths": [{"path": "/state/?"}], "excludedPaths": [{"path": "/*"}]}


@pytest.fixture
async def account(clock: Clock) -> AsyncIterator[CosmosStandIn]:
    async with CosmosStandIn(clock=clock.now) as account:
        yield account


@pytest.fixture
async def container(account: CosmosStandIn) -> AsyncIterator[ContainerProxy]:
    async with client_of(account) as client:
        yield await container_in(client, default_ttl=-1, indexing_policy=LEAN)


def charge_of(answer: Any) -> float:  # noqa: ANN401 - the SDK's
    return float(answer.get_response_headers()["x-ms-request-charge"])


async def test_what_was_created_is_read(container: ContainerProxy, clock: Clock) -> None:
    written = await container.create_item({"id": "a b+ü", "home": "x y", "n": 1.5, "list": [1, None, True]})
    read = await container.read_item("a b+ü", "x y")
    assert read == written
    assert plain(read) == {"id": "a b+ü", "home": "x y", "n": 1.5, "list": [1, None, True]}
    assert read["_ts"] == int(clock.time())
    assert read["_self"].endswith(f"/docs/{read['_rid']}/")


async def test_an_id_is_taken_once_in_a_partition(container: ContainerProxy) -> None:
    await container.create_item({"id": "a", "home": "x"})
    with pytest.raises(CosmosResourceExistsError):
        await container.create_item({"id": "a", "home": "x"})
    await container.create_item({"id": "a", "home": "y"})


async def test_what_is_not_there_is_not_found(container: ContainerProxy) -> None:
    for attempt in (
        container.read_item("a", "x"),
        container.replace_item("a", {"id": "a", "home": "x"}),
        container.patch_item("a", "x", [{"op": "set", "path": "/n", "value": 1}]),
        container.delete_item("a", "x"),
    ):
        with pytest.raises(CosmosResourceNotFoundError):
            await attempt


async def test_every_write_changes_the_etag_and_an_old_one_is_refused(container: ContainerProxy) -> None:
    first = await container.create_item({"id": "a", "home": "x", "n": 1})
    second = await container.upsert_item({"id": "a", "home": "x", "n": 2})
    assert first["_etag"] != second["_etag"]
    old = {"etag": first["_etag"], "match_condition": MatchConditions.IfNotModified}
    for attempt in (
        container.replace_item("a", {"id": "a", "home": "x"}, **old),
        container.upsert_item({"id": "a", "home": "x"}, **old),
        container.delete_item("a", "x", **old),
        container.patch_item("a", "x", [{"op": "set", "path": "/n", "value": 3}], **old),
    ):
        with pytest.raises(CosmosAccessConditionFailedError):
            await attempt
    new = {"etag": second["_etag"], "match_condition": MatchConditions.IfNotModified}
    assert (await container.replace_item("a", {"id": "a", "home": "x", "n": 3}, **new))["n"] == 3


async def test_a_read_of_what_is_known_says_not_modified(container: ContainerProxy, account: CosmosStandIn) -> None:
    written = await container.create_item({"id": "a", "home": "x"})
    known = {"etag": written["_etag"], "match_condition": MatchConditions.IfModified}
    assert not await container.read_item("a", "x", **known)
    assert account.counters().of("item.read").statuses == {304: 1}


async def test_a_deleted_documents_id_is_new_again(container: ContainerProxy) -> None:
    first = await container.create_item({"id": "a", "home": "x"})
    await container.delete_item("a", "x")
    assert (await container.create_item({"id": "a", "home": "x"}))["_rid"] != first["_rid"]


@pytest.mark.parametrize(
    "doc", [{"id": "a/b"}, {"id": "a?"}, {"id": "a#b"}, {"id": "a\\b"}, {"id": ""}, {"id": "a" * 1024}]
)
async def test_a_bad_id_is_refused(container: ContainerProxy, account: CosmosStandIn, doc: dict[str, Any]) -> None:
    # the SDK itself refuses some of them, so the stand-in is asked by a batch
    with pytest.raises(Exception) as refused:  # noqa: PT011 - the kind of error is the SDK's for batches
        await container.execute_item_batch([("create", ({**doc, "home": "x"},))], partition_key="x")
    assert getattr(refused.value, "status_code", None) == 400
    assert account.counters().of("item.create").requests == 0


async def test_the_partition_key_of_the_request_has_to_be_the_documents(container: ContainerProxy) -> None:
    connection = container.client_connection
    await container.read()
    with pytest.raises(CosmosHttpResponseError) as refused:
        await connection.CreateItem(container.container_link, {"id": "a", "home": "x"}, {"partitionKey": "y"})
    assert (refused.value.status_code, refused.value.sub_status) == (400, 1001)


async def test_a_document_may_lack_its_partition_key(container: ContainerProxy) -> None:
    from azure.cosmos.partition_key import NonePartitionKeyValue  # noqa: PLC0415 - needed once

    await container.create_item({"id": "a"})
    assert plain(await container.read_item("a", NonePartitionKeyValue)) == {"id": "a"}


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # aiohttp's advice to the SDK
async def test_two_megabytes_fit_and_more_do_not(container: ContainerProxy) -> None:
    frame = len(json.dumps({"id": "a", "home": "x", "text": ""}, separators=(",", ":")))
    await container.create_item({"id": "a", "home": "x", "text": "o" * (2 * 1024 * 1024 - frame)})
    with pytest.raises(CosmosHttpResponseError) as refused:
        await container.create_item({"id": "b", "home": "x", "text": "o" * (2 * 1024 * 1024 - frame + 1)})
    assert refused.value.status_code == 413


async def test_a_patch_changes_what_it_names(container: ContainerProxy) -> None:
    await container.create_item({"id": "a", "home": "x", "n": 1, "list": ["a", "c"], "inner": {"old": 1}})
    patched = await container.patch_item(
        "a",
        "x",
        [
            {"op": "incr", "path": "/n", "value": 4},
            {"op": "incr", "path": "/new", "value": 2},
            {"op": "add", "path": "/list/1", "value": "b"},
            {"op": "add", "path": "/list/-", "value": "d"},
            {"op": "set", "path": "/list/0", "value": "A"},
            {"op": "set", "path": "/inner/fresh", "value": None},
            {"op": "remove", "path": "/inner/old"},
            {"op": "replace", "path": "/inner/fresh", "value": [1]},
        ],
    )
    assert plain(patched) == {
        "id": "a", "home": "x", "n": 5, "new": 2, "list": ["A", "b", "c", "d"], "inner": {"fresh": [1]},
    }  # fmt: skip
    assert await container.read_item("a", "x") == patched


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/nowhere"},
        {"op": "replace", "path": "/nowhere", "value": 1},
        {"op": "set", "path": "/nowhere/deep", "value": 1},
        {"op": "add", "path": "/list/9", "value": 1},
        {"op": "incr", "path": "/text", "value": 1},
        {"op": "incr", "path": "/n", "value": "1"},
        {"op": "set", "path": "/id", "value": "b"},
        {"op": "set", "path": "/home", "value": "y"},
        {"op": "set", "path": "/_ts", "value": 1},
        {"op": "set", "path": "/n"},
        {"op": "turn", "path": "/n", "value": 1},
        {"op": "set", "path": "n", "value": 1},
    ],
)
async def test_a_patch_that_makes_no_sense_changes_nothing(
    container: ContainerProxy, operation: dict[str, Any]
) -> None:
    written = await container.create_item({"id": "a", "home": "x", "n": 1, "text": "t", "list": []})
    with pytest.raises(CosmosHttpResponseError) as refused:
        await container.patch_item("a", "x", [{"op": "set", "path": "/n", "value": 2}, operation])
    assert refused.value.status_code == 400
    assert await container.read_item("a", "x") == written


async def test_a_patch_has_ten_operations_at_most(container: ContainerProxy) -> None:
    await container.create_item({"id": "a", "home": "x"})
    operations = [{"op": "set", "path": f"/f{index}", "value": index} for index in range(11)]
    with pytest.raises(CosmosHttpResponseError, match="10") as refused:
        await container.patch_item("a", "x", operations)
    assert refused.value.status_code == 400
    assert (await container.patch_item("a", "x", operations[:10]))["f9"] == 9


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("FROM c WHERE c.state = 'sent'", True),
        ("from c where c.state IN ('sent', 'planned') AND NOT IS_DEFINED(c.hold)", True),
        ("FROM c WHERE NOT ARRAY_CONTAINS(c.list, 'b') AND c.n <= 1", True),
        ("FROM c WHERE c.state = 'planned'", False),
        ("FROM c WHERE c.nowhere = 1", False),
        ("FROM c WHERE NOT c.nowhere = 1", False),  # undefined, and so is its contrary
        ("FROM c WHERE c.n != 'text'", False),  # a comparison across types is undefined
    ],
)
async def test_a_conditional_patch_happens_only_when_it_holds(
    container: ContainerProxy,
    condition: str,
    holds: bool,  # noqa: FBT001 - a column
) -> None:
    await container.create_item({"id": "a", "home": "x", "state": "sent", "n": 1, "list": ["a"]})
    operations = [{"op": "set", "path": "/state", "value": "answered"}]
    if holds:
        assert (await container.patch_item("a", "x", operations, filter_predicate=condition))["state"] == "answered"
        return
    with pytest.raises(CosmosAccessConditionFailedError):
        await container.patch_item("a", "x", operations, filter_predicate=condition)
    assert (await container.read_item("a", "x"))["state"] == "sent"


async def test_documents_expire_by_the_clock(container: ContainerProxy, clock: Clock) -> None:
    await container.create_item({"id": "soon", "home": "x", "ttl": 10})
    await container.create_item({"id": "never", "home": "x"})
    clock.pass_s(9)
    assert [one["id"] async for one in container.query_items("SELECT * FROM c", partition_key="x")] == ["soon", "never"]
    clock.pass_s(1)
    with pytest.raises(CosmosResourceNotFoundError):
        await container.read_item("soon", "x")
    assert [one["id"] async for one in container.query_items("SELECT * FROM c", partition_key="x")] == ["never"]
    assert [one["id"] async for one in container.query_items_change_feed(start_time="Beginning")] == ["never"]
    await container.create_item({"id": "soon", "home": "x"})


async def test_a_write_begins_the_lifetime_anew_and_a_container_may_have_a_default(
    account: CosmosStandIn, clock: Clock
) -> None:
    async with client_of(account) as client:
        container = await container_in(client, default_ttl=10)
        await container.create_item({"id": "a", "home": "x"})
        await container.create_item({"id": "kept", "home": "x", "ttl": -1})
        clock.pass_s(6)
        await container.patch_item("a", "x", [{"op": "set", "path": "/n", "value": 1}])
        clock.pass_s(6)
        await container.read_item("a", "x")
        clock.pass_s(6)
        with pytest.raises(CosmosResourceNotFoundError):
            await container.read_item("a", "x")
        await container.read_item("kept", "x")


async def test_without_a_default_nothing_expires(account: CosmosStandIn, clock: Clock) -> None:
    async with client_of(account) as client:
        container = await container_in(client)
        await container.create_item({"id": "a", "home": "x", "ttl": 1})
        clock.pass_s(100)
        await container.read_item("a", "x")


@pytest.mark.parametrize("ttl", [0, -2, "10", 1.5, True])
async def test_a_lifetime_that_makes_no_sense_is_refused(container: ContainerProxy, ttl: object) -> None:
    with pytest.raises(CosmosHttpResponseError) as refused:
        await container.create_item({"id": "a", "home": "x", "ttl": ttl})
    assert refused.value.status_code == 400


async def test_session_tokens_only_rise(container: ContainerProxy) -> None:
    seen = []
    for index in range(3):
        answer = await container.upsert_item({"id": "a", "home": "x", "n": index})
        range_id, _, token = answer.get_response_headers()["x-ms-session-token"].partition(":-1#")
        seen.append((range_id, int(token)))
    assert seen == sorted(seen)
    assert len(set(seen)) == 3


async def test_a_session_that_has_seen_more_than_there_is_finds_nothing(container: ContainerProxy) -> None:
    await container.create_item({"id": "a", "home": "x"})
    with pytest.raises(CosmosResourceNotFoundError) as refused:
        await container.read_item("a", "x", session_token="0:-1#99,1:-1#99")
    assert refused.value.sub_status == 1002


async def test_a_silent_write_answers_nothing_and_is_kept(container: ContainerProxy) -> None:
    assert not await container.create_item({"id": "a", "home": "x"}, no_response=True)
    assert (await container.read_item("a", "x"))["id"] == "a"


async def test_charges_follow_the_published_figures(container: ContainerProxy) -> None:
    kilobyte = {"id": "a", "home": "x", "text": "o" * 700}  # with what the service adds, below 1 KB
    assert charge_of(await container.create_item(kilobyte)) == 4.95
    assert charge_of(await container.create_item({**kilobyte, "id": "b", "state": "sent"})) == 5.15
    assert charge_of(await container.read_item("a", "x")) == 1.0
    assert charge_of(await container.replace_item("a", kilobyte)) == 9.9
    patch = [{"op": "set", "path": "/state", "value": "answered"}]
    assert charge_of(await container.patch_item("b", "x", patch)) == 10.7  # 2 writes, 2 terms, 1 operation
    await container.create_item({"id": "big", "home": "x", "text": "o" * (128 * 1024 - 300)})
    assert charge_of(await container.read_item("big", "x")) == pytest.approx(9.95, abs=0.05)


async def test_requests_and_their_charges_are_counted_by_name(
    container: ContainerProxy, account: CosmosStandIn
) -> None:
    account.reset_counters()
    await container.create_item({"id": "a", "home": "x"})
    await container.read_item("a", "x")
    with pytest.raises(CosmosResourceNotFoundError):
        await container.read_item("b", "x")
    totals = account.counters()
    assert totals.of("item.read").statuses == {200: 1, 404: 1}
    assert totals.of("item.create", "item.read").requests == 3
    assert totals.of("item.create").charge == 4.95
    account.reset_counters()
    assert account.counters().requests == 0
