"""What Azure Cosmos DB is asked, and what it charges, for the product's own work: `python -m benchmarks.cosmos`.

Product: `app.py` and broadcasting as in production, by the real SDK over HTTPS against the stand-in, which counts every
request about documents and its published charge (`simulator/cosmos/charges.py`; queries are an estimate). What the SDK
asks once about the account is left out. `…_per_answer` is all that the turn of an answer asks (`turns.py`), as with the
baseline; `…_per_answer_counted` also has what the service asks by itself meanwhile, to the last answer counted.
answers: people press the button over HTTP; every reply must be the thank-you, every answer in the store, no request of
a turn refused, or there are no figures. deliveries: a run is planned, then sent to a connector. results: its page.
Baseline: botbuilder's own pattern, two states read and written in each turn.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import msgspec
import uvloop
from aiohttp import TraceConfig, web
from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient
from azure.cosmos.exceptions import CosmosResourceNotFoundError
from botbuilder.core import BotAdapter, ConversationState, Storage, TurnContext, UserState
from botbuilder.schema import Activity, ChannelAccount, ConversationAccount

from app import create_app
from benchmarks.broadcast import Service, populate
from benchmarks.load import LoadFailed, closed_loop
from benchmarks.panel import CUSTOMERS, SENT_AT, SURVEY, Wrong, check_kept, check_thanked, requests_of, write_panel
from benchmarks.processes import NotStarted, free_port, running
from benchmarks.turns import Turns
from bot.meetings import WAIT_S
from bot.wire import open_wire
from feedback.results.results import results_of
from feedback.results.tallier import Tallier
from feedback.runs.progress import progress
from feedback.runs.runs import DeliveryState
from feedback.surveys.survey_files import read_survey
from settings import CosmosAt, Settings
from simulator import Teams
from simulator.cosmos import CosmosStandIn
from store.contract import Store, StoreError
from store.cosmos import open_cosmos
from store.cosmos_errors import BUDGET_S
from store.layout import layout
from store.opening import account_at
from store.remembering import RememberingStore

DATABASE = "hearback"
CONNECTIONS = 32
PATIENCE_S = 60.0  # of the store that furnishes and checks; the service's own is as in production
TURNS = 200
ABOUT_DOCUMENTS = ("item.", "items.")


class Plan(msgspec.Struct, frozen=True):
    """How much to measure."""

    people: int = 1000


class Cost(msgspec.Struct, frozen=True):
    """What something cost the database."""

    requests: int
    charge: float
    by_name: dict[str, int]
    charge_by_name: dict[str, float]


@asynccontextmanager
async def _account() -> AsyncIterator[CosmosStandIn]:
    async with CosmosStandIn() as account:
        account.prepare(DATABASE, layout())
        yield account


def _settings(account: CosmosStandIn, teams: Teams) -> Settings:
    return Settings.from_env(
        {
            **teams.environment(),
            "HEARBACK_STORE": "cosmos",
            "COSMOS_ENDPOINT": account.url,
            "COSMOS_KEY": account.key,
            "COSMOS_DATABASE": DATABASE,
            "COSMOS_VERIFY_TLS": "0",
            "HEARBACK_ALLOWED_TENANTS": CUSTOMERS,
        }
    )


async def _opened(settings: Settings, *, budget_s: float = BUDGET_S, traces: Sequence[TraceConfig] = ()) -> Store:
    assert isinstance(settings.store, CosmosAt)  # noqa: S101 - made here
    engine = await open_cosmos(account_at(settings.store), budget_s=budget_s, traces=traces)
    return RememberingStore(engine, now=time.monotonic)


def _cost(account: CosmosStandIn) -> Cost:
    """Return what was asked since the last reset, and count anew."""
    found = {name: one for name, one in account.counters().by_name.items() if name.startswith(ABOUT_DOCUMENTS)}
    account.reset_counters()
    return Cost(
        sum(one.requests for one in found.values()),
        sum(one.charge for one in found.values()),
        {name: one.requests for name, one in found.items()},
        {name: one.charge for name, one in found.items()},
    )


async def measure(plan: Plan) -> dict[str, object]:
    """Measure everything. Raises `Wrong` when something was not done."""
    begun = time.perf_counter()
    async with _account() as account, Teams() as teams:
        report = await _answers(account, teams, plan)
    async with _account() as account, Teams() as teams:
        report |= await _deliveries(account, teams, plan)
    async with _account() as account:
        report |= await _baseline(account)
    report |= {"people": plan.people, "cpus": os.cpu_count() or 0, "took_s": round(time.perf_counter() - begun, 1)}
    return report


async def _answers(account: CosmosStandIn, teams: Teams, plan: Plan) -> dict[str, object]:
    settings = _settings(account, teams)
    store = await _opened(settings, budget_s=PATIENCE_S)
    try:
        return await _answered(account, teams, plan, settings, store)
    finally:
        await store.close()


async def _answered(
    account: CosmosStandIn, teams: Teams, plan: Plan, settings: Settings, store: Store
) -> dict[str, object]:
    panel = await write_panel(store, teams, plan.people)
    while not await Tallier(store, lambda: SENT_AT, name="before").look():  # the deliveries, as they were sent
        continue
    turns = Turns()
    async with _serving(settings, turns) as port:
        requests = requests_of(panel, teams.tokens.current())
        account.reset_counters()
        replies = await closed_loop(port, requests, connections=CONNECTIONS, seconds=3600)
        await asyncio.sleep(1.2 * WAIT_S)  # whoever answered is met by then
    tallier = Tallier(store, lambda: datetime.now(UTC), name="benchmark")
    await tallier.catch_up(panel.run.run)  # what the service has not counted by itself; it costs what it costs there
    cost = _cost(account)
    await check_kept(store, panel, check_thanked(panel, replies))
    turns.check(plan.people)
    await tallier.catch_up(panel.run.run)  # the tallies just written are changes too; nothing follows from them
    _cost(account)
    await results_of(store, panel.run.run, tallier)
    page = _cost(account)
    return {
        "requests_per_answer": round(turns.requests.total() / plan.people, 3),
        "ru_per_answer": round(turns.charge / plan.people, 2),
        "turns_asked": dict(turns.requests),
        "requests_per_answer_counted": round(cost.requests / plan.people, 3),
        "ru_per_answer_counted": round(cost.charge / plan.people, 2),
        "requests_per_results_page": page.requests,
        "ru_per_results_page": round(page.charge, 1),
        "answers_asked": cost.by_name,
        "answers_charged": cost.charge_by_name,
    }


@asynccontextmanager
async def _serving(settings: Settings, turns: Turns) -> AsyncIterator[int]:
    app = create_app(settings, store=await _opened(settings, traces=[turns.trace]))
    app.middlewares.append(turns.middleware)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port: int = runner.addresses[0][1]
        yield port
    finally:
        await runner.cleanup()


async def _deliveries(account: CosmosStandIn, teams: Teams, plan: Plan) -> dict[str, object]:
    store = await _opened(_settings(account, teams), budget_s=PATIENCE_S)
    port = free_port()
    with TemporaryDirectory() as name:
        async with (
            running(["-m", "benchmarks.channel", str(port)], port, Path(name) / "log", dict(os.environ)),
            open_wire() as wire,
            aiohttp.ClientSession() as session,
        ):
            service = Service(store, wire, session, f"http://127.0.0.1:{port}/")
            await populate(service, plan.people)
            planned, sent = await _sent(account, service, plan)
    await store.close()
    return {
        "requests_per_delivery_planned": round(planned.requests / plan.people, 3),
        "ru_per_delivery_planned": round(planned.charge / plan.people, 2),
        "requests_per_delivery_outcome": round(sent.requests / plan.people, 3),
        "ru_per_delivery_outcome": round(sent.charge / plan.people, 2),
        "plans_asked": planned.by_name,
        "outcomes_asked": sent.by_name,
    }


async def _sent(account: CosmosStandIn, service: Service, plan: Plan) -> tuple[Cost, Cost]:
    account.reset_counters()
    run = await service.broadcaster.start(read_survey(SURVEY), "everyone", by="sample-tenant:0")
    planned = _cost(account)
    await service.worker.drain()
    sent = _cost(account)
    found = (await progress(service.store, run)).by_state
    if found != {DeliveryState.SENT: plan.people}:
        msg = f"of {plan.people} people the store says {found}"
        raise Wrong(msg)
    return planned, sent


class StateStorage(Storage):  # type: ignore[misc]  # botbuilder ships no types
    """Botbuilder's state in Cosmos DB as its own package keeps it: a document for each key, read and written whole."""

    def __init__(self, container: ContainerProxy) -> None:
        self._container = container

    async def read(self, keys: list[str]) -> dict[str, object]:
        """Return the items that exist."""
        found: dict[str, object] = {}
        for key in keys:
            try:
                found[key] = dict((await self._container.read_item(_id(key), _id(key)))["document"])
            except CosmosResourceNotFoundError:
                continue
        return found

    async def write(self, changes: Mapping[str, object]) -> None:
        """Write the items."""
        for key, item in changes.items():
            await self._container.upsert_item({"id": _id(key), "realId": key, "document": item})

    async def delete(self, keys: list[str]) -> None:
        """Remove the items."""
        for key in keys:
            await self._container.delete_item(_id(key), _id(key))


