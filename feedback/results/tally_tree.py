"""The documents of a run's tallies: one for each slice, one for each hundred slices, and one for the run.

Each is made anew from those below it and never added to, so a step may be repeated, by anybody, at any time. It is
written only over the version that was there before those below were read: who has read earlier never overwrites what
was made from a later reading (docs/decisions/0013). They lie in the run's partition under a kind of their own.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial

import msgspec

from feedback.errors import RunUnknown
from feedback.results.tallies import Tally, tally_of, together
from feedback.runs.runs import RUN_DOC, Delivery, Run, deliveries
from store.contract import Conflict, Doc, Missing, Op, Store, Where
from store.pages import documents

KIND = "tally"
RUN_TALLY = "tally"  # the id of the run's own
GROUP = 100  # slices
_AT_ONCE = 8
_PAGE = 400
_LAST = 99_999_999

Make = Callable[[], Awaitable[Tally]]
Kept = Mapping[str, Doc | None]  # tallies as they were read, by id


class Rebuilt(msgspec.Struct, frozen=True):
    """A run's tally as it was kept, as everything counted again makes it, and as it is kept now."""

    before: Tally
    counted: Tally
    after: Tally

    @property
    def was_right(self) -> bool:
        """Whether the tally was right before it was made again."""
        return self.before == self.counted

    @property
    def is_right(self) -> bool:
        """Whether it is right now."""
        return self.after == self.counted


async def fold(store: Store, run: Run, slices: Collection[int]) -> None:
    """Bring the tallies of these slices up to date, and those above them."""
    groups = sorted({one // GROUP for one in slices})
    for group in groups:
        part = sorted(one for one in slices if one // GROUP == group)
        kept = await _kept(store, run, [*map(_slice_id, part), _group_id(group)])
        await _each(partial(_fold_slice, store, run, kept), part)
        await _fold_group(store, run, kept, group)
    if groups:
        await _fold_run(store, run)


async def find_tally(store: Store, run: str) -> Tally:
    """Return a run's tally as it is kept; an empty one where there is none yet."""
    doc = await store.get("runs", run, RUN_TALLY)
    return Tally() if doc is None else msgspec.convert(doc, Tally)


async def tally_of_slices(store: Store, run: Run, numbers: range) -> Tally:
    """Return the tally of slices that follow each other, as theirs are kept."""
    return await _within(store, run, _slice_id(numbers.start), _slice_id(numbers.stop - 1)) if numbers else Tally()


async def run_with_tally(store: Store, name: str) -> tuple[Run, Tally]:
    """Return a run and its tally with one request. Raises `RunUnknown`."""
    found = {doc["id"]: doc async for doc in _docs(store, name, [Where("id", Op.IN, [RUN_DOC, RUN_TALLY])])}
    if RUN_DOC not in found:
        raise RunUnknown(run=name)
    return msgspec.convert(found[RUN_DOC], Run), msgspec.convert(found.get(RUN_TALLY, {}), Tally)


async def recount(store: Store, run: Run) -> Tally:
    """Count every delivery of a run, without looking at any tally."""
    parts: list[Tally] = []
    page: list[Delivery] = []
    async for one in deliveries(store, run.run):
        page.append(one)
        if len(page) == _PAGE:
            parts = [together(run, [*parts, tally_of(run, page)])]
            page = []
    return together(run, [*parts, tally_of(run, page)])


async def rebuild(store: Store, run: Run) -> Rebuilt:
    """Make all tallies of a run again and compare them with a recount.

    While people answer they may differ by what came meanwhile.
    """
    before = await find_tally(store, run.run)
    await fold(store, run, range(await _slice_count(store, run)))
    return Rebuilt(before, await recount(store, run), await find_tally(store, run.run))


async def _kept(store: Store, run: Run, ids: Sequence[str]) -> Kept:
    """Return tallies as they are kept, by id, with one request; what is below them has to be read after that."""
    found = {str(doc["id"]): doc async for doc in _docs(store, run.run, [Where("id", Op.IN, list(ids))])}
    return {one: found.get(one) for one in ids}


async def _fold_slice(store: Store, run: Run, kept: Kept, number: int) -> None:
    async def make() -> Tally:
        return tally_of(run, [one async for one in deliveries(store, run.run, slice_=number)])

    await _keep(store, run, _slice_id(number), make, kept)


async def _fold_group(store: Store, run: Run, kept: Kept, number: int) -> None:
    await _keep(store, run, _group_id(number), lambda: _within(store, run, *_slices_of(number)), kept)


async def _fold_run(store: Store, run: Run) -> None:
    await _keep(store, run, RUN_TALLY, lambda: _within(store, run, _group_id(0), _group_id(_LAST)), {})


async def _within(store: Store, run: Run, first: str, last: str) -> Tally:
    """Return the tally of everything whose tallies have ids from one to another."""
    where = [Where("id", Op.GE, first), Where("id", Op.LE, last)]
    return together(run, [msgspec.convert(doc, Tally) async for doc in _docs(store, run.run, where)])


async def _keep(store: Store, run: Run, doc_id: str, make: Make, known: Kept) -> None:
    """Make a tally and write it, unless it is there already. Whoever finds that somebody was first looks again.

    `known` may say what is kept, as it was read a moment ago.
    """
    is_first = doc_id in known
    while True:
        kept = known[doc_id] if is_first else await store.get("runs", run.run, doc_id)
        is_first = False
        tally = await make()
        if kept is not None and msgspec.convert(kept, Tally) == tally:
            return
        body: Doc = msgspec.to_builtins(tally)
        doc: Doc = {"id": doc_id, "run": run.run, "kind": KIND, **body}
        try:
            if kept is None:
                await store.create("runs", doc)
            else:
                await store.replace("runs", doc, etag=str(kept["_etag"]))
        except (Conflict, Missing):
            continue
        return


async def _slice_count(store: Store, run: Run) -> int:
    where = [Where("kind", Op.EQ, "delivery")]
    page = await store.query("runs", partition=run.run, where=where, order="slice", descending=True, limit=1)
    return msgspec.convert(page.docs[0], Delivery).slice + 1 if page.docs else 0


def _docs(store: Store, run: str, where: Sequence[Where]) -> AsyncIterator[Doc]:
    return documents(store, "runs", partition=run, where=where, limit=_PAGE)


async def _each(fold_one: Callable[[int], Awaitable[None]], numbers: Sequence[int]) -> None:
    """Fold some, a few at a time. Raises the first error, after the others of its time have ended."""
    for start in range(0, len(numbers), _AT_ONCE):
        ended = await asyncio.gather(*map(fold_one, numbers[start : start + _AT_ONCE]), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error


def _slice_id(number: int) -> str:
    return f"tally-slice-{number:08d}"


def _group_id(number: int) -> str:
    return f"tally-group-{number:08d}"


def _slices_of(group: int) -> tuple[str, str]:
    return _slice_id(group * GROUP), _slice_id(group * GROUP + GROUP - 1)
