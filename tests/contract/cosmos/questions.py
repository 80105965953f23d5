"""What two servers of the Cosmos DB protocol are asked, so that their answers can be compared."""

from collections.abc import Awaitable, Callable
from typing import Any

from azure.core import MatchConditions
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

from tests.cosmos import Doc, found, one_page, plain

Question = Callable[[ContainerProxy], Awaitable[object]]

DOCS: list[Doc] = [
    {"id": "a", "home": "x", "n": 1, "state": "sent", "tags": ["red", "blue"], "inner": {"deep": [10, 20]}},
    {"id": "b", "home": "x", "n": 2, "state": "planned", "tags": [], "nothing": None},
    {"id": "c", "home": "x", "n": 3, "state": "sent", "text": "fine", "flag": True},
    {"id": "d", "home": "x", "n": 4.5, "state": "failed", "flag": False},
    {"id": "e", "home": "x", "state": "planned", "mixed": "one"},
    {"id": "f", "home": "y", "n": 6, "state": "sent"},
]
CONDITIONS = (
    "c.n = 2",
    "c.n != 2",
    "c.n > 1 AND c.n <= 3",
    "c.n >= 3 OR c.state = 'planned'",
    "NOT c.n > 2",
    "NOT (c.n > 2 OR c.state = 'planned')",
    "c.n BETWEEN 2 AND 4",
    "c.state IN ('failed', 'planned')",
    "c.state NOT IN ('failed', 'planned')",
    "IS_DEFINED(c.n)",
    "NOT IS_DEFINED(c.n)",
    "IS_NUMBER(c.n) AND IS_STRING(c.state)",
    "IS_NULL(c.nothing)",
    "c.nothing = null",
    "c.order = 1",
    'NOT IS_DEFINED(c["order"])',
    "c.flag = true",
    "NOT c.flag",
    "c.nowhere = 1",
    "c.n = '2'",
    "c.n != '2'",
    "c.n > 'a'",
    "ARRAY_CONTAINS(c.tags, 'red')",
    "NOT ARRAY_CONTAINS(c.tags, 'red')",
    "ARRAY_LENGTH(c.tags) = 0",
    "STARTSWITH(c.state, 'se')",
    "ENDSWITH(c.state, 'ed')",
    "CONTAINS(c.text, 'in')",
    "c.inner.deep[1] = 20",
    'c["inner"]["deep"][0] = 10',
    "c.n + 1 = 3",
    "c.n % 2 = 1",
    "(c.n ?? 99) = 99",
    "c.id = @id",
)
QUERIES = (
    "SELECT c.id, c.n FROM c WHERE c.home = 'x'",
    "SELECT c.id AS name, c.inner.deep[0] AS first FROM c WHERE c.home = 'x' AND c.id = 'a'",
    "SELECT VALUE c.inner FROM c WHERE c.home = 'x'",
    "SELECT VALUE {'k': c.n, 'gone': c.nowhere} FROM c WHERE c.home = 'x' AND c.id = 'a'",
    "SELECT VALUE c.id FROM c WHERE c.home = 'x' AND c.n > 0 ORDER BY c.n DESC",
    "SELECT TOP 2 c.id FROM c WHERE c.home = 'x' AND c.n > 0 ORDER BY c.n",
    "SELECT VALUE c.id FROM c WHERE c.home = 'x' AND IS_DEFINED(c.n) ORDER BY c.n OFFSET 1 LIMIT 2",
    "SELECT DISTINCT VALUE c.state FROM c WHERE c.home = 'x'",
    "SELECT VALUE COUNT(1) FROM c WHERE c.home = 'x'",
    "SELECT VALUE COUNT(c.n) FROM c WHERE c.home = 'x'",
    "SELECT VALUE SUM(c.n) FROM c WHERE c.home = 'x' AND IS_DEFINED(c.n)",
    "SELECT VALUE MIN(c.n) FROM c WHERE c.home = 'x' AND IS_DEFINED(c.n)",
    "SELECT VALUE MAX(c.state) FROM c WHERE c.home = 'x'",
    "SELECT VALUE AVG(c.n) FROM c WHERE c.home = 'x' AND IS_DEFINED(c.n)",
    "SELECT c.state, COUNT(1) AS n FROM c WHERE c.home = 'x' GROUP BY c.state",
    "SELECT * FROM c WHERE",
    "SELECT * FROM c WHERE x.n = 1",
)
PATCHES: dict[str, list[Doc]] = {
    "set": [{"op": "set", "path": "/n", "value": 5}, {"op": "set", "path": "/new", "value": None}],
    "add": [{"op": "add", "path": "/tags/1", "value": "green"}, {"op": "add", "path": "/tags/-", "value": "last"}],
    "set in an array": [{"op": "set", "path": "/tags/0", "value": "RED"}],
    "replace": [{"op": "replace", "path": "/inner/deep", "value": 1}],
    "remove": [{"op": "remove", "path": "/inner/deep"}, {"op": "remove", "path": "/tags/0"}],
    "incr": [{"op": "incr", "path": "/n", "value": 2}],
    "incr of what is absent": [{"op": "incr", "path": "/fresh", "value": 2}],
    "replace of what is absent": [{"op": "replace", "path": "/fresh", "value": 1}],
    "remove of what is absent": [{"op": "remove", "path": "/fresh"}],
    "set below what is absent": [{"op": "set", "path": "/fresh/deep", "value": 1}],
    "incr of a text": [{"op": "incr", "path": "/state", "value": 1}],
    "the id": [{"op": "set", "path": "/id", "value": "other"}],
    "the partition key": [{"op": "set", "path": "/home", "value": "other"}],
    "eleven": [{"op": "set", "path": f"/f{index}", "value": index} for index in range(11)],
}
OLD: Doc = {"etag": '"old"', "match_condition": MatchConditions.IfNotModified}
ANSWERED: list[Doc] = [{"op": "set", "path": "/state", "value": "answered"}]


