"""A store that remembers: what this process wrote is seen at once, what another wrote after two seconds."""

import asyncio

import pytest

from store.contract import Conflict, Create, Delete, Doc, Op, Patch, Store, Where
from store.remembering import MAX_REMEMBERED, REMEMBER_S, RememberingStore
from tests.conftest import Clock

RUN: Doc = {"id": "run", "run": "r", "kind": "run", "state": "sent"}


@pytest.fixture
def near(embedded: Store, clock: Clock) -> RememberingStore:
    return RememberingStore(embedded, now=clock.time)


async def state(store: Store, run: str = "r") -> object:
    found = await store.get("runs", run, "run")
    return None if found is None else found["state"]


async def test_what_another_process_wrote_is_seen_after_two_seconds(near: Store, embedded: Store, clock: Clock) -> None:
    await embedded.create("runs", RUN)
    assert await state(near) == "sent"
    await embedded.patch("runs", "r", Patch("run", set={"state": "closed"}))
    clock.pass_s(REMEMBER_S / 2)
    assert await state(near) == "sent"
    clock.pass_s(REMEMBER_S / 2)
    assert await state(near) == "closed"


async def test_what_this_process_wrote_is_seen_at_once(near: Store) -> None:
    created = await near.create("runs", RUN)
    assert await state(near) == "sent"
    await near.patch("runs", "r", Patch("run", set={"state": "held"}))
    assert await state(near) == "held"
    await near.batch("runs", "r", [Patch("run", set={"state": "sending"}), Create({"id": "p", "run": "r"})])
    found = await near.get("runs", "r", "run")
    assert found is not None
    assert found["state"] == "sending"
    with pytest.raises(Conflict):
        await near.replace("runs", RUN, etag=str(created["_etag"]))
    await near.replace("runs", {**RUN, "state": "closed"}, etag=str(found["_etag"]))
    assert await state(near) == "closed"
    await near.delete("runs", "r", "run")
    assert await state(near) is None
    await near.create("runs", RUN)
    await near.batch("runs", "r", [Delete("run")])
    assert await state(near) is None


async def test_a_condition_is_looked_at_where_the_document_is(near: Store, embedded: Store) -> None:
    await near.create("runs", RUN)
    assert await state(near) == "sent"
    await embedded.patch("runs", "r", Patch("run", set={"state": "closed"}))
    with pytest.raises(Conflict):
        await near.patch("runs", "r", Patch("run", set={"people": 1}, when=[Where("state", Op.EQ, "sent")]))


async def test_only_what_many_ask_for_is_remembered(near: Store, embedded: Store) -> None:
    await embedded.create("runs", {"id": "person", "run": "r", "state": "sent"})
    assert await near.get("runs", "r", "person") is not None
    await embedded.delete("runs", "r", "person")
    assert await near.get("runs", "r", "person") is None


async def test_what_is_not_there_is_not_remembered(near: Store, embedded: Store) -> None:
    assert await state(near) is None
    await embedded.create("runs", RUN)
    assert await state(near) == "sent"


async def test_each_who_asks_gets_a_document_of_their_own(near: Store, embedded: Store) -> None:
    await embedded.create("runs", RUN)
    for _ in range(2):
        found = await near.get("runs", "r", "run")
        assert found is not None
        assert found.pop("state") == "sent"


async def test_memory_is_bounded(near: RememberingStore, embedded: Store) -> None:
    for start in range(0, MAX_REMEMBERED + 50, 50):
        runs = [{**RUN, "run": f"r{start + number}"} for number in range(50)]
        await asyncio.gather(*(embedded.create("runs", run) for run in runs))
        await asyncio.gather(*(near.get("runs", str(run["run"]), "run") for run in runs))
    assert near.remembered == MAX_REMEMBERED


async def test_a_read_that_a_write_has_overtaken_is_not_remembered(embedded: Store, clock: Clock) -> None:
    gate = asyncio.Event()

    class Held:
        """The embedded store, whose answer takes until the gate opens."""

        def __getattr__(self, name: str) -> object:
            return getattr(embedded, name)

        async def get(self, container: str, partition: str, doc_id: str) -> Doc | None:
            found = await embedded.get(container, partition, doc_id)
            await gate.wait()
            return found

    await embedded.create("runs", RUN)
    near = RememberingStore(Held(), now=clock.time)  # type: ignore[arg-type]
    reading = asyncio.create_task(state(near))
    await asyncio.sleep(0)
    await near.patch("runs", "r", Patch("run", set={"state": "closed"}))
    gate.set()
    assert await reading == "sent"
    assert near.remembered == 0
    assert await state(near) == "closed"


async def test_many_who_ask_at_once_are_one_question(embedded: Store, clock: Clock) -> None:
    questions = 0

    class Counted:
        """The embedded store; it counts what it is asked."""

        def __getattr__(self, name: str) -> object:
            return getattr(embedded, name)

        async def get(self, container: str, partition: str, doc_id: str) -> Doc | None:
            nonlocal questions
            questions += 1
            await asyncio.sleep(0)
            return await embedded.get(container, partition, doc_id)

    await embedded.create("runs", RUN)
    near = RememberingStore(Counted(), now=clock.time)  # type: ignore[arg-type]
    asked = [asyncio.create_task(state(near)) for _ in range(50)]
    await asyncio.sleep(0)
    asked[0].cancel()
    assert await asyncio.gather(*asked[1:]) == ["sent"] * 49
    assert questions == 1
