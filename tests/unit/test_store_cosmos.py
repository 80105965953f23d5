"""What only Cosmos DB's engine promises: what becomes of writes in trouble, how many requests they take, what is said.

Every kind of write meets every kind of trouble. Whatever is returned has happened once; `Unavailable` says that it
may have happened, once; and nothing else is said.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest

from bot.once import Message, Once, Verdict
from feedback.answers import record_answer
from feedback.deliveries import Outcome, ended
from feedback.questions import Kind, Question
from feedback.runs import DeliveryState, create_run
from feedback.snoozes import claim, due_snoozes, snooze
from feedback.surveys import Survey
from simulator.cosmos import (
    Call,
    CosmosStandIn,
    broken,
    gone,
    precondition_failed,
    reset_after,
    reset_before,
    retry_with,
    stale_session,
    throttled,
    timed_out,
    unavailable,
)
from simulator.faults import Fault
from store.contract import (
    Busy,
    Conflict,
    Create,
    Delete,
    Doc,
    Incomplete,
    Op,
    Patch,
    Store,
    StoreError,
    Unavailable,
    Uncertain,
    Where,
)
from store.cosmos import open_cosmos
from store.cosmos_setup import CHANGED, MADE, SAME, set_up
from tests.conftest import Clock
from tests.cosmos_account import account_of, stand_in


@pytest.fixture
async def account() -> AsyncIterator[CosmosStandIn]:
    async with stand_in() as running:
        yield running


@pytest.fixture
async def store(account: CosmosStandIn) -> AsyncIterator[Store]:
    opened = await open_cosmos(account_of(account))
    await opened.ping()
    yield opened
    await opened.close()


def doc(name: str, run: str = "r", **fields: object) -> Doc:
    return {"id": name, "run": run, **fields}


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
TROUBLES: dict[str, Fault] = {
    "429": throttled(),
    "449": retry_with(),
    "410": gone(),
    "404/1002": stale_session(),
    "500": broken(),
    "503": unavailable(),
    "503 after": unavailable(done=True),
    "408": timed_out(),
    "408 after": timed_out(done=True),
    "reset before": reset_before(),
    "reset after": reset_after(),
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


async def test_however_many_come_to_a_store_that_has_just_been_opened_it_looks_for_a_container_once(
    account: CosmosStandIn,
) -> None:
    store = await open_cosmos(account_of(account))
    account.reset_counters()
    assert (
        await asyncio.gather(*(store.get("people", f"p{number}", f"p{number}") for number in range(300)))
        == [None] * 300
    )
    assert account.counters().by_name["container.read"].requests == 1
    await store.close()


async def test_a_look_that_failed_is_made_anew(account: CosmosStandIn) -> None:
    store = await open_cosmos(account_of(account))
    account.troubles.respond = lambda call: unavailable() if call.name == "container.read" else None
    ends = await asyncio.gather(*(store.get("people", "p", "p") for _ in range(5)), return_exceptions=True)
    assert {type(end) for end in ends} == {Unavailable}
    account.troubles.respond = None
    assert await store.get("people", "p", "p") is None
    await store.close()


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
    assert await once.claim(message) is Verdict.NEW
    account.troubles.script(reset_before())
    assert await once.claim(message) is Verdict.ECHO


READS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "get": lambda store: store.get("runs", "r", "d"),
    "query": lambda store: store.query("runs", partition="r"),
    "query everywhere": lambda store: store.query("runs"),
    "by ids": lambda store: store.query("people", where=[Where("id", Op.IN, ["p", "q"])]),
    "tally": lambda store: store.tally("runs", "r", "state"),
    "changes": lambda store: store.changes("runs"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_reading_in_trouble_is_done_again(account: CosmosStandIn, store: Store, trouble: str) -> None:
    await store.create("runs", doc("d", state="sent"))
    await store.create("people", {"id": "p"})
    for kind, read in READS.items():
        expected = await read(store)
        account.troubles.script(TROUBLES[trouble], when=lambda call: call.kind == "docs")
        assert await read(store) == expected, kind
        assert account.troubles.waiting() == 0


@pytest.mark.parametrize("partition", ["r", None])
async def test_a_part_that_moves_between_two_pages_gives_nothing_twice(
    account: CosmosStandIn, store: Store, partition: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.cosmos.PAGE", 100)
    names = [f"d{number:03}" for number in range(350)]
    for start in range(0, len(names), 50):
        await store.batch("runs", "r", [Create(doc(name, kind="k", state=name)) for name in names[start : start + 50]])
    account.troubles.script(gone(), when=lambda call: "x-ms-continuation" in call.headers)
    page = await store.query("runs", partition=partition, where=[Where("kind", Op.EQ, "k")], limit=400)
    assert account.troubles.waiting() == 0
    assert [one["id"] for one in page.docs] == names
    account.troubles.script(gone(), when=lambda call: "x-ms-continuation" in call.headers)
    assert await store.tally("runs", "r", "state") == dict.fromkeys(names, 1)
    assert account.troubles.waiting() == 0


async def test_a_part_that_moves_while_changes_are_worked_out_is_read_anew(
    account: CosmosStandIn, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"d{number:03}" for number in range(60)]
    await store.batch("runs", "r", [Create(doc(name, n=0, tags=["a"])) for name in names])
    await store.patch("runs", "r", Patch("d000", set={"n": 5}))
    monkeypatch.setattr("simulator.cosmos.documents._DEFAULT_PAGE", 20)  # as where documents are large
    reads: list[bool] = []
    account.troubles.script(gone(), when=lambda call: "x-ms-continuation" in call.headers)
    account.troubles.respond = lambda call: (
        reads.append("x-ms-continuation" in call.headers) if call.name == "items.query" else None
    )
    patches = [Patch(name, add={"n": 1}, when=[Where("tags", Op.EQ, ["a"])]) for name in names]
    made = await store.batch("runs", "r", patches)
    assert [one["n"] for one in made] == [6] + [1] * 59
    assert account.troubles.waiting() == 0
    assert reads.count(False) >= 2, "what was read before the move is not kept"
    assert reads[-3:] == [False, True, True]


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


@pytest.mark.parametrize("trouble", ["503", "408", "reset before", "reset after", "404/1002", "410"])
async def test_a_database_that_stays_away_is_unavailable(account: CosmosStandIn, trouble: str) -> None:
    store = await open_cosmos(account_of(account), budget_s=0.05)
    await store.ping()
    account.troubles.respond = lambda call: TROUBLES[trouble] if call.kind == "docs" else None
    for call in (
        store.get("runs", "r", "d"),
        store.create("runs", doc("d")),
        store.batch("runs", "r", [Create(doc("e")), Create(doc("f"))]),
        store.query("runs"),
        store.ping(),
    ):
        with pytest.raises(Unavailable):
            await call
    account.troubles.respond = None
    await store.ping()
    await store.close()


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


def requests(account: CosmosStandIn) -> dict[str, int]:
    return {name: one.requests for name, one in account.counters().by_name.items()}


async def test_the_hot_paths_are_one_request_each(account: CosmosStandIn, store: Store, clock: Clock) -> None:
    await store.batch("runs", "r", [Create(doc(f"p{n}", state="planned", reason="x")) for n in range(50)])
    sent = [ended(Outcome(f"p{n}", DeliveryState.SENT, clock.now(), activity_id="a")) for n in range(50)]
    once = Once(store, clock.now)
    message = Message("chat", "sender", "activity", "hello", clock.now(), writes=False)
    for container in ("people", "state"):
        await store.create(container, {"id": "x"})
    for container in ("people", "state", "runs"):
        await store.get(container, "x", "x")  # with a session, the SDK looks up the ranges of a container once
    account.reset_counters()
    await store.patch("runs", "r", sent[0])
    await store.batch("runs", "r", sent[1:])
    assert requests(account) == {"item.patch": 1, "items.batch": 1}
    account.reset_counters()
    assert await once.claim(message) is Verdict.NEW
    await once.confirm(message)
    assert requests(account) == {"item.create": 2, "item.patch": 2}
    account.reset_counters()
    await store.query("people", where=[Where("id", Op.IN, [f"p{n}" for n in range(100)])])
    await store.tally("runs", "r", "state")
    await store.query("runs", partition="r", where=[Where("state", Op.EQ, "sent")])
    await store.query("runs", where=[Where("kind", Op.EQ, "run")], order="created_at")
    assert "items.plan" not in requests(account)


async def test_a_first_answer_is_one_request_of_less_than_twelve_units(
    account: CosmosStandIn, store: Store, clock: Clock
) -> None:
    survey = Survey("s", "T", (Question("a", Kind.NPS, "A?", required=True),))
    run = await create_run(store, survey, "everyone", by="t:admin", now=clock.now())
    await store.create("runs", {"id": "t:me", "run": run.run, "kind": "delivery", "state": "sent", "slice": 0})
    account.reset_counters()
    kept = await record_answer(store, run, "t:me", {"a": 3}, revision=0, now=clock.now())
    assert (kept.delivery.revision, kept.delivery.answers, kept.is_repeat) == (1, {"a": 3}, False)
    assert requests(account) == {"item.patch": 1}
    assert account.counters().charge < 12
    account.troubles.script(reset_after(), when=lambda call: call.name == "item.patch")
    await store.create("runs", {"id": "t:you", "run": run.run, "kind": "delivery", "state": "sent", "slice": 0})
    in_doubt = await record_answer(store, run, "t:you", {"a": 3}, revision=0, now=clock.now())
    assert (in_doubt.delivery.revision, in_doubt.delivery.answers) == (1, {"a": 3})
    edited = await record_answer(store, run, "t:me", {"a": 4}, revision=1, now=clock.now())
    late = await record_answer(store, run, "t:me", {"a": 3}, revision=0, now=clock.now())
    assert (edited.delivery.revision, late.is_outdated, late.delivery.answers) == (2, True, {"a": 4})


async def test_a_read_asks_for_what_this_process_has_written(account: CosmosStandIn, store: Store) -> None:
    seen: list[str] = []

    def look(call: Call) -> None:
        if call.name in {"item.read", "items.query"}:
            seen.append(call.headers.get("x-ms-session-token", ""))

    account.troubles.respond = look
    await store.batch("runs", "r", [Create(doc("a")), Create(doc("b"))])
    await store.get("runs", "r", "a")
    await store.patch("runs", "r", Patch("a", set={"n": 1}))
    await store.query("runs", partition="r")
    await store.batch("runs", "r", [Delete("a"), Delete("b")])
    await store.get("runs", "r", "a")
    written = [int(one.rpartition("#")[2]) for one in seen]
    assert written == sorted(set(written)), "each write moved the session on"


async def test_what_the_deployment_left_out_is_said_by_name_and_noticed_when_it_comes() -> None:
    async with CosmosStandIn() as account:
        store = await open_cosmos(account_of(account), budget_s=0.05)
        with pytest.raises(Incomplete, match="people, surveys, runs, ledger, state, audit"):
            await store.ping()
        made = await set_up(account_of(account))
        assert set(made.values()) == {MADE}
        account.holdings.database("hearback").containers.pop("runs")
        with pytest.raises(Incomplete, match="lacks the containers runs:"):
            await store.ping()
        with pytest.raises(Incomplete, match="runs"):
            await store.get("runs", "r", "d")
        await set_up(account_of(account))
        await store.ping()
        await store.close()


async def test_setting_up_again_changes_only_what_differs(account: CosmosStandIn) -> None:
    assert set((await set_up(account_of(account))).values()) == {SAME}
    container = account.holdings.database("hearback").containers["runs"]
    settings = msgspec.json.decode(msgspec.json.encode(container.settings))
    settings["indexingPolicy"]["compositeIndexes"] = []
    account.holdings.database("hearback").containers.pop("runs")
    account.prepare("hearback", [settings])
    done = await set_up(account_of(account))
    assert done.pop("runs") == CHANGED
    assert set(done.values()) == {SAME}
    assert set((await set_up(account_of(account))).values()) == {SAME}


async def test_a_container_with_another_partition_is_not_touched(account: CosmosStandIn) -> None:
    account.holdings.database("hearback").containers.pop("runs")
    account.prepare("hearback", [{"id": "runs", "partitionKey": {"paths": ["/other"], "kind": "Hash", "version": 2}}])
    with pytest.raises(ValueError, match="partitioned by /other"):
        await set_up(account_of(account))


async def test_a_key_that_does_not_fit_is_said_so(account: CosmosStandIn) -> None:
    store = await open_cosmos(msgspec.structs.replace(account_of(account), key="d3Jvbmc="))
    with pytest.raises(Unavailable, match="let Hearback in"):
        await store.ping()
    await store.close()


async def test_the_mark_of_a_write_is_nobodys_business(store: Store) -> None:
    created = await store.create("runs", doc("d"))
    found = [await store.get("runs", "r", "d"), *(await store.query("runs")).docs, *(await store.changes("runs")).docs]
    for one in (created, *found):
        assert one is not None
        assert set(one) == {"id", "run", "_etag"}


async def test_a_trouble_of_the_first_connection_passes(account: CosmosStandIn) -> None:
    def at_first(call: Call) -> bool:
        return call.kind in {"", "colls"}

    account.troubles.script(unavailable(), reset_before(), when=at_first)
    store = await open_cosmos(account_of(account))
    await store.ping()
    await store.close()


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
