"""Where the parts meet: `create_app` builds the service from its settings, `main` runs it."""

import asyncio
import gc
import hashlib
import logging
import os
import random
import secrets
import sys
import time as clocks
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, time

import aiohttp
import jwt
import uvloop
from aiohttp import web
from dotenv import dotenv_values

from bot.assembly import Doors
from bot.assembly import House as BotHouse
from bot.assembly import put_together as bot_together
from bot.auth import Gate, KeyRing, KeysUnavailable, TokenVerifier
from bot.bot_token import TIMEOUT, BotToken
from bot.connector import Connector, service_host_check
from bot.endpoint import MAX_BODY, MessagesEndpoint
from bot.files import FILE_HOSTS, FileFetcher
from bot.health import Health, show_alive
from bot.messages import MESSAGES
from bot.metrics import Metrics, counting
from bot.wire import Wire, open_wire
from broadcast.announcing import Announcer
from broadcast.assembly import BUDGET, Broadcast, Terms, Timing
from broadcast.assembly import put_together as broadcast_together
from broadcast.at_work import AtWork
from broadcast.azure_queue import open_azure_queue
from broadcast.broadcaster import Approvals
from broadcast.budget_share import BudgetShare
from broadcast.posting import posting_to
from broadcast.queue import Queue
from broadcast.schedule import Ticker
from broadcast.store_queue import StoreQueue
from broadcast.telling import Teller
from broadcast.worker import Worker
from dashboard.doors import BACK
from dashboard.entra import Entra, Registration, SignInUnavailable
from dashboard.opening import PARTS, House, add_routes, open_local_door
from dashboard.opening import put_together as dashboard_together
from dashboard.routes import Downloads
from feedback.links import Links, link_key
from feedback.people.people import Policy
from feedback.results.tallier import Tallier
from feedback.runs.contacts import ContactRules, QuietHours
from feedback.surveys.sample import load_sample
from settings import Settings, SettingsError
from store.contract import Store, StoreError
from store.opening import open_store

YOUNG = 50_000  # objects more than before make the collector look at the new ones; nearly all go without it

Now = Callable[[], datetime]

STORE = web.AppKey("STORE", Store)
ENDPOINT = web.AppKey("ENDPOINT", MessagesEndpoint)
WORKER = web.AppKey("WORKER", Worker)
TICKER = web.AppKey("TICKER", Ticker)
TELLER = web.AppKey("TELLER", Teller)
ANNOUNCER: web.AppKey[Announcer | None] = web.AppKey("ANNOUNCER")  # None: nobody is to be told
DOWNLOADS = web.AppKey("DOWNLOADS", Downloads)
HEALTH = web.AppKey("HEALTH", Health)

log = logging.getLogger("hearback")


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def create_app(settings: Settings, *, store: Store | None = None, now: Now = utc_now) -> web.Application:
    """Return the service. `store` and `now` may be given from outside; otherwise they follow the settings."""
    metrics = Metrics()
    app = web.Application(client_max_size=MAX_BODY, middlewares=[counting(metrics)])

    async def running(app: web.Application) -> AsyncIterator[None]:
        kept = store or await open_store(settings.store)
        try:
            async with _session() as session, open_wire() as wire, _queue(settings, kept, now) as queue:
                at_work, share = await _start(app, _given(settings, kept, queue, session, wire, now))
                metrics.watch_budget(share.units)
                yield
                await _stop(at_work, share)
        finally:
            await kept.close()

    app.cleanup_ctx.append(running)
    app.router.add_post("/api/messages", _messages)
    app.router.add_get("/healthz", show_alive)
    app.router.add_get("/readyz", _ready)
    app.router.add_get("/metrics", metrics.show)
    app.router.add_get("/api/runs/{run}/people.{form:csv|xlsx}", _people)
    add_routes(app)
    return app


