"""Where the parts meet: `create_app` builds the service from its settings, `main` runs it."""

import asyncio
import logging
import os
import random
import sys
import time as clocks
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime, time
from pathlib import Path

import aiohttp
import uvloop
from aiohttp import web
from dotenv import dotenv_values

from bot.adapter import HearbackAdapter
from bot.auth import Gate, KeyRing, TokenVerifier
from bot.connector import BotToken, Connector, service_host_check
from bot.endpoint import MAX_BODY, MessagesEndpoint
from bot.files import FILE_HOSTS, FileFetcher
from bot.guides import GuideRoom
from bot.handler import FeedbackBot
from bot.metrics import Metrics, counting
from bot.once import Once
from bot.replies import Replies
from bot.router import Router
from bot.turn import Parts
from broadcast.azure_queue import open_azure_queue
from broadcast.broadcaster import Approvals, Broadcaster
from broadcast.budget_share import BudgetShare
from broadcast.closing import Closing
from broadcast.editor import Editor
from broadcast.limiter import Limiter
from broadcast.occurrences import Occurrences
from broadcast.queue import Queue
from broadcast.reminding import Reminding
from broadcast.schedule import Ticker
from broadcast.sender import Message, Sender
from broadcast.slices import CLOSE, REMIND
from broadcast.store_queue import StoreQueue
from broadcast.worker import Worker
from cards.survey import survey_card
from cards.thanks import closed_card, moved_card
from dialogs.note import NoteDialog
from feedback.contacts import ContactRules, QuietHours
from feedback.people import Policy
from feedback.runs import Delivery, Run
from feedback.survey_files import read_survey
from feedback.surveys import import_survey, list_surveys
from settings import Settings, SettingsError
from store.contract import Store, StoreError
from store.sqlite import open_sqlite

SAMPLE = Path(__file__).parent / "feedback" / "samples" / "pulse.yaml"
CONNECTIONS = 100  # to Teams at once
RESTART_S = 5.0  # before a part that has failed is started again
BUDGET_NAME = "budget"

Now = Callable[[], datetime]

STORE = web.AppKey("STORE", Store)
QUEUE = web.AppKey("QUEUE", Queue)
ENDPOINT = web.AppKey("ENDPOINT", MessagesEndpoint)
WORKER = web.AppKey("WORKER", Worker)
TICKER = web.AppKey("TICKER", Ticker)
BUDGET = web.AppKey("BUDGET", BudgetShare)
WORK = web.AppKey("WORK", dict[str, asyncio.Task[None]])

log = logging.getLogger("hearback")


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def create_app(settings: Settings, *, store: Store | None = None, now: Now = utc_now) -> web.Application:
    """Return the service. `store` and `now` may be given from outside; otherwise they follow the settings."""
    metrics = Metrics()
    app = web.Application(client_max_size=MAX_BODY, middlewares=[counting(metrics)])

    async def running(app: web.Application) -> AsyncIterator[None]:
        kept = store or await open_sqlite(settings.store_path)
        connections = aiohttp.TCPConnector(limit=CONNECTIONS)
        try:
            async with aiohttp.ClientSession(connector=connections) as session, _queue(settings, kept, now) as queue:
                await _assemble(app, settings, kept, queue, session, now)
                metrics.watch(
                    "hearback_budget_requests_per_second",
                    "Requests a second this process may make to each tenant now, of those that all instances share",
                    app[BUDGET].units,
                )
                yield
                await _stop(app)
        finally:
            await kept.close()

    app.cleanup_ctx.append(running)
    app.router.add_post("/api/messages", _messages)
    app.router.add_get("/healthz", _alive)
    app.router.add_get("/readyz", _ready)
    app.router.add_get("/metrics", metrics.show)
    return app


