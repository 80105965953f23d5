"""How many requests the hot paths take, and what they are charged."""

from bot.once import Message, Once, Verdict
from feedback.answers.answers import record_answer
from feedback.runs.deliveries import Outcome, ended
from feedback.runs.runs import DeliveryState, create_run
from feedback.surveys.questions import Kind, Question
from feedback.surveys.surveys import Survey
from simulator.cosmos import CosmosStandIn, reset_after
from store.contract import Create, Op, Store, Where
from tests.conftest import Clock
from tests.unit.store_cosmos.stage import doc, requests


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
    claim = await once.claim(message)
    assert claim.verdict is Verdict.NEW
    await once.confirm(claim)
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
