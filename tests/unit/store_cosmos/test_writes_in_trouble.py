"""What becomes of writes in trouble, where only Cosmos DB's engine can tell.

Every kind of write meets every kind of trouble. Whatever is returned has happened once; `Unavailable` says that it
may have happened, once; and nothing else is said.
"""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.once import Message, Once, Verdict
from feedback.answers.answers import record_answer
from feedback.answers.snoozes import claim, due_snoozes, snooze
from feedback.runs.runs import create_run
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Survey
from simulator.cosmos import CosmosStandIn, precondition_failed, reset_before, throttled
from store.contract import (
    Busy,
    Conflict,
    Create,
    Delete,
    Op,
    Patch,
    Store,
    StoreError,
    Unavailable,
    Uncertain,
    Where,
)
from store.cosmos import open_cosmos
from tests.conftest import Clock
from tests.cosmos_account import account_of
from tests.unit.store_cosmos.stage import TROUBLES, doc

ADD = Patch("d", add={"n": 1})
GUARDED = Patch("d", set={"taken": True}, add={"n": 1}, when=[Where("taken", Op.MISSING)])
Write = Callable[[Store, str, str], Awaitable[object]]  # given a partition, and the etag of what is in it
# What the write does, and what is there when it has been made once.
WRITES: dict[str, tuple[Write, dict[str, object]]] = {
    "create": (lambda store, run, _: store.create("runs", doc("new", run, n=1)), {"d": 0, "other": 0, "new": 1}),
    "replace": (lambda store, run, etag: store.replace("runs", doc("d", run, n=1), etag=etag), {"d": 1, "other": 0}),
    "patch": (lambda store, run, _: store.patch("runs", run, GUARDED), {"d": 1, "other": 0}),
    "set": (lambda store, run, _: store.patch("runs", run, Patch("d", set={"n": 1})), {"d": 1, "other": 0}),
    "add": (lambda store, run, _: store.patch("runs", run, ADD), {"d": 1, "other": 0}),
    "count on": (
        lambda store, run, _: store.patch("runs", run, Patch("d", add={"n": 1}, when=[Where("n", Op.EQ, 0)])),
        {"d": 1, "other": 0},
    ),
    "count first": (
        lambda store, run, _: store.patch(
            "runs", run, Patch("d", add={"n": 1, "step": 1}, when=[Where("step", Op.MISSING)])
        ),
        {"d": 1, "other": 0},
    ),
    "delete": (lambda store, run, _: store.delete("runs", run, "d"), {"other": 0}),
    "delete a version": (lambda store, run, etag: store.delete("runs", run, "d", etag=etag), {"other": 0}),
    "batch": (
        lambda store, run, _: store.batch("runs", run, [ADD, Create(doc("new", run, n=1)), Delete("other")]),
        {"d": 1, "new": 1},
    ),
    "batch of adds": (
        lambda store, run, _: store.batch("runs", run, [ADD, Patch("other", add={"n": 1})]),
        {"d": 1, "other": 1},
    ),
}
NOT_MADE = {"500", "503", "408", "reset before"}  # but that is not known
MADE_UNSEEN = {"503 after", "408 after", "reset after"}
CANNOT_TELL = {
    *(("add", trouble) for trouble in NOT_MADE),
    *(("batch of adds", trouble) for trouble in NOT_MADE),
    *(("delete a version", trouble) for trouble in MADE_UNSEEN),
}


async def contents(store: Store, run: str) -> dict[str, object]:
    return {str(one["id"]): one["n"] for one in (await store.query("runs", partition=run)).docs}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_write_in_trouble_happens_once_or_says_that_nobody_knows(
    account: CosmosStandIn, store: Store, trouble: str
) -> None:
    for kind, (write, made) in WRITES.items():
        before: dict[str, object] = {"d": 0, "other": 0}
        etag = str((await store.create("runs", doc("d", kind, n=0)))["_etag"])
        await store.create("runs", doc("other", kind, n=0))
        account.troubles.script(TROUBLES[trouble])
        if (kind, trouble) in CANNOT_TELL:
            with pytest.raises(Unavailable):
                await write(store, kind, etag)
            assert await contents(store, kind) == (made if trouble in MADE_UNSEEN else before), kind
        else:
            returned = await write(store, kind, etag)
            assert await contents(store, kind) == made, kind
            if isinstance(returned, dict):
                assert await store.get("runs", kind, str(returned["id"])) == returned, kind
        assert account.troubles.waiting() == 0