def _queue(settings: Settings, store: Store, now: Now) -> AbstractAsyncContextManager[Queue]:
    def clock() -> float:
        return now().timestamp()

    at = settings.azure_queue
    if at is None:
        return nullcontext(StoreQueue(store, clock=clock))
    return open_azure_queue(
        store,
        connection_string=at.connection_string,
        endpoint=at.endpoint,
        clock=clock,
        creates=settings.is_dev,
    )


async def _assemble(
    app: web.Application, settings: Settings, store: Store, queue: Queue, session: aiohttp.ClientSession, now: Now
) -> None:
    """Put the parts together, and start those that are at work at all times."""
    policy = Policy(admins=settings.admins, home_tenants=settings.home_tenants)
    is_allowed = service_host_check(settings.service_hosts)
    connector = Connector(session, token=_bot_token(settings, session), is_allowed=is_allowed)
    share = BudgetShare(
        store,
        settings.instance,
        per_second=int(settings.rate_per_tenant),
        clock=clocks.monotonic,
        sleep=asyncio.sleep,
    )
    await share.beat()  # whoever is alone has all of the budget before anything is sent
    limiter = Limiter(settings.rate_per_tenant, clock=clocks.monotonic, sleep=asyncio.sleep, share=share.units)
    chance = random.Random()  # noqa: S311 - jitter
    sender = Sender(connector, limiter, now=now, sleep=asyncio.sleep, chance=chance)
    editor = Editor(connector, limiter, sleep=asyncio.sleep, chance=chance)
    closing = Closing(store, editor, render=closed_message)
    reminding = Reminding(store, sender, editor, render=survey_message, render_moved=moved_message, now=now)
    jobs = {CLOSE: closing.work, REMIND: reminding.work}
    worker = Worker(store, queue, sender, render=survey_message, now=now, jobs=jobs)
    approvals = Approvals(above=settings.approval_above, per_second=settings.rate_per_tenant)
    broadcaster = Broadcaster(store, queue, policy, contact_rules(settings), approvals, now=now, wake=worker.wake)
    occurrences = Occurrences(store, broadcaster, policy)
    ticker = Ticker(store, occurrences.start, occurrences.remind, occurrences.close, now)
    files = FileFetcher(session, is_allowed=service_host_check((*settings.service_hosts, *FILE_HOSTS)))
    gate = Gate(is_allowed_host=is_allowed, tenants=settings.home_tenants | settings.allowed_tenants)
    parts = Parts(
        store=store,
        policy=policy,
        broadcaster=broadcaster,
        clock=now,
        fetch_file=files.fetch,
        is_allowed_tenant=gate.is_allowed_tenant,
        wake_ticker=ticker.wake,
    )
    router = Router(parts, GuideRoom(store, [NoteDialog(store, now)]), Once(store, now))
    app[STORE] = store
    app[QUEUE] = queue
    replies = Replies(limiter, clock=clocks.monotonic, sleep=asyncio.sleep, chance=chance)
    app[ENDPOINT] = MessagesEndpoint(
        HearbackAdapter(connector, replies),
        FeedbackBot(parts, router),
        gate=gate,
        verifier=_verifier(settings, session),
    )
    if settings.is_dev:
        await _load_sample(store)
    await broadcaster.recover()
    app[WORKER], app[TICKER], app[BUDGET] = worker, ticker, share
    app[WORK] = {name: asyncio.create_task(_keep_working(part, name), name=name) for name, part in _steady(app).items()}


async def _stop(app: web.Application) -> None:
    """Stop sending, then hand over the budget: until the last card has left, it is still needed."""
    work = app[WORK].copy()
    share = work.pop(BUDGET_NAME)
    await _cancel(*work.values())
    await _cancel(share)
    try:
        await app[BUDGET].leave()
    except StoreError as error:
        log.warning("the share of the budget could not be handed over: %s", type(error).__name__)


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def contact_rules(settings: Settings) -> ContactRules:
    """Return how often and when people may be written to. The same time twice means at no hour of the day."""
    start, end = settings.quiet_hours or (time(0), time(0))
    return ContactRules(settings.contacts_per_30_days, QuietHours(start=start, end=end))