def _session() -> aiohttp.ClientSession:
    """Return the client for what does not go to Teams' chats. It keeps no cookies: nobody sets any to send back."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=TIMEOUT)


def _queue(settings: Settings, store: Store, now: Now) -> AbstractAsyncContextManager[Queue]:
    def clock() -> float:
        return now().timestamp()

    at = settings.azure_queue
    if at is None:
        return nullcontext(StoreQueue(store, clock=clock))
    return open_azure_queue(
        store, connection_string=at.connection_string, endpoint=at.endpoint, clock=clock, creates=settings.is_dev
    )


@dataclass(frozen=True, slots=True)
class Given:
    """What the parts are made from. `wire` is for all that is sent to Teams, `session` for other requests."""

    settings: Settings
    store: Store
    queue: Queue
    session: aiohttp.ClientSession
    wire: Wire
    policy: Policy
    timing: Timing


def _given(
    settings: Settings, store: Store, queue: Queue, session: aiohttp.ClientSession, wire: Wire, now: Now
) -> Given:
    chance = random.Random()  # noqa: S311 - jitter
    timing = Timing(now=now, clock=clocks.monotonic, sleep=asyncio.sleep, chance=chance)
    policy = Policy(admins=settings.admins, home_tenants=settings.home_tenants)
    return Given(settings, store, queue, session, wire, policy, timing)


async def _start(app: web.Application, given: Given) -> tuple[AtWork, BudgetShare]:
    """Put the parts together, and start those that are at work at all times."""
    settings, store, now = given.settings, given.store, given.timing.now
    secret = settings.app_password or secrets.token_hex(32)
    links = Links(link_key(secret), settings.public_url)
    connector = _connector(given)
    tallier = Tallier(store, now, name=secrets.token_hex(8))
    broadcast = _broadcast(given, connector, tallier)
    house = BotHouse(given.policy, contact_rules(settings).quiet, links, mark_key(settings.app_password))
    bot = bot_together(store, connector, broadcast, tallier, _doors(given), house, given.timing)
    announcer = _announcer(given, tallier)
    app[STORE], app[WORKER], app[TICKER], app[ANNOUNCER] = store, broadcast.worker, broadcast.ticker, announcer
    app[ENDPOINT], app[TELLER] = bot.endpoint, broadcast.teller
    app[DOWNLOADS] = Downloads(store, given.policy, links, now=now)
    app[PARTS] = dashboard_together(
        store=store,
        policy=given.policy,
        tallier=tallier,
        stand=broadcast.broadcaster.standing,
        now=now,
        house=House(settings.public_url, secret, settings.is_dev, settings.teams_hosts),
        entra=_entra(settings, given.session),
    )

    async def prepare() -> None:
        await store.ping()
        await broadcast.share.beat()  # whoever is alone has all of the budget before anything is sent
        if settings.is_dev:
            await load_sample(store)
            await open_local_door(app[PARTS], settings.admins, settings.home_tenants, settings.dev_code)
        await broadcast.broadcaster.recover()

    steady = {**broadcast.steady, "tallier": tallier}
    app[HEALTH] = Health({"store": store, "queue": given.queue}, steady)
    at_work = AtWork(sleep=given.timing.sleep)
    await at_work.prepare(prepare)
    at_work.keep(steady)
    if announcer is not None:
        at_work.keep({"announcer": announcer})
    at_work.do("meetings", bot.meetings.run())
    return at_work, broadcast.share


def _broadcast(given: Given, connector: Connector, tallier: Tallier) -> Broadcast:
    settings = given.settings
    terms = Terms(
        instance=settings.instance,
        per_tenant=settings.rate_per_tenant,
        rules=contact_rules(settings),
        approvals=Approvals(above=settings.approval_above, per_second=settings.rate_per_tenant),
        service_url=settings.service_url,
        is_allowed=service_host_check(settings.service_hosts),
    )
    store, queue, policy = given.store, given.queue, given.policy
    return broadcast_together(store, queue, connector, policy, tallier, terms, MESSAGES, given.timing)


def _connector(given: Given) -> Connector:
    settings = given.settings
    token = _bot_token(settings, given.session) if settings.checks_tokens else None
    is_allowed = service_host_check(settings.service_hosts)
    return Connector(given.wire, token=token, is_allowed=is_allowed, clock=clocks.time, app_id=settings.app_id)


def _bot_token(settings: Settings, session: aiohttp.ClientSession) -> BotToken:
    return BotToken(
        session,
        login_url=settings.login_url,
        tenant=settings.app_tenant,
        app_id=settings.app_id,
        password=settings.app_password,
        clock=clocks.monotonic,
    )


def _doors(given: Given) -> Doors:
    settings = given.settings
    is_allowed = service_host_check(settings.service_hosts)
    files = FileFetcher(given.session, is_allowed=service_host_check((*settings.service_hosts, *FILE_HOSTS)))
    gate = Gate(is_allowed_host=is_allowed, tenants=settings.home_tenants | settings.allowed_tenants)
    return Doors(gate, _verifier(settings, given.session), files.fetch)


def _verifier(settings: Settings, session: aiohttp.ClientSession) -> TokenVerifier | None:
    if not settings.checks_tokens:
        return None
    keys = KeyRing(session, metadata_url=settings.openid_metadata_url, clock=clocks.time)
    return TokenVerifier(keys, app_id=settings.app_id, issuer=settings.token_issuer, clock=clocks.time)


def _announcer(given: Given, tallier: Tallier) -> Announcer | None:
    """Return what tells another system of runs, where there is one to be told."""
    at = given.settings.webhook
    if at is None:
        return None
    post, address = posting_to(at.url, given.session), given.settings.public_url
    now, thresholds = given.timing.now, at.answers
    return Announcer(given.store, post, tallier, secret=at.secret, thresholds=thresholds, address=address, now=now)


def _entra(settings: Settings, session: aiohttp.ClientSession) -> Entra | None:
    """Return how people sign in to the dashboard: with the bot's own registration, where it knows its address."""
    if not (settings.app_id and settings.public_url):
        return None
    registration = Registration(
        app_id=settings.app_id,
        password=settings.app_password,
        tenant=settings.app_tenant,
        login_url=settings.login_url,
        redirect_url=f"{settings.public_url}{BACK}",
        tenants=settings.home_tenants,
    )
    keys = KeyRing(session, metadata_url=registration.metadata_url, clock=clocks.time)

    async def find_key(key_id: str) -> jwt.PyJWK | None:
        try:
            found = await keys.find(key_id)
        except KeysUnavailable as error:
            raise SignInUnavailable from error
        return None if found is None else found.key

    return Entra(registration, session, find_key)


