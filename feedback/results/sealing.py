"""Sealing: what happens to the ballots of an anonymous run when it ends, so that no way back to a person is left.

No ballot changes any more; each is written anew under an id that nothing else has, in an order that follows from the
key and from nothing about people, and the old one deleted; the answers are counted; and then the key is destroyed. So
neither ids nor the order or the time of writing lead from an answer to a delivery. Every step may be repeated, by
anybody, at any time.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

import msgspec

from feedback.answers.anonymous import BALLOT, KEY_DOC, Ballot, Key, find_key, keyed
from feedback.results.suppression import joined
from feedback.results.tallies import Tally, tally_of, together
from feedback.results.tally_tree import KIND as TALLY
from feedback.runs.runs import Delivery, DeliveryState, Run, find_run
from feedback.surveys.questions import Answers
from store.contract import MAX_BATCH, Change, Conflict, Create, Delete, Doc, Missing, Op, Patch, Store, Uncertain, Where
from store.pages import documents, pages

SEALED = "sealed"  # the kind
SEALED_TALLY = "tally-sealed"
_BATCH_BYTES = 400_000  # of answers in one batch; Cosmos DB takes 2 MB
_PAGE = 400
_TOGETHER = 200  # ballots that are sealed at the same time: more would keep answers to other runs waiting


class Sealed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer to an anonymous run that is over. Nothing else has its id."""

    id: str
    run: str
    answers: Answers = {}
    arm: str = ""  # where its arm has too few answers, that of a neighbour with which they are counted

    @property
    def counted_as(self) -> Delivery:
        """What the tallies take it for: an answered delivery of nobody at no time."""
        return Delivery(self.run, self.id, DeliveryState.ANSWERED, -1, answers=self.answers, arm=self.arm)


async def stop_ballots(store: Store, run: Run) -> None:
    """Let no ballot of an anonymous run change any more, at once and whatever is still to do. Harmless to repeat."""
    if run.survey.is_anonymous:
        with contextlib.suppress(Missing):  # it is sealed already
            await store.patch("runs", run.run, Patch(KEY_DOC, set={"is_open": False}))


async def seal(store: Store, run: Run) -> None:
    """End an anonymous run for good; for other runs nothing is done. Harmless to repeat, and to do at the same time."""
    key = await find_key(store, run) if run.survey.is_anonymous else None
    if key is None:
        return
    await stop_ballots(store, run)
    arms = await _settled_arms(store, run)
    while ballots := await _next(store, run):
        await _replace(store, run, [_changes(key, some, arms) for some in _in_batches(ballots)])
    await _keep_tally(store, run, await count_sealed(store, run))
    with contextlib.suppress(Missing):
        await store.delete("runs", run.run, KEY_DOC)


async def unsealed_runs(store: Store) -> list[Run]:
    """Return the runs that are over and still have their key: how long they have been, or why, makes no difference."""
    where = [Where("kind", Op.EQ, KEY_DOC)]
    keys = [doc async for doc in documents(store, "runs", where=where, order="created_at")]
    runs = [await find_run(store, str(doc["run"])) for doc in keys]
    return [run for run in runs if not run.takes_answers]


async def find_sealed_tally(store: Store, run: Run) -> Tally | None:
    """Return the tally of a sealed run's answers; None until it is sealed."""
    if await find_key(store, run) is not None:
        return None
    doc = await store.get("runs", run.run, SEALED_TALLY)
    return None if doc is None else msgspec.convert(doc, Tally)


async def count_sealed(store: Store, run: Run) -> Tally:
    """Count every sealed answer of a run, without looking at any tally."""
    whole, page = Tally(), list[Delivery]()
    async for one in sealed_answers(store, run):
        page.append(one.counted_as)
        if len(page) == _PAGE:
            whole, page = together(run, [whole, tally_of(run, page)]), []
    return together(run, [whole, tally_of(run, page)])


async def rebuild_sealed(store: Store, run: Run) -> tuple[Tally | None, Tally]:
    """Make the tally of a sealed run's answers again; return it as it was kept and as it is now."""
    before, counted = await find_sealed_tally(store, run), await count_sealed(store, run)
    if before is not None:
        await _keep_tally(store, run, counted)
    return before, counted


