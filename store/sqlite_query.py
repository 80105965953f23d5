"""Questions as SQL: conditions, orders, and the token from which the next page goes on.

A page is one text made by one statement and decoded in one go, because a row at a time would hand the interpreter
lock back and forth with the event loop. Values are bound as JSON, so that SQLite reads a number that is asked for
exactly as it reads one that is stored.
"""

from collections.abc import Sequence
from functools import cache
from string import Template
from typing import Any, Literal

import msgspec

from store.containers import CONTAINERS, Container
from store.contract import Doc, Op, Where, decode
from store.paging import Position, Question, read_token, token_at
from store.shapes import S

MAX_PAGE = 400  # documents: SQLite makes no text over 10^9 bytes, and each document may have 2 MB
_RANGES = {Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}
_PAGE = Template(
    "SELECT '[' || coalesce(group_concat('[' || seq || ',' || body || ']'), '') || ']'"
    " FROM (SELECT seq, body FROM $table WHERE $where ORDER BY $order LIMIT ?)"
)
_BODIES = Template(
    "SELECT '[' || coalesce(group_concat(body), '') || ']'"
    " FROM (SELECT body FROM $table WHERE $where ORDER BY $order LIMIT ?)"
)
_COUNT = Template("SELECT count(*) FROM (SELECT 1 FROM $table WHERE $where ORDER BY $order LIMIT ?)")
_TALLY = Template("SELECT $value, count(*) FROM $table WHERE $where GROUP BY 1")
_ROWS = msgspec.json.Decoder(list[tuple[int, msgspec.Raw]])
_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE = "json_extract(?, '$')"
_ALWAYS = "TRUE"
_NEVER = "FALSE"
_TYPES = {  # how SQLite names the JSON types, by the kind of the value that is asked for
    "text": "('text')",
    "number": "('integer', 'real')",
    "true": "('true')",
    "false": "('false')",
    "null": "('null')",
}

Row = tuple[int, msgspec.Raw]  # the sequence number and the body
Sql = tuple[str, list[object]]  # with its parameters


def page_sql(question: Question, continuation: str | None, *, now: float, limit: int, form: Template = _PAGE) -> Sql:
    """Return the statement for one page. Raises `ValueError` for a continuation that is not this question's."""
    kind = CONTAINERS[question.container]
    parts = [_alive(kind, now), *(_compared(kind, one) for one in question.where), _ordered(kind, question)]
    if question.partition is not None:
        parts.append(("partition = ?", [question.partition]))
    if continuation is not None:
        parts.append(_after(kind, question, read_token(question, continuation)))
    way = "DESC" if question.descending else "ASC"
    order = ", ".join(f"{column} {way}" for column in _order_columns(kind, question))
    return _statement(kind, parts, order, limit, form)


def bodies_sql(question: Question, continuation: str | None, *, now: float, limit: int) -> Sql:
    """Return the statement for the same page as `shaped` takes it: bodies alone."""
    return page_sql(question, continuation, now=now, limit=limit, form=_BODIES)


def count_sql(question: Question, *, now: float, limit: int) -> Sql:
    """Return the statement that counts what a question finds, up to a limit."""
    return page_sql(question, None, now=now, limit=limit, form=_COUNT)


def changes_sql(container: str, mark: int, *, now: float, limit: int) -> Sql:
    """Return the statement for what was written after a mark."""
    kind = CONTAINERS[container]
    return _statement(kind, [_alive(kind, now), ("seq > ?", [mark])], "seq", limit)


def tally_sql(container: str, partition: str, field: str, where: Sequence[Where], *, now: float) -> Sql:
    """Return the statement that counts documents by a field."""
    kind = CONTAINERS[container]
    parts: list[Sql] = [_alive(kind, now), ("partition = ?", [partition]), *(_compared(kind, one) for one in where)]
    if field != "id":
        parts.append((f"{_type_of(field)} = 'text'", []))
    sql = _TALLY.substitute(value=_value_of(kind, field), table=kind.name, where=_all_of(parts))
    return sql, [value for _, values in parts for value in values]


def rows_of(text: str) -> list[Row]:
    """Return the rows of a page."""
    return _ROWS.decode(text)


def doc_of(container: str, row: Row) -> Doc:
    """Return the document of a row."""
    seq, body = row
    return decode(container, bytes(body), str(seq))


def shaped(shape: type[S], container: str, text: str) -> list[S]:
    """Return the bodies of a page in a shape; documents of an older version are upgraded first."""
    try:
        found: list[S] = _decoder_of(shape, CONTAINERS[container].version).decode(text)
    except msgspec.ValidationError:  # of another version, or nothing that fits the shape
        docs = [decode(container, bytes(body), "") for body in _RAW.decode(text)]
        return msgspec.convert(docs, list[shape])  # type: ignore[valid-type]
    return found


