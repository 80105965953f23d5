"""Where the parts meet: `create_app` builds the service from its settings, `main` runs it."""

import asyncio
import gc
import logging
import os
import random
import secrets
import sys
import time as clocks
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime, time
from pathlib import Path

import aiohttp
import uvloop
from aiohttp import web
from dotenv import dotenv_values

from bot.adapter import HearbackAdapter
from bot.auth import Gate, KeyRing, TokenVerifier
from bot.connector import BotToken, Connector, open_session, service_host_check
from bot.endpoint import MAX_BODY, MessagesEndpoint
from bot.files import FILE_HOSTS, FileFetcher
from bot.guides import GuideRoom
from bot.handler import FeedbackBot
from bot.meetings import Meetings
from bot.metrics import Metrics, counting
from bot.once import Once
from bot.readers import Readers
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
from broadcast.opening import Addresses, FirstContact, Opener, Opening
from broadcast.queue import Queue
from broadcast.recalling import Recalling
from broadcast.reminding import Reminding
from broadcast.rendering import OncePerRun
from broadcast.schedule import Ticker
from broadcast.sender import Message, Sender
from broadcast.slices import CLOSE, OPEN_CHATS, RECALL, REMIND
from broadcast.snoozing import Snoozing
from broadcast.store_queue import StoreQueue
from broadcast.watch import Watcher
from broadcast.worker import Worker
from cards.elements import Card
from cards.status import status_card
from cards.survey import Position, survey_card
from cards.thanks import closed_card, moved_card, withdrawn_card
from dashboard.routes import Downloads
from dialogs.answer import AnswerDialog
from dialogs.note import NoteDialog
from dialogs.sketch import Desk, SketchDialog
from feedback.contacts import ContactRules, QuietHours
from feedback.drafts import where_they_are
from feedback.language import current, say
from feedback.links import Links, link_key
from feedback.people import Person, Policy, Role, find_person
from feedback.runs import Delivery, Run
from feedback.standing import Standing
from feedback.survey_files import read_survey
from feedback.surveys import import_survey, list_surveys
from feedback.tallier import Tallier
from feedback.translations import run_in
from settings import Settings, SettingsError
from store.contract import Incomplete, Store, StoreError
from store.opening import open_store

SAMPLE = Path(__file__).parent / "feedback" / "samples" / "pulse.yaml"
RESTART_S = 5.0  # before a part that has failed is started again
OK, SILENT = "ok", "does not answer"
BUDGET_NAME = "budget"
YOUNG = 50_000  # objects more than before make the collector look at the new ones; nearly all go without it

Now = Callable[[], datetime]
Steady = Worker | Ticker | Tallier | Watcher | BudgetShare

