"""The containers as Azure describes them: everything a query may use is indexed, and nothing else."""

import pytest

from store.containers import CONTAINERS, Container
from store.layout import definition, layout


def paths(made: dict[str, object], kind: str) -> list[str]:
    policy = made["indexingPolicy"]
    assert isinstance(policy, dict)
    return [one["path"] for one in policy[kind]]


@pytest.mark.parametrize("one", CONTAINERS.values(), ids=lambda one: one.name)
def test_declared_fields_are_indexed_and_everything_else_is_not(one: Container) -> None:
    made = definition(one)
    wanted = {f"/{field}/?" for field in ("id", one.partition, *one.fields)}
    assert set(paths(made, "includedPaths")) == wanted
    assert "/*" in paths(made, "excludedPaths")
    assert made["partitionKey"] == {"paths": [f"/{one.partition}"], "kind": "Hash", "version": 2}


@pytest.mark.parametrize("one", CONTAINERS.values(), ids=lambda one: one.name)
def test_only_declared_fields_are_orders(one: Container) -> None:
    assert set(one.orders) <= set(one.fields)


def test_expiry_is_on_where_documents_expire_and_nowhere_else() -> None:
    assert {made["id"] for made in layout() if made.get("defaultTtl") == -1} == {
        one.name for one in CONTAINERS.values() if one.expires
    }
    assert all("defaultTtl" not in made for made in layout() if not CONTAINERS[str(made["id"])].expires)


def test_an_order_has_an_index_that_settles_ties() -> None:
    made = definition(CONTAINERS["runs"])
    policy = made["indexingPolicy"]
    assert isinstance(policy, dict)
    assert [[one["path"] for one in composite] for composite in policy["compositeIndexes"]] == [
        ["/created_at", "/run", "/id"]
    ]
