"""A stand-in for Azure Cosmos DB (API for NoSQL), for tests and a developer's machine.

    async with CosmosStandIn() as account:
        client = CosmosClient(account.url, account.key, connection_verify=str(account.certificate))

or, as a process of its own, `python -m simulator.cosmos --port 8081`.

It speaks the REST protocol to the real SDK over HTTPS on loopback: the account, databases and containers; documents
with etags, conditions, partial updates, time to live and size limits; transactional batches; queries in a good part
of the SQL, within a partition, over one range and, by query plans, over all; the change feed of latest versions;
session tokens; request charges (`charges.py` has their sources); and the troubles of `troubles.py` on demand.

What it does not do, and answers 400 or 501 to: stored procedures, triggers, user-defined functions, users and
permissions, resource tokens, offers and throughput (no budget is enforced: 429 comes by script), conflicts, several
regions, hierarchical keys and keys hashed by version 1, splits and merges of ranges, unique keys, computed properties,
vector and full-text search, the feed of all versions and deletions, addresses by resource id, batches that are not
atomic, the patch operation `move`, JOIN, subqueries, FROM of a part of a document, ORDER BY together with GROUP BY or
DISTINCT, and functions that `sql_functions.py` does not list. It differs where nobody should notice: resource ids are
shorter, ties in an ORDER BY come by age, dates of signatures are not compared with the clock, and an estimate stands
for the charge of queries.
"""

from simulator.cosmos.account import CosmosStandIn, described
from simulator.cosmos.calls import Call
from simulator.cosmos.counting import Tally, Totals
from simulator.cosmos.troubles import (
    Troubles,
    broken,
    forbidden,
    gone,
    hung,
    precondition_failed,
    reset_after,
    reset_before,
    retry_with,
    slow,
    stale_session,
    throttled,
    timed_out,
    too_large,
    unavailable,
)

__all__ = [
    "Call",
    "CosmosStandIn",
    "Tally",
    "Totals",
    "Troubles",
    "broken",
    "described",
    "forbidden",
    "gone",
    "hung",
    "precondition_failed",
    "reset_after",
    "reset_before",
    "retry_with",
    "slow",
    "stale_session",
    "throttled",
    "timed_out",
    "too_large",
    "unavailable",
]
