"""The containers as Azure describes them. `deployment/cosmos.json` is this, written down for the deployment.

`python -m store.layout` prints it. The stand-in and `store/cosmos_setup.py` make their containers from it too.
"""

import json
import sys

from store.containers import CONTAINERS, Container

Json = dict[str, object]

STAYS_UNLESS_TOLD = -1  # expiry is on, and a document without `ttl` stays


def layout() -> list[Json]:
    """Return the definition of every container, in the words of Cosmos DB's REST interface."""
    return [definition(one) for one in CONTAINERS.values()]


def definition(one: Container) -> Json:
    """Return the definition of one container."""
    made: Json = {
        "id": one.name,
        "partitionKey": {"paths": [f"/{one.partition}"], "kind": "Hash", "version": 2},
        "indexingPolicy": _indexing(one),
    }
    return {**made, "defaultTtl": STAYS_UNLESS_TOLD} if one.expires else made


def _indexing(one: Container) -> Json:
    """Index what is queried by and nothing else, since every indexed value makes every write dearer."""
    asked_for = dict.fromkeys(["id", one.partition, *one.fields])
    return {
        "indexingMode": "consistent",
        "automatic": True,
        "includedPaths": [{"path": f"/{field}/?"} for field in asked_for],
        "excludedPaths": [{"path": "/*"}, {"path": '/"_etag"/?'}],
        "compositeIndexes": [_composite(one, order) for order in one.orders],
    }


def _composite(one: Container, order: str) -> list[Json]:
    fields = dict.fromkeys([order, one.partition, "id"])
    return [{"path": f"/{field}", "order": "ascending"} for field in fields]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(layout(), indent=2) + "\n")
