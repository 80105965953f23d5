"""Changes: what was written since a mark, each document once, nothing lost between two calls."""

import pytest

from store.contract import MAX_BATCH, Changes, Create, Doc, Patch, Store


def doc(number: int, **fields: object) -> Doc:
    return {"id": f"d{number:03}", "run": "r", **fields}


async def everything(store: Store, since: str | None, *, limit: int = 1000) -> Changes:
    docs: list[Doc] = []
    mark = since
    while True:
        news = await store.changes("runs", since=mark, limit=limit)
        assert len(news.docs) < limit + MAX_BATCH
        mark = news.mark
        if not news.docs:
            return Changes(docs, mark)
        docs += news.docs


async def test_a_store_without_writes_has_no_changes_but_a_mark(store: Store) -> None:
    news = await store.changes("runs")
    assert news.docs == []
    await store.create("runs", doc(1))
    assert len((await store.changes("runs", since=news.mark)).docs) == 1


async def test_changes_come_in_the_order_of_their_writes(store: Store) -> None:
    docs = [await store.create("runs", doc(number)) for number in (3, 1, 2)]
    assert (await store.changes("runs")).docs == docs


async def test_only_what_was_written_after_the_mark_appears(store: Store) -> None:
    await store.create("runs", doc(1))
    mark = (await everything(store, None)).mark
    assert (await store.changes("runs", since=mark)).docs == []
    second = await store.create("runs", doc(2))
    assert (await store.changes("runs", since=mark)).docs == [second]
    assert (await store.changes("runs", since=mark)).docs == [second], "reading does not move a mark"


async def test_a_document_written_twice_appears_once_in_its_last_version(store: Store) -> None:
    await store.create("runs", doc(1, n=1))
    second = await store.create("runs", doc(2))
    last = await store.patch("runs", "r", Patch("d001", add={"n": 1}))
    assert (await everything(store, None)).docs == [second, last]


async def test_a_document_seen_before_appears_again_when_it_changes(store: Store) -> None:
    await store.create("runs", doc(1, n=1))
    mark = (await everything(store, None)).mark
    changed = await store.patch("runs", "r", Patch("d001", add={"n": 1}))
    assert (await store.changes("runs", since=mark)).docs == [changed]


async def test_deletions_do_not_appear(store: Store) -> None:
    await store.create("runs", doc(1))
    mark = (await everything(store, None)).mark
    await store.create("runs", doc(2))
    await store.delete("runs", "r", "d002")
    await store.delete("runs", "r", "d001")
    assert (await everything(store, mark)).docs == []


async def test_pages_of_changes_lose_and_repeat_nothing(store: Store) -> None:
    made = await store.batch("runs", "r", [Create(doc(number)) for number in range(25)])
    assert (await everything(store, None, limit=4)).docs == made


async def test_more_changes_than_one_page_arrive_in_full(store: Store) -> None:
    made = [
        one
        for start in range(0, 1200, 100)
        for one in await store.batch("runs", "r", [Create(doc(start + number)) for number in range(100)])
    ]
    found = (await everything(store, None)).docs
    assert [one["_etag"] for one in found] == [one["_etag"] for one in made]


async def test_changes_of_every_partition_appear_and_of_no_other_container(store: Store) -> None:
    one = await store.create("runs", doc(1))
    other = await store.create("runs", {**doc(1), "run": "other"})
    await store.create("people", {"id": "p"})
    found = (await everything(store, None)).docs
    assert sorted(found, key=str) == sorted([one, other], key=str)


@pytest.mark.parametrize("mark", ["", "x", "-1", "1.5", "٣", " 1", "9" * 40])
async def test_a_false_mark_is_refused(store: Store, mark: str) -> None:
    with pytest.raises(ValueError, match="mark"):
        await store.changes("runs", since=mark)


async def test_a_page_of_changes_needs_room_for_a_document(store: Store) -> None:
    with pytest.raises(ValueError, match="page"):
        await store.changes("runs", limit=0)


async def test_who_asks_about_one_partition_finds_it_and_loses_nothing_of_the_others(store: Store) -> None:
    runs = [f"r{number}" for number in range(8)]
    made = [await store.create("runs", {"id": "d", "run": run}) for run in runs]
    mark, found = None, list[object]()
    while (news := await store.changes("runs", since=mark, limit=2, partition="r3")).docs:
        mark = news.mark
        found += [one["run"] for one in news.docs]
    assert "r3" in found
    assert (await store.changes("runs", since=news.mark, partition="r3")).docs == []
    rest = (await everything(store, news.mark)).docs
    assert sorted([*found, *(one["run"] for one in rest)], key=str) == runs
    assert [one for one in made if one["run"] not in found] == sorted(rest, key=lambda one: str(one["run"]))
