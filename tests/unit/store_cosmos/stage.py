"""What the tests of this folder share: documents, every kind of trouble, and what was asked."""

from simulator.cosmos import (
    CosmosStandIn,
    broken,
    gone,
    reset_after,
    reset_before,
    retry_with,
    stale_session,
    throttled,
    timed_out,
    unavailable,
)
from simulator.faults import Fault
from store.contract import Doc

TROUBLES: dict[str, Fault] = {
    "429": throttled(),
    "449": retry_with(),
    "410": gone(),
    "404/1002": stale_session(),
    "500": broken(),
    "503": unavailable(),
    "503 after": unavailable(done=True),
    "408": timed_out(),
    "408 after": timed_out(done=True),
    "reset before": reset_before(),
    "reset after": reset_after(),
}


def doc(name: str, run: str = "r", **fields: object) -> Doc:
    return {"id": name, "run": run, **fields}


def requests(account: CosmosStandIn) -> dict[str, int]:
    return {name: one.requests for name, one in account.counters().by_name.items()}
