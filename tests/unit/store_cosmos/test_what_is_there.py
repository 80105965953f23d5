"""An account that is away, incomplete or locked: what is said, and that it is noticed when it is no longer so."""

import asyncio

import msgspec
import pytest
from azure.core.credentials import AccessToken
from azure.identity import CredentialUnavailableError

from simulator.cosmos import Call, CosmosStandIn, reset_before, unavailable
from store.containers import CONTAINERS
from store.contract import Create, Incomplete, Locked, Store, Unavailable
from store.cosmos import open_cosmos
from store.cosmos_setup import CHANGED, MADE, SAME, set_up
from store.layout import layout
from tests.cosmos import Identity
from tests.cosmos_account import account_of
from tests.unit.store_cosmos.stage import TROUBLES, doc

MANY = 60  # and not more: each opens a connection of its own, to a stand-in in the same process


async def test_however_many_come_to_a_store_that_has_just_been_opened_it_looks_for_a_container_once(
    account: CosmosStandIn,
) -> None:
    store = await open_cosmos(account_of(account))
    account.reset_counters()
    assert (
        await asyncio.gather(*(store.get("people", f"p{number}", f"p{number}") for number in range(MANY)))
        == [None] * MANY
    )
    assert account.counters().by_name["container.read"].requests == 1
    await store.close()


async def test_a_look_that_failed_is_made_anew(account: CosmosStandIn) -> None:
    store = await open_cosmos(account_of(account))
    account.troubles.respond = lambda call: unavailable() if call.name == "container.read" else None
    ends = await asyncio.gather(*(store.get("people", "p", "p") for _ in range(5)), return_exceptions=True)
    assert {type(end) for end in ends} == {Unavailable}
    account.troubles.respond = None
    assert await store.get("people", "p", "p") is None
    await store.close()


@pytest.mark.parametrize("trouble", ["503", "408", "reset before", "reset after", "404/1002", "410"])
async def test_a_database_that_stays_away_is_unavailable(account: CosmosStandIn, trouble: str) -> None:
    store = await open_cosmos(account_of(account), budget_s=0.05)
    await store.ping()
    account.troubles.respond = lambda call: TROUBLES[trouble] if call.kind == "docs" else None
    for call in (
        store.get("runs", "r", "d"),
        store.create("runs", doc("d")),
        store.batch("runs", "r", [Create(doc("e")), Create(doc("f"))]),
        store.query("runs"),
        store.ping(),
    ):
        with pytest.raises(Unavailable):
            await call
    account.troubles.respond = None
    await store.ping()
    await store.close()


async def test_a_trouble_of_the_first_connection_passes(account: CosmosStandIn) -> None:
    def at_first(call: Call) -> bool:
        return call.kind in {"", "colls"}

    account.troubles.script(unavailable(), reset_before(), when=at_first)
    store = await open_cosmos(account_of(account))
    await store.ping()
    await store.close()


async def test_a_key_that_does_not_fit_is_said_so(account: CosmosStandIn) -> None:
    store = await open_cosmos(msgspec.structs.replace(account_of(account), key="d3Jvbmc="))
    with pytest.raises(Locked, match="does not let Hearback in: 401"):
        await store.ping()
    await store.close()


@pytest.mark.parametrize("token", ["good", "bad"])
async def test_without_a_key_it_goes_in_by_its_identity(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = Identity(token)
    monkeypatch.setattr("store.cosmos_client.DefaultAzureCredential", lambda: identity)
    async with CosmosStandIn(accepts_token=lambda given: given == "good") as account:
        account.prepare("hearback", layout())
        store = await open_cosmos(msgspec.structs.replace(account_of(account), key=""))
        if token == "good":
            await store.create("runs", doc("d"))
            assert await store.get("runs", "r", "d") is not None
        else:
            with pytest.raises(Locked, match="401"):
                await store.create("runs", doc("d"))
        await store.close()
    assert identity.is_closed


async def test_an_identity_that_nobody_has_is_said_so(account: CosmosStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    class Nobody(Identity):
        async def get_token(self, *_: str, **__: object) -> AccessToken:
            msg = "no identity on this machine"
            raise CredentialUnavailableError(msg)

    monkeypatch.setattr("store.cosmos_client.DefaultAzureCredential", lambda: Nobody(""))
    nobody = msgspec.structs.replace(account_of(account), key="")
    store = await open_cosmos(nobody)
    with pytest.raises(Locked, match="the identity was not accepted"):
        await store.ping()
    await store.close()
    with pytest.raises(Locked, match=r"may not do it: no identity on this machine\nA key of the account may"):
        await set_up(nobody)


async def test_what_the_deployment_left_out_is_said_by_name_and_noticed_when_it_comes() -> None:
    async with CosmosStandIn() as account:
        store = await open_cosmos(account_of(account), budget_s=0.05)
        with pytest.raises(Incomplete, match="people, surveys, runs, ledger, state, audit"):
            await store.ping()
        made = await set_up(account_of(account))
        assert set(made.values()) == {MADE}
        account.holdings.database("hearback").containers.pop("runs")
        with pytest.raises(Incomplete, match="lacks the containers runs:"):
            await store.ping()
        with pytest.raises(Incomplete, match="runs"):
            await store.get("runs", "r", "d")
        await set_up(account_of(account))
        await store.ping()
        await store.close()


@pytest.mark.parametrize("name", CONTAINERS)
async def test_a_container_that_vanishes_is_said_by_name_and_noticed_when_it_is_back(
    account: CosmosStandIn, store: Store, name: str
) -> None:
    there, partition = account.holdings.database("hearback").containers, CONTAINERS[name].partition
    await store.create(name, {"id": "before", partition: "before"})
    del there[name]
    with pytest.raises(Incomplete, match=f"lacks the containers {name}: the deployment makes them"):
        await store.ping()
    with pytest.raises(Incomplete, match=f"has no container '{name}'"):
        await store.get(name, "before", "before")
    assert (await set_up(account_of(account)))[name] == MADE
    await store.ping()
    await store.create(name, {"id": "after", partition: "after"})
    assert await store.get(name, "after", "after") is not None
    assert [one["id"] for one in (await store.query(name)).docs] == ["after"]


async def test_setting_up_again_changes_only_what_differs(account: CosmosStandIn) -> None:
    assert set((await set_up(account_of(account))).values()) == {SAME}
    container = account.holdings.database("hearback").containers["runs"]
    settings = msgspec.json.decode(msgspec.json.encode(container.settings))
    settings["indexingPolicy"]["compositeIndexes"] = []
    account.holdings.database("hearback").containers.pop("runs")
    account.prepare("hearback", [settings])
    done = await set_up(account_of(account))
    assert done.pop("runs") == CHANGED
    assert set(done.values()) == {SAME}
    assert set((await set_up(account_of(account))).values()) == {SAME}


async def test_a_container_with_another_partition_is_not_touched(account: CosmosStandIn) -> None:
    account.holdings.database("hearback").containers.pop("runs")
    account.prepare("hearback", [{"id": "runs", "partitionKey": {"paths": ["/other"], "kind": "Hash", "version": 2}}])
    with pytest.raises(ValueError, match="partitioned by /other"):
        await set_up(account_of(account))
