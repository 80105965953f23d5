"""Writes to Cosmos DB, each in one request, and what becomes of those whose outcome nobody told.

Every write leaves a mark of its own in the documents it writes. When a connection breaks after a request has left, the
write is made again where that cannot do harm (an id that must be new, an etag, a condition that the write itself ends);
and where that fails because the first one had been made, the mark says so.
"""

from collections.abc import Awaitable, Callable, Sequence

import msgspec
from azure.core import MatchConditions
from azure.cosmos.aio import ContainerProxy

from store.checks import lifetime_of
from store.containers import CONTAINERS
from store.contract import (
    MAX_DOC_BYTES,
    Busy,
    Change,
    Conflict,
    Create,
    Delete,
    Doc,
    Missing,
    Patch,
    Replace,
    StoreError,
    TooLarge,
    Uncertain,
    encode,
)
from store.cosmos_client import note_session, unmoved
from store.cosmos_errors import Doubtful, Patience, Refused, meaning_of
from store.cosmos_patch import MARK, is_expressible, is_guarded, operations_of, predicate_of
from store.cosmos_query import ids_sql
from store.patching import patched

ROUNDS = 8  # of working a change out anew, because somebody else wrote in between
_LOST = frozenset({404, 409, 412})  # what a write that was made already meets when it is made again
_Operation = tuple[str, tuple[object, ...], dict[str, object]]


class Writes:
    """Makes the changes of one container. `marks` gives a text that no other write has."""

    def __init__(self, name: str, container: ContainerProxy, patience: Patience, marks: Callable[[], str]) -> None:
        self._name = name
        self._container = container
        self._patience = patience
        self._marks = marks

    async def make(self, partition: str, changes: Sequence[Change]) -> list[Doc]:
        """Make the changes, all or none, and return the stored documents. Raises what the first failing one raises."""
        patches = [change for change in changes if isinstance(change, Patch)]
        for patch in patches:
            if "ttl" in patch.set:
                lifetime_of(self._name, {"ttl": patch.set["ttl"]})
        if not all(is_expressible(patch) for patch in patches):
            return await self._work_out(partition, changes)
        try:
            return await self._make(partition, changes)
        except Refused as refused:
            failing = changes[refused.failure.index]
            if isinstance(failing, Patch) and refused.failure.status in {400, 412}:
                # An older version of the document, somebody else's write, or what cannot be added to.
                return await self._work_out(partition, changes)
            raise meaning_of(refused.failure) from refused

    async def _make(self, partition: str, changes: Sequence[Change]) -> list[Doc]:
        """Make the changes in one request. Raises `Refused`."""
        mark = self._marks()
        plan = [_operation(self._name, change, mark) for change in changes]
        if len(changes) == 1:
            call = self._single(partition, plan[0])
        else:
            _check_size(plan)
            call = self._batch(partition, plan)
        try:
            return await self._patience.ask(call, is_repeatable=_is_repeatable(changes))
        except Doubtful as doubt:
            return await self._settle(partition, changes, mark, doubt)
        except Refused as refused:
            if not refused.is_after_doubt or refused.failure.status not in _LOST:
                raise
            return await self._settle(partition, changes, mark, refused)

    def _single(self, partition: str, plan: _Operation) -> Callable[[], Awaitable[list[Doc]]]:
        kind, what, options = plan
        at = self._container
        etag = options.get("if_match_etag")
        condition: dict[str, object] = {}
        if etag is not None:
            condition = {"etag": etag, "match_condition": MatchConditions.IfNotModified}

        async def call() -> list[Doc]:
            match kind:
                case "create":
                    return [dict(await at.create_item(what[0]))]  # type: ignore[arg-type]
                case "replace":
                    return [dict(await at.replace_item(what[0], what[1], **condition))]  # type: ignore[arg-type]
                case "patch":
                    made = await at.patch_item(what[0], partition, what[1], **options)  # type: ignore[arg-type]
                    return [dict(made)]
                case _:
                    await at.delete_item(what[0], partition, **condition)  # type: ignore[arg-type]
                    return [{}]

        return call

    def _batch(self, partition: str, plan: Sequence[_Operation]) -> Callable[[], Awaitable[list[Doc]]]:
        async def call() -> list[Doc]:
            fresh = [(kind, what, dict(options)) for kind, what, options in plan]  # the SDK takes the options out
            results = await self._container.execute_item_batch(fresh, partition)
            docs = [dict(one.get("resourceBody") or {}) for one in results]
            note_session(self._container, docs, results.get_response_headers())
            return docs

        return call

    async def _settle(self, partition: str, changes: Sequence[Change], mark: str, cause: Exception) -> list[Doc]:
        """Find out whether a write in doubt was made, and return its documents. Raises `Uncertain` in doubt."""
        ids = [_id(change) for change in changes]
        if all(isinstance(change, Delete) and change.etag is None for change in changes):
            return [{} for _ in changes]  # whoever did it, they are gone
        found = await self.read(partition, ids)
        if not any(doc.get(MARK) == mark for doc in found.values()):
            msg = "the database did not say whether it wrote"
            raise Uncertain(msg) from cause
        return [{} if isinstance(change, Delete) else found.get(_id(change), {}) for change in changes]

    async def _work_out(self, partition: str, changes: Sequence[Change]) -> list[Doc]:
        """Make changes that one request cannot: read, work them out, write where nothing has changed since."""
        for _ in range(ROUNDS):
            found = await self.read(partition, [_id(change) for change in changes])
            steps = _Steps(self._name, found)
            for change in changes:
                steps.take(change)
            wanted = steps.changes()
            try:
                made = await self._make(partition, wanted) if wanted else []
            except Refused as refused:
                if refused.failure.status in _LOST:
                    continue
                raise meaning_of(refused.failure) from refused
            kept = {_id(change): doc for change, doc in zip(wanted, made, strict=True)}
            return [{} if isinstance(change, Delete) else kept.get(_id(change), {}) for change in changes]
        raise Busy

    async def read(self, partition: str, ids: Sequence[str]) -> dict[str, Doc]:
        """Return those of these documents of one partition that exist, as they are stored."""
        wanted = list(dict.fromkeys(ids))
        if len(wanted) == 1:
            found = await self._read_one(partition, wanted[0])
            return {} if found is None else {wanted[0]: found}
        sql = ids_sql(self._name, partition, wanted)

        async def call() -> list[Doc]:
            pages = self._container.query_items(sql.text, parameters=sql.parameters, partition_key=partition)
            return [dict(doc) async for doc in pages]

        try:
            docs = await self._patience.ask(lambda: unmoved(call))
        except Refused as refused:
            raise meaning_of(refused.failure) from refused
        return {str(doc["id"]): doc for doc in docs}

    async def _read_one(self, partition: str, doc_id: str) -> Doc | None:
        async def call() -> Doc:
            return dict(await self._container.read_item(doc_id, partition))

        try:
            return await self._patience.ask(call)
        except Refused as refused:
            meaning = meaning_of(refused.failure)
            if isinstance(meaning, Missing):
                return None
            raise meaning from refused


