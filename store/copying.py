"""Moves every document from one store to another, whichever engines they are.

How far it has come is kept in the target, so a copy that was interrupted goes on where it stopped. In the end both are
read and compared. Etags are each store's own; a document that expires lives for its whole time again from the copy on.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import groupby

import msgspec

from store.checks import NEVER
from store.containers import CONTAINERS
from store.contract import MAX_BATCH, MAX_DOC_BYTES, Conflict, Create, Doc, Store, StoreError, partition_of

AT_ONCE = 50  # requests under way
PAGE = 500
KIND = "copy"  # of the document in the target that says how far a copy has come
_BATCH_BYTES = MAX_DOC_BYTES // 2  # the rest is what a request needs around the documents


class NotEmpty(StoreError):
    """The target holds documents of its own."""


class Sum(msgspec.Struct, frozen=True):
    """What a container holds: how many documents, and a checksum that does not depend on their order."""

    count: int
    checksum: str


class Progress(msgspec.Struct, frozen=True):
    """How far a container is: `written` documents in this run of the copy, and whether those were all."""

    container: str
    written: int
    is_done: bool = False


Tell = Callable[[Progress], None]


class Copy:
    """One copy. `name` names the source, so that the target knows which copy it is part of."""

    def __init__(self, source: Store, target: Store, *, name: str, may_overwrite: bool = False) -> None:
        self._source = source
        self._target = target
        self._id = f"copy-{hashlib.blake2b(name.encode(), digest_size=12).hexdigest()}"
        self._may_overwrite = may_overwrite
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def run(self, tell: Tell) -> None:
        """Copy what has not been copied. Raises `NotEmpty` before anything is written, and any `StoreError`."""
        marks = await self._begin()
        for container in CONTAINERS:
            await self._copy(container, marks, tell)

    async def finish(self) -> None:
        """Forget how far the copy has come: the next one starts anew."""
        doc = await self._target.get("state", self._id, self._id)
        if doc is not None:
            await self._target.delete("state", self._id, self._id)

    async def _begin(self) -> dict[str, str]:
        doc = await self._target.get("state", self._id, self._id)
        if doc is not None:
            return _marks_in(doc)
        if not self._may_overwrite:
            for container in CONTAINERS:
                if (await self._target.query(container, limit=1)).docs:
                    msg = f"the target has documents in {container}"
                    raise NotEmpty(msg)
        await self._target.create("state", {"id": self._id, "kind": KIND, "marks": {}})
        return {}

    async def _copy(self, container: str, marks: dict[str, str], tell: Tell) -> None:
        written = 0
        while True:
            news = await self._source.changes(container, since=marks.get(container), limit=PAGE)
            docs = [doc for doc in news.docs if not _stays(container, doc)]
            groups = [group for part in _by_partition(container, docs) for group in _in_batches(part)]
            async with asyncio.TaskGroup() as writing:
                for group in groups:
                    writing.create_task(self._write(container, group))
            written += len(docs)
            tell(Progress(container, written, is_done=not news.docs))
            if not news.docs:
                return
            marks[container] = news.mark
            await self._keep(marks)

    async def _keep(self, marks: dict[str, str]) -> None:
        found = await self._target.get("state", self._id, self._id)
        if found is None:
            msg = "another copy from the same source has finished meanwhile"
            raise StoreError(msg)
        doc: Doc = {"id": self._id, "kind": KIND, "marks": dict(marks)}
        await self._target.replace("state", doc, etag=str(found["_etag"]))

    async def _write(self, container: str, docs: Sequence[Doc]) -> None:
        async with self._gate:
            try:
                await self._target.batch(container, partition_of(container, docs[0]), [Create(doc) for doc in docs])
            except Conflict:
                for doc in docs:
                    await self._write_over(container, doc)

    async def _write_over(self, container: str, doc: Doc) -> None:
        """Write a document that may be there: from before the interruption, or because overwriting was asked for."""
        while True:
            partition, name = partition_of(container, doc), str(doc["id"])
            found = await self._target.get(container, partition, name)
            try:
                if found is None:
                    await self._target.create(container, doc)
                elif _canonical(found) != _canonical(doc):
                    await self._target.replace(container, doc, etag=str(found["_etag"]))
            except Conflict:
                continue
            return


async def sum_of(store: Store, container: str) -> Sum:
    """Return what a container holds, but for what no copy takes along and for what expires.

    A document that expires is copied and has its whole time again, so that it is there longer than in the source.
    """
    count = total = 0
    async for doc in _everything(store, container):
        if doc.get("ttl", NEVER) != NEVER:
            continue
        count += 1
        total ^= int.from_bytes(hashlib.blake2b(_canonical(doc), digest_size=16).digest())
    return Sum(count, f"{total:032x}")


async def _everything(store: Store, container: str) -> AsyncIterator[Doc]:
    mark: str | None = None
    while (news := await store.changes(container, since=mark, limit=PAGE)).docs:
        mark = news.mark
        for doc in news.docs:
            if not _stays(container, doc):
                yield doc


def _stays(container: str, doc: Doc) -> bool:
    """Say whether a document is no part of what is moved: a copy's own, or one that means nothing elsewhere."""
    is_own = doc.get("kind") == KIND and str(doc["id"]).startswith("copy-")
    return is_own or doc["id"] in CONTAINERS[container].local


def _marks_in(doc: Doc) -> dict[str, str]:
    return msgspec.convert(doc["marks"], dict[str, str])


def _by_partition(container: str, docs: Sequence[Doc]) -> list[list[Doc]]:
    def key(doc: Doc) -> str:
        return partition_of(container, doc)

    return [list(group) for _, group in groupby(sorted(docs, key=key), key)]


def _in_batches(docs: Sequence[Doc]) -> list[list[Doc]]:
    batches: list[list[Doc]] = []
    size = 0
    for doc in docs:
        length = len(msgspec.json.encode(doc))
        if not batches or len(batches[-1]) == MAX_BATCH or size + length > _BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(doc)
        size += length
    return batches


def _canonical(doc: Doc) -> bytes:
    plain = {key: _plain(value) for key, value in doc.items() if key != "_etag"}
    return msgspec.json.encode(plain, order="deterministic")


def _plain(value: object) -> object:
    """Return a value so that equal ones are written alike: in JSON, 5.0 is 5."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
