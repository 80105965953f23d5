"""The Cosmos DB stand-in and an independent server give the same answers to the real SDK.

`UNABLE` lists by name where @vercel/cosmosdb-server 1.0.1 differs, and why the stand-in is right. The list is proven
too: a difference that goes away has to leave it.
"""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient

from simulator.cosmos import CosmosStandIn
from tests.contract.cosmos.questions import DOCS, QUESTIONS, answer
from tests.cosmosdb_server import shared_server

UNABLE: dict[str, str] = {
    "read what is missing": "it stumbles and says 500 instead of 404",
    "changes": "it gives all partitions, in the order of creation instead of writing",
    "batch with a conflict": "it keeps what it did before the conflict; a batch has to be atomic",
    "batch of many kinds": "it only creates in batches",
    "patch: set below what is absent": "it makes parents; the service says 400, as RFC 6902 has it",
    "where c.n >= 3 OR c.state = 'planned'": "it needs to see one partition key, and OR hides it",
    "where c.state NOT IN ('failed', 'planned')": "it cannot read NOT IN",
    "where c.n != '2'": "a comparison across types is true there; Microsoft's documentation says undefined",
    "SELECT VALUE c.id FROM c WHERE c.home = 'x' AND IS_DEFINED(c.n) ORDER BY c.n OFFSET 1 LIMIT 2": "it has no OFFSET",
    "SELECT DISTINCT VALUE c.state FROM c WHERE c.home = 'x'": "it cannot read DISTINCT VALUE",
    "SELECT c.state, COUNT(1) AS n FROM c WHERE c.home = 'x' GROUP BY c.state": "it has no GROUP BY",
}


@pytest.fixture
async def containers() -> AsyncIterator[tuple[ContainerProxy, ContainerProxy]]:
    async with (
        CosmosStandIn() as account,
        CosmosClient(account.url, account.key, connection_verify=str(account.certificate), retry_total=0) as ours,
        CosmosClient(shared_server().url, account.key, connection_verify=False, retry_total=0) as theirs,
    ):
        yield await filled(ours), await filled(theirs)
    await hang_up()


async def hang_up() -> None:
    """Break off what the SDK closed politely: it does not wait for the other side's farewell."""
    left: dict[int, asyncio.Transport] = vars(asyncio.get_running_loop()).get("_transports", {})
    for transport in list(left.values()):
        transport.abort()
    await asyncio.sleep(0)


async def filled(client: CosmosClient) -> ContainerProxy:
    database = await client.create_database(uuid4().hex)
    container = await database.create_container("things", PartitionKey("/home"))
    for doc in DOCS:
        await container.create_item(doc)
    return container


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name not in UNABLE])
async def test_both_give_the_same_answer(containers: tuple[ContainerProxy, ContainerProxy], name: str) -> None:
    ours, theirs = [await answer(QUESTIONS[name], container) for container in containers]
    assert ours == theirs


@pytest.mark.parametrize("name", UNABLE)
async def test_what_the_other_cannot_do_is_still_different(
    containers: tuple[ContainerProxy, ContainerProxy], name: str
) -> None:
    ours, theirs = [await answer(QUESTIONS[name], container) for container in containers]
    assert ours != theirs, f"no longer different: {UNABLE[name]}"
