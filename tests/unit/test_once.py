"""A message takes effect once, and one that a dead process left half done can be taken up again."""

import asyncio

import pytest

from bot.once import ECHO_S, LEASE_S, REPEAT_S, Message, Once, Verdict
from store.contract import Doc, Op, Store, Unavailable, Where
from tests.conftest import Clock


def _message(
    clock: Clock, activity: str = "1", text: str = "send pulse to everyone", *, writes: bool = True
) -> Message:
    return Message(
        conversation="a:1", sender="t:1", activity_id=activity, text=text, sent_at=clock.now(), writes=writes
    )


async def test_a_message_is_new_once(embedded: Store, clock: Clock) -> None:
    once, message = Once(embedded, clock.now), _message(clock)
    claim = await once.claim(message)
    assert claim.verdict is Verdict.NEW
    await once.confirm(claim)
    assert (await once.claim(message)).verdict is Verdict.ECHO


@pytest.mark.parametrize("is_same_id", [True, False])
async def test_at_the_same_moment_one_of_many_is_new(is_same_id: bool, embedded: Store, clock: Clock) -> None:  # noqa: FBT001 - the case
    once = Once(embedded, clock.now)
    messages = [_message(clock, "1" if is_same_id else str(number)) for number in range(10)]
    claims = await asyncio.gather(*(once.claim(message) for message in messages))
    assert sorted(one.verdict for one in claims) == [Verdict.ECHO] * 9 + [Verdict.NEW]


async def test_the_same_words_are_an_echo_then_a_repeat_then_meant(embedded: Store, clock: Clock) -> None:
    once, message = Once(embedded, clock.now), _message(clock)
    await once.confirm(await once.claim(message))
    clock.pass_s(ECHO_S - 1)
    assert (await once.claim(_message(clock, "2"))).verdict is Verdict.ECHO
    clock.pass_s(ECHO_S)
    assert (await once.claim(_message(clock, "3"))).verdict is Verdict.REPEAT
    clock.pass_s(REPEAT_S)
    assert (await once.claim(_message(clock, "4"))).verdict is Verdict.NEW


async def test_reading_again_is_new_each_time(embedded: Store, clock: Clock) -> None:
    once = Once(embedded, clock.now)
    for number in range(3):
        clock.pass_s(1)
        message = _message(clock, str(number), "status", writes=False)
        claim = await once.claim(message)
        assert claim.verdict is Verdict.NEW
        await once.confirm(claim)
        assert (await once.claim(_message(clock, f"again-{number}", "status", writes=False))).verdict is Verdict.ECHO


async def test_other_words_other_people_and_other_chats_are_new(embedded: Store, clock: Clock) -> None:
    once = Once(embedded, clock.now)
    await once.claim(_message(clock))
    assert (await once.claim(_message(clock, "2", "send pulse to customers"))).verdict is Verdict.NEW
    other = Message(
        conversation="a:1", sender="t:2", activity_id="3", text="send pulse to everyone", sent_at=None, writes=True
    )
    assert (await once.claim(other)).verdict is Verdict.NEW


async def test_a_message_of_a_dead_process_is_taken_up_after_its_lease(embedded: Store, clock: Clock) -> None:
    once, message = Once(embedded, clock.now), _message(clock)
    assert (await once.claim(message)).verdict is Verdict.NEW  # and the process dies here
    clock.pass_s(LEASE_S - 1)
    assert (await once.claim(message)).verdict is Verdict.ECHO
    clock.pass_s(2)
    claims = await asyncio.gather(*(once.claim(message) for _ in range(5)))
    assert [one.verdict for one in claims].count(Verdict.NEW) == 1


async def test_a_message_that_had_no_effect_may_come_again(embedded: Store, clock: Clock) -> None:
    once, message = Once(embedded, clock.now), _message(clock)
    await once.forget(await once.claim(message))
    assert (await once.claim(message)).verdict is Verdict.NEW


@pytest.mark.parametrize("ends", ["confirm", "forget"])
async def test_whoever_was_slow_leaves_the_marks_of_who_took_the_message_over(
    ends: str, embedded: Store, clock: Clock
) -> None:
    slow, other, message = Once(embedded, clock.now), Once(embedded, clock.now), _message(clock)
    late = await slow.claim(message)
    clock.pass_s(LEASE_S + 1)
    taken_over = await other.claim(message)
    assert taken_over.verdict is Verdict.NEW
    await (slow.confirm(late) if ends == "confirm" else slow.forget(late))
    clock.pass_s(LEASE_S - 1)
    assert (await slow.claim(message)).verdict is Verdict.ECHO, "it is being handled"
    await other.forget(taken_over)
    assert (await slow.claim(message)).verdict is Verdict.NEW, "and it had no effect"


async def test_a_delivery_that_could_not_be_marked_takes_no_mark_of_another_away(
    embedded: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Once(embedded, clock.now)
    assert (await once.claim(_message(clock))).verdict is Verdict.NEW
    before = (await embedded.query("state")).docs
    clock.pass_s(1)
    create = embedded.create

    async def lost(container: str, doc: Doc) -> Doc:
        await create(container, doc)
        raise Unavailable

    monkeypatch.setattr(embedded, "create", lost)
    with pytest.raises(Unavailable):
        await once.claim(_message(clock, "another id"))
    monkeypatch.undo()
    assert (await embedded.query("state")).docs == before
    assert (await once.claim(_message(clock, "another id"))).verdict is Verdict.ECHO


@pytest.mark.parametrize("key", [b"", b"a sample key"])
async def test_who_reads_the_store_cannot_try_out_what_was_typed_without_the_key(
    key: bytes, embedded: Store, clock: Clock
) -> None:
    """They know the person, and from the mark the time: of a typed score there are but eleven to try."""
    await Once(embedded, clock.now, key=key).claim(_message(clock, "unknown", "9", writes=False))
    kept = {doc["id"] for doc in (await embedded.query("state", where=[Where("kind", Op.EQ, "mark")])).docs}
    tried = [_message(clock, "guessed", str(score), writes=False).marks(b"")[1] for score in range(11)]
    assert [score for score, mark in enumerate(tried) if mark in kept] == ([] if key else [9])


async def test_instances_with_the_same_key_know_each_others_marks(embedded: Store, clock: Clock) -> None:
    one, other = (Once(embedded, clock.now, key=b"a sample key") for _ in range(2))
    assert (await one.claim(_message(clock))).verdict is Verdict.NEW
    assert (await other.claim(_message(clock))).verdict is Verdict.ECHO
