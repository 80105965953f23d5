"""Slices: the pieces in which a run is sent, and who is working on which.

A slice's document is the proof of who may send: it names the people whose cards are on their way, and every step
replaces it under its etag, in one batch with the outcomes of the step before. Whoever finds it changed has lost the
slice, whatever a queue says.
"""

import contextlib
from collections.abc import Sequence

import msgspec

from feedback.errors import RunIsOver
from feedback.runs.deliveries import Outcome, ended, late, record_one
from feedback.runs.progress import Progress, progress
from feedback.runs.runs import DeliveryState, Run, RunState, deliveries, find_run, move_run
from store.contract import MAX_BATCH, Change, Conflict, Create, Doc, Op, Patch, Replace, Store, Where
from store.pages import documents, pages

OPEN, DONE, WAITING = "open", "done", "waiting"  # waiting for its wave: nobody works on it
SEND, CLOSE, REMIND, OPEN_CHATS, RECALL = "send", "close", "remind", "open", "recall"  # jobs
RECALL_DELETING = f"{RECALL}-deleting"
SLICE, AHEAD, FOLLOW_UP = "slice", "ahead", "follow-up"  # kinds of documents
_PLANNED = frozenset({DeliveryState.PLANNED})


class LeaseLost(Exception):
    """Somebody else has taken the slice."""


class Slice(msgspec.Struct, frozen=True):
    """A piece of work: up to 100 people of one run, nearly always of one tenant.

    What goes ahead of sending ("open") and what follows it ("close", "remind-1", "recall") is done slice by slice
    too, each under a job of its own.
    """

    run: str
    number: int
    tenant: str = ""
    due: float = 0.0  # not before this time (epoch seconds): the end of its people's quiet hours
    job: str = SEND

    @property
    def id(self) -> str:
        """The id of its document."""
        return f"{SLICE if self.job == SEND else self.job}-{self.number:06d}"

    @property
    def kind(self) -> str:
        """The kind of its document."""
        return {SEND: SLICE, OPEN_CHATS: AHEAD}.get(self.job, FOLLOW_UP)


def ahead_of(slice_: Slice) -> Slice:
    """Return the piece of work that goes ahead of sending a slice: its chats. It is not written for every slice."""
    return Slice(slice_.run, slice_.number, slice_.tenant, job=OPEN_CHATS)


class Grip(msgspec.Struct, frozen=True):
    """A slice that is ours until somebody replaces its document. `flying` are those whose cards are on their way.

    `waiting` are those still planned when a slice to send was taken up, without those on their way; `arms` are those
    that they see of a concept test.
    """

    slice: Slice
    etag: str
    flying: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    arms: dict[str, str] = {}
    has_ahead: bool = False  # whether something may go ahead of sending it


class _Stored(msgspec.Struct):
    number: int
    tenant: str
    state: str
    until: float
    flying: list[str]
    due: float = 0.0
    job: str = SEND
    has_ahead: bool = True  # where nobody wrote down whether: look


async def write_slices(store: Store, slices: Sequence[Slice], *, state: str = OPEN) -> None:
    """Write the documents of new slices of one run. Those that exist stay as they are.

    `state` is of those to send: open, or waiting for their wave.
    """
    chats = {one.number for one in slices if one.job == OPEN_CHATS}
    for start in range(0, len(slices), MAX_BATCH):
        some = slices[start : start + MAX_BATCH]
        docs = [_doc(one, state if one.job == SEND else OPEN, 0.0, (), has_ahead=one.number in chats) for one in some]
        try:
            await store.batch("runs", slices[start].run, [Create(doc) for doc in docs])
        except Conflict:
            for doc in docs:
                with contextlib.suppress(Conflict):
                    await store.create("runs", doc)


async def next_number(store: Store, run: str) -> int:
    """Return the number that the next slice of a run gets: 0 for the first."""
    page = await store.query("runs", partition=run, where=[Where("kind", Op.EQ, SLICE)], descending=True, limit=1)
    return msgspec.convert(page.docs[0], _Stored).number + 1 if page.docs else 0


async def open_slices(store: Store, run: str, kind: str = SLICE) -> list[Slice]:
    """Return the slices of a run that are not done: those to send, or those of what follows."""
    return await _slices(store, run, [Where("kind", Op.EQ, kind), Where("state", Op.EQ, OPEN)])


