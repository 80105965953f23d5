"""Queries, parsed and compiled once for each text."""

from collections.abc import Callable
from functools import lru_cache

from simulator.cosmos.sql_eval import compiled
from simulator.cosmos.sql_parser import Parser
from simulator.cosmos.sql_tree import Query
from simulator.cosmos.values import Doc


@lru_cache(maxsize=1024)
def parsed(text: str) -> Query:
    """Return the query. Raises `Refusal` 400 for one that makes no sense, or that the stand-in does not know."""
    return Parser(text).query()


@lru_cache(maxsize=1024)
def condition(text: str) -> Callable[[Doc], object]:
    """Return the test in the `condition` of a patch: `FROM c WHERE …`."""
    value = compiled(Parser(text).condition())
    return lambda doc: value(doc, {})