async def _stop(at_work: AtWork, share: BudgetShare) -> None:
    """Stop sending, then hand over the budget: until the last card has left, it is still needed."""
    await at_work.stop(last=BUDGET)
    try:
        await share.leave()
    except StoreError as error:
        log.warning("the share of the budget could not be handed over: %s", type(error).__name__)


def contact_rules(settings: Settings) -> ContactRules:
    """Return how often and when people may be written to. The same time twice means at no hour of the day."""
    start, end = settings.quiet_hours or (time(0), time(0))
    return ContactRules(settings.contacts_per_30_days, QuietHours(start=start, end=end))


def mark_key(secret: str) -> bytes:
    """Return what keeps the marks of messages from being guessed at; nothing where no instance has a secret."""
    return hashlib.blake2b(b"hearback: marks of messages", key=secret.encode()[:64]).digest() if secret else b""


async def _messages(request: web.Request) -> web.Response:
    return await request.app[ENDPOINT].handle(request)


async def _people(request: web.Request) -> web.StreamResponse:
    return await request.app[DOWNLOADS].people(request)


async def _ready(request: web.Request) -> web.Response:
    return await request.app[HEALTH].show(request)


def spare_collector() -> None:
    """Let the garbage collector pass over all that is there now: modules, mostly, which stay for good.

    It would go through all of them again and again during a broadcast, for a fifth of the processor's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)


async def _settled(_app: web.Application) -> None:
    spare_collector()


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
    app.on_startup.append(_settled)
    web.run_app(app, host=settings.host, port=settings.port, print=None, loop=loop)


if __name__ == "__main__":
    main({**{name: value or "" for name, value in dotenv_values().items()}, **os.environ})
