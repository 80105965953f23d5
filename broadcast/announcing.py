"""Tells another system that a run has closed, has failed, or has reached a number of answers: webhooks.

What is to be told is kept in the store before it is sent, under a name of its own, so that a crash, a restart or a
second instance neither loses nor invents anything. It is sent until the receiver takes it, or for about three days: at
least once, always under the same id. Signed as "Standard Webhooks" says. Never tells an answer or a name.
"""

import base64
import contextlib
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from broadcast.counting import OVER, counted_in
from broadcast.outbox import Ending, Kinds, Outbox, written
from broadcast.steady import Steady
from feedback.results.results import CatchesUp
from feedback.results.tallies import Cell
from feedback.runs.runs import Run, latest_runs
from store.contract import Conflict, Doc, Store

BOOK = "webhooks"
STARTED = "since"  # the document that says that what went before is known
DUE, DONE, GIVEN_UP, KNOWN = "webhook-due", "webhook-done", "webhook-given-up", "webhook-known"
EVERY_S = 15.0
RUNS = 200  # the latest ones are looked at
DELAYS_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)  # before each further try
PREFIX = "whsec_"  # of secrets, by Standard Webhooks

Post = Callable[[bytes, Mapping[str, str]], Awaitable[int]]
"""Sends a body with headers and returns the HTTP status; 0 where nobody answered."""

log = logging.getLogger(__name__)


class News(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a receiver is told. `id` is the same whenever it is told again."""

    id: str
    event: str  # run.closed, run.failed or run.answers
    run: str
    survey: str
    title: str
    state: str
    answered: int
    reached: int
    at: datetime
    threshold: int = 0  # of run.answers: the number that was reached
    reason: str = ""  # of run.failed: what Teams refused the message with
    results: str = ""  # where people look


class Announcement(msgspec.Struct, frozen=True):
    """What is kept of one: the body as it is sent every time, how often it was tried, and `at` when it is due."""

    id: str
    body: str
    attempts: int
    at: str


class Announcer(Steady):
    """Looks for news and tells it. Several may, in one process or in many."""

    def __init__(
        self,
        store: Store,
        post: Post,
        tallier: CatchesUp,
        *,
        secret: str,
        thresholds: Sequence[int],
        address: str,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(idle_s=EVERY_S, pauses="webhooks wait")
        self._store = store
        self._post = post
        self._tallier = tallier
        self._key = key_of(secret)
        self._thresholds = sorted(thresholds)
        self._address = address
        self._now = now
        self._outbox = Outbox(store, BOOK, Announcement, Kinds(DUE, DONE, GIVEN_UP), delays_s=DELAYS_S, now=now)
        self._told: set[str] = set()  # what is in the store for certain

    async def _work_off(self) -> None:
        await self.tick()

    async def tick(self) -> None:
        """Keep what is new, then send what is due."""
        await self._notice()
        await self._outbox.empty(self._tell)

    async def _notice(self) -> None:
        """Keep what has happened and is not kept yet. The very first time it is known, and not told."""
        is_first = await self._store.get("ledger", BOOK, STARTED) is None
        for run in await latest_runs(self._store, RUNS):
            if self._is_settled(run):
                continue
            cell = await counted_in(self._store, self._tallier, run)
            for news in self._news(run, cell) if cell is not None else ():
                await self._keep(news, KNOWN if is_first else DUE)
        if is_first:
            with contextlib.suppress(Conflict):
                await self._store.create(
                    "ledger", {"id": STARTED, "book": BOOK, "kind": KNOWN, "at": written(self._now())}
                )

    def _is_settled(self, run: Run) -> bool:
        """Say whether nothing more can happen to a run that is worth telling."""
        return f"{run.run}.closed" in self._told

    def _news(self, run: Run, cell: Cell) -> list[News]:
        """Return everything that can be told about a run, known or not; that it is over comes last."""
        reached = [one for one in self._thresholds if one <= cell.answered]
        found = [self._one(run, cell, f"answers-{one}", "run.answers", threshold=one) for one in reached]
        if run.reason:  # also where it was closed since
            found.append(self._one(run, cell, "failed", "run.failed", reason=run.reason))
        return [*found, self._one(run, cell, "closed", "run.closed")] if run.state in OVER else found

    def _one(self, run: Run, cell: Cell, name: str, event: str, *, threshold: int = 0, reason: str = "") -> News:
        return News(
            id=f"{run.run}.{name}",
            event=event,
            run=run.run,
            survey=run.survey.id,
            title=run.survey.title,
            state=run.state.value,
            answered=cell.answered,
            reached=cell.reached,
            at=self._now(),
            threshold=threshold,
            reason=reason,
            results=f"{self._address}/runs/{run.run}/results" if self._address else "",
        )

    async def _keep(self, news: News, kind: str) -> None:
        if news.id in self._told:
            return
        body = msgspec.json.encode(news).decode()
        kept = Announcement(news.id, body, attempts=0, at=written(self._now()))
        doc: Doc = {**msgspec.to_builtins(kept), "book": BOOK, "kind": kind}
        with contextlib.suppress(Conflict):
            await self._store.create("ledger", doc)
        self._told.add(news.id)

    async def _tell(self, one: Announcement) -> Ending:
        body = one.body.encode()
        status = await self._post(body, signed(self._key, one.id, self._now(), body))
        if 200 <= status < 300:  # noqa: PLR2004 - HTTP's “taken”
            return Ending.TAKEN
        if self._outbox.is_last(one):
            log.error("the webhook %s is given up: HTTP %s", one.id, status)
        else:
            log.warning("the webhook %s was not taken, and is tried again: HTTP %s", one.id, status)
        return Ending.AGAIN


def key_of(secret: str) -> bytes:
    """Return the key that a secret stands for: `whsec_`, and bytes in base64. Raises `ValueError` for anything else."""
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)


def signed(key: bytes, name: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that prove a body: https://www.standardwebhooks.com, HMAC-SHA256 over id, time and body."""
    moment = str(int(at.timestamp()))
    said = f"{name}.{moment}.".encode() + body
    signature = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{signature}",
    }
