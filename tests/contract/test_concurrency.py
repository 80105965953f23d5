"""Many at once: nothing is lost, nothing happens twice, one failing write hurts nobody else."""

import asyncio

import pytest

from store.contract import Conflict, Create, Delete, Op, Patch, Store, Where


async def test_a_hundred_additions_at_once_all_count(store: Store) -> None:
    await store.create("runs", {"id": "d", "run": "r"})
    patched = await asyncio.gather(*(store.patch("runs", "r", Patch("d", add={"n": 1})) for _ in range(100)))
    found = await store.get("runs", "r", "d")
    assert found is not None
    assert found["n"] == 100
    assert sorted(one["n"] for one in patched if isinstance(one["n"], int)) == list(range(1, 101))
    assert len({str(one["_etag"]) for one in patched}) == 100


async def test_of_fifty_creations_of_one_id_exactly_one_wins(store: Store) -> None:
    tries = (store.create("runs", {"id": "d", "run": "r", "by": number}) for number in range(50))
    results = await asyncio.gather(*tries, return_exceptions=True)
    won = [one for one in results if isinstance(one, dict)]
    assert len(won) == 1
    assert sum(isinstance(one, Conflict) for one in results) == 49
    assert await store.get("runs", "r", "d") == won[0]


async def test_of_many_replacements_of_one_version_exactly_one_wins(store: Store) -> None:
    etag = str((await store.create("runs", {"id": "d", "run": "r"}))["_etag"])
    tries = (store.replace("runs", {"id": "d", "run": "r", "by": number}, etag=etag) for number in range(20))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(one) for one in results].count(dict) == 1
    assert sum(isinstance(one, Conflict) for one in results) == 19


async def test_of_many_patches_with_one_condition_exactly_one_wins(store: Store) -> None:
    await store.create("runs", {"id": "d", "run": "r"})
    patch = Patch("d", set={"taken": True}, add={"n": 1}, when=[Where("taken", Op.MISSING)])
    results = await asyncio.gather(*(store.patch("runs", "r", patch) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in results) == 19
    found = await store.get("runs", "r", "d")
    assert found is not None
    assert found["n"] == 1


async def test_writes_that_fail_do_not_hurt_those_beside_them(store: Store) -> None:
    await store.create("runs", {"id": "d", "run": "r"})
    writes = [
        store.batch("runs", "r", [Create({"id": f"a{number}", "run": "r"}), Delete("d" if number % 2 else "none")])
        for number in range(20)
    ]
    creates = [store.create("runs", {"id": f"b{number}", "run": "r"}) for number in range(20)]
    refused = await asyncio.gather(*writes, *creates, return_exceptions=True)
    assert sum(isinstance(one, list) for one in refused) == 1
    assert sum(isinstance(one, dict) for one in refused) == 20
    left = [str(one["id"]) for one in (await store.query("runs", partition="r")).docs]
    assert left == sorted(["a1", *(f"b{number}" for number in range(20))])


async def test_a_caller_who_gives_up_does_not_break_the_others(store: Store) -> None:
    tasks = [asyncio.create_task(store.create("runs", {"id": f"d{number}", "run": "r"})) for number in range(20)]
    await asyncio.sleep(0)  # they have handed their writes in
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(one, dict) for one in results) == 10
    for task in tasks[1::2]:
        doc = task.result()
        assert await store.get("runs", "r", str(doc["id"])) == doc
    await store.ping()


async def test_closing_finishes_the_writes_under_way(store: Store) -> None:
    tasks = [asyncio.create_task(store.create("runs", {"id": f"d{number}", "run": "r"})) for number in range(20)]
    await asyncio.sleep(0)
    await store.close()
    docs = await asyncio.gather(*tasks)
    assert len({str(one["_etag"]) for one in docs}) == 20


async def test_no_change_is_skipped_by_a_reader_who_follows_writers(store: Store) -> None:
    seen: set[object] = set()
    mark: str | None = None

    async def write(number: int) -> None:
        await store.create("runs", {"id": f"d{number}", "run": f"r{number % 3}"})

    tasks = [asyncio.create_task(write(number)) for number in range(200)]
    while len(seen) < 200:
        done = all(task.done() for task in tasks)
        news = await store.changes("runs", since=mark, limit=7)
        seen |= {one["id"] for one in news.docs}
        mark = news.mark
        if done and not news.docs:
            break
    await asyncio.gather(*tasks)
    assert len(seen) == 200


async def test_a_finished_write_is_seen_by_every_kind_of_read(store: Store) -> None:
    for number in range(20):
        created = await store.create("runs", {"id": "d", "run": f"r{number}"})
        assert await store.get("runs", f"r{number}", "d") == created
        assert (await store.query("runs", partition=f"r{number}")).docs == [created]
        with pytest.raises(Conflict):
            await store.create("runs", {"id": "d", "run": f"r{number}"})