STORE = web.AppKey("STORE", Store)
QUEUE = web.AppKey("QUEUE", Queue)
ENDPOINT = web.AppKey("ENDPOINT", MessagesEndpoint)
WORKER = web.AppKey("WORKER", Worker)
TICKER = web.AppKey("TICKER", Ticker)
TALLIER = web.AppKey("TALLIER", Tallier)
WATCHER = web.AppKey("WATCHER", Watcher)
DOWNLOADS = web.AppKey("DOWNLOADS", Downloads)
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
        kept = store or await open_store(settings.store)
        try:
            async with open_session() as session, _queue(settings, kept, now) as queue:
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
    app.router.add_get("/api/runs/{run}/people.csv", _people)
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
    quiet = contact_rules(settings).quiet
    policy = Policy(admins=settings.admins, home_tenants=settings.home_tenants)
    is_allowed = service_host_check(settings.service_hosts)
    connector = Connector(session, token=_bot_token(settings, session), is_allowed=is_allowed, app_id=settings.app_id)
    share = BudgetShare(
        store,
        settings.instance,
        per_second=int(settings.rate_per_tenant),
        clock=clocks.monotonic,
        sleep=asyncio.sleep,
    )
    limiter = Limiter(settings.rate_per_tenant, clock=clocks.monotonic, sleep=asyncio.sleep, share=share.units)
    chance = random.Random()  # noqa: S311 - jitter
    sender = Sender(connector, limiter, now=now, sleep=asyncio.sleep, chance=chance)
    editor = Editor(connector, limiter, sleep=asyncio.sleep, chance=chance)
    closing = Closing(store, editor, render=closed_message)
    reminding = Reminding(
        store,
        sender,
        editor,
        render=reminder_message,
        render_moved=moved_message,
        rules=contact_rules(settings),
        now=now,
    )
    snoozing = Snoozing(store, sender, editor, quiet, render=again_message, render_moved=moved_message, now=now)
    recalling = Recalling(store, editor, render=withdrawn_message)
    addresses = Addresses(store, default=settings.service_url, is_allowed=is_allowed, clock=clocks.monotonic)
    opener = Opener(store, connector, limiter, addresses, sleep=asyncio.sleep, chance=chance)
    jobs = {
        CLOSE: closing.work,
        REMIND: reminding.work,
        RECALL: recalling.work,
        OPEN_CHATS: Opening(store, opener, now=now).work,
    }
    first_contact = FirstContact(sender, opener, now=now)
    worker = Worker(store, queue, first_contact, render=OncePerRun(survey_message), now=now, jobs=jobs)
    approvals = Approvals(above=settings.approval_above, per_second=settings.rate_per_tenant)
    broadcaster = Broadcaster(store, queue, policy, contact_rules(settings), approvals, now=now, wake=worker.wake)
    occurrences = Occurrences(store, broadcaster, policy)
    ticker = Ticker(
        store,
        occurrences.start,
        occurrences.remind,
        occurrences.close,
        now,
        also=[snoozing.tick, broadcaster.carry_on_interrupted],
    )
    tallier = Tallier(store, now, name=secrets.token_hex(8))
    watcher = Watcher(
        store,
        editor,
        stand=broadcaster.standing,
        render=status_message,
        may_watch=lambda person: policy.role_of(person).includes(Role.ADMIN),
        now=now,
    )
    links = Links(link_key(settings.app_password or secrets.token_hex(32)), settings.public_url)
    files = FileFetcher(session, is_allowed=service_host_check((*settings.service_hosts, *FILE_HOSTS)))
    gate = Gate(is_allowed_host=is_allowed, tenants=settings.home_tenants | settings.allowed_tenants)
    readers = Readers()
    meetings = Meetings(store, now, met=readers.learn)
    parts = Parts(
        store=store,
        policy=policy,
        broadcaster=broadcaster,
        clock=now,
        fetch_file=files.fetch,
        is_allowed_tenant=gate.is_allowed_tenant,
        wake_ticker=ticker.wake,
        meet_later=meetings.add,
        tallier=tallier,
        watcher=watcher,
        links=links,
        readers=readers,
        quiet=quiet,
    )
    dialogs = [
        NoteDialog(store, now),
        AnswerDialog(store, now, quiet, answered=tallier.wake),
        SketchDialog(Desk(store, now), _writers(store, policy)),
    ]
    router = Router(parts, GuideRoom(store, dialogs), Once(store, now))
    app[STORE] = store
    app[QUEUE] = queue
    replies = Replies(limiter, clock=clocks.monotonic, sleep=asyncio.sleep, chance=chance)
    app[ENDPOINT] = MessagesEndpoint(
        HearbackAdapter(connector, replies),
        FeedbackBot(parts, router),
        gate=gate,
        verifier=_verifier(settings, session),
    )

    async def prepare() -> None:
        await store.ping()
        await share.beat()  # whoever is alone has all of the budget before anything is sent
        if settings.is_dev:
            await _load_sample(store)
        await broadcaster.recover()

    is_prepared = await _is_done(prepare)
    app[WORKER], app[TICKER], app[TALLIER], app[WATCHER], app[BUDGET] = worker, ticker, tallier, watcher, share
    app[DOWNLOADS] = Downloads(store, policy, links, now=now)
    app[WORK] = {name: asyncio.create_task(_keep_working(part, name), name=name) for name, part in _steady(app).items()}
    app[WORK]["meetings"] = asyncio.create_task(meetings.run(), name="meetings")
    if not is_prepared:
        app[WORK]["preparation"] = asyncio.create_task(_prepare(prepare), name="preparation")


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


async def _prepare(prepare: Callable[[], Awaitable[None]]) -> None:
    """Do what could not be done at the start, as soon as the store lets us; /readyz says what is missing."""
    while True:
        await asyncio.sleep(RESTART_S)
        if await _is_done(prepare):
            log.info("the store answers")
            return


async def _is_done(prepare: Callable[[], Awaitable[None]]) -> bool:
    try:
        await prepare()
    except StoreError as error:
        log.error("not ready: the store %s", error)  # noqa: TRY400 - the message says it all
        return False
    return True