async def waiting_slices(store: Store, run: str) -> list[Slice]:
    """Return the slices of a run that wait for their wave."""
    return await _slices(store, run, [Where("kind", Op.EQ, SLICE), Where("state", Op.EQ, WAITING)])


async def grip_waiting(store: Store, slice_: Slice) -> Grip | None:
    """Return a slice that waits for its wave, with those still planned; the first step makes it ours. None: no more."""
    doc = await store.get("runs", slice_.run, slice_.id)
    if doc is None or doc["state"] != WAITING:
        return None
    planned = [one.id async for one in deliveries(store, slice_.run, states=_PLANNED, slice_=slice_.number)]
    return Grip(slice_, str(doc["_etag"]), waiting=tuple(planned), has_ahead=bool(doc["has_ahead"]))


async def write_follow_up(store: Store, run: str, job: str) -> list[Slice]:
    """Write what is missing of a job's slices, one for each slice of a run; return those that are not done."""
    known = await _slices(store, run, [Where("kind", Op.EQ, FOLLOW_UP)])
    numbers = {one.number for one in known if one.job == job}
    sent = await _slices(store, run, [Where("kind", Op.EQ, SLICE)])
    await write_slices(
        store, [Slice(run, one.number, one.tenant, job=job) for one in sent if one.number not in numbers]
    )
    return [one for one in await open_slices(store, run, FOLLOW_UP) if one.job == job]


async def is_being_sent(store: Store, slice_: Slice) -> bool:
    """Say whether somebody of a slice may still have to be written to."""
    doc = await store.get("runs", slice_.run, Slice(slice_.run, slice_.number).id)
    return doc is not None and msgspec.convert(doc, _Stored).state == OPEN


async def _slices(store: Store, run: str, where: Sequence[Where]) -> list[Slice]:
    found: list[Slice] = []
    async for docs in pages(store, "runs", partition=run, where=where, limit=400):
        found += [Slice(run, one.number, one.tenant, one.due, one.job) for one in msgspec.convert(docs, list[_Stored])]
    return found


async def reopen(store: Store, slices: Sequence[Slice]) -> None:
    """Let slices of one run be worked on again."""
    for start in range(0, len(slices), MAX_BATCH):
        patches = [Patch(id=one.id, set={"state": OPEN}) for one in slices[start : start + MAX_BATCH]]
        await store.batch("runs", slices[start].run, patches)


async def take_hold(store: Store, slice_: Slice, *, now: float, lease_s: float) -> Grip | None:
    """Return a grip on an open slice that nobody else holds at this time, or None."""
    doc = await store.get("runs", slice_.run, slice_.id)
    if doc is None:
        return None
    found = msgspec.convert(doc, _Stored)
    if found.state != OPEN or found.until > now:
        return None
    try:
        taken = _doc(slice_, OPEN, now + lease_s, found.flying, has_ahead=found.has_ahead)
        mine = await store.replace("runs", taken, etag=str(doc["_etag"]))
    except Conflict:
        return None
    return Grip(slice_, str(mine["_etag"]), tuple(found.flying), has_ahead=found.has_ahead)


async def take_up(store: Store, slice_: Slice, *, now: float) -> Grip | None:
    """Return an open slice to send that nobody holds at this time, with those still planned; or None.

    One question and no write: it is ours with the first step, unless somebody else's came before it.
    """
    planned = [OPEN, DeliveryState.PLANNED.value]
    where = [
        Where("kind", Op.IN, ["delivery", SLICE]),
        Where("slice", Op.EQ, slice_.number),
        Where("state", Op.IN, planned),
    ]
    # one page, unless two have planned it at a time and it has more people than a slice should
    docs = [doc async for doc in documents(store, "runs", partition=slice_.run, where=where, limit=MAX_BATCH + 1)]
    doc = next((one for one in docs if one["id"] == slice_.id), None)
    if doc is None:
        return None
    found = msgspec.convert(doc, _Stored)
    if found.until > now:
        return None
    flying = tuple(found.flying)
    left = [one for one in docs if one["kind"] != SLICE and one["id"] not in flying]
    waiting = tuple(str(one["id"]) for one in left)
    arms = {str(one["id"]): str(one["arm"]) for one in left if one.get("arm")}
    return Grip(slice_, str(doc["_etag"]), flying, waiting, arms, found.has_ahead)