class _Steps:
    """Changes worked out on documents as they were read; `changes` then takes each of them once."""

    def __init__(self, container: str, found: dict[str, Doc]) -> None:
        self._container = container
        self._found = found
        self._now: dict[str, Doc | None] = {name: plain(container, doc) for name, doc in found.items()}
        self._touched: dict[str, None] = {}

    def take(self, change: Change) -> None:
        """Take one change. Raises what it raises where it cannot be made."""
        name = _id(change)
        self._now[name] = self._after(change, self._now.get(name))
        self._touched[name] = None

    def changes(self) -> list[Change]:
        """Return what has to be written, under the etags that were read."""
        made: list[Change] = []
        for name in self._touched:
            doc, before = self._now[name], self._found.get(name)
            if doc is None and before is not None:
                made.append(Delete(name, str(before["_etag"])))
            elif doc is not None:
                made.append(Create(doc) if before is None else Replace(doc, str(before["_etag"])))
        return made

    def _after(self, change: Change, doc: Doc | None) -> Doc | None:
        if isinstance(change, Create):
            if doc is not None:
                raise _refuse(Conflict, self._container, change)
            return dict(change.doc)
        if doc is None:
            raise _refuse(Missing, self._container, change)
        if isinstance(change, Patch):
            made = patched(self._container, doc, change)
            lifetime_of(self._container, made)
            return {**made, "_etag": None}
        if change.etag is not None and change.etag != doc["_etag"]:
            raise _refuse(Conflict, self._container, change)
        return None if isinstance(change, Delete) else {**change.doc, "_etag": None}


def plain(container: str, stored: Doc) -> Doc:
    """Return a document without what is Cosmos DB's own, upgraded to today's schema version, with its etag."""
    doc = {key: value for key, value in stored.items() if key != MARK and not key.startswith("_")}
    return {**CONTAINERS[container].upgrade(doc), "_etag": stored["_etag"]}


def _operation(container: str, change: Change, mark: str) -> _Operation:
    match change:
        case Create():
            return "create", (_body(container, change.doc, mark),), {}
        case Replace():
            body = _body(container, change.doc, mark)
            return "replace", (body["id"], body), {"if_match_etag": change.etag}
        case Patch():
            fields = _body(container, dict(change.set), mark)
            patch = msgspec.structs.replace(change, set={name: fields[name] for name in change.set})
            condition = predicate_of(container, change)
            return "patch", (change.id, operations_of(patch, mark)), {"filter_predicate": condition}
        case Delete():
            return "delete", (change.id,), {} if change.etag is None else {"if_match_etag": change.etag}


def _body(container: str, doc: Doc, mark: str) -> Doc:
    """Return the stored form. Raises `TooLarge` or `ValueError`."""
    if MARK in doc:
        msg = f"the field {MARK!r} is the store's own"
        raise ValueError(msg)
    body: Doc = msgspec.json.decode(encode(container, doc))
    body[MARK] = mark
    return body


def _is_repeatable(changes: Sequence[Change]) -> bool:
    """Say whether changes may be made again when it is unknown whether they were made.

    One that is refused the second time is enough, since all are made or none; and where none is, nothing may add.
    """
    if any(not isinstance(change, Patch) or is_guarded(change) for change in changes):
        return True
    return not any(isinstance(change, Patch) and change.add for change in changes)


def _check_size(plan: Sequence[_Operation]) -> None:
    bodies = [what[-1] for kind, what, _ in plan if kind in {"create", "replace"}]
    size = sum(len(msgspec.json.encode(body)) for body in bodies)
    if size > MAX_DOC_BYTES:
        msg = f"a batch may have {MAX_DOC_BYTES} bytes, this one has {size}"
        raise TooLarge(msg)


def _id(change: Change) -> str:
    return str(change.doc["id"]) if isinstance(change, Create | Replace) else change.id


def _refuse(error: type[StoreError], container: str, change: Change) -> StoreError:
    return error(f"{container} {_id(change)} is not as the change expects it")