def _writers(store: Store, policy: Policy) -> Callable[[str], Awaitable[bool]]:
    """Return what says whether somebody may write surveys."""

    async def may_write(author: str) -> bool:
        person = await find_person(store, author)
        return person is not None and policy.role_of(person).includes(Role.ADMIN)

    return may_write


def contact_rules(settings: Settings) -> ContactRules:
    """Return how often and when people may be written to. The same time twice means at no hour of the day."""
    start, end = settings.quiet_hours or (time(0), time(0))
    return ContactRules(settings.contacts_per_30_days, QuietHours(start=start, end=end))


def _steady(app: web.Application) -> dict[str, Steady]:
    """Return what has to be at work at all times, by name."""
    return {
        "worker": app[WORKER],
        "ticker": app[TICKER],
        "tallier": app[TALLIER],
        "watcher": app[WATCHER],
        BUDGET_NAME: app[BUDGET],
    }


def survey_message(run: Run) -> Message:
    """Return what everybody in a run who reads the language spoken is sent."""
    run = run_in(run, current())
    return Message(card=survey_card(run), summary=run.survey.title)


def reminder_message(run: Run, delivery: Delivery) -> Message:
    """Return what somebody in a run who has not answered is sent again: the survey where they are in it."""
    run = run_in(run, current())
    summary = say("Reminder: {title}", title=run.survey.title)
    return Message(card=_where_they_are(run, delivery, is_reminder=True), summary=summary)


def closed_message(run: Run, delivery: Delivery) -> Message:
    """Return what takes the place of a person's card when the run is closed."""
    return Message(card=closed_card(run_in(run, current()), delivery), summary=say("This survey is closed."))


def withdrawn_message(run: Run, delivery: Delivery) -> Message:
    """Return what takes the place of a person's card when the run is taken back."""
    return Message(card=withdrawn_card(run_in(run, current()), delivery), summary=say("This survey was withdrawn."))


def status_message(standing: Standing, person: Person, is_moving: bool) -> Message:  # noqa: FBT001 - as it is called
    """Return the card about a run for somebody who watches it."""
    card = status_card(standing, viewer=person.id, is_moving=is_moving)
    return Message(card=card, summary=f"Status of {standing.run.run}.")


def again_message(run: Run, delivery: Delivery) -> Message:
    """Return what somebody is sent who wanted to be asked again."""
    run = run_in(run, current())
    return Message(card=_where_they_are(run, delivery), summary=run.survey.title)


def moved_message(run: Run, _delivery: Delivery) -> Message:
    """Return what takes the place of a card that a reminder has replaced."""
    run = run_in(run, current())
    return Message(card=moved_card(run), summary=run.survey.title)


def _where_they_are(run: Run, delivery: Delivery, *, is_reminder: bool = False) -> Card:
    at = Position(where_they_are(run, delivery), delivery.step, delivery.filled_in)
    return survey_card(run, answers=delivery.filled_in, revision=delivery.revision, is_reminder=is_reminder, at=at)


def spare_collector() -> None:
    """Let the garbage collector pass over all that is there now: modules, mostly, which stay for good.

    It would go through all of them again and again during a broadcast, for a fifth of the processor's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)


async def _settled(_app: web.Application) -> None:
    spare_collector()


async def _messages(request: web.Request) -> web.Response:
    return await request.app[ENDPOINT].handle(request)


async def _people(request: web.Request) -> web.StreamResponse:
    return await request.app[DOWNLOADS].people(request)


async def _alive(_request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


async def _ready(request: web.Request) -> web.Response:
    """Say by name which part answers; 503 when one does not."""
    app = request.app
    words = {"store": await _answer(app[STORE]), "queue": await _answer(app[QUEUE])}
    words |= {name: OK if part.is_well else SILENT for name, part in _steady(app).items()}
    return web.json_response(words, status=200 if set(words.values()) == {OK} else 503)


async def _answer(part: Store | Queue) -> str:
    """Say how a part is. What the deployment has left out is named."""
    try:
        await part.ping()
    except Incomplete as incomplete:
        return str(incomplete)
    except StoreError:
        return SILENT
    return OK


async def _keep_working(part: Steady, name: str) -> None:
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
    app.on_startup.append(_settled)
    web.run_app(app, host=settings.host, port=settings.port, print=None, loop=loop)


if __name__ == "__main__":
    main({**{name: value or "" for name, value in dotenv_values().items()}, **os.environ})
