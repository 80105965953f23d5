"""Webhooks: what is told, once each, signed, again until it is taken, and never what somebody answered."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from broadcast.announcing import BOOK, DELAYS_S, GIVEN_UP, Announcer, News, key_of, signed
from feedback.results.tallier import Tallier
from feedback.results.tally_tree import find_tally
from feedback.runs.runs import RUN_DOC, RunState, fail_run, find_run
from store.contract import Patch, Store
from tests.conftest import Clock
from tests.dashboard.house import furnish

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """Another system, which takes what it is told or does not."""

    def __init__(self) -> None:
        self.status = 200
        self.told: list[dict[str, object]] = []
        self.headers: list[Mapping[str, str]] = []

    async def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        self.told.append(json.loads(body))
        self.headers.append(headers)
        return self.status

    @property
    def ids(self) -> list[object]:
        return [one["id"] for one in self.told]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def announcer_of(store: Store, receiver: Receiver, clock: Clock) -> Announcer:
    return Announcer(
        store,
        receiver.post,
        Tallier(store, clock.now, name="sample"),
        secret=SECRET,
        thresholds=(10, 50, 1000),
        address="https://hearback.example",
        now=clock.now,
    )


async def begun(store: Store, receiver: Receiver, clock: Clock) -> Announcer:
    """Return an announcer that was there before anything happened."""
    announcer = announcer_of(store, receiver, clock)
    await announcer.tick()
    return announcer


async def counted(store: Store, clock: Clock, people: int = 200) -> None:
    """Write a run with more than 50 answers, and count them."""
    await furnish(store, people)
    await Tallier(store, clock.now, name="sample").catch_up("pulse-1")


async def move(store: Store, state: RunState) -> None:
    await store.patch("runs", "pulse-1", Patch(RUN_DOC, set={"state": state.value}))


async def test_reached_numbers_and_the_end_of_a_run_are_told_once(
    embedded: Store, receiver: Receiver, clock: Clock
) -> None:
    announcer = await begun(embedded, receiver, clock)
    await counted(embedded, clock)
    for _ in range(3):
        await announcer.tick()
        clock.pass_s(3600)
    assert sorted(map(str, receiver.ids)) == ["pulse-1.answers-10", "pulse-1.answers-50"]
    await move(embedded, RunState.CLOSED)
    for _ in range(3):
        await announcer.tick()
        clock.pass_s(3600)
    assert receiver.ids[2:] == ["pulse-1.closed"]
    closed = receiver.told[-1]
    assert (closed["event"], closed["state"], closed["run"]) == ("run.closed", "closed", "pulse-1")
    assert closed["results"] == "https://hearback.example/runs/pulse-1/results"


async def test_nothing_but_counts_and_names_of_runs_is_told(embedded: Store, receiver: Receiver, clock: Clock) -> None:
    announcer = await begun(embedded, receiver, clock)
    await counted(embedded, clock)
    await announcer.tick()
    assert set(receiver.told[0]) == set(News.__struct_fields__) - {"reason"}
    assert "Sample Person" not in str(receiver.told)
    assert "Setup took us" not in str(receiver.told)


async def test_what_happened_before_webhooks_were_there_is_not_told(
    embedded: Store, receiver: Receiver, clock: Clock
) -> None:
    await counted(embedded, clock)
    await move(embedded, RunState.CLOSED)
    announcer = await begun(embedded, receiver, clock)
    await announcer.tick()
    assert receiver.told == []


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.CLOSED], ids=["failed", "closed since"])
async def test_a_run_that_failed_is_told_with_the_reason_once(
    state: RunState, embedded: Store, receiver: Receiver, clock: Clock
) -> None:
    announcer = await begun(embedded, receiver, clock)
    await counted(embedded, clock, people=5)
    run = await find_run(embedded, "pulse-1")
    await embedded.patch("runs", run.run, Patch(RUN_DOC, set={"state": RunState.SENDING.value}))
    await fail_run(embedded, run, "Teams refused the message: 413 MessageSizeTooBig")
    await move(embedded, state)
    for _ in range(3):
        await announcer.tick()
        clock.pass_s(3600)
    (failed,) = [one for one in receiver.told if one["event"] == "run.failed"]
    assert failed["id"] == "pulse-1.failed"
    assert (failed["run"], failed["state"]) == ("pulse-1", state.value)
    assert failed["reason"] == "Teams refused the message: 413 MessageSizeTooBig"
    assert ("run.closed" in str(receiver.told)) is (state is RunState.CLOSED)


@pytest.mark.parametrize("state", [RunState.SENT, RunState.CANCELLED, RunState.HELD, RunState.CLOSED])
async def test_a_run_that_did_not_fail_is_not_told_as_failed(
    state: RunState, embedded: Store, receiver: Receiver, clock: Clock
) -> None:
    announcer = await begun(embedded, receiver, clock)
    await counted(embedded, clock, people=5)
    await move(embedded, state)
    await announcer.tick()
    assert "run.failed" not in str(receiver.told)


async def test_a_restart_tells_nothing_twice_and_forgets_nothing(
    embedded: Store, receiver: Receiver, clock: Clock
) -> None:
    await begun(embedded, receiver, clock)
    await counted(embedded, clock)
    receiver.status = 503
    await announcer_of(embedded, receiver, clock).tick()
    receiver.status = 200
    clock.pass_s(DELAYS_S[0])
    await announcer_of(embedded, receiver, clock).tick()
    clock.pass_s(100_000)
    await announcer_of(embedded, receiver, clock).tick()
    assert sorted(map(str, receiver.ids)) == sorted(["pulse-1.answers-10", "pulse-1.answers-50"] * 2)


async def test_two_instances_tell_it_once(embedded: Store, receiver: Receiver, clock: Clock) -> None:
    one = await begun(embedded, receiver, clock)
    other = announcer_of(embedded, receiver, clock)
    await counted(embedded, clock)
    await one.tick()
    await other.tick()
    await one.tick()
    assert len(receiver.told) == 2


@pytest.mark.parametrize("status", [0, 302, 400, 429, 500])
async def test_what_is_not_taken_is_told_again_later_with_the_same_body(
    embedded: Store, receiver: Receiver, clock: Clock, status: int
) -> None:
    announcer = await begun(embedded, receiver, clock)
    await counted(embedded, clock)
    receiver.status = status
    await announcer.tick()
    await announcer.tick()
    assert len(receiver.told) == 2
    clock.pass_s(DELAYS_S[0])
    receiver.status = 204
    await announcer.tick()
    by_id = {str(one["id"]): one for one in receiver.told[:2]}
    assert all(one == by_id[str(one["id"])] for one in receiver.told[2:])
    assert {one["webhook-id"] for one in receiver.headers} == set(by_id)
    clock.pass_s(10**6)
    await announcer.tick()
    assert len(receiver.told) == 4


async def test_after_three_days_it_is_given_up(
    embedded: Store, receiver: Receiver, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    announcer = await begun(embedded, receiver, clock)
    await counted(embedded, clock)
    receiver.status = 500
    for delay in (*DELAYS_S, 10**6, 10**6):
        await announcer.tick()
        clock.pass_s(delay)
    assert len(receiver.told) == 2 * (len(DELAYS_S) + 1)
    doc = await embedded.get("ledger", BOOK, "pulse-1.answers-10")
    assert doc is not None
    assert doc["kind"] == GIVEN_UP
    assert sum("is given up" in one for one in caplog.messages) == 2


async def test_a_run_is_not_over_before_its_last_answers_are_counted(
    embedded: Store, receiver: Receiver, clock: Clock
) -> None:
    announcer = await begun(embedded, receiver, clock)
    await furnish(embedded, 200)  # nobody has counted yet
    await move(embedded, RunState.CLOSED)
    await announcer.tick()
    assert sorted(map(str, receiver.ids)) == ["pulse-1.answers-10", "pulse-1.answers-50", "pulse-1.closed"]
    closed = next(one for one in receiver.told if one["id"] == "pulse-1.closed")
    found = await find_tally(embedded, "pulse-1")
    assert closed["answered"] == found.everybody.answered > 50


def test_a_signature_is_the_one_of_standard_webhooks() -> None:
    """The expected one is what their own library for Python, standardwebhooks 1.1, makes of the same."""
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed(key_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"
    other = signed(b"x" * 24, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert other["webhook-signature"] != headers["webhook-signature"]
