"""Questions in Cosmos DB's SQL. Knows neither client nor errors.

A page goes on behind a position, not by Cosmos DB's own continuation: that one cannot be had for an order over all
partitions, and would not say whether a page is the last.
"""

from collections.abc import Sequence

import msgspec

from store.containers import CONTAINERS
from store.contract import Doc, Op, Where
from store.cosmos_patch import name_of
from store.paging import Position, Question, read_token

MAX_PAGE = 1000  # documents
KINDS = ("IS_NUMBER", "IS_STRING")  # of what can be ordered by, in that order
_RANGES = {Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}
_NEVER = "false"


class Sql(msgspec.Struct, frozen=True):
    """A query with its parameters, as the SDK takes them."""

    text: str
    parameters: list[dict[str, object]]


class _Words:
    """A query in the making: its conditions, and the parameters they use."""

    def __init__(self, where: Sequence[Where]) -> None:
        self.parts: list[str] = []
        self.parameters: list[dict[str, object]] = []
        for one in where:
            self.parts.append(self._compared(one))

    def bound(self, value: object) -> str:
        """Return the name of a parameter with this value."""
        name = f"@p{len(self.parameters)}"
        self.parameters.append({"name": name, "value": value})
        return name

    def sql(self, selected: str, rest: str = "") -> Sql:
        """Return the whole query."""
        where = f" WHERE {' AND '.join(self.parts)}" if self.parts else ""
        return Sql(f"SELECT {selected} FROM c{where}{rest}", self.parameters)  # noqa: S608 - values are parameters

    def _compared(self, one: Where) -> str:
        field = name_of(one.field)
        if one.op is not Op.IN:
            return f"{field} {_RANGES.get(one.op, '=')} {self.bound(one.value)}"
        values = one.value if isinstance(one.value, list | tuple) else ()
        return f"{field} IN ({', '.join(self.bound(value) for value in values)})" if values else _NEVER


def page_sql(
    question: Question,
    continuation: str | None,
    *,
    limit: int,
    tied_to: str | float | None = None,
) -> Sql:
    """Return the query for one page, or for all that have the value `tied_to` where the page would be cut in two.

    Raises `ValueError` for a continuation that is not this question's.
    """
    words = _Words(question.where)
    columns = columns_of(question)
    if question.partition is not None:
        # It goes without saying, but for the stand-in of others that the tests use.
        words.parts.append(_is_in(words, question.container, question.partition))
    if tied_to is not None:
        words.parts.append(f"{name_of(question.order)} = {words.bound(tied_to)}")
    elif question.order != "id":
        words.parts.append(f"({' OR '.join(f'{kind}({name_of(question.order)})' for kind in KINDS)})")
    if continuation is not None:
        words.parts.append(_after(words, question, columns, read_token(question, continuation)))
    if tied_to is not None:
        return words.sql("*")
    way = "DESC" if question.descending else "ASC"
    ordered = columns if is_indexed(question) else columns[:1]
    order = ", ".join(f"{name_of(column)} {way}" for column in ordered)
    return words.sql(f"TOP {limit} *", f" ORDER BY {order}")


def tally_sql(container: str, partition: str, field: str, where: Sequence[Where]) -> Sql:
    """Return the query that counts the documents of one partition by a field."""
    words = _Words(where)
    words.parts.append(_is_in(words, container, partition))
    words.parts.append(f"IS_STRING({name_of(field)})")
    return words.sql(f"{name_of(field)} AS found, COUNT(1) AS n", f" GROUP BY {name_of(field)}")


def ids_sql(container: str, partition: str, ids: Sequence[str]) -> Sql:
    """Return the query for the documents with these ids in one partition."""
    words = _Words([Where("id", Op.IN, list(ids))])
    words.parts.append(_is_in(words, container, partition))
    return words.sql("*")


def is_by_ids(question: Question) -> bool:
    """Say whether a question names its documents, so that they can be read without a query."""
    return (
        CONTAINERS[question.container].partition == "id"
        and question.partition is None
        and question.order == "id"
        and [(one.field, one.op) for one in question.where] == [("id", Op.IN)]
    )


def is_indexed(question: Question) -> bool:
    """Say whether Cosmos DB has an index for the whole order. Otherwise ties are put in order by who asks."""
    kind = CONTAINERS[question.container]
    return question.order in kind.orders or (question.order == "id" and _is_alone(question))


def _is_alone(question: Question) -> bool:
    """Say whether no two documents that are asked for can have the same id."""
    return question.partition is not None or CONTAINERS[question.container].partition == "id"


def columns_of(question: Question) -> list[str]:
    """Return the fields that a question is ordered by, ties included."""
    if question.order == "id" and _is_alone(question):
        return ["id"]
    return list(dict.fromkeys([question.order, CONTAINERS[question.container].partition, "id"]))


def in_order(question: Question, docs: Sequence[Doc]) -> list[Doc]:
    """Return stored documents in the order asked for: numbers before text, ties by partition and id."""
    columns = columns_of(question)

    def key(doc: Doc) -> list[tuple[bool, object]]:
        return [(isinstance(doc[column], str), doc[column]) for column in columns]

    return sorted(docs, key=key, reverse=question.descending)


def _is_in(words: _Words, container: str, partition: str) -> str:
    return f"{name_of(CONTAINERS[container].partition)} = {words.bound(partition)}"


def _after(words: _Words, question: Question, columns: Sequence[str], position: Position) -> str:
    """Return the condition that only what comes after a position meets. Numbers come before text."""
    sign = "<" if question.descending else ">"
    partition = CONTAINERS[question.container].partition
    values = {"id": position.id, partition: position.partition, question.order: position.value}
    text = ""
    for column in reversed(columns):
        field, bound = name_of(column), words.bound(values[column])
        text = f"({field} {sign} {bound} OR ({field} = {bound} AND {text}))" if text else f"{field} {sign} {bound}"
    if question.order == "id" or isinstance(position.value, str) is not question.descending:
        return text
    others = "IS_NUMBER" if question.descending else "IS_STRING"
    return f"({others}({name_of(question.order)}) OR {text})"