def _steady(app: web.Application) -> dict[str, Worker | Ticker | BudgetShare]:
    """Return what has to be at work at all times, by name."""
    return {"worker": app[WORKER], "ticker": app[TICKER], BUDGET_NAME: app[BUDGET]}


def survey_message(run: Run) -> Message:
    """Return what everybody in a run is sent."""
    return Message(card=survey_card(run), summary=run.survey.title)


def closed_message(run: Run, delivery: Delivery) -> Message:
    """Return what takes the place of a person's card when the run is closed."""
    return Message(card=closed_card(run, delivery), summary="This survey is closed.")


def moved_message(run: Run) -> Message:
    """Return what takes the place of a card that a reminder has replaced."""
    return Message(card=moved_card(run), summary=run.survey.title)


async def _messages(request: web.Request) -> web.Response:
    return await request.app[ENDPOINT].handle(request)


async def _alive(_request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


async def _ready(request: web.Request) -> web.Response:
    """Say by name which part answers; 503 when one does not."""
    app = request.app
    parts = {"store": await _answers(app[STORE]), "queue": await _answers(app[QUEUE])}
    parts |= {name: part.is_well for name, part in _steady(app).items()}
    words = {name: "ok" if is_ok else "does not answer" for name, is_ok in parts.items()}
    return web.json_response(words, status=200 if all(parts.values()) else 503)


async def _answers(part: Store | Queue) -> bool:
    try:
        await part.ping()
    except StoreError:
        return False
    return True


async def _keep_working(part: Worker | Ticker | BudgetShare, name: str) -> None:
    """Start a part again when it ends by a fault of ours; what it was doing comes back from the store."""
    while True:
        work = asyncio.create_task(part.run())
        try:
            await asyncio.wait({work})
        finally:
            work.cancel()
            await asyncio.wait({work})
        part.is_well = False
        log.critical("the %s has failed and starts again", name, exc_info=work.exception())
        await asyncio.sleep(RESTART_S)


def _verifier(settings: Settings, session: aiohttp.ClientSession) -> TokenVerifier | None:
    if not settings.checks_tokens:
        return None
    keys = KeyRing(session, metadata_url=settings.openid_metadata_url, clock=clocks.time)
    return TokenVerifier(keys, app_id=settings.app_id, issuer=settings.token_issuer, clock=clocks.time)


def _bot_token(settings: Settings, session: aiohttp.ClientSession) -> BotToken | None:
    if not settings.checks_tokens:
        return None
    return BotToken(
        session,
        login_url=settings.login_url,
        tenant=settings.app_tenant,
        app_id=settings.app_id,
        password=settings.app_password,
        clock=clocks.monotonic,
    )


async def _load_sample(store: Store) -> None:
    """Give somebody who tries Hearback out a survey to send."""
    if not await list_surveys(store):
        await import_survey(store, read_survey(SAMPLE.read_text(encoding="utf-8")))


def main(environment: Mapping[str, str]) -> None:
    """Run the service until it is told to stop. Exits with 2 and every problem when the settings cannot be used."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for wordy in ("aiohttp.access", "azure"):  # they write a line for each request
        logging.getLogger(wordy).setLevel(logging.WARNING)
    try:
        settings = Settings.from_env(environment)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    if settings.is_dev:
        log.warning("DEVELOPMENT MODE: listening on %s only", settings.host)
    if not settings.checks_tokens:
        log.warning(
            "NO TOKENS ARE CHECKED: whoever can reach this address can pose as anybody. Never use this for real."
        )
    log.info("Hearback listens on http://%s:%s", settings.host, settings.port)
    app, loop = create_app(settings), uvloop.new_event_loop()
    web.run_app(app, host=settings.host, port=settings.port, print=None, loop=loop)


if __name__ == "__main__":
    main({**{name: value or "" for name, value in dotenv_values().items()}, **os.environ})