async def call_sent(store: Store, run: str) -> None:
    """Call a run sent when no slice of it is open or to come. One that is held, cancelled or closed stays so."""
    where = [Where("kind", Op.EQ, SLICE), Where("state", Op.IN, [OPEN, WAITING])]
    # One is enough, and asked for from the end, where the open ones are, so that no engine looks at all the others.
    if (await store.query("runs", partition=run, where=where, descending=True, limit=1)).docs:
        return
    with contextlib.suppress(RunIsOver):
        await move_run(store, await find_run(store, run), RunState.SENT, leaving=frozenset({RunState.SENDING}))


async def held_for(store: Store, slice_: Slice, *, now: float) -> float | None:
    """Return for how many seconds an open slice is still somebody's, unless they work on; 0 when it is nobody's.

    None when there is nothing to do in it: it is done, waits for its wave, or was never written.
    """
    doc = await store.get("runs", slice_.run, slice_.id)
    found = None if doc is None else msgspec.convert(doc, _Stored)
    return max(found.until - now, 0.0) if found is not None and found.state == OPEN else None


async def advance(
    store: Store, grip: Grip, outcomes: Sequence[Outcome], flying: Sequence[str], *, until: float, state: str = OPEN
) -> Grip:
    """Record how the cards on their way ended, and which leave next, in one batch. Raises `LeaseLost`."""
    doc = _doc(grip.slice, state, until, flying, has_ahead=grip.has_ahead)
    changes: list[Change] = [Replace(doc, grip.etag), *(ended(one) for one in outcomes)]
    try:
        made = await store.batch("runs", grip.slice.run, changes)
    except Conflict:
        made = await _advance_past_answers(store, grip, outcomes, doc)
    return msgspec.structs.replace(grip, etag=str(made[0]["_etag"]), flying=tuple(flying))


async def _advance_past_answers(store: Store, grip: Grip, outcomes: Sequence[Outcome], doc: Doc) -> list[Doc]:
    """Do the same, still in one batch, when answers were faster than outcomes; every try has met with a new one."""
    while await _is_ours(store, grip):
        found = [await late(store, grip.slice.run, one) for one in outcomes]
        changes: list[Change] = [Replace(doc, grip.etag), *(one for one in found if one is not None)]
        with contextlib.suppress(Conflict):
            return await store.batch("runs", grip.slice.run, changes)
    for one in outcomes:  # ours or not any more, what has arrived has arrived
        await record_one(store, grip.slice.run, one)
    raise LeaseLost


async def _is_ours(store: Store, grip: Grip) -> bool:
    doc = await store.get("runs", grip.slice.run, grip.slice.id)
    return doc is not None and doc["_etag"] == grip.etag


async def where_it_stands(store: Store, run: Run) -> Progress:
    """Return how many deliveries of a run are in each state, those on their way right now included."""
    return await progress(store, run, sending=await sending_now(store, run.run))


async def sending_now(store: Store, run: str) -> int:
    """Return how many deliveries of a run are being sent at this moment."""
    page = await store.query(
        "runs", partition=run, where=[Where("kind", Op.EQ, SLICE), Where("state", Op.EQ, OPEN)], limit=400
    )
    flying = [person for one in msgspec.convert(page.docs, list[_Stored]) for person in one.flying]
    docs = [await store.get("runs", run, person) for person in flying]
    return sum(doc is not None and doc.get("state") == DeliveryState.PLANNED.value for doc in docs)


def _doc(slice_: Slice, state: str, until: float, flying: Sequence[str], *, has_ahead: bool) -> Doc:
    doc: Doc = {"slice": slice_.number, "has_ahead": has_ahead} if slice_.job == SEND else {}
    return {
        **doc,
        "id": slice_.id,
        "run": slice_.run,
        "kind": slice_.kind,
        "job": slice_.job,
        "number": slice_.number,
        "tenant": slice_.tenant,
        "state": state,
        "due": slice_.due,
        "until": until,
        "flying": list(flying),
    }
