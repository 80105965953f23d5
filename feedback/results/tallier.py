"""The tallier: follows what changes in the runs and keeps their tallies up to date.

How far it has come is a mark in the store, moved on only after the tallies are written; so a crash repeats work and
loses none. Several may be at work, in one process or in many: they take turns to save work, and when they do not,
nothing goes wrong. What a tally holds is in tallies.py, how it is kept in tally_tree.py.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from feedback.errors import RunUnknown
from feedback.results.tally_tree import fold
from feedback.runs.runs import find_run
from store.contract import Conflict, Doc, Store, StoreError

MARK = "tallies"  # the document of the mark; it means nothing in any other store, so a copy must not take it along
IDLE_S = 10.0  # between two looks when nobody has answered here
LINGER_S = 5.0  # after an answer, so that many are folded in together; whoever looks at results does not wait for it
TURN_S = 30.0  # how long others leave the work to whoever did it last
REST = 9.0  # pauses for so many times as long as a look took: a burst of answers is not slowed down by counting it
PAGES = 5  # of changes in one look
PAGE = 1000

log = logging.getLogger(__name__)


class _Kept(msgspec.Struct, frozen=True):
    """The mark as it is stored, and whose turn it is until when."""

    mark: str | None = None
    holder: str = ""
    until: float = 0.0


class _News(msgspec.Struct, frozen=True):
    """The slices in which something changed, by run, the next mark, and whether there is nothing after it."""

    slices: Mapping[str, set[int]]
    mark: str | None
    is_all: bool


class Tallier:
    """Keeps tallies up to date. `name` tells it from others at work on the same store."""

    def __init__(self, store: Store, now: Callable[[], datetime], *, name: str) -> None:
        self._store = store
        self._now = now
        self._name = name
        self._wake = asyncio.Event()
        self._folded: str | None = None  # everything up to this mark is in the tallies, whoever put it there
        self._caught: dict[str, str | None] = {}  # and so is everything in a run up to its mark, by run
        self.is_well = True  # whether the last look ended as it should

    def wake(self) -> None:
        """Look soon: somebody has answered."""
        self._wake.set()

    async def run(self) -> None:
        """Follow the changes until cancelled."""
        while True:
            self._wake.clear()
            began, is_all = self._now(), True
            try:
                is_all = await self.look()
                self.is_well = True
            except StoreError as error:
                self.is_well = False
                log.error("tallies wait: the store does not answer: %s", error)  # noqa: TRY400 - of these come many
            await self._rest((self._now() - began).total_seconds(), is_all=is_all)

    async def look(self) -> bool:
        """Fold in what has changed, as far as one look goes, and say whether that was all.

        When it is somebody else's turn, nothing is done.
        """
        doc = await self._store.get("state", MARK, MARK)
        kept = _Kept() if doc is None else msgspec.convert(doc, _Kept)
        self._folded = kept.mark
        if kept.holder != self._name and kept.until > self._now().timestamp():
            return True
        news = await self._read(kept.mark)
        for name, slices in news.slices.items():
            await self._fold(name, slices)
        self._folded = news.mark
        self._caught.clear()
        if news.mark != kept.mark:
            await self._keep(news.mark, doc)
        return news.is_all

    async def catch_up(self, run: str) -> bool:
        """Fold in what has changed in one run, and say whether that was all; not where very much has changed."""
        if self._folded is None:
            doc = await self._store.get("state", MARK, MARK)
            self._folded = None if doc is None else msgspec.convert(doc, _Kept).mark
        news = await self._read(self._caught.get(run, self._folded), run)
        if run in news.slices:
            await self._fold(run, news.slices[run])
        self._caught[run] = news.mark
        return news.is_all

    async def _read(self, since: str | None, run: str | None = None) -> _News:
        """Return what is new everywhere, or at least in one run, wherever the store keeps that."""
        slices: dict[str, set[int]] = {}
        mark = since
        for _ in range(PAGES):
            docs, mark = await self._changes(mark, run)
            if not docs:
                return _News(slices, mark, is_all=True)
            for doc in docs:
                if doc.get("kind") == "delivery":  # tallies appear among the changes too; nothing follows from them
                    slices.setdefault(str(doc["run"]), set()).add(msgspec.convert(doc["slice"], int))
        return _News(slices, mark, is_all=False)

    async def _changes(self, since: str | None, run: str | None) -> tuple[list[Doc], str]:
        try:
            page = await self._store.changes("runs", since=since, limit=PAGE, partition=run)
        except ValueError:  # the mark is of another store, or too old for this one
            log.warning("the mark of the tallies cannot be used: everything is counted again")
            page = await self._store.changes("runs", limit=PAGE, partition=run)
        return page.docs, page.mark

    async def _fold(self, name: str, slices: set[int]) -> None:
        try:
            run = await find_run(self._store, name)
        except RunUnknown:
            log.warning("the run %s is gone, and there is nothing to count in it", name)
            return
        await fold(self._store, run, slices)

    async def _keep(self, mark: str | None, before: Doc | None) -> None:
        """Move the mark on, unless somebody else has: every mark that is stored is one that may be."""
        until = self._now().timestamp() + TURN_S
        doc: Doc = {"id": MARK, "kind": "mark", "mark": mark, "holder": self._name, "until": until}
        with contextlib.suppress(Conflict):
            if before is None:
                await self._store.create("state", doc)
            else:
                await self._store.replace("state", doc, etag=str(before["_etag"]))

    async def _rest(self, took_s: float, *, is_all: bool) -> None:
        """Wait for an answer, or until it is time; and at least in proportion to the work."""
        if not is_all:
            await asyncio.sleep(took_s)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), IDLE_S)
        await asyncio.sleep(max(LINGER_S, REST * took_s))