async def sealed_answers(store: Store, run: Run) -> AsyncIterator[Sealed]:
    """Give the answers to a sealed run in the order of their ids, which tells nothing."""
    async for doc in documents(store, "runs", partition=run.run, where=_all_of(SEALED), limit=_PAGE):
        yield msgspec.convert(doc, Sealed)


async def _settled_arms(store: Store, run: Run) -> Mapping[str, str]:
    """Return as what the answers of each arm are sealed; settled once, before the first of them is.

    Deliveries keep their arm. An arm with a single answer would tie it to a delivery, for whoever reads the store; so
    the answers of arms with too few of them are kept under one name with those of a neighbour, as results show them.
    """
    if not run.survey.arms:
        return {}
    sizes = await _answers_by_arm(store, run)
    groups = joined([(one.id, sizes[one.id]) for one in run.survey.arms], run.survey.threshold)
    arms = {arm: group.parts[-1] for group in groups for arm in group.parts}
    with contextlib.suppress(Conflict, Missing):  # somebody else has settled it
        await store.patch("runs", run.run, Patch(KEY_DOC, set={"arms": arms}, when=[Where("arms", Op.MISSING)]))
    key = await find_key(store, run)
    return {} if key is None or key.arms is None else key.arms


async def _answers_by_arm(store: Store, run: Run) -> Counter[str]:
    sizes = Counter[str]()
    async for docs in pages(store, "runs", partition=run.run, where=_all_of(BALLOT), limit=_PAGE):
        sizes.update(one.arm for one in msgspec.convert(docs, list[Ballot]) if one.revision)
    return sizes


async def _next(store: Store, run: Run) -> list[Doc]:
    """Return the next ballots, in the order of their ids: that of a keyed hash, so neither of people nor of times.

    What was sealed is not there any more, so the next are always the first.
    """
    return (await store.query("runs", partition=run.run, where=_all_of(BALLOT), limit=_TOGETHER)).docs


async def _replace(store: Store, run: Run, batches: Sequence[Sequence[Change]]) -> None:
    """Make batches of changes, all at the same time: an engine may need to make them durable only once.

    Where somebody else was first, whoever looks again finds what is left: who did it does not matter.
    """
    writes = [store.batch("runs", run.run, changes) for changes in batches]
    for outcome in await asyncio.gather(*writes, return_exceptions=True):
        if isinstance(outcome, BaseException) and not isinstance(outcome, Conflict | Missing | Uncertain):
            raise outcome


def _all_of(kind: str) -> list[Where]:
    """Return what all documents of a kind have in common, by ids: a search for the kind alone would read the whole run.

    Deliveries come before them; a run has as many, and every page would look at each again.
    """
    return [Where("kind", Op.EQ, kind), Where("id", Op.GE, f"{kind}-"), Where("id", Op.LT, f"{kind}.")]


def _in_batches(ballots: Sequence[Doc]) -> Iterator[list[Doc]]:
    """Cut ballots into as many as one batch can write and delete."""
    some, size = list[Doc](), 0
    for doc in ballots:
        more = len(msgspec.json.encode(doc))
        if some and (len(some) == MAX_BATCH // 2 or size + more > _BATCH_BYTES):
            yield some
            some, size = [], 0
        some.append(doc)
        size += more
    if some:
        yield some


def _changes(key: Key, ballots: list[Doc], arms: Mapping[str, str]) -> list[Change]:
    """Return what seals ballots; those whose answers were never sent are deleted."""
    changes: list[Change] = []
    for doc in ballots:
        ballot = msgspec.convert(doc, Ballot)
        if ballot.revision:
            one = Sealed(f"{SEALED}-{keyed(key, ballot.id)}", ballot.run, ballot.answers, arms.get(ballot.arm, ""))
            body: Doc = msgspec.to_builtins(one)
            changes.append(Create({**body, "kind": SEALED}))
        changes.append(Delete(ballot.id, str(doc["_etag"])))
    return changes


async def _keep_tally(store: Store, run: Run, tally: Tally) -> None:
    """Write the tally of what is sealed. It cannot change any more, so whoever was first wrote the same."""
    body: Doc = msgspec.to_builtins(tally)
    doc: Doc = {"id": SEALED_TALLY, "run": run.run, "kind": TALLY, **body}
    kept = await store.get("runs", run.run, SEALED_TALLY)
    with contextlib.suppress(Conflict):
        if kept is None:
            await store.create("runs", doc)
        else:
            await store.replace("runs", doc, etag=str(kept["_etag"]))