async def _everything(container: ContainerProxy) -> object:
    docs = await found(container, "SELECT * FROM c WHERE c.home = 'x'", key="x")
    return sorted((plain(one) for one in docs), key=lambda one: str(one["id"]))


async def _new_etags(container: ContainerProxy) -> object:
    first = await container.read_item("a", "x")
    second = await container.replace_item("a", plain(first))
    third = await container.patch_item("a", "x", ANSWERED)
    return len({first["_etag"], second["_etag"], third["_etag"]})


async def _own_etag(container: ContainerProxy) -> object:
    doc = await container.read_item("a", "x")
    mine: Doc = {"etag": doc["_etag"], "match_condition": MatchConditions.IfNotModified}
    return plain(await container.replace_item("a", {"id": "a", "home": "x", "n": 7}, **mine))


async def _pages(container: ContainerProxy) -> object:
    query = "SELECT VALUE c.id FROM c WHERE c.home = 'x' AND IS_DEFINED(c.n) ORDER BY c.n"
    first, token = await one_page(container, query, key="x", size=3)
    second, _ = await one_page(container, query, key="x", size=3, after=token)
    return first, second


async def _changes(container: ContainerProxy) -> object:
    await container.patch_item("b", "x", ANSWERED)
    return [one["id"] async for one in container.query_items_change_feed(start_time="Beginning", partition_key="x")]


async def _across(container: ContainerProxy) -> object:
    return await found(container, "SELECT VALUE c.id FROM c WHERE IS_DEFINED(c.n) ORDER BY c.n DESC")


async def _created(container: ContainerProxy) -> object:
    return plain(await container.create_item({"id": "new ü", "home": "x", "list": [1, 1.5, None, True, {"k": "v"}]}))


async def _deleted(container: ContainerProxy) -> object:
    await container.delete_item("a", "x")
    return await _everything(container)


def _asked(query: str) -> Question:
    return lambda container: found(container, query, key="x", id="d")


def _batch(*operations: tuple[Any, ...]) -> Question:
    async def ask(container: ContainerProxy) -> object:
        try:
            done = await container.execute_item_batch(list(operations), partition_key="x")
            statuses = [one["statusCode"] for one in done]
        except CosmosBatchOperationError as error:
            statuses = [one["statusCode"] for one in error.operation_responses]
        return statuses, await _everything(container)

    return ask


def _patched(operations: list[Doc], condition: str | None = None) -> Question:
    async def ask(container: ContainerProxy) -> object:
        more: Doc = {} if condition is None else {"filter_predicate": condition}
        return plain(await container.patch_item("a", "x", operations, **more))

    return ask


QUESTIONS: dict[str, Question] = {
    "create": _created,
    "create what exists": lambda container: container.create_item({"id": "a", "home": "x"}),
    "create with a bad id": lambda container: container.upsert_item({"id": "", "home": "x"}),
    "read": lambda container: _plain(container.read_item("a", "x")),
    "read what is missing": lambda container: container.read_item("missing", "x"),
    "upsert what is new": lambda container: _plain(container.upsert_item({"id": "new", "home": "x"})),
    "upsert what exists": lambda container: _plain(container.upsert_item({"id": "a", "home": "x", "n": 9})),
    "replace": lambda container: _plain(container.replace_item("a", {"id": "a", "home": "x", "n": 9})),
    "replace what is missing": lambda container: container.replace_item("zz", {"id": "zz", "home": "x"}),
    "replace with an old etag": lambda container: container.replace_item("a", {"id": "a", "home": "x"}, **OLD),
    "replace with its own etag": _own_etag,
    "delete": _deleted,
    "delete what is missing": lambda container: container.delete_item("missing", "x"),
    "delete with an old etag": lambda container: container.delete_item("a", "x", **OLD),
    "etags change with each write": _new_etags,
    "patch what is missing": lambda container: container.patch_item("missing", "x", ANSWERED),
    "patch with an old etag": lambda container: container.patch_item("a", "x", ANSWERED, **OLD),
    "patch when a condition holds": _patched(ANSWERED, "FROM c WHERE c.state = 'sent'"),
    "patch when a condition fails": _patched(ANSWERED, "FROM c WHERE c.state = 'failed'"),
    "pages": _pages,
    "changes": _changes,
    "order over partitions": _across,
    "batch of creates": _batch(("create", ({"id": "n1", "home": "x"},)), ("create", ({"id": "n2", "home": "x"},))),
    "batch with a conflict": _batch(("create", ({"id": "n1", "home": "x"},)), ("create", ({"id": "a", "home": "x"},))),
    "batch of many kinds": _batch(
        ("upsert", ({"id": "a", "home": "x"},)), ("patch", ("b", ANSWERED)), ("delete", ("c",)), ("read", ("d",))
    ),
    **{f"patch: {name}": _patched(operations) for name, operations in PATCHES.items()},
    **{f"where {one}": _asked(f"SELECT VALUE c.id FROM c WHERE c.home = 'x' AND {one}") for one in CONDITIONS},  # noqa: S608
    **{one: _asked(one) for one in QUERIES},
}


async def _plain(doing: Awaitable[Any]) -> object:
    return plain(await doing)


async def answer(question: Question, container: ContainerProxy) -> object:
    """Return what came of it: the result, or the status of the refusal."""
    try:
        return await question(container)
    except CosmosHttpResponseError as error:
        return f"status {error.status_code}"