def _id(key: str) -> str:
    return key.replace("/", "*2f")


async def _baseline(account: CosmosStandIn) -> dict[str, object]:
    async with CosmosClient(account.url, account.key, connection_verify=str(account.certificate)) as client:
        database = client.get_database_client(DATABASE)
        container = await database.create_container("botstate", PartitionKey("/id"))
        storage = StateStorage(container)
        await _turn(storage, "warm up")
        account.reset_counters()
        for number in range(TURNS):
            await _turn(storage, str(number % 50))
        cost = _cost(account)
    return {
        "baseline_state_requests_per_turn": round(cost.requests / TURNS, 2),
        "baseline_state_ru_per_turn": round(cost.charge / TURNS, 2),
        "baseline_turns": TURNS,
    }


async def _turn(storage: Storage, person: str) -> None:
    """Do what a bot in botbuilder's samples does in every turn: load both states, change them, save both."""
    activity = Activity(
        type="message",
        channel_id="msteams",
        from_property=ChannelAccount(id=f"29:{person}"),
        conversation=ConversationAccount(id=f"a:{person}"),
        recipient=ChannelAccount(id="28:bot"),
    )
    context = TurnContext(BotAdapter, activity)
    for state, name in ((UserState(storage), "profile"), (ConversationState(storage), "dialog")):
        held = state.create_property(name)
        said = await held.get(context, dict)
        await held.set(context, {**said, "turns": said.get("turns", 0) + 1, "at": datetime.now(UTC).isoformat()})
        await state.save_changes(context)


def main() -> None:
    """Measure and print one line of JSON. Exits with 1 and the reason when there is nothing to report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cosmos")
    parser.add_argument("--people", type=int, default=Plan().people)
    given = parser.parse_args()
    try:
        report = uvloop.run(measure(Plan(people=given.people)))
    except (Wrong, LoadFailed, NotStarted, StoreError, TimeoutError, aiohttp.ClientError) as error:
        sys.exit(f"no figures: {error or type(error).__name__}")
    print(msgspec.json.encode(report).decode())


if __name__ == "__main__":
    main()
