"""How a client has to run a query over several ranges: what the gateway answers when it is asked for a plan.

The client sends the rewritten query to each range and merges: by the order items that come with each result, by
adding up partial aggregates, by leaving out what it has seen.
"""

from simulator.cosmos.hashing import TOP, effective_key
from simulator.cosmos.queries import Plan, planned
from simulator.cosmos.refusals import bad
from simulator.cosmos.sql_eval import Params, compiled
from simulator.cosmos.sql_tree import Binary, Call, Constant, Node, Param, Query, conjuncts, path_of
from simulator.cosmos.values import UNDEFINED
from simulator.payload import Json

_AGGREGATES = {"COUNT": "Count", "SUM": "Sum", "MIN": "Min", "MAX": "Max", "AVG": "Average"}
_FILTER = "{documentdb-formattableorderbyquery-filter}"


def needs_plan(plan: Plan) -> bool:
    """Say whether the gateway cannot run this alone over several ranges."""
    query = plan.query
    return bool(plan.is_whole or query.order or query.top is not None or query.offset is not None)


def pinned(query: Query, key_path: list[str], params: Params) -> object:
    """Return the partition key that the query itself fixes, or undefined."""
    for one in conjuncts(query.where):
        if isinstance(one, Binary) and one.sign == "=":
            for path, value in ((one.left, one.right), (one.right, one.left)):
                if path_of(path) == tuple(key_path) and isinstance(value, Constant | Param):
                    return compiled(value)({}, params)
    return UNDEFINED


def plan_for(text: str, params: Params, key_path: list[str], supported: str) -> Json:
    """Return the plan. Raises `Refusal` 400 for what the client or the stand-in cannot do over several ranges."""
    plan = planned(text)
    query = plan.query
    if query.group and "GroupBy" not in supported.replace(" ", "").split(","):
        raise bad(
            "Query contains 1 or more unsupported features. Upgrade your SDK to a version that does support the "
            "requested features: Query contained GroupBy, which the calling client does not support."
        )
    top, limit, offset = (_number(one, params) for one in (query.top, query.limit, query.offset))
    key = pinned(query, key_path, params)
    return {
        "partitionedQueryExecutionInfoVersion": 2,
        "queryInfo": {
            "distinctType": ("Ordered" if query.order else "Unordered") if query.is_distinct else "None",
            "top": top,
            "offset": offset,
            "limit": limit,
            "orderBy": ["Descending" if one.descending else "Ascending" for one in query.order],
            "orderByExpressions": [one.text for one in query.order],
            "groupByExpressions": [],
            "groupByAliases": [],
            "aggregates": [_AGGREGATES[call.name] for call in plan.aggregates],
            "groupByAliasToAggregateType": {},
            "rewrittenQuery": _rewritten(plan, (offset or 0) + (limit or 0)),
            "hasSelectValue": query.is_value,
            "dCountInfo": None,
            "hasNonStreamingOrderBy": False,
        },
        "queryRanges": [_range(key)],
    }


def _number(node: Node | None, params: Params) -> int | None:
    value = None if node is None else compiled(node)({}, params)
    return value if isinstance(value, int) else None


def _range(key: object) -> Json:
    if key is UNDEFINED:
        return {"min": "", "max": TOP, "isMinInclusive": True, "isMaxInclusive": False}
    epk = effective_key(key)
    return {"min": epk, "max": epk, "isMinInclusive": True, "isMaxInclusive": True}


def _rewritten(plan: Plan, enough: int) -> str:
    query = plan.query
    if not needs_plan(plan):
        return ""
    if plan.aggregates:
        return f"SELECT VALUE [{_partial(plan)}] {_source(query)}"
    top = f"TOP {query.top.value} " if isinstance(query.top, Constant) else ""
    top = f"TOP {query.top.name} " if isinstance(query.top, Param) else top
    bound = f" OFFSET 0 LIMIT {enough}" if query.offset is not None else ""
    distinct = "DISTINCT " if query.is_distinct else ""
    if not query.order:
        return f"SELECT {distinct}{top}{_what(query)} {_source(query)}{bound}"
    items = ", ".join(f'{{"item": {one.text}}}' for one in query.order)
    order = ", ".join(f"{one.text} {'DESC' if one.descending else 'ASC'}" for one in query.order)
    selected = f"{query.alias}._rid, [{items}] AS orderByItems, {_payload(query)} AS payload"
    return f"SELECT {top}{selected} {_source(query, _FILTER)} ORDER BY {order}{bound}"


def _what(query: Query) -> str:
    if query.is_star:
        return "*"
    if query.is_value:
        return f"VALUE {query.selected[0].text}"
    return ", ".join(_named(one.text, one.name) for one in query.selected)


def _named(text: str, name: str) -> str:
    return text if name.startswith("$") else f"{text} AS {name}"


def _payload(query: Query) -> str:
    if query.is_star:
        return query.alias
    if query.is_value:
        return query.selected[0].text
    return "{" + ", ".join(f'"{one.name}": {one.text}' for one in query.selected) + "}"


def _source(query: Query, more: str = "") -> str:
    tests = [f"({one})" for one in (query.where_text, more) if one]
    return f"FROM {query.alias}" + (f" WHERE {' AND '.join(tests)}" if tests else "")


def _partial(plan: Plan) -> str:
    value = plan.query.selected[0].value
    if not plan.query.is_value or not isinstance(value, Call) or len(plan.aggregates) != 1:
        return f'{{"item": {plan.query.selected[0].text}}}'  # the client refuses to run it
    text = plan.query.selected[0].text
    if value.name == "AVG":
        argument = text[text.index("(") :]
        return f'{{"item": {{"sum": SUM{argument}, "count": COUNT{argument}}}}}'
    return f'{{"item": {text}}}'