@cache
def _decoder_of(shape: type[S], version: int) -> msgspec.json.Decoder[list[Any]]:
    """Return what reads bodies into a shape, as long as each is of a version. What names none is of the first."""
    of_version = Literal[version]  # type: ignore[valid-type]  # known only now
    field = ("v", of_version, 1) if version == 1 else ("v", of_version)
    frozen = shape.__struct_config__.frozen  # type: ignore[attr-defined]  # a shape is a struct
    stored = msgspec.defstruct(
        f"Stored{shape.__name__}", [field], bases=(shape,), frozen=frozen, gc=False, kw_only=True
    )
    return msgspec.json.Decoder(list[stored])  # type: ignore[valid-type]


def token_after_id(question: Question, doc_id: str) -> str:
    """Return the continuation of a page in the order of ids that ends with this one."""
    partition = CONTAINERS[question.container].partition
    return token_at(question, {partition: question.partition or doc_id, "id": doc_id})


def token_after(question: Question, row: Row) -> str:
    """Return the continuation of a page that ends with this row."""
    # The stored document counts, not the upgraded one: the index knows the stored one.
    stored: Doc = msgspec.json.decode(row[1])
    return token_at(question, stored)


def _statement(kind: Container, parts: Sequence[Sql], order: str, limit: int, form: Template = _PAGE) -> Sql:
    params = [value for _, values in parts for value in values]
    return form.substitute(table=kind.name, where=_all_of(parts), order=order), [*params, limit]


def _all_of(parts: Sequence[Sql]) -> str:
    return " AND ".join(sql for sql, _ in parts)


def _alive(kind: Container, now: float) -> Sql:
    # The plus signs keep SQLite from searching by the expiry, which nearly every document meets.
    return ("(+expires IS NULL OR +expires > ?)", [now]) if kind.expires else (_ALWAYS, [])


def _ordered(kind: Container, question: Question) -> Sql:
    if question.order == "id":
        return _ALWAYS, []
    value, kind_of_value = _value_of(kind, question.order), _type_of(question.order)
    return f"({value}) IS NOT NULL AND {kind_of_value} IN ('text', 'integer', 'real')", []


def _order_columns(kind: Container, question: Question) -> list[str]:
    columns = [_value_of(kind, question.order), "partition", "id"]
    return list(dict.fromkeys(columns))  # the order by id needs no second id


def _after(kind: Container, question: Question, position: Position) -> Sql:
    sign = "<" if question.descending else ">"
    value = _value_of(kind, question.order)
    # The first comparison says nothing new: it is the one that SQLite finds an index for.
    sql = f"{value} {sign}= {_VALUE} AND ({value}, partition, id) {sign} ({_VALUE}, ?, ?)"
    bound = _json(position.value)
    return sql, [bound, bound, position.partition, position.id]


def _compared(kind: Container, one: Where) -> Sql:
    if one.op is Op.IN:
        return _of_ids(kind, one.value) if one.field == "id" else _one_of(kind, one)
    return _typed(kind, one.field, _kind_of(one.value), f"{_RANGES.get(one.op, '=')} {_VALUE}", [one.value])


def _of_ids(kind: Container, values: object) -> Sql:
    """Return the comparison with some ids, which are text; written out like others, and bound as they are."""
    given = values if isinstance(values, list | tuple) else ()
    wanted: list[object] = [one for one in given if isinstance(one, str)]
    return (f"{_value_of(kind, 'id')} IN ({', '.join('?' * len(wanted))})", wanted) if wanted else (_NEVER, [])


def _one_of(kind: Container, one: Where) -> Sql:
    values = one.value if isinstance(one.value, list | tuple) else ()
    groups: dict[str, list[object]] = {}
    for value in values:
        groups.setdefault(_kind_of(value), []).append(value)
    # Written out, not as one JSON list, so that SQLite knows how few values there are when it chooses an index.
    parts = [_typed(kind, one.field, name, _among(len(some)), some) for name, some in groups.items()]
    sql = " OR ".join(f"({part})" for part, _ in parts) or _NEVER
    return f"({sql})", [value for _, params in parts for value in params]


def _among(count: int) -> str:
    return f"= {_VALUE}" if count == 1 else f"IN ({', '.join([_VALUE] * count)})"


def _typed(kind: Container, field: str, name: str, compared: str, values: Sequence[object]) -> Sql:
    """Return a comparison that only values of one JSON type can meet."""
    comparison = f"{_value_of(kind, field)} {compared}"
    params: list[object] = [_json(value) for value in values]
    if name == "text" and not compared.startswith(("<", ">")) and all(_is_plain(value) for value in values):
        return comparison, params  # only text reads as such a text, so its type need not be looked at
    if field == "id":  # always text
        return (comparison, params) if name == "text" else (_NEVER, [])
    type_is = f"{_type_of(field)} IN {_TYPES[name]}"
    if name in {"true", "false", "null"}:
        return type_is, []
    return f"{comparison} AND {type_is}", params


def _is_plain(value: object) -> bool:
    """Say whether a text is one as which SQLite gives no list and no object."""
    return isinstance(value, str) and not value.startswith(("[", "{"))


def _value_of(kind: Container, field: str) -> str:
    if field == "id":
        return "partition" if kind.partition == "id" else "id"  # where they are the same, the key begins with it
    return f"body ->> '$.{field}'"


def _type_of(field: str) -> str:
    return f"json_type(body, '$.{field}')"


def _kind_of(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "text" if isinstance(value, str) else "number"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
