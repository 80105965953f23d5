"""Cards that move by themselves: which admin watches which run, and putting the newest card in the place of the last.

What is watched is kept in the store, so a restart goes on with it and several instances take turns. A card moves for a
quarter of an hour after its person last asked for it, or until the run is over; each move is one request of the budget.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec

from broadcast.editor import Editor
from broadcast.sender import Message
from broadcast.steady import Steady
from feedback.errors import RunUnknown
from feedback.people.people import Person, find_person
from feedback.runs.runs import Run, RunState, find_run
from feedback.standing import Standing
from store.contract import Conflict, Doc, Missing, Op, Patch, Store, Where

EVERY_S = 3.0
SHARE = 5  # counting takes at most so large a part of the time: of a large run, it takes a while
FOR = timedelta(minutes=15)
MAX_FAILURES = 3  # moves in a row that Teams did not take
AT_ONCE = 50
SPARE_S = 60  # that a document outlives what it is about

Stand = Callable[[Run], Awaitable[Standing]]
RenderStanding = Callable[[Standing, Person, bool], Message]  # the last: whether the card moves on

log = logging.getLogger(__name__)


class Watch(msgspec.Struct, frozen=True):
    """One person's card about one run."""

    id: str
    run: str
    person: str
    activity_id: str
    due_at: float  # epoch seconds, like `until`
    until: float
    shown: str = ""  # a digest of the card that is there
    failures: int = 0


class Watcher(Steady):
    """Moves the cards that are watched."""

    def __init__(
        self,
        store: Store,
        editor: Editor,
        *,
        stand: Stand,
        render: RenderStanding,
        may_watch: Callable[[Person], bool],
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(idle_s=EVERY_S, pauses="cards do not move")
        self._store = store
        self._editor = editor
        self._stand = stand
        self._render = render
        self._may_watch = may_watch
        self._now = now

    async def begin(self, run: str, person: str, activity_id: str) -> None:
        """Let a card move from now on, and an older one of the same person about the same run no more."""
        now = self._now()
        watch = Watch(
            id=_id(run, person),
            run=run,
            person=person,
            activity_id=activity_id,
            due_at=now.timestamp() + EVERY_S,
            until=(now + FOR).timestamp(),
        )
        doc: Doc = {**msgspec.to_builtins(watch), "kind": "watch", "ttl": int(FOR.total_seconds()) + SPARE_S}
        try:
            await self._store.create("state", doc)
        except Conflict:
            news = {name: value for name, value in doc.items() if name not in {"id", "kind", "ttl"}}
            try:
                await self._store.patch("state", watch.id, Patch(id=watch.id, set=news))
            except Missing:  # it ended this very moment
                await self._store.create("state", doc)

    async def end(self, run: str, person: str) -> None:
        """Let a person's card about a run stay as it is."""
        try:
            await self._store.delete("state", _id(run, person), _id(run, person))
        except Missing:
            return

    async def _work_off(self) -> None:
        await self.tick()

    async def tick(self) -> None:
        """Move the cards whose time it is. Raises the first `StoreError`, once all have had their turn."""
        where = [Where("kind", Op.EQ, "watch"), Where("due_at", Op.LE, self._now().timestamp())]
        page = await self._store.query("state", where=where, order="due_at", limit=AT_ONCE)
        found = msgspec.convert(page.docs, list[Watch])
        ends = await asyncio.gather(*(self._attend(one) for one in found), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def _attend(self, watch: Watch) -> None:
        """Move one card, unless another instance is at it."""
        began = self._now()
        if not await self._keep(watch, due_at=began.timestamp() + 2 * EVERY_S):
            return
        person = await find_person(self._store, watch.person)
        try:
            run = await find_run(self._store, watch.run)
        except RunUnknown:
            person = None
        if person is None or not self._may_watch(person):
            await self.end(watch.run, watch.person)
            return
        if run.state is RunState.PROPOSED:  # the card that asks for an approval says all there is
            await self._next(watch, began)
            return
        standing = await self._stand(run)
        await self._move(watch, person, standing, began, (self._now() - began).total_seconds())

    async def _move(self, watch: Watch, person: Person, standing: Standing, began: datetime, took_s: float) -> None:
        is_last = standing.is_over or watch.until <= began.timestamp()
        message = self._render(standing, person, not is_last)
        digest, failures, problem = _digest(message), 0, ""
        if digest != watch.shown and await self._is_watched(watch):
            problem = await self._editor.replace(person, watch.activity_id, message, tries=1)
        if problem:
            log.warning("the card about %s did not move: %s", watch.run, problem)
            digest, failures = watch.shown, watch.failures + 1
        if (is_last and not failures) or failures >= MAX_FAILURES:
            await self._end(watch)
        else:
            await self._next(watch, began, took_s, shown=digest, failures=failures)

    async def _next(
        self, watch: Watch, began: datetime, took_s: float = 0.0, *, shown: str = "", failures: int = 0
    ) -> None:
        if watch.until <= began.timestamp() - MAX_FAILURES * EVERY_S:
            await self._end(watch)
            return
        news: dict[str, object] = {
            "due_at": began.timestamp() + max(EVERY_S, SHARE * took_s),
            "shown": shown,
            "failures": failures,
        }
        await self._change(watch, news, due_at=began.timestamp() + 2 * EVERY_S)

    async def _keep(self, watch: Watch, *, due_at: float) -> bool:
        return await self._change(watch, {"due_at": due_at}, due_at=watch.due_at)

    async def _change(self, watch: Watch, news: dict[str, object], *, due_at: float) -> bool:
        """Change a watch that nobody has touched: neither another instance nor its person, with a newer card."""
        when = [Where("due_at", Op.EQ, due_at), Where("activity_id", Op.EQ, watch.activity_id)]
        try:
            await self._store.patch("state", watch.id, Patch(id=watch.id, set=news, when=when))
        except (Conflict, Missing):
            return False
        return True

    async def _is_watched(self, watch: Watch) -> bool:
        """Say whether the card is still the one to move: its person may have gone on to something else in it."""
        doc = await self._store.get("state", watch.id, watch.id)
        return doc is not None and doc["activity_id"] == watch.activity_id

    async def _end(self, watch: Watch) -> None:
        if await self._is_watched(watch):
            await self.end(watch.run, watch.person)


def _id(run: str, person: str) -> str:
    return f"watch-{hashlib.blake2b(f'{run}|{person}'.encode(), digest_size=16).hexdigest()}"


def _digest(message: Message) -> str:
    return hashlib.blake2b(msgspec.json.encode(message.card), digest_size=9).hexdigest()