async def test_what_somebody_else_made_meanwhile_is_not_taken_for_ours(account: CosmosStandIn, store: Store) -> None:
    async def let_them(_seconds: float) -> None:
        await store.create("runs", doc("d", by="them"))

    ours = await open_cosmos(account_of(account), sleep=let_them)
    await ours.ping()
    account.troubles.script(reset_before())
    with pytest.raises(Uncertain):
        await ours.create("runs", doc("d", by="us"))
    found = await store.get("runs", "r", "d")
    assert found is not None
    assert found["by"] == "them"
    await ours.close()


async def test_a_repeat_whose_first_try_is_in_doubt_is_recognised(
    account: CosmosStandIn, store: Store, clock: Clock
) -> None:
    survey = Survey("s", "T", (Question("a", Kind.NPS, "A?", required=True),))
    run = await create_run(store, survey, "everyone", by="t:admin", now=clock.now())
    await store.create("runs", {"id": "t:me", "run": run.run, "kind": "delivery", "state": "sent", "slice": 0})
    for score in (1, 2):
        await record_answer(store, run, "t:me", {"a": score}, revision=0, now=clock.now())
    account.troubles.script(reset_before())
    again = await record_answer(store, run, "t:me", {"a": 1}, revision=0, now=clock.now())
    assert (again.is_repeat, again.is_outdated, again.delivery.answers) == (True, True, {"a": 2})


async def test_a_message_whose_mark_is_in_doubt_is_an_echo_where_another_delivery_marked_it(
    account: CosmosStandIn, store: Store, clock: Clock
) -> None:
    once, message = Once(store, clock.now), Message("chat", "sender", "1", "hello", clock.now(), writes=False)
    assert (await once.claim(message)).verdict is Verdict.NEW
    account.troubles.script(reset_before())
    assert (await once.claim(message)).verdict is Verdict.ECHO


async def test_a_snooze_is_taken_once_whatever_becomes_of_the_requests(
    account: CosmosStandIn, store: Store, clock: Clock
) -> None:
    survey = Survey("s", "T", (Question("a", Kind.NPS, "A?", required=True),))
    for number, fault in enumerate(TROUBLES.values()):
        for name in ("item.patch", "item.delete"):
            run = await create_run(store, survey, "everyone", by="t:admin", now=clock.now())
            await store.create("runs", {"id": "t:me", "run": run.run, "kind": "delivery", "state": "sent", "slice": 0})
            await snooze(store, run, "t:me", clock.now())
            (due,) = await due_snoozes(store, clock.now())
            account.troubles.script(fault, when=lambda call, name=name: call.name == name)  # type: ignore[misc]
            assert await claim(store, due), (number, name)
            assert not await claim(store, due)
            assert account.troubles.waiting() == 0
            assert await due_snoozes(store, clock.now()) == []


async def test_a_busy_database_is_waited_for_no_longer_than_a_turn_has(account: CosmosStandIn, store: Store) -> None:
    account.troubles.script(throttled(30_000))
    with pytest.raises(Busy) as busy:
        await store.create("runs", doc("d"))
    assert busy.value.retry_after_s == 30
    assert await store.get("runs", "r", "d") is None


async def test_a_precondition_that_fails_without_a_reason_is_looked_into(account: CosmosStandIn, store: Store) -> None:
    await store.create("runs", doc("d", n=0))
    account.troubles.script(precondition_failed())
    assert (await store.patch("runs", "r", GUARDED))["n"] == 1


async def test_a_patch_that_cannot_be_said_in_one_request_loses_no_other_write(store: Store) -> None:
    await store.create("runs", doc("d", n=0, tags=["a"]))
    patch = Patch("d", add={"n": 1}, when=[Where("tags", Op.EQ, ["a"])])
    done = await asyncio.gather(*(store.patch("runs", "r", patch) for _ in range(6)), return_exceptions=True)
    found = await store.get("runs", "r", "d")
    assert found is not None
    assert found["n"] == sum(isinstance(one, dict) for one in done) > 0


async def test_errors_do_not_show_what_a_document_says(store: Store) -> None:
    await store.create("runs", doc("d"))
    errors: list[StoreError] = []
    for write in (
        store.create("runs", doc("d", text="private words")),
        store.replace("runs", doc("d", text="private words"), etag='"0"'),
    ):
        with pytest.raises(Conflict) as refused:
            await write
        errors.append(refused.value)
    assert "private" not in "".join(str(one) for one in errors)
